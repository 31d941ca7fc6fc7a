//! What this process tells of itself, to itself.

use super::interpreter::{Interpreter, Told};
use super::metrics::Metrics;
use super::snapshot::Snapshot;
use super::wire;
use crate::park::BlockedThread;

/// What this process is: its threads, what each waits for, and the owner of that.
///
/// Only threads that have used the library are known, and the calling thread. Threads run on
/// meanwhile.
#[must_use]
pub fn snapshot() -> Snapshot {
    snapshot_of([], None)
}

/// This process in numbers.
#[must_use]
pub fn metrics() -> Metrics {
    snapshot().metrics()
}

/// What this process is, as [`snapshot`], with what an interpreter tells of it.
#[must_use]
pub fn snapshot_with(interpreter: Interpreter) -> Snapshot {
    snapshot_of([], Some(interpreter))
}

/// What this process is. The threads of these waits are in them, also those that have left their
/// sleep for a moment, to look for a deadlock themselves.
pub(super) fn snapshot_of<'a>(
    waits: impl IntoIterator<Item = &'a BlockedThread>,
    interpreter: Option<Interpreter>,
) -> Snapshot {
    let _ = crate::park::try_current_record();
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = wire::write_process(&mut text, interpreter.is_some(), None);
    for wait in waits {
        let _ = wire::write_known_wait(&mut text, wait);
    }
    let mut snapshot = wire::read_process(&text).expect("this version wrote it");
    if let Some(interpreter) = interpreter {
        let mut told = Told::default();
        (interpreter.tell)(&mut told);
        wire::read_stacks(&(told.text + "end\n"), &mut snapshot);
    }
    snapshot
}

/// Writes a report of this process to standard error: its threads, what each waits for, and its
/// deadlocks.
pub fn dump() {
    eprint!("{}", snapshot().report());
}

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;
    use crate::Lock;
    use crate::park::threads_now;
    use std::sync::Arc;

    #[test]
    fn a_known_wait_is_told_while_its_thread_is_awake() {
        let [first, second] = [(); 2].map(|()| Arc::new(Lock::new(())));
        let (held, until_told) = (first.lock(), second.lock());
        let (theirs, last) = (Arc::clone(&first), Arc::clone(&second));
        let handle = crate::spawn(move || {
            drop(theirs.lock());
            drop(last.lock());
        });
        let number = handle.thread().number().unwrap();
        let asleep = || {
            let mut threads = threads_now().filter(|thread| thread.number() == Some(number));
            threads.find_map(|thread| thread.blocked())
        };
        let wait = loop {
            match asleep() {
                Some(wait) => break wait,
                None => std::thread::yield_now(),
            }
        };
        drop(held);
        drop(first.lock());
        let snapshot = snapshot_of([&wait], None);
        drop(until_told);
        handle.join().unwrap();
        let told = snapshot.party(number.get()).unwrap().wait.clone().unwrap();
        assert_eq!((told.sequence, told.is_steady), (wait.sequence, true));
        assert!(snapshot.object(told.object).unwrap().state.is_some());
    }
}
