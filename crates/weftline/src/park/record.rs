//! The record that each thread leaves where others find it.
//!
//! A thread's *record* holds its parker, its read holds (`read_holds.rs`) and its name. Records are
//! leaked and recycled: a reference to one is `'static`. A thread gets its number
//! (`thread_number.rs`) and its record when it first needs one.
//!
//! `record_modelled.rs` takes the place of this file in models.

use super::adaptive_spin::{AdaptiveSpin, SpinLength};
use super::observer::Observed;
use super::os_ident::{native_id, os_ident};
use super::out_of_memory::panic_without_memory;
use super::pool::ServedPool;
use super::read_holds::{ReadHolds, set_read_holds};
use super::short_name::ShortName;
#[cfg(unix)]
use super::thread_end::ThreadEnd;
use super::thread_number::{ThreadNumber, number_if_any, reserve_number, set_number};
use super::{ForgetWaiters, ListLock, Parker, fork};
use crate::memory::try_box;
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

/// What other threads need of a thread that has ever locked or slept.
///
/// On a cache line of its own: its thread spins on the parker's word while other threads write
/// to the memory around.
#[repr(align(64))]
pub(crate) struct ThreadRecord {
    pub(crate) parker: Parker,
    /// For the spins of a queue's getters and putters before they enlist.
    adaptive_spin: AdaptiveSpin,
    pub(super) number: AtomicU64,
    /// Zero: no thread has the record.
    pub(super) os_ident: AtomicU64,
    pub(super) native_id: AtomicU64,
    pub(super) name: ListLock<ShortName>,
    pub(super) pool: ServedPool,
    pub(crate) read_holds: ReadHolds,
    pub(super) observed: Observed,
    /// The record made before this one; written once, before the record is published.
    older: AtomicPtr<ThreadRecord>,
    /// Under the lock of `FREE`.
    next_free: AtomicPtr<ThreadRecord>,
}

static NEWEST: AtomicPtr<ThreadRecord> = AtomicPtr::new(ptr::null_mut());
/// The record of the last thread whose number leaves this remainder. A hint: a reader checks the
/// number.
static BY_NUMBER: [AtomicPtr<ThreadRecord>; HINTS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; HINTS];
const HINTS: usize = 16 * 1024;
static FREE: ListLock<FreeRecords> = ListLock::new(FreeRecords { first: None });

struct FreeRecords {
    first: Option<&'static ThreadRecord>,
}

impl ForgetWaiters for FreeRecords {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            self.first = None;
        }
    }
}

thread_local! {
    static RECORD: Cell<Option<&'static ThreadRecord>> = const { Cell::new(None) };
    static AT_EXIT: GivesBack = const { GivesBack };
}

/// Returns the thread's record for reuse at the thread's very end.
#[cfg(unix)]
static AT_THE_END: ThreadEnd = ThreadEnd::new(give_back_at_the_end);

/// # Safety
/// `record` is a `&'static ThreadRecord`, that of the calling thread.
#[cfg(unix)]
unsafe extern "C" fn give_back_at_the_end(record: *mut std::ffi::c_void) {
    // SAFETY: by the caller's promise.
    let record: &'static ThreadRecord = unsafe { &*record.cast() };
    record.give_back();
}

/// Returns the thread's record for reuse when the thread ends.
struct GivesBack;

impl Drop for GivesBack {
    fn drop(&mut self) {
        if let Some(record) = RECORD.get() {
            record.give_back();
        }
    }
}

/// The calling thread's number.
#[must_use]
pub fn current_number() -> ThreadNumber {
    ThreadNumber::new(number()).expect("numbers start at 1")
}

/// The calling thread's number.
#[inline]
pub(crate) fn number() -> u64 {
    match number_if_any() {
        0 => enroll(),
        number => number,
    }
}

