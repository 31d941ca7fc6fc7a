//! Facts of a thread that only the operating system has: its identifiers and its name there. No
//! function here waits.

/// `gettid` of the thread that the process began with, or of the thread whose fork made the
/// process.
#[cfg(target_os = "linux")]
pub(super) fn native_id_of_main() -> Option<u64> {
    Some(u64::from(std::process::id()))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn native_id_of_main() -> Option<u64> {
    None
}

/// Whether the calling thread is the one that the process began with. `None` where the system does
/// not say.
pub(super) fn is_main() -> Option<bool> {
    Some(crate::park::native_id()? == native_id_of_main()?)
}

/// Gives the calling thread a name that debuggers and `ps` show: as much of `name` as fits into the
/// system's 15 bytes.
#[cfg(target_os = "linux")]
pub(crate) fn set_name(name: &str) {
    const MOST_BYTES: usize = 15;
    let name = without_nul(name);
    let mut end = name.len().min(MOST_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    let mut ended = [0; MOST_BYTES + 1];
    ended[..end].copy_from_slice(&name.as_bytes()[..end]);
    if let Ok(name) = std::ffi::CStr::from_bytes_until_nul(&ended) {
        // A name is a convenience. Where a sandbox forbids it, the thread goes without.
        let _ = rustix::thread::set_name(name);
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn set_name(_: &str) {}

/// The part of a name that the system can take: all before the first NUL.
pub(crate) fn without_nul(name: &str) -> &str {
    name.split('\0').next().unwrap_or("")
}

/// Has the functions called around every fork, on the thread that forks.
#[cfg(unix)]
pub(super) fn around_forks(
    before: extern "C" fn(),
    in_parent: extern "C" fn(),
    in_child: extern "C" fn(),
) {
    // SAFETY: callers pass functions that may run there. In the child they store to atomics and
    // read thread-locals without a destructor.
    let refused = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    assert!(refused == 0, "no memory to register a fork handler");
}

#[cfg(not(unix))]
pub(super) fn around_forks(_: extern "C" fn(), _: extern "C" fn(), _: extern "C" fn()) {}

/// Writes a line to the standard error output, past the standard library's lock on it, which a fork
/// may have left taken. Failures are ignored, because there is no other place to report them.
#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn print(line: &str) {
    // In one write, so that lines of several threads do not mix.
    let line = format!("{line}\n");
    let mut text = line.as_bytes();
    while !text.is_empty() {
        // SAFETY: the bytes are valid; a closed descriptor is an error like others.
        let written = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) => text = &text[written..],
            Err(_) if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {
            }
            Err(_) => return,
        }
    }
}
