//! Memory for a part of a file, got before it is used.

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Gets memory for a part of the file, which is extended as far as that. All of it, or none.
///
/// A signal makes kernels before 6.18 give up, and give back what they had got. So after one the
/// part is got in pieces, each of which is there before the next signal comes; otherwise at once,
/// for that is how the kernel can tell that there is too little for all of it.
pub(super) fn reserve(file: &OwnedFd, start: usize, length: usize) -> Result<(), Errno> {
    const PIECE: usize = 1 << 20;
    let (mut at, end) = (start, start + length);
    let mut piece = length;
    while at < end {
        let next = piece.min(end - at);
        match fallocate(file, FallocateFlags::empty(), at as u64, next as u64) {
            Ok(()) => at += next,
            Err(Errno::INTR) => piece = PIECE,
            Err(why) => {
                if at > start {
                    give_back(file, start, at - start);
                }
                return Err(why);
            }
        }
    }
    Ok(())
}

/// Gives the memory of a part back to the system; its bytes are zero from now on.
pub(super) fn give_back(file: &OwnedFd, start: usize, length: usize) {
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    // A file system that cannot do that keeps it.
    let _ = fallocate(file, hole, start as u64, length as u64);
}
