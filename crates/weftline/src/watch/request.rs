//! The other end of the emergency call: asking a process.

use super::addressee::Unreachable;
use super::asked::Wanted;
use super::os::{Descriptor, address, errno, is_of_this_user, is_ready};
use super::request_error::RequestError;
use super::snapshot::{Snapshot, Stacks};
use super::status::{Status, let_mature};
use super::{addressee, mark, wire};
use crate::park::Deadline;
use std::fs;
use std::io;
use std::mem;
use std::time::Duration;

/// How long a process may take until it begins to answer. The signal interrupts any thread.
const UNTIL_ANSWER: Duration = Duration::from_secs(2);
/// How long it may take to tell the rest, between two parts.
const BETWEEN_PARTS: Duration = Duration::from_secs(2);
/// How long an interpreter may take.
const FOR_STACKS: Duration = Duration::from_millis(200);

/// Asks the process for a [`Snapshot`].
///
/// It needs no right to trace, and the process need not have prepared for it: a Python program on
/// weftline, or a Rust program under [`run`](crate::run), answers. Takes some milliseconds, and up
/// to 200 ms if an interpreter is held by a thread that does not let go.
///
/// A root user becomes the user of the process for the request.
///
/// # Errors
/// [`RequestError`]; most are found before the process gets a signal.
pub fn request(pid: u32) -> Result<Snapshot, RequestError> {
    request_for(pid, Wanted::State)
}

/// Asks the process for a [`Snapshot`] of that. As [`request`].
///
/// After a request for waits that have ended, the process records waits for three seconds, which
/// costs each wait that sleeps some 200 ns, and each thread that waits 37 KB. The first one finds
/// those alone that other requests have had recorded.
///
/// # Errors
/// [`RequestError`]; most are found before the process gets a signal.
pub fn request_for(pid: u32, wanted: Wanted) -> Result<Snapshot, RequestError> {
    // The process that is looked at is the one that gets the signal, also if it ends meanwhile and
    // its number is used again.
    let process = open(pid)?;
    let_mature(pid);
    let status = Status::of(pid).ok_or(RequestError::NoProcess)?;
    // SAFETY: always succeeds.
    let own = unsafe { libc::geteuid() };
    if status.uid != own && own != 0 {
        return Err(RequestError::OtherUser { uid: status.uid });
    }
    let signal = match mark::is_marked(pid) {
        Ok(Some(signal)) if status.catches(signal) => signal,
        Ok(_) => return Err(RequestError::NotAnswering),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(RequestError::NoProcess);
        }
        Err(_) => return Err(RequestError::NotVisible),
    };
    if status.is_stopped {
        return Err(RequestError::Stopped);
    }
    let network = |of: &str| fs::read_link(format!("/proc/{of}/ns/net")).ok();
    let (here, there) = (network("self"), network(&pid.to_string()));
    if there.is_some() && here != there {
        return Err(RequestError::OtherNetwork);
    }
    if status.uid == own {
        return ask(pid, &process, signal, wanted);
    }
    // On a thread of its own, because the system's calls change the user of the calling thread.
    std::thread::scope(|scope| {
        let asks = scope.spawn(|| {
            become_user(status.uid)?;
            ask(pid, &process, signal, wanted)
        });
        asks.join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn open(pid: u32) -> Result<Descriptor, RequestError> {
    // SAFETY: no memory is passed.
    let process = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    if process >= 0 {
        return Ok(Descriptor(process as libc::c_int));
    }
    match errno() {
        libc::ESRCH | libc::EINVAL => Err(RequestError::NoProcess),
        error => Err(RequestError::System(
            "the process cannot be opened",
            io::Error::from_raw_os_error(error),
        )),
    }
}

fn become_user(uid: u32) -> Result<(), RequestError> {
    // SAFETY: no memory is passed. The call changes the calling thread alone.
    match unsafe { libc::syscall(libc::SYS_setresuid, -1, uid, -1) } {
        0 => Ok(()),
        _ => Err(system("the user cannot be changed")),
    }
}

fn system(what: &'static str) -> RequestError {
    RequestError::System(what, io::Error::last_os_error())
}

fn ask(
    pid: u32,
    process: &Descriptor,
    signal: i32,
    wanted: Wanted,
) -> Result<Snapshot, RequestError> {
    let nonce = random().ok_or_else(|| system("no random number"))?;
    let nonce = wanted.nonce(nonce);
    let listener = listen(nonce)?;
    // Once more, because it may have executed another program, which the signal would end.
    if !Status::of(pid).is_some_and(|status| status.catches(signal)) {
        return Err(RequestError::NotAnswering);
    }
    send(pid, process, signal, nonce)?;
    let answer = accept(&listener, pid, Deadline::after(UNTIL_ANSWER)).ok_or_else(|| {
        if Status::of(pid).is_some() {
            RequestError::Silent
        } else {
            RequestError::NoProcess
        }
    })?;
    let text = read_all(&answer);
    drop(answer);
    let (first, rest) = text.split_once('\n').ok_or(RequestError::Silent)?;
    let mut snapshot = wire::read_process(rest).ok_or(RequestError::OtherVersion)?;
    // In a namespace of its own it has another number.
    snapshot.pid = pid;
    let has_interpreter = first.split('\t').nth(1) == Some("1");
    if has_interpreter {
        snapshot.stacks = Stacks::Silent;
        if let Some(answer) = accept(&listener, pid, Deadline::after(FOR_STACKS)) {
            wire::read_stacks(&read_all(&answer), &mut snapshot);
        }
    }
    Ok(snapshot)
}

fn random() -> Option<u64> {
    let mut bytes = [0; 8];
    // SAFETY: the place is valid.
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    (got == 8).then(|| u64::from_ne_bytes(bytes))
}

fn listen(nonce: u64) -> Result<Descriptor, RequestError> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no memory is passed.
    let socket = unsafe { libc::socket(libc::AF_UNIX, kind, 0) };
    if socket < 0 {
        return Err(system("no socket"));
    }
    let socket = Descriptor(socket);
    let (address, len) = address(nonce);
    // SAFETY: the address is valid for its length.
    let failed = unsafe {
        libc::bind(socket.0, (&raw const address).cast(), len) != 0
            || libc::listen(socket.0, 8) != 0
    };
    if failed {
        return Err(system("the socket cannot listen"));
    }
    Ok(socket)
}

/// Sends the signal to the thread that can take it. The thread may end meanwhile.
fn send(pid: u32, process: &Descriptor, signal: i32, nonce: u64) -> Result<(), RequestError> {
    const ATTEMPTS: usize = 16;
    for _ in 0..ATTEMPTS {
        let thread = addressee::of(pid, signal).map_err(|why| match why {
            Unreachable::Ended => RequestError::NoProcess,
            Unreachable::Blocked => RequestError::Blocked { signal },
            Unreachable::Paused => RequestError::Paused,
        })?;
        match send_to(pid, thread, process, signal, nonce) {
            Err(RequestError::NoProcess) if thread.is_some() => {}
            sent => return sent,
        }
    }
    Err(RequestError::Blocked { signal })
}

fn send_to(
    pid: u32,
    thread: Option<u32>,
    process: &Descriptor,
    signal: i32,
    nonce: u64,
) -> Result<(), RequestError> {
    /// The beginning of a `siginfo_t` of a queued signal.
    #[repr(C)]
    struct Queued {
        signal: i32,
        error: i32,
        code: i32,
        padding: i32,
        pid: i32,
        uid: u32,
        value: u64,
    }
    // SAFETY: all zeros are a valid value.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    // SAFETY: these always succeed.
    let (sender, uid) = unsafe { (libc::getpid(), libc::getuid()) };
    let queued = Queued {
        signal,
        error: 0,
        code: libc::SI_QUEUE,
        padding: 0,
        pid: sender,
        uid,
        value: nonce,
    };
    const { assert!(size_of::<Queued>() <= size_of::<libc::siginfo_t>()) };
    // SAFETY: the value begins with these fields, on every 64-bit Linux.
    unsafe { (&raw mut info).cast::<Queued>().write(queued) };
    let info = &raw const info;
    // SAFETY: the value is valid.
    let failed = unsafe {
        match thread {
            None => libc::syscall(libc::SYS_pidfd_send_signal, process.0, signal, info, 0),
            Some(thread) => libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, thread, signal, info),
        }
    };
    match failed {
        0 => Ok(()),
        _ => match errno() {
            libc::ESRCH => Err(RequestError::NoProcess),
            _ => Err(system("the signal cannot be sent")),
        },
    }
}