/// Makes `reserved` the calling thread's number, unless the thread has one already. Not after a
/// fork since: that number's thread does not exist then.
pub(crate) fn adopt_number(reserved: u64) {
    fork::watch();
    if number_if_any() == 0 && reserved != 0 && fork::is_alive(reserved) {
        set_number(reserved);
    }
    // Without memory, when it first waits.
    let _ = try_current();
}

/// Makes `number` the calling thread's number, and returns the one before: the thread is
/// another one for a while.
pub(crate) fn replace_number(number: u64) -> u64 {
    current().set_number(number);
    set_number(number)
}

#[cold]
fn enroll() -> u64 {
    fork::watch();
    set_number(reserve_number());
    // Without memory, when it first waits.
    let _ = try_current();
    number_if_any()
}

/// Whether the calling thread has a record already.
pub(crate) fn has_record() -> bool {
    RECORD.get().is_some()
}

/// The calling thread's record.
///
/// # Panics
/// When there is no memory for it. Waits have it made by `ready`, before anything changes.
#[inline]
pub(crate) fn current() -> &'static ThreadRecord {
    match RECORD.get() {
        Some(record) => record,
        None => try_current().unwrap_or_else(|| panic_without_memory()),
    }
}

/// As [`current`]; `None` when there is no memory for it.
pub(crate) fn try_current() -> Option<&'static ThreadRecord> {
    if let Some(record) = RECORD.get() {
        return Some(record);
    }
    let number = number();
    if let Some(record) = RECORD.get() {
        return Some(record);
    }
    let record = recycled().or_else(made)?;
    record.set_number(number);
    record
        .native_id
        .store(native_id().unwrap_or(0), Ordering::Relaxed);
    // Pairs with the load in `threads_now`.
    record.os_ident.store(os_ident(), Ordering::Release);
    RECORD.set(Some(record));
    set_read_holds(Some(&record.read_holds));
    // Where the system has a place for it, there, which takes no memory: the C library aborts
    // the process when it has none for the destructor of a thread-local.
    #[cfg(unix)]
    // SAFETY: records are never freed, and this one is the thread's.
    let is_arranged = unsafe { AT_THE_END.arrange(ptr::from_ref(record).cast()) };
    #[cfg(not(unix))]
    let is_arranged = false;
    if !is_arranged {
        // Fails only while the thread's locals are being destroyed; then the record stays with
        // the thread.
        let _ = AT_EXIT.try_with(|_| ());
    }
    Some(record)
}

fn recycled() -> Option<&'static ThreadRecord> {
    let mut free = FREE.lock();
    let record = free.first?;
    // SAFETY: the pointer is null or was made from a `'static` reference, under this lock.
    free.first = unsafe { record.next_free.load(Ordering::Relaxed).as_ref() };
    Some(record)
}

fn made() -> Option<&'static ThreadRecord> {
    let record = ThreadRecord {
        parker: Parker::new(),
        adaptive_spin: AdaptiveSpin::new(),
        number: AtomicU64::new(0),
        os_ident: AtomicU64::new(0),
        native_id: AtomicU64::new(0),
        name: ListLock::new(ShortName::NONE),
        pool: ServedPool::none(),
        read_holds: ReadHolds::new(),
        observed: Observed::new(),
        older: AtomicPtr::new(ptr::null_mut()),
        next_free: AtomicPtr::new(ptr::null_mut()),
    };
    let record: &'static ThreadRecord = Box::leak(try_box(record).ok()?);
    let mut newest = NEWEST.load(Ordering::Relaxed);
    loop {
        record.older.store(newest, Ordering::Relaxed);
        let published = ptr::from_ref(record).cast_mut();
        match NEWEST.compare_exchange_weak(newest, published, Ordering::Release, Ordering::Relaxed)
        {
            Ok(_) => return Some(record),
            Err(now) => newest = now,
        }
    }
}

