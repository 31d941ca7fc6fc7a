//! What becomes of leaked guards when their thread ends and its process goes on.
//!
//! # Implementation
//!
//! A program may leak a guard (`mem::forget`, `Box::leak`) and keep a reference to what the lock
//! protects, for ever and from any thread. The kernel would free the lock at the end of the guard's
//! thread, and the next guard would be a second `&mut` to the same value. So the destructor of this
//! module acts before the kernel:
//!
//! | the cell is | at the thread's end |
//! |---|---|
//! | an object's own lock, or a row of a table | marked as the kernel would mark it ([`AtEnd::Dies`]) |
//! | held by a leaked guard | passed on to a *lock holder thread*, which sleeps until the process ends ([`AtEnd::Stays`]) |
//! | the same, where the system starts no thread | lost: held by no thread, and never free again |
//!
//! A process that ends takes its references with it, and the kernel then marks the cells of the
//! lock holder threads. While a cell passes from one thread to the other, it is the pending cell of
//! at least one of them.
//!
//! The destructor is the thread's last (`last_destructor.rs`): those of thread-locals, which may
//! drop guards, come before. A thread that has passed this point takes no lock
//! ([`robust_list::end`]). A process that ends by `exit` does not run the destructor: the kernel
//! marks what its threads hold.

use super::robust::RobustCell;
use super::robust_list::{self, AtEnd};
use super::sleep::{sleep, wake};
use super::{last_destructor, list_head, records};
use crate::park::Deadline;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// Prepares this process for shared objects. An error says why it can have none. Called before the
/// first object is made or opened.
pub(super) fn prepare() -> Result<(), &'static str> {
    list_head::head()?;
    last_destructor::install(at_the_end)
}

extern "C" fn at_the_end(round: *mut c_void) {
    // Destructors of other keys may still drop guards.
    if last_destructor::is_called_again(round) {
        return;
    }
    robust_list::end();
    let mut holder = None;
    while let Some((link, at_end)) = robust_list::last() {
        // SAFETY: a cell that the thread holds exists.
        let cell = unsafe { RobustCell::around(link) };
        match at_end {
            AtEnd::Dies => cell.die(),
            AtEnd::Stays => {
                let holder = holder.get_or_insert_with(LockHolder::start);
                records::moving(|| {
                    cell.end(|cell| match holder {
                        Some(holder) => holder.hold(cell),
                        None => cell.lose(),
                    });
                });
            }
        }
    }
    drop(holder);
    robust_list::give_back();
}

/// The ending thread's side of a lock holder thread. That thread holds the cells of leaked guards
/// until the process ends.
struct LockHolder(&'static Talk);

/// What passes between the two threads. It belongs to the thread that has the turn, and in the end
/// to the lock holder thread, which never ends.
struct Talk {
    /// Even: the ending thread's turn. Odd: the lock holder's.
    turn: AtomicU32,
    /// The thread that ends.
    from: u32,
    /// The cell to hold from now on; null when there are no more.
    cell: AtomicPtr<RobustCell>,
}

impl LockHolder {
    /// Starts the thread. `None` if the system starts none.
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
        // SAFETY: each is initialised by the call before it is used. The new thread inherits the
        // mask, so it handles no signal. The standard library is not involved: its own
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
                hold_until_the_end,
                ptr::from_ref(talk).cast_mut().cast(),
            );
            libc::pthread_sigmask(libc::SIG_SETMASK, mask.as_ptr(), ptr::null_mut());
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            refused
        };
        (refused == 0).then(|| Self(talk))
    }

    /// Returns when the lock holder thread holds `cell`.
    fn hold(&self, cell: &RobustCell) {
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

impl Drop for LockHolder {
    fn drop(&mut self) {
        self.say(ptr::null());
    }
}

extern "C" fn hold_until_the_end(talk: *mut c_void) -> *mut c_void {
    // SAFETY: `start` has leaked it.
    let talk: &'static Talk = unsafe { &*talk.cast() };
    let _ = rustix::thread::set_name(c"weftline holder");
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
