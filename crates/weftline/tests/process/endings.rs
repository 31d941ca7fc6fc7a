//! How processes end, and what each waiter learns of that.

use crate::Case;
use crate::programs::{command, output};
use crate::support::{LONG, SHORT, is_send_and_sync, now, takes_at_least, until};
use rustix::event::{PollFd, PollFlags, poll};
use std::fs::File;
use std::io::{Read, pipe};
use std::time::Duration;
use weftline::process::{
    self, Child, ChildProcess, Descriptor, JoinError, ParentProcess, Process, ProcessError,
    register,
};
use weftline::{Builder, Timer, at_exit};

pub(crate) const CASES: &[Case] = &[
    ("joins", joins),
    ("exit codes", exit_codes),
    ("signals", signals),
    ("terminate and kill", terminate_and_kill),
    ("close", close),
    ("sentinels", sentinels),
    ("waits at the end of a process", waits_at_the_end),
    ("a result that is not wanted", unwanted_results),
    ("other code has waited", other_code_has_waited),
    ("several joins of one", several_joins),
    ("after a fork", after_a_fork),
];

/// Runs until the other end of the pipe is closed.
pub(crate) fn reads_to_the_end(from: Descriptor) -> u64 {
    std::io::copy(&mut File::from(from.into_inner()), &mut std::io::sink()).unwrap()
}
register!(reads_to_the_end);

/// A process that runs until the writer is dropped.
pub(crate) fn held() -> (Child<u64>, std::io::PipeWriter) {
    let (reader, writer) = pipe().unwrap();
    (
        process::spawn(reads_to_the_end, (reader.into(),)).unwrap(),
        writer,
    )
}

fn running<R>(joined: Result<R, JoinError<R>>) -> Child<R> {
    match joined {
        Err(JoinError::Running(child)) => child,
        _ => panic!("it runs"),
    }
}

fn joins() {
    is_send_and_sync::<Child<std::cell::Cell<u8>>>();
    is_send_and_sync::<(ChildProcess, ParentProcess, ProcessError)>();
    let (child, writer) = held();
    let process = child.process().clone();
    assert!(process.try_join().is_err() && process.is_alive());
    let child = running(child.try_join());
    let child = takes_at_least(SHORT, || running(child.try_join_for(SHORT)));
    let child = takes_at_least(SHORT, || running(child.try_join_until(now() + SHORT)));
    takes_at_least(SHORT, || assert!(process.try_join_for(SHORT).is_err()));
    takes_at_least(SHORT, || {
        assert!(process.try_join_until(now() + SHORT).is_err())
    });
    let told = JoinError::Running(child).to_string();
    assert!(
        told.ends_with("is still running") && told.contains(&process.pid().to_string()),
        "{told}"
    );
    drop(writer);
    process.join();
    assert!(!process.is_alive());
    assert_eq!(process.exitcode(), Some(0));
    for _ in 0..2 {
        process.try_join().unwrap();
        process.try_join_for(Duration::MAX).unwrap();
        process.try_join_until(now()).unwrap();
    }
    for join in [
        |child: Child<u64>| child.join().map_err(JoinError::Ended),
        |child: Child<u64>| child.try_join_for(LONG),
        |child: Child<u64>| child.try_join_for(Duration::MAX),
        |child: Child<u64>| child.try_join_until(now() + LONG),
        |child: Child<u64>| {
            child.process().join();
            child.try_join()
        },
    ] {
        let (child, writer) = held();
        drop(writer);
        assert_eq!(join(child).unwrap(), 0);
    }
}

fn exits(code: i32) -> String {
    std::process::exit(code)
}
register!(exits);

fn exit_codes() {
    for code in [0, 1, 7, 101, 255] {
        let child = process::spawn(exits, (code,)).unwrap();
        let (process, pid) = (child.process().clone(), child.pid());
        let error = child.join().unwrap_err();
        assert!(
            matches!(error, ProcessError::Exited { code: it, .. } if it == code),
            "{error:?}"
        );
        assert_eq!(error.process().pid(), pid);
        assert!(
            error.to_string().contains(&format!("exit code {code} ")),
            "{error}"
        );
        assert_eq!(process.exitcode(), Some(code));
    }
}