/// All records, the newest first.
pub(super) fn all() -> impl Iterator<Item = &'static ThreadRecord> {
    // SAFETY: null, or published whole by a release store, and never freed.
    let record = |published: *mut ThreadRecord| unsafe { published.as_ref() };
    std::iter::successors(record(NEWEST.load(Ordering::Acquire)), move |newer| {
        record(newer.older.load(Ordering::Relaxed))
    })
}

/// The record with that number, if a thread has ever had it there: the caller asks whether the
/// thread has the record still.
pub(super) fn of_number(number: u64) -> Option<&'static ThreadRecord> {
    let has_number = |record: &&ThreadRecord| record.number.load(Ordering::Relaxed) == number;
    let hint = &BY_NUMBER[number as usize % HINTS];
    // Pairs with the store in `set_number`.
    // SAFETY: null, or made from a `'static` reference.
    let hinted = unsafe { hint.load(Ordering::Acquire).as_ref() };
    hinted.filter(has_number).or_else(|| all().find(has_number))
}

/// Removes a hold from the records of all threads, for a lock that is dropped while its word
/// counts readers.
#[cold]
pub(crate) fn forget_read_holds(hold: usize) {
    all().for_each(|record| record.read_holds.forget(hold));
}

impl ThreadRecord {
    fn set_number(&'static self, number: u64) {
        self.number.store(number, Ordering::Relaxed);
        let hint = &BY_NUMBER[number as usize % HINTS];
        // Pairs with the load in `of_number`.
        hint.store(ptr::from_ref(self).cast_mut(), Ordering::Release);
    }

    /// Leaves the record of the calling thread to others.
    fn give_back(&'static self) {
        RECORD.set(None);
        set_read_holds(None);
        self.read_holds.clear();
        self.pool.clear();
        // First: `name_thread` looks for it under the lock.
        self.os_ident.store(0, Ordering::Relaxed);
        self.name.lock().clear();
        let mut free = FREE.lock();
        let next = free
            .first
            .map_or(ptr::null_mut(), |next| ptr::from_ref(next).cast_mut());
        self.next_free.store(next, Ordering::Relaxed);
        free.first = Some(self);
    }

    /// Yields the processor a few times, if that has paid lately, until `is_there`. Only for
    /// the thread's own record.
    pub(crate) fn yield_until(&self, is_there: impl FnMut() -> bool) {
        self.adaptive_spin.try_spin(SpinLength::Yields, is_there);
    }

    /// Whether a putter defers a wake and calls [`Self::spin_for_handoff`]. Only for the
    /// thread's own record.
    pub(crate) fn should_defer_wake(&self) -> bool {
        self.adaptive_spin.should_spin(SpinLength::Handoff)
    }

    /// Spins until `is_taken`, for less time than a wake takes. Only for the thread's own
    /// record.
    pub(crate) fn spin_for_handoff(&self, is_taken: impl FnMut() -> bool) {
        self.adaptive_spin.spin(SpinLength::Handoff, is_taken);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::RefCell;

    /// As one of another library's thread-locals whose destructor uses ours.
    struct UsesUs;

    impl Drop for UsesUs {
        fn drop(&mut self) {
            super::current();
        }
    }

    thread_local! {
        static FIRST: RefCell<Option<UsesUs>> = const { RefCell::new(None) };
        static LATER: RefCell<Option<UsesUs>> = const { RefCell::new(None) };
    }

    #[test]
    fn a_record_returns_also_from_a_thread_whose_destructors_use_us_to_the_last() {
        const THREADS: usize = if cfg!(miri) { 200 } else { 10_000 };
        let before = super::all().count();
        for _ in 0..THREADS {
            let thread = std::thread::spawn(|| {
                // Before our own, so destroyed after them.
                FIRST.set(Some(UsesUs));
                super::current();
                LATER.set(Some(UsesUs));
            });
            thread.join().unwrap();
        }
        let more = super::all().count() - before;
        assert!(more < 100, "{more} more records after {THREADS} threads");
    }
}
