//! [`Head`]: the list of robust locks that the C library registers with the kernel for each thread.
//!
//! # Implementation
//!
//! The C library has its own robust mutexes in the list. Cells lie between them, linked in the same
//! way. The list is doubly linked; the kernel goes forwards only. The lowest bit of a pointer is
//! the C library's, for mutexes of another kind.
//!
//! One thread writes all of that, and the kernel reads it on that very thread. So only the order of
//! the instructions matters: the fences are the compiler's.

use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering, compiler_fence};

/// Where a cell has its word: where the C library's mutex has it, relative to the links.
#[cfg(not(target_env = "musl"))]
pub(super) const WORD: isize = 0;
#[cfg(target_env = "musl")]
pub(super) const WORD: isize = 4;
/// Where a cell has its link forwards.
pub(super) const NEXT: isize = 32;

/// A link of the list. The lowest bit of the pointer in it is the C library's.
pub(super) type Link = AtomicPtr<()>;

/// The links of a cell: addresses in the holder's process, accessed by the holder's thread alone.
#[repr(C)]
pub(super) struct Links {
    pub(super) prev: AtomicPtr<Link>,
    /// Points to another `next`, or to the head.
    pub(super) next: Link,
}

const _: () = assert!(mem::offset_of!(Links, next) == mem::size_of::<AtomicPtr<Link>>());

/// The head of a thread's list, as the kernel knows it.
#[repr(C)]
pub(super) struct Head {
    pub(super) first: Link,
    /// From a link to its word.
    offset: isize,
    pending: AtomicPtr<Link>,
}

impl Head {
    /// Makes the cell with these links the pending one: from here on the kernel checks it, too.
    #[inline]
    pub(super) fn expect(&self, links: &Links) {
        self.pending
            .store(ptr::from_ref(&links.next).cast_mut(), Ordering::Relaxed);
        // The kernel reads on this thread, so only the order of the instructions matters. The same
        // goes for the fence below.
        compiler_fence(Ordering::SeqCst);
    }

    #[inline]
    pub(super) fn done(&self) {
        compiler_fence(Ordering::SeqCst);
        self.pending.store(ptr::null_mut(), Ordering::Relaxed);
    }

    fn is(&self, link: *mut Link) -> bool {
        ptr::eq(link, &raw const self.first)
    }

    /// # Safety
    /// A link of this list points to `link`.
    #[inline]
    pub(super) unsafe fn set_prev(&self, link: *mut (), prev: *mut Link) {
        let link = untagged(link);
        // No thread reads a pointer backwards to the head.
        if !self.is(link) {
            // SAFETY: in a cell, as in the C library's mutex, the pointer backwards lies just
            // before the one forwards.
            unsafe { (*link.cast::<AtomicPtr<Link>>().sub(1)).store(prev, Ordering::Relaxed) };
        }
    }
}

/// The calling thread's.
pub(super) fn head() -> Result<*const Head, &'static str> {
    const WHY: &str = "shared objects need the C library's list of robust locks (get_robust_list), which is not there or laid out in another way";
    let ask = || {
        let mut head: *const Head = ptr::null();
        let mut length = 0_usize;
        // SAFETY: both are written by the call; zero is the calling thread.
        let refused = unsafe {
            libc::syscall(
                libc::SYS_get_robust_list,
                0,
                ptr::from_mut(&mut head),
                ptr::from_mut(&mut length),
            )
        };
        (refused == 0).then_some(head).ok_or(WHY)
    };
    let mut head = ask()?;
    if head.is_null() {
        have_it_registered();
        head = ask()?;
    }
    // SAFETY: registered by the C library, for as long as the thread lives.
    match unsafe { head.as_ref() } {
        Some(found) if found.offset == WORD - NEXT => Ok(head),
        _ => Err(WHY),
    }
}

/// Some C libraries tell the kernel of a thread's list when the thread takes its first robust
/// mutex.
fn have_it_registered() {
    use std::mem::MaybeUninit;
    let mut attributes = MaybeUninit::uninit();
    let mut mutex = MaybeUninit::uninit();
    // SAFETY: each is initialised by the call before it is used, and used by this thread alone.
    unsafe {
        libc::pthread_mutexattr_init(attributes.as_mut_ptr());
        libc::pthread_mutexattr_setrobust(attributes.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST);
        libc::pthread_mutex_init(mutex.as_mut_ptr(), attributes.as_ptr());
        libc::pthread_mutex_lock(mutex.as_mut_ptr());
        libc::pthread_mutex_unlock(mutex.as_mut_ptr());
        libc::pthread_mutex_destroy(mutex.as_mut_ptr());
        libc::pthread_mutexattr_destroy(attributes.as_mut_ptr());
    }
}

fn untagged(link: *mut ()) -> *mut Link {
    link.map_addr(|address| address & !1).cast()
}

/// The link that points to `this`, behind `link`, over mutexes of the C library's.
///
/// # Safety
/// Both are of one list of the calling thread's, and `this` lies behind `link`.
pub(super) unsafe fn before(this: *mut Link, mut link: *mut Link) -> *mut Link {
    loop {
        // SAFETY: a link of that list.
        let next = untagged(unsafe { (*link).load(Ordering::Relaxed) });
        if ptr::eq(next, this) {
            return link;
        }
        link = next;
    }
}
