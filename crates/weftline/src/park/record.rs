//! The record that each thread leaves where others find it.
//!
//! A thread's *record* holds its parker and its read holds (`read_holds.rs`). Records are leaked
//! and recycled: a reference to one is `'static`. A thread gets its number (`thread_number.rs`) and
//! its record when it first needs one.
//!
//! The record of models stands in this file too, beside the real one, because both have one
//! interface.

use super::Parker;
use super::thread_number::ThreadNumber;

/// The calling thread's number.
#[must_use]
pub fn current_number() -> ThreadNumber {
    ThreadNumber::new(number()).expect("numbers start at 1")
}

#[cfg(not(weftline_model))]
pub(crate) use real::{
    ThreadRecord, adopt_number, current, forget_read_holds, has_record, number, replace_number,
    try_current,
};
#[cfg(not(weftline_model))]
pub use real::{blocked_now, os_ident_of};

#[cfg(weftline_model)]
pub use modelled::os_ident_of;
#[cfg(weftline_model)]
pub(crate) use modelled::{
    ThreadRecord, current, forget_read_holds, has_record, number, read_holds, reserve_number,
    try_current,
};

#[cfg(not(weftline_model))]
mod real {
    use super::{Parker, ThreadNumber};
    use crate::memory::try_box;
    use crate::park::adaptive_spin::{AdaptiveSpin, SpinLength};
    use crate::park::blocked::BlockedThread;
    use crate::park::os_ident::os_ident;
    use crate::park::out_of_memory::panic_without_memory;
    use crate::park::read_holds::{ReadHolds, set_read_holds};
    #[cfg(unix)]
    use crate::park::thread_end::ThreadEnd;
    use crate::park::thread_number::{number_if_any, reserve_number, set_number};
    use crate::park::{ForgetWaiters, ListLock, fork};
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
        number: AtomicU64,
        os_ident: AtomicU64,
        pub(crate) read_holds: ReadHolds,
        /// The record made before this one; written once, before the record is published.
        older: AtomicPtr<ThreadRecord>,
        /// Under the lock of `FREE`.
        next_free: AtomicPtr<ThreadRecord>,
    }

    static NEWEST: AtomicPtr<ThreadRecord> = AtomicPtr::new(ptr::null_mut());
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
        let record = current();
        record.number.store(number, Ordering::Relaxed);
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
        record.number.store(number, Ordering::Relaxed);
        record.os_ident.store(os_ident(), Ordering::Relaxed);
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
            read_holds: ReadHolds::new(),
            older: AtomicPtr::new(ptr::null_mut()),
            next_free: AtomicPtr::new(ptr::null_mut()),
        };
        let record: &'static ThreadRecord = Box::leak(try_box(record).ok()?);
        let mut newest = NEWEST.load(Ordering::Relaxed);
        loop {
            record.older.store(newest, Ordering::Relaxed);
            let published = ptr::from_ref(record).cast_mut();
            match NEWEST.compare_exchange_weak(
                newest,
                published,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
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

    /// Removes a hold from the records of all threads, for a lock that is dropped while its word
    /// counts readers.
    #[cold]
    pub(crate) fn forget_read_holds(hold: usize) {
        all().for_each(|record| record.read_holds.forget(hold));
    }

    impl ThreadRecord {
        /// Leaves the record of the calling thread to others.
        fn give_back(&'static self) {
            RECORD.set(None);
            set_read_holds(None);
            self.read_holds.clear();
            self.os_ident.store(0, Ordering::Relaxed);
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

    /// The operating system's identifier (`pthread_self`, on Windows `GetCurrentThreadId`) of the
    /// living thread with that number; `None` when it has ended, or was lost in a fork.
    ///
    /// Looks through the records of all threads: for representations and reports, not for fast
    /// paths.
    #[must_use]
    pub fn os_ident_of(thread: ThreadNumber) -> Option<u64> {
        if !fork::is_alive(thread.get()) {
            return None;
        }
        all()
            .find(|record| record.number.load(Ordering::Relaxed) == thread.get())
            .map(|record| record.os_ident.load(Ordering::Relaxed))
            .filter(|&ident| ident != 0)
    }

    /// The threads of this process that sleep in a wait for an object, each as it was when the
    /// iterator came to it. The thread that started last comes first.
    ///
    /// For reports. Takes no lock and no memory, so a signal handler may call it. It passes over a
    /// thread that goes to sleep or wakes up meanwhile.
    pub fn blocked_now() -> impl Iterator<Item = BlockedThread> {
        all().filter_map(|record| {
            let (sleep, (number, os_ident)) = record.parker.blocked.read(|| {
                (
                    record.number.load(Ordering::Relaxed),
                    record.os_ident.load(Ordering::Relaxed),
                )
            })?;
            // A thread that was lost in a fork sleeps for ever.
            let thread = ThreadNumber::new(number).filter(|_| fork::is_alive(number))?;
            Some(BlockedThread::new(thread, os_ident, sleep))
        })
    }
}

#[cfg(weftline_model)]
mod modelled {
    use super::{Parker, ThreadNumber};
    use crate::park::model::thread_local;
    use crate::park::read_holds::ReadHolds;
    use std::sync::atomic::{AtomicU64, Ordering};

    pub(crate) struct ThreadRecord {
        pub(crate) parker: Parker,
        number: u64,
        pub(crate) read_holds: ReadHolds,
    }

    impl ThreadRecord {
        /// Models do not spin before they enlist.
        pub(crate) fn yield_until(&self, _: impl FnMut() -> bool) {}

        /// A putter that can defer a wake does.
        pub(crate) fn should_defer_wake(&self) -> bool {
            true
        }

        /// Does not spin: what others do meanwhile, they may do before or after.
        pub(crate) fn spin_for_handoff(&self, _: impl FnMut() -> bool) {}
    }

    static NEXT: AtomicU64 = AtomicU64::new(1);

    thread_local! {
        static RECORD: &'static ThreadRecord = enroll();
    }

    fn enroll() -> &'static ThreadRecord {
        crate::park::fork::watch();
        Box::leak(Box::new(ThreadRecord {
            parker: Parker::new(),
            number: NEXT.fetch_add(1, Ordering::Relaxed),
            read_holds: ReadHolds::new(),
        }))
    }

    pub(crate) fn number() -> u64 {
        current().number
    }

    /// A number for a task.
    pub(crate) fn reserve_number() -> u64 {
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// The checker's locks are held for as long as they need to be.
    pub(crate) fn has_record() -> bool {
        true
    }

    pub(crate) fn current() -> &'static ThreadRecord {
        RECORD.with(|record| *record)
    }

    /// The calling thread's holds.
    pub(crate) fn read_holds() -> Option<&'static ReadHolds> {
        Some(&current().read_holds)
    }

    /// Models drop no lock that is held.
    pub(crate) fn forget_read_holds(_: usize) {}

    /// Models have memory.
    pub(crate) fn try_current() -> Option<&'static ThreadRecord> {
        Some(current())
    }

    /// Models have no operating system.
    #[must_use]
    pub fn os_ident_of(_: ThreadNumber) -> Option<u64> {
        None
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::real;
    use std::cell::RefCell;

    /// As one of another library's thread-locals whose destructor uses ours.
    struct UsesUs;

    impl Drop for UsesUs {
        fn drop(&mut self) {
            real::current();
        }
    }

    thread_local! {
        static FIRST: RefCell<Option<UsesUs>> = const { RefCell::new(None) };
        static LATER: RefCell<Option<UsesUs>> = const { RefCell::new(None) };
    }

    #[test]
    fn a_record_returns_also_from_a_thread_whose_destructors_use_us_to_the_last() {
        const THREADS: usize = if cfg!(miri) { 200 } else { 10_000 };
        let before = real::all().count();
        for _ in 0..THREADS {
            let thread = std::thread::spawn(|| {
                // Before our own, so destroyed after them.
                FIRST.set(Some(UsesUs));
                real::current();
                LATER.set(Some(UsesUs));
            });
            thread.join().unwrap();
        }
        let more = real::all().count() - before;
        assert!(more < 100, "{more} more records after {THREADS} threads");
    }
}
