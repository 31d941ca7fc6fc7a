//! The end of this process with its parent.

use super::identity::ParentProcess;
use super::sentinel::Sentinel;
use crate::park::Deadline;
use crate::thread;
use rustix::process::{Pid, Signal, getppid};
use std::io;
use std::time::Duration;

/// Has this process killed when its parent has ended. (The system's own signal for that comes when
/// the *thread* ends that has started it.)
pub(super) fn end_with(parent: ParentProcess) -> io::Result<()> {
    thread::spawn_servant("weftline-parent", move || {
        wait_for_end(&parent.0.sentinel, parent.pid());
        let this = rustix::process::getpid();
        let _ = rustix::process::kill_process(this, Signal::KILL);
    })
}

/// Returns when the parent has ended. The program may close all that is open here, as daemons do,
/// and the sentinel with it. Then its number is free, or another file's, but the parent is still
/// the parent, and a new sentinel can be opened.
fn wait_for_end(sentinel: &Sentinel, parent: u32) {
    let parent_lives = || Pid::as_raw(getppid()).cast_unsigned() == parent;
    let _ = sentinel.wait(Deadline::NEVER);
    while parent_lives() {
        match Sentinel::open(parent) {
            Ok(sentinel) if parent_lives() => drop(sentinel.wait(Deadline::NEVER)),
            Ok(_) => {}
            // No descriptor is left.
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::sync::mpsc::{RecvTimeoutError, channel};

    /// A sentinel that the program has closed, whose number now belongs to a file that is always
    /// ready.
    fn closed() -> Sentinel {
        Sentinel::from_descriptor(File::open("/dev/null").unwrap().into())
    }

    #[test]
    fn a_parent_does_not_end_because_its_sentinel_is_closed() {
        let parent = Pid::as_raw(getppid()).cast_unsigned();
        let (ended, has_ended) = channel();
        std::thread::spawn(move || {
            wait_for_end(&closed(), parent);
            let _ = ended.send(());
        });
        let soon = Duration::from_millis(200);
        assert_eq!(has_ended.recv_timeout(soon), Err(RecvTimeoutError::Timeout));
        // A process is not its own parent, so its own number acts as a parent that has ended.
        wait_for_end(&closed(), std::process::id());
    }
}
