//! What a report reads of all threads that sleep: what their objects say of themselves, and which
//! of their waits last.
//!
//! # Implementation
//!
//! The kernel copies what may be gone (`probe.rs`), and one call copies the parts of up to
//! [`BATCH`] threads. For each of them the order is that of [`SeenThread::state_of_object`] and
//! [`SeenThread::waits_on`]: its record, then the copy, then whether it still sleeps in the same
//! wait.

use super::blocked_thread::BlockedThread;
use super::look::{Copied, MOST, ObjectState};
use super::probe::{self, Part};
use super::reports::{SeenThread, threads_now};
use super::waiter;

/// How many threads at a time: their copies lie on the stack of a signal handler.
const BATCH: usize = 16;

/// A thread and the wait in which it slept.
#[derive(Clone, Copy)]
struct Asleep {
    thread: SeenThread,
    wait: BlockedThread,
}

/// Calls `f` with the threads that sleep, [`BATCH`] at most at a time, and stops at an error.
fn in_batches<E>(mut f: impl FnMut(&[Option<Asleep>]) -> Result<(), E>) -> Result<(), E> {
    let mut batch = [const { None::<Asleep> }; BATCH];
    let mut len = 0;
    for thread in threads_now() {
        let Some(wait) = thread.blocked() else {
            continue;
        };
        batch[len] = Some(Asleep { thread, wait });
        len += 1;
        if len == BATCH {
            f(&batch)?;
            len = 0;
        }
    }
    f(&batch[..len])
}

/// Calls `f` with the address of each object for which a thread sleeps, and what it says of itself;
/// `None` also if the thread has left the wait. Takes no memory, so a signal handler may call it.
pub(crate) fn objects_now<E>(
    mut f: impl FnMut(usize, Option<ObjectState>) -> Result<(), E>,
) -> Result<(), E> {
    in_batches(|batch| {
        let mut copies = [const {
            Copied {
                address: 0,
                bytes: [0; MOST],
                len: 0,
            }
        }; BATCH];
        let mut parts = [(); BATCH].map(|()| Part::none());
        for ((asleep, copied), part) in batch.iter().flatten().zip(&mut copies).zip(&mut parts) {
            copied.address = asleep.wait.object;
            copied.len = asleep.wait.bytes();
            *part = Part::new(copied.address, &mut copied.bytes[..copied.len]);
        }
        let is_there = probe::copy_all(parts);
        for ((asleep, copied), is_there) in batch.iter().flatten().zip(&copies).zip(is_there) {
            let state = is_there.then(|| asleep.wait.look_in(copied)).flatten();
            let state = state.filter(|_| asleep.thread.is_still(&asleep.wait));
            f(asleep.wait.object, state)?;
        }
        Ok(())
    })
}

/// Calls `f` with each thread that sleeps in a wait that no waker has ended, as
/// [`SeenThread::waits_on`] has it. Takes no memory, so a signal handler may call it.
pub(crate) fn lasting_now<E>(mut f: impl FnMut(&BlockedThread) -> Result<(), E>) -> Result<(), E> {
    in_batches(|batch| {
        let mut states = [[0; 4]; BATCH];
        let mut parts = [(); BATCH].map(|()| Part::none());
        for ((asleep, state), part) in batch.iter().flatten().zip(&mut states).zip(&mut parts) {
            // A wait of another library has no waiter.
            if asleep.wait.waiter() != 0 {
                *part = Part::new(asleep.wait.waiter(), state);
            }
        }
        let is_there = probe::copy_all(parts);
        for ((asleep, state), is_there) in batch.iter().flatten().zip(states).zip(is_there) {
            let is_claimed = waiter::is_claimed_in(state);
            if is_there && asleep.thread.lasts(&asleep.wait, Some(is_claimed)) {
                f(&asleep.wait)?;
            }
        }
        Ok(())
    })
}