fn ends_by(signal: i32) {
    // SAFETY: this process exists for that.
    unsafe { libc::raise(signal) };
}
register!(ends_by);

fn signals() {
    for (signal, name) in [
        (libc::SIGABRT, "SIGABRT"),
        (libc::SIGFPE, "SIGFPE"),
        (libc::SIGKILL, "SIGKILL"),
    ] {
        let child = Process::new(ends_by, (signal,))
            .stderr(process::Stdio::null())
            .start()
            .unwrap();
        let process = child.process().clone();
        let error = child.join().unwrap_err();
        assert!(
            matches!(error, ProcessError::Killed { signal: it, .. } if it == signal),
            "{error:?}"
        );
        assert!(
            error
                .to_string()
                .contains(&format!("killed by {name} (signal {signal})")),
            "{error}"
        );
        assert_eq!(process.exitcode(), Some(-signal));
    }
}

fn terminate_and_kill() {
    for (end, signal) in [
        (
            ChildProcess::terminate as fn(&ChildProcess) -> std::io::Result<()>,
            libc::SIGTERM,
        ),
        (ChildProcess::kill, libc::SIGKILL),
    ] {
        // A process that runs, and a process that has hardly been started.
        for waits in [true, false] {
            let (child, writer) = held();
            let process = child.process().clone();
            if waits {
                until(|| {
                    std::fs::read_to_string(format!("/proc/{}/comm", process.pid()))
                        .is_ok_and(|it| it.starts_with("Process-"))
                });
            }
            end(&process).unwrap();
            let error = child.join().unwrap_err();
            assert!(
                matches!(error, ProcessError::Killed { signal: it, .. } if it == signal),
                "{error:?}"
            );
            assert_eq!(process.exitcode(), Some(-signal));
            // It has ended: there is nothing to do.
            end(&process).unwrap();
            drop(writer);
        }
    }
}

fn close() {
    let (child, writer) = held();
    let child = child.close().unwrap_err();
    drop(writer);
    child.process().join();
    child.close().unwrap();
}

fn sentinels() {
    let (slow, writer) = held();
    let (quick, go) = held();
    let (reader, _open) = pipe().unwrap();
    let ready = |milliseconds: i64| {
        let mut polled = [
            PollFd::from_borrowed_fd(slow.sentinel(), PollFlags::IN),
            PollFd::new(&reader, PollFlags::IN),
            PollFd::from_borrowed_fd(quick.sentinel(), PollFlags::IN),
        ];
        let timeout = rustix::event::Timespec {
            tv_sec: milliseconds / 1000,
            tv_nsec: milliseconds % 1000 * 1_000_000,
        };
        poll(&mut polled, Some(&timeout)).unwrap();
        polled.map(|it| !it.revents().is_empty())
    };
    assert_eq!(ready(5), [false; 3]);
    drop(go);
    assert_eq!(ready(20_000), [false, false, true]);
    // The sentinel stays ready, even when the process has been waited for.
    assert_eq!(quick.exitcode(), Some(0));
    assert_eq!(ready(0), [false, false, true]);
    drop(writer);
    slow.process().join();
    assert_eq!(ready(0), [true, false, true]);
}

fn leaves_much_behind() -> &'static str {
    at_exit(|| println!("callback"));
    print!("function, ");
    let thread = Builder::new().name("late");
    thread
        .spawn(|| {
            let timer = Timer::new(SHORT, || {
                std::thread::sleep(SHORT);
                println!("timer");
                let child = process::spawn(says, ("child".to_owned(),)).unwrap();
                drop(child);
            });
            println!("thread");
            timer.start().unwrap();
        })
        .unwrap();
    Builder::new()
        .daemon(true)
        .spawn(|| weftline::Event::new().wait())
        .unwrap();
    "done"
}

