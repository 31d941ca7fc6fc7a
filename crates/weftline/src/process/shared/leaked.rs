//! What becomes of guards that were leaked, when their thread ends and its process goes on.
//!
//! # Implementation
//!
//! A program may leak a guard (`mem::forget`, `Box::leak`) and keep a reference to what the lock
//! protects, for ever and from any thread. The kernel would free the lock at the end of the guard's
//! thread, and the next guard would be a second `&mut` to the same value. So the thread's end comes
//! before the kernel:
//!
//! | the cell is | at the thread's end |
//! |---|---|
//! | an object's own lock, or a row of a table | marked as the kernel would mark it ([`AtEnd::Dies`]) |
//! | what a guard holds | passed on to a thread that sleeps until the process ends ([`AtEnd::Stays`]) |
//! | the same, where the system starts no thread | lost: held by no thread, and never free again |
//!
//! A process that ends takes its references with it, and the kernel then marks what the sleeping
//! thread holds. The cell is pending, for the kernel, in one thread or the other while it changes
//! hands.
//!
//! The end is the destructor of a POSIX key in the last of the rounds that the system goes through:
//! the destructors of thread-locals, which may drop guards, come before. A thread that has passed
//! this point takes no lock ([`robust_list::end`]). A process that ends by `exit` does not come
//! here: the kernel marks what its threads hold.

use super::records;
use super::robust::RobustCell;
use super::robust_list::{self, AtEnd};
use super::sleep::{sleep, wake};
use crate::park::Deadline;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};

/// Zero, or one more than the key. Not a `OnceLock`: a fork in the middle of that leaves the child
/// waiting for ever.
static KEY: AtomicUsize = AtomicUsize::new(0);

/// How often the system calls destructors of keys that are set again
/// (`PTHREAD_DESTRUCTOR_ITERATIONS`). The sanitizers give up what they know of a thread in the
/// last, so that nothing that they watch may run in it.
const ROUNDS: usize = if cfg!(weftline_sanitizer) { 3 } else { 4 };

/// Has the calling thread's end looked after.
///
/// # Panics
/// When the system has no key, or no memory, for it.
pub(super) fn watch_thread() {
    let key = key().expect(
        "shared locks need a thread-specific key (pthread_key_create), and the program has used all up",
    );
    set(key, 1).expect("no memory is left for a thread to take its first shared lock");
}

/// Whether there is a key, asked before the first object is made.
pub(super) fn check() -> Result<(), &'static str> {
    key().map(drop).ok_or(
        "shared objects need a thread-specific key (pthread_key_create), and the program has used all up",
    )
}

fn set(key: libc::pthread_key_t, round: usize) -> Option<()> {
    // SAFETY: the key exists; the value is a number.
    let refused = unsafe { libc::pthread_setspecific(key, ptr::without_provenance(round)) };
    (refused == 0).then_some(())
}

fn key() -> Option<libc::pthread_key_t> {
    let known = KEY.load(Ordering::Relaxed);
    if known != 0 {
        return Some((known - 1) as libc::pthread_key_t);
    }
    let mut made = 0;
    // SAFETY: the place is valid, and the destructor takes what `set` sets.
    if unsafe { libc::pthread_key_create(&raw mut made, Some(at_the_end)) } != 0 {
        return None;
    }
    match KEY.compare_exchange(0, made as usize + 1, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => Some(made),
        Err(others) => {
            // SAFETY: nobody has used it.
            unsafe { libc::pthread_key_delete(made) };
            Some((others - 1) as libc::pthread_key_t)
        }
    }
}

