//! Reads of this process's memory that cannot fault.
//!
//! A report follows addresses that other threads may have freed meanwhile, also in a signal
//! handler. The kernel copies such memory, and answers with an error where there is none.

/// Copies the bytes at `address` into `to`; `false` if there is no memory.
///
/// Safe in a signal handler. What it copies may be half of a change.
#[cfg(target_os = "linux")]
pub(super) fn copy(address: usize, to: &mut [u8]) -> bool {
    match linux::by_readv(address, to) {
        Some(copied) => copied,
        // A filter of system calls forbids it in some containers.
        None => linux::by_pipe(address, to),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn copy(_address: usize, _to: &mut [u8]) -> bool {
    false
}

/// Memory to copy, and to where.
pub(super) struct Part<'a> {
    address: usize,
    to: &'a mut [u8],
}

impl<'a> Part<'a> {
    /// No bytes: they are always there.
    pub(super) fn none() -> Self {
        Self::new(0, &mut [])
    }

    pub(super) fn new(address: usize, to: &'a mut [u8]) -> Self {
        Self { address, to }
    }
}

/// As [`copy`] of each part, with as few calls of the system as there can be.
pub(super) fn copy_all<const N: usize>(mut parts: [Part<'_>; N]) -> [bool; N] {
    let mut is_there = [false; N];
    #[cfg(target_os = "linux")]
    let mut done = linux::all_by_readv(&mut parts, &mut is_there);
    #[cfg(not(target_os = "linux"))]
    let mut done = 0;
    while done < N {
        let part = &mut parts[done];
        is_there[done] = part.to.is_empty() || copy(part.address, part.to);
        done += 1;
    }
    is_there
}

#[cfg(target_os = "linux")]
mod linux {
    use super::Part;
    use std::ptr;

    fn errno() -> i32 {
        // SAFETY: the place is this thread's own.
        unsafe { *libc::__errno_location() }
    }

    fn local(to: &mut [u8]) -> libc::iovec {
        libc::iovec {
            iov_base: to.as_mut_ptr().cast(),
            iov_len: to.len(),
        }
    }

    fn remote(address: usize, len: usize) -> libc::iovec {
        libc::iovec {
            iov_base: ptr::with_exposed_provenance_mut(address),
            iov_len: len,
        }
    }

    /// Copies the parts, and notes which of them are there. Returns how many it has tried: less
    /// than all if this process may not use the call.
    pub(super) fn all_by_readv<const N: usize>(
        parts: &mut [Part<'_>; N],
        is_there: &mut [bool; N],
    ) -> usize {
        let locals = parts.each_mut().map(|part| local(part.to));
        let remotes = parts
            .each_ref()
            .map(|part| remote(part.address, part.to.len()));
        let mut done = 0;
        while done < N {
            let (locals, remotes) = (&locals[done..], &remotes[done..]);
            let count = locals.len() as libc::c_ulong;
            // SAFETY: the local places are valid and distinct, and the kernel checks the remote
            // ones. A process may read itself.
            let copied = unsafe {
                libc::process_vm_readv(
                    libc::getpid(),
                    locals.as_ptr(),
                    count,
                    remotes.as_ptr(),
                    count,
                    0,
                )
            };
            let mut left = match usize::try_from(copied) {
                Ok(copied) => copied,
                Err(_) if errno() == libc::EFAULT => 0,
                Err(_) => return done,
            };
            // The call ends at the first byte that is not there.
            for remote in remotes {
                let Some(rest) = left.checked_sub(remote.iov_len) else {
                    break;
                };
                is_there[done] = true;
                left = rest;
                done += 1;
            }
            // That part is tried; its place in the result is `false`.
            done += 1;
        }
        N
    }

    /// `None`: this process may not use the call.
    pub(super) fn by_readv(address: usize, to: &mut [u8]) -> Option<bool> {
        let len = to.len();
        let (local, remote) = (local(to), remote(address, len));
        // SAFETY: the local place is valid, and the kernel checks the remote one. A process may
        // read itself.
        let copied = unsafe {
            libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0)
        };
        if copied < 0 {
            return (errno() == libc::EFAULT).then_some(false);
        }
        Some(copied as usize == len)
    }

    /// Through a pipe: a write from memory that is gone fails with `EFAULT`.
    pub(super) fn by_pipe(address: usize, to: &mut [u8]) -> bool {
        let mut ends = [0; 2];
        // SAFETY: the place is valid.
        if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC | libc::O_NONBLOCK) } != 0 {
            return false;
        }
        let [read, write] = ends;
        let from = ptr::with_exposed_provenance(address);
        let len = to.len() as isize;
        // SAFETY: the kernel checks where it reads, and the place to write is valid.
        let copied = unsafe {
            libc::write(write, from, to.len()) == len
                && libc::read(read, to.as_mut_ptr().cast(), to.len()) == len
        };
        // SAFETY: both are this function's own.
        unsafe {
            libc::close(read);
            libc::close(write);
        }
        copied
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        fn both(address: usize) -> [Option<u64>; 2] {
            let mut bytes = [0; 8];
            let by_readv =
                by_readv(address, &mut bytes).unwrap_or_else(|| by_pipe(address, &mut bytes));
            let first = by_readv.then(|| u64::from_ne_bytes(bytes));
            let mut bytes = [0; 8];
            let second = by_pipe(address, &mut bytes).then(|| u64::from_ne_bytes(bytes));
            [first, second]
        }

        #[test]
        #[cfg_attr(miri, ignore = "asks the kernel")]
        fn memory_is_copied_and_what_is_no_memory_is_refused() {
            let word = 0x0123_4567_89ab_cdef_u64;
            let address = ptr::from_ref(&word).expose_provenance();
            assert_eq!(both(address), [Some(word); 2]);
            for nowhere in [0, 8, 1 << 46, usize::MAX - 64] {
                assert_eq!(both(nowhere), [None; 2], "{nowhere:#x}");
            }
        }

        #[test]
        #[cfg_attr(miri, ignore = "asks the kernel")]
        fn of_many_parts_those_that_are_no_memory_are_refused() {
            let words: [u64; 6] = std::array::from_fn(|at| at as u64 + 1);
            let address = |at: usize| ptr::from_ref(&words[at]).expose_provenance();
            for gone in [0_usize, 0b1, 0b10_0000, 0b11_0110, 0b11_1111] {
                let mut copies = [[0; 8]; 6];
                let mut at = 0;
                let parts = copies.each_mut().map(|copy| {
                    let place = if gone >> at & 1 == 0 { address(at) } else { 8 };
                    at += 1;
                    Part::new(place, copy)
                });
                let is_there = super::super::copy_all(parts);
                for at in 0..6 {
                    let is_gone = gone >> at & 1 != 0;
                    let expected = if is_gone { 0 } else { words[at] };
                    assert_eq!(is_there[at], !is_gone, "{gone:b}, {at}");
                    assert_eq!(u64::from_ne_bytes(copies[at]), expected);
                }
            }
        }
    }
}