fn leaves() -> String {
    leaves_much_behind().to_owned()
}
fn says(text: String) {
    std::thread::sleep(SHORT);
    println!("{text}");
}
register!(leaves);
register!(says);

fn waits_at_the_end() {
    let (mut reader, stdout) = pipe().unwrap();
    let child = Process::new(leaves, ()).stdout(stdout).start().unwrap();
    assert_eq!(child.join().unwrap(), "done");
    let mut said = String::new();
    reader.read_to_string(&mut said).unwrap();
    assert_eq!(said, "function, thread\ntimer\nchild\ncallback\n");
}

fn large(length: usize) -> Vec<u8> {
    vec![7; length]
}
register!(large);

fn unwanted_results() {
    for length in [10, 1 << 20] {
        let child = process::spawn(large, (length,)).unwrap();
        let process = child.process().clone();
        drop(child);
        process.join();
        assert_eq!(process.exitcode(), Some(0));
    }
}

fn other_code_has_waited() {
    let wait_for = |pid: u32| {
        // SAFETY: the status is not asked for.
        let pid_of_ended = unsafe { libc::waitpid(pid.cast_signed(), std::ptr::null_mut(), 0) };
        assert_eq!(pid_of_ended, pid.cast_signed());
    };
    let child = process::spawn(exits, (3,)).unwrap();
    let process = child.process().clone();
    wait_for(child.pid());
    assert_eq!(process.exitcode(), Some(255));
    let error = child.join().unwrap_err();
    assert!(matches!(error, ProcessError::Lost { .. }), "{error:?}");
    // A value that has arrived is valid in any case.
    let child = process::spawn(large, (3,)).unwrap();
    wait_for(child.pid());
    assert_eq!(child.join(), Ok(vec![7; 3]));
    let output = output(&mut command("wants to hear of no child"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(output.stdout, b"late\n");
}

fn several_joins() {
    for _ in 0..20 {
        let (child, writer) = held();
        let process = child.process().clone();
        std::thread::scope(|scope| {
            let joins = [(); 4].map(|()| {
                scope.spawn(|| {
                    process.join();
                    process.exitcode()
                })
            });
            let value = scope.spawn(|| child.join());
            drop(writer);
            for join in joins {
                assert_eq!(join.join().unwrap(), Some(0));
            }
            assert_eq!(value.join().unwrap(), Ok(0));
        });
    }
}

fn after_a_fork() {
    let (child, writer) = held();
    // SAFETY: the copy's actions are the subject of this test; it leaves by `_exit`.
    match unsafe { libc::fork() } {
        -1 => panic!("cannot fork"),
        0 => {
            let _limit = crate::support::limit();
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                assert!(
                    process::active_children().is_empty(),
                    "they are the parent's"
                );
                let child = running(child.try_join_for(SHORT));
                // The copy can have children of its own.
                let (own, go) = held();
                assert_eq!(process::active_children(), [own.process().clone()]);
                drop(go);
                assert_eq!(own.join(), Ok(0));
                // It can wait for the parent's children and end them, but not ask how they ended.
                child.terminate().unwrap();
                let error = child.join().unwrap_err();
                assert!(matches!(error, ProcessError::Lost { .. }), "{error:?}");
            }));
            // SAFETY: leaves without the destructors of objects that belong to the parent.
            unsafe { libc::_exit(i32::from(checked.is_err())) }
        }
        copy => {
            let mut status = 0;
            // SAFETY: the status is a valid place.
            assert_eq!(unsafe { libc::waitpid(copy, &raw mut status, 0) }, copy);
            assert_eq!(status, 0, "the copy has failed");
        }
    }
    let error = child.join().unwrap_err();
    assert!(
        matches!(
            error,
            ProcessError::Killed {
                signal: libc::SIGTERM,
                ..
            }
        ),
        "{error:?}"
    );
    drop(writer);
}