extern "C" fn at_the_end(round: *mut c_void) {
    let round = round.addr();
    // Other keys' destructors may still drop guards.
    if round < ROUNDS && key().and_then(|key| set(key, round + 1)).is_some() {
        return;
    }
    robust_list::end();
    let mut keeper = None;
    while let Some((cell, at_end)) = robust_list::last() {
        // SAFETY: a cell that the thread holds is there.
        let cell = unsafe { &*cell };
        match at_end {
            AtEnd::Dies => cell.die(),
            AtEnd::Stays => {
                let keeper = keeper.get_or_insert_with(Keeper::start);
                records::moving(|| {
                    cell.end(|cell| match keeper {
                        Some(keeper) => keeper.keep(cell),
                        None => cell.lose(),
                    });
                });
            }
        }
    }
    drop(keeper);
    robust_list::give_back();
}

/// A thread that holds what another has leaked, until the process ends.
struct Keeper(&'static Talk);

/// What passes between the two threads. It belongs to the one whose turn it is, and in the end to
/// the keeper, which never ends.
struct Talk {
    /// Even: the ending thread's turn. Odd: the keeper's.
    turn: AtomicU32,
    /// The thread that ends.
    from: u32,
    /// To be kept; null when there is no more.
    cell: AtomicPtr<RobustCell>,
}

impl Keeper {
    /// `None` if the system starts no thread.
    fn start() -> Option<Self> {
        const STACK: usize = 64 * 1024;
        let talk: &'static Talk = Box::leak(Box::new(Talk {
            turn: AtomicU32::new(0),
            from: robust_list::me().thread,
            cell: AtomicPtr::new(ptr::null_mut()),
        }));
        let mut attributes = MaybeUninit::uninit();
        let mut thread = MaybeUninit::uninit();
        let mut all = MaybeUninit::uninit();
        let mut mask = MaybeUninit::uninit();
        // SAFETY: each is initialised by the call before it is used. No signal is handled on the
        // new thread, which inherits the mask. The standard library has no part in it: its own
        // thread-locals are gone here.
        let refused = unsafe {
            libc::pthread_attr_init(attributes.as_mut_ptr());
            libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK);
            libc::pthread_attr_setdetachstate(
                attributes.as_mut_ptr(),
                libc::PTHREAD_CREATE_DETACHED,
            );
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), mask.as_mut_ptr());
            let refused = libc::pthread_create(
                thread.as_mut_ptr(),
                attributes.as_ptr(),
                keep_until_the_end,
                ptr::from_ref(talk).cast_mut().cast(),
            );
            libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), ptr::null_mut());
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            refused
        };
        (refused == 0).then_some(Self(talk))
    }

    /// Returns when the keeper has `cell`.
    fn keep(&self, cell: &RobustCell) {
        self.say(cell);
        let is_mine = || self.0.turn.load(Ordering::Acquire).is_multiple_of(2);
        while !is_mine() {
            sleep(
                &self.0.turn,
                self.0.turn.load(Ordering::Relaxed) | 1,
                Deadline::NEVER,
            );
        }
    }

    fn say(&self, cell: *const RobustCell) {
        self.0.cell.store(cell.cast_mut(), Ordering::Relaxed);
        self.0.turn.fetch_add(1, Ordering::Release);
        wake(&self.0.turn, 1);
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.say(ptr::null());
    }
}

extern "C" fn keep_until_the_end(talk: *mut c_void) -> *mut c_void {
    // SAFETY: what `start` has leaked.
    let talk: &'static Talk = unsafe { &*talk.cast() };
    let _ = rustix::thread::set_name(c"weftline keeper");
    loop {
        let turn = talk.turn.load(Ordering::Acquire);
        if turn.is_multiple_of(2) {
            sleep(&talk.turn, turn, Deadline::NEVER);
            continue;
        }
        // SAFETY: a cell that is held stays where it is; its holder waits for this.
        match unsafe { talk.cell.load(Ordering::Relaxed).as_ref() } {
            Some(cell) => cell.adopt(talk.from),
            None => break,
        }
        talk.turn.fetch_add(1, Ordering::Release);
        wake(&talk.turn, 1);
    }
    loop {
        // SAFETY: sleeps until a signal comes, and all are blocked.
        unsafe { libc::pause() };
    }
}
