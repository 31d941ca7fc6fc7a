//! Where a process begins: [`init`], and the first step of [`run`](crate::run).
//!
//! # Implementation
//!
//! A child is this program, started with [`FLAG`] as its first argument and a socket to its parent
//! as its standard input. The first call of its `main` notices that, and never returns:
//!
//! | step | if it fails |
//! |---|---|
//! | the child closes the descriptors that it has inherited | it says why and ends with exit code 2 |
//! | it takes the socket from the standard input; the socket's maker must be the parent | the same: the argument was typed by hand |
//! | it receives its task, its identity, and its real standard input | the same; if the parent has ended or given up, without a word |
//! | a daemon begins to monitor its parent | the same |
//! | it says that it has begun | it goes on: no process will ask for the result |
//! | the function runs, then the end of [`run`](crate::run) | a panic is one of the answers |
//! | it sends its answer and exits, with 101 after a panic | |

use super::channel::Channel;
use super::identity::{self, Identity, Parent, ParentProcess};
use super::message::{Answer, FLAG, Task};
use super::sentinel::Sentinel;
use super::{Envelope, children, function, parent_death, permission, pool};
use crate::thread::{self, ExitStage};
use rustix::io::FdFlags;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::sync::Arc;

/// The exit code of a process that cannot do its task.
const UNUSABLE: i32 = 2;
/// The exit code of a process whose function has panicked: the standard library uses it when `main`
/// has.
const PANICKED: i32 = 101;

/// Lets this program start processes. Call it first in `main`, unless [`weftline::run`](crate::run)
/// is.
///
/// In a process that was started for a function it runs that function, and does not return. Until
/// it is called no process can be started: each would be this program from its beginning. A
/// descriptor that is open without the close-on-exec flag counts as inherited, and is closed; all
/// that the standard library opens has the flag. Without `run` the end of the program does not wait
/// for processes; those that are not daemons are left behind then.
///
/// ```no_run
/// use weftline::process;
///
/// fn double(number: i64) -> i64 {
///     2 * number
/// }
/// process::register!(double);
///
/// fn main() {
///     process::init();
///     println!("{}", process::spawn(double, (21,)).unwrap().join().unwrap());
/// }
/// ```
pub fn init() {
    begin();
}

/// First call in `main`. Does not return in a process that was started for a function.
pub(crate) fn begin() {
    if !permission::give() {
        return;
    }
    thread::register_exit_stage(&EXIT_STAGE);
    function::register_own(&pool::SERVE);
    if std::env::args_os().nth(1).is_some_and(|it| it == FLAG) {
        std::process::exit(serve());
    }
}

static EXIT_STAGE: ExitStage = ExitStage {
    wait_for_any: children::wait_for_any,
    end_daemons: children::end_daemons,
};

/// The whole run of a process that was started for a function; returns its exit code.
fn serve() -> i32 {
    thread::note_all();
    let begun = begin_task();
    let (channel, task, arguments) = match begun {
        Ok(Some(begun)) => begun,
        Ok(None) => return UNUSABLE,
        Err(why) => {
            thread::print(&format!("weftline: {why}"));
            return UNUSABLE;
        }
    };
    // The parent may be gone, here and below.
    let _ = channel.send(&Answer::Begun, &[], &Envelope::default());
    let (answer, body) = match function::named(&task.function) {
        Ok(function) => function.call(arguments),
        // The function is registered in the parent, which is the same program.
        Err(why) => (
            Answer::ArgumentsRefused(why.to_string()),
            Envelope::default(),
        ),
    };
    let code = match answer {
        Answer::Returned | Answer::Begun => 0,
        _ => PANICKED,
    };
    if let Err(why) = channel.send(&answer, &[], &body)
        && !super::channel::is_gone(&why)
    {
        let refused = Answer::ResultRefused(super::envelope::no_descriptor(&why));
        let _ = channel.send(&refused, &[], &Envelope::default());
        return PANICKED;
    }
    code
}

/// The task of this process; `None` when the parent is gone.
fn begin_task() -> io::Result<Option<(Channel, Task, Envelope)>> {
    close_inherited()?;
    let channel = take_channel()?;
    let maker = channel.maker().ok_or_else(started_by_hand)?;
    let Some((task, mut envelope)) = channel.receive::<Task>(true)? else {
        return Ok(None);
    };
    let leading = 1 + usize::from(task.has_stdin);
    if envelope.descriptors.len() < leading {
        return Err(started_by_hand());
    }
    let arguments = envelope.descriptors.split_off(leading);
    let mut first = std::mem::replace(&mut envelope.descriptors, arguments).into_iter();
    let sentinel = first.next().map(Sentinel::from_descriptor);
    let sentinel = sentinel.ok_or_else(started_by_hand)?;
    let parent = rustix::process::getppid().map(|pid| pid.as_raw_pid().unsigned_abs());
    // If the parent ends meanwhile, another becomes the parent, but the sentinel is still the first
    // one's.
    if task.parent_pid != maker || parent != Some(maker) && !sentinel.has_ended() {
        return Err(started_by_hand());
    }
    match first.next() {
        Some(stdin) => rustix::stdio::dup2_stdin(stdin)?,
        None => rustix::stdio::dup2_stdin(File::open("/dev/null")?)?,
    }
    thread::set_name(&task.name);
    let parent = ParentProcess(Arc::new(Parent {
        name: task.parent_name.clone(),
        pid: task.parent_pid,
        sentinel,
    }));
    if task.is_daemon {
        parent_death::end_with(parent.clone())?;
    }
    identity::adopt(Identity {
        name: task.name.clone(),
        lineage: task.lineage.clone(),
        is_daemon: task.is_daemon,
        parent,
    });
    Ok(Some((channel, task, envelope)))
}

fn started_by_hand() -> io::Error {
    io::Error::other(format!(
        "{FLAG} is how a program starts itself to run a function in a process of its own; it cannot be given by hand"
    ))
}

/// A descriptor that came through `exec` is without the close-on-exec flag. All that this process
/// has opened since, before `main` or in it, has the flag.
fn close_inherited() -> io::Result<()> {
    let mut open: Vec<RawFd> = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_str().and_then(|it| it.parse().ok());
        open.extend(number.filter(|&number: &RawFd| number > 2));
    }
    for number in open {
        // SAFETY: only queried. The list's own descriptor is closed by now, which is an error like
        // others.
        let flags = rustix::io::fcntl_getfd(unsafe { BorrowedFd::borrow_raw(number) });
        if flags.is_ok_and(|flags| !flags.contains(FdFlags::CLOEXEC)) {
            // SAFETY: nothing of this process has it, for it was open before.
            unsafe { libc::close(number) };
        }
    }
    Ok(())
}

/// Moves the socket away from the standard input. Descriptor 0 stays taken until the real standard
/// input replaces it.
fn take_channel() -> io::Result<Channel> {
    let stdin = rustix::stdio::stdin();
    let socket: OwnedFd = rustix::io::fcntl_dupfd_cloexec(stdin, 3)?;
    Ok(Channel::from_descriptor(socket))
}
