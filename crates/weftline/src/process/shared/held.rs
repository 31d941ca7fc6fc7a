//! What the kernel knows of the cells that the calling thread holds: [`Me`], and its list.
//!
//! # Implementation
//!
//! The C library registers the list's head with the kernel and has its robust mutexes in it; cells lie between them, linked as those are. The list
//! is doubly linked; the kernel goes forwards only. The lowest bit of a pointer is the C library's, for mutexes of another kind.
//!
//! All of it is memory that one thread writes and the kernel reads on that very thread. So the order of the instructions matters, and nothing else: the fences are
//! the compiler's.

use super::robust::{NEXT, RobustCell, WORD};
use crate::park::fork;
use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering, compiler_fence};

/// A link of the list; the lowest bit of what it points to is the C library's.
pub(super) type Link = AtomicPtr<()>;

/// The head of a thread's list, as the kernel knows it.
#[repr(C)]
pub(super) struct Head {
    first: Link,
    /// From a link to its word.
    offset: isize,
    pending: AtomicPtr<Link>,
}

/// The calling thread, as the kernel knows it.
#[derive(Clone, Copy)]
pub(super) struct Me {
    pub(super) head: *const Head,
    pub(super) thread: u32,
    pub(super) process: u32,
}

/// What a thread remembers of itself. Fields for themselves: who needs one of them loads that one, without a copy of all on the stack.
struct Memory {
    head: Cell<*const Head>,
    thread: Cell<u32>,
    process: Cell<u32>,
    /// In which it asked, or [`NEVER`].
    generation: Cell<u32>,
    /// How many cells the thread holds.
    held: Cell<u32>,
}

/// No generation of forks.
const NEVER: u32 = u32::MAX;

/// How many cells a thread may hold at a time. When it dies, the kernel looks at 2,048 and no more; some room is for the objects' own locks, which
/// are held for moments, and for the C library's.
pub(super) const MOST: u32 = 2_000;

thread_local! {
    static MEMORY: Memory = const {
        Memory {
            head: Cell::new(ptr::null()),
            thread: Cell::new(0),
            process: Cell::new(0),
            generation: Cell::new(NEVER),
            held: Cell::new(0),
        }
    };
}

#[inline]
pub(super) fn me() -> Me {
    MEMORY.with(|memory| {
        // A fork's child is another process and thread; the C library has given it an empty list.
        if memory.generation.get() != fork::generation() {
            remember(memory);
        }
        Me {
            head: memory.head.get(),
            thread: memory.thread.get(),
            process: memory.process.get(),
        }
    })
}

#[cold]
fn remember(memory: &Memory) {
    fork::watch();
    memory
        .head
        .set(head().unwrap_or_else(|why| panic!("{why}")));
    let thread = rustix::thread::gettid().as_raw_nonzero().get();
    memory.thread.set(thread.cast_unsigned());
    memory.process.set(std::process::id());
    memory.held.set(0);
    memory.generation.set(fork::generation());
}

/// Asked before a cell is taken that the user decides how long to hold.
///
/// # Panics
/// When the thread holds so many that the kernel would not look at all of them.
#[inline]
pub(super) fn expect_room() {
    if MEMORY.with(|memory| memory.held.get()) >= MOST {
        check_room();
    }
}

#[cold]
fn check_room() {
    // In the child of a fork the number is the parent's until somebody asks who this is.
    me();
    assert!(
        MEMORY.with(|memory| memory.held.get()) < MOST,
        "a thread holds at most {MOST} shared locks and permits at a time: of more, the system would not tell the others when it dies"
    );
}

/// Whether this library can use the C library's list, asked before the first cell is made.
pub(super) fn check() -> Result<(), &'static str> {
    head().map(drop)
}

fn head() -> Result<*const Head, &'static str> {
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

/// Some C libraries tell the kernel of a thread's list when the thread takes its first robust mutex.
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

impl Head {
    /// From here on the kernel looks at `cell`, too.
    #[inline]
    pub(super) fn expect(&self, cell: &RobustCell) {
        self.pending
            .store(ptr::from_ref(&cell.next).cast_mut(), Ordering::Relaxed);
        // The kernel reads on this thread, so what matters is the order of the instructions. As below.
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
    /// The thread holds `cell`, which is not in its list, and stays where it is until it is taken out.
    #[inline]
    pub(super) unsafe fn add(&self, cell: &RobustCell) {
        let this = ptr::from_ref(&cell.next).cast_mut();
        let first = self.first.load(Ordering::Relaxed);
        cell.next.store(first, Ordering::Relaxed);
        cell.prev
            .store(ptr::from_ref(&self.first).cast_mut(), Ordering::Relaxed);
        // SAFETY: the first link of the list, a cell's or a mutex's.
        unsafe { self.set_prev(first, this) };
        compiler_fence(Ordering::SeqCst);
        self.first.store(this.cast(), Ordering::Relaxed);
        MEMORY.with(|memory| memory.held.set(memory.held.get() + 1));
    }

    /// # Safety
    /// `cell` is in this list, which is the calling thread's.
    #[inline]
    pub(super) unsafe fn remove(&self, cell: &RobustCell) {
        let this = ptr::from_ref(&cell.next).cast_mut();
        let next = cell.next.load(Ordering::Relaxed);
        // Mostly what was taken last is freed first, and then where to write is known without waiting for what `add` has just written.
        let prev = if ptr::eq(self.first.load(Ordering::Relaxed), this.cast()) {
            ptr::from_ref(&self.first).cast_mut()
        } else {
            untagged(cell.prev.load(Ordering::Relaxed).cast())
        };
        // SAFETY: the neighbours are links of this list, or its head.
        unsafe {
            self.set_prev(next, prev);
            (*prev).store(next, Ordering::Relaxed);
        }
        MEMORY.with(|memory| memory.held.set(memory.held.get() - 1));
    }

    /// # Safety
    /// `link` is what a link of this list points to.
    #[inline]
    unsafe fn set_prev(&self, link: *mut (), prev: *mut Link) {
        let link = untagged(link);
        // The head has none that anybody reads.
        if !self.is(link) {
            // SAFETY: in a cell, as in the C library's mutex, the pointer backwards lies just before the one forwards.
            unsafe { (*link.cast::<AtomicPtr<Link>>().sub(1)).store(prev, Ordering::Relaxed) };
        }
    }
}

fn untagged(link: *mut ()) -> *mut Link {
    link.map_addr(|address| address & !1).cast()
}
