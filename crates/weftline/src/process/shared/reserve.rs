//! Memory for a part of a file, reserved before it is used.

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;
use std::os::fd::OwnedFd;

/// Reserves memory for a part of the file: all of it, or none. The file is extended to the end of
/// that part.
///
/// A signal makes kernels before 6.18 stop, and return the memory that they had reserved. So the
/// first attempt asks for the whole part: only then can the kernel tell that there is too little
/// for all of it. After a signal the part is reserved in pieces, each of which is done before the
/// next signal comes.
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

/// Returns the memory of a part to the system; its bytes are zero from now on.
pub(super) fn give_back(file: &OwnedFd, start: usize, length: usize) {
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    // A file system without this operation keeps the memory.
    let _ = fallocate(file, hole, start as u64, length as u64);
}