/// An answer of that process.
fn accept(listener: &Descriptor, pid: u32, until: Deadline) -> Option<Descriptor> {
    loop {
        if !is_ready(
            listener,
            libc::POLLIN,
            until.remaining().unwrap_or_default(),
        ) {
            return None;
        }
        // SAFETY: no memory is passed.
        let socket = unsafe {
            libc::accept4(
                listener.0,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
            )
        };
        if socket >= 0 {
            let socket = Descriptor(socket);
            if is_of_this_user(&socket) && is_of_process(&socket, pid) {
                return Some(socket);
            }
        }
    }
}

fn is_of_process(socket: &Descriptor, pid: u32) -> bool {
    super::os::peer(socket).is_some_and(|peer| peer.pid as u32 == pid)
}

/// Everything until the end, or until the other end takes too long.
fn read_all(socket: &Descriptor) -> String {
    let mut text = Vec::new();
    let mut part = vec![0; 1 << 16];
    while is_ready(socket, libc::POLLIN, BETWEEN_PARTS) {
        // SAFETY: the place is valid.
        let got = unsafe { libc::recv(socket.0, part.as_mut_ptr().cast(), part.len(), 0) };
        match usize::try_from(got) {
            Ok(0) => break,
            Ok(got) => text.extend_from_slice(&part[..got]),
            Err(_) if matches!(errno(), libc::EINTR | libc::EAGAIN) => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// The processes of this user that answer; for root, those of all users.
///
/// # Errors
/// When there is no `/proc`.
pub fn processes() -> io::Result<Vec<u32>> {
    // SAFETY: always succeeds.
    let own = unsafe { libc::geteuid() };
    let answers = |&pid: &u32| {
        Status::of(pid).is_some_and(|status| own == 0 || status.uid == own)
            && matches!(mark::is_marked(pid), Ok(Some(_)))
    };
    let mut found: Vec<u32> = all()?.filter(answers).collect();
    found.sort_unstable();
    Ok(found)
}

fn all() -> io::Result<impl Iterator<Item = u32>> {
    let names = fs::read_dir("/proc")?.flatten();
    Ok(names.filter_map(|entry| entry.file_name().to_str()?.parse().ok()))
}

/// The process and those that it started, and those that these started, and so on: the process
/// first, each before its own.
///
/// # Errors
/// When there is no `/proc`.
pub fn tree(pid: u32) -> io::Result<Vec<u32>> {
    let mut parents: Vec<(u32, u32)> = all()?
        .filter_map(|child| Some((Status::of(child)?.parent, child)))
        .collect();
    parents.sort_unstable();
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&parent) = tree.get(next) {
        let children = parents.iter().filter(|&&(of, _)| of == parent);
        tree.extend(children.map(|&(_, child)| child));
        next += 1;
    }
    Ok(tree)
}
