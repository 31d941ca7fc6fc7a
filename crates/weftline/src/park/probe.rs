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

#[cfg(target_os = "linux")]
mod linux {
    use std::ptr;

    fn errno() -> i32 {
        // SAFETY: the place is this thread's own.
        unsafe { *libc::__errno_location() }
    }

    /// `None`: this process may not use the call.
    pub(super) fn by_readv(address: usize, to: &mut [u8]) -> Option<bool> {
        let local = libc::iovec {
            iov_base: to.as_mut_ptr().cast(),
            iov_len: to.len(),
        };
        let remote = libc::iovec {
            iov_base: ptr::with_exposed_provenance_mut(address),
            iov_len: to.len(),
        };
        // SAFETY: the local place is valid, and the kernel checks the remote one. A process may
        // read itself.
        let copied = unsafe {
            libc::process_vm_readv(libc::getpid(), &raw const local, 1, &raw const remote, 1, 0)
        };
        if copied < 0 {
            return (errno() == libc::EFAULT).then_some(false);
        }
        Some(copied as usize == to.len())
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
    }
}
