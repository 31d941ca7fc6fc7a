//! [`Job`]: the item that a worker takes from the queue of its pool.
//!
//! # Implementation
//!
//! A job is something that can [`Run`], of a type that only its table knows. It is a trait object
//! stored inline, and behind a pointer only when it is too large. So a small function needs no
//! memory of its own: it reaches its worker inside the item that the queue hands off anyway.

use crate::executor::outcome::contain;
use crate::executor::task::{Availability, Run};
use crate::memory::try_box;
use std::any::TypeId;
use std::mem::{ManuallyDrop, MaybeUninit};

/// Room for the captures of most functions. Every waiting task occupies it, so more room would cost
/// the tasks that need less.
type Space = MaybeUninit<[usize; 4]>;

/// Something for a worker to run once.
#[repr(C)]
pub(super) struct Job {
    table: &'static Table,
    space: Space,
}

/// The operations on the value in a job's space. One of them is called, once, and takes the value
/// out.
struct Table {
    /// The type that the job was made of.
    made_of: fn() -> TypeId,
    run: unsafe fn(*mut Space, &dyn Availability),
    cancel: unsafe fn(*mut Space),
    abort: unsafe fn(*mut Space),
    drop: unsafe fn(*mut Space),
}

// SAFETY: everything that can be run is `Send`.
unsafe impl Send for Job {}

/// A value that is too large for the space.
struct Boxed<R>(Box<R>);

impl Table {
    /// For a job made of an `R`, which lies in the space as a `P`.
    const fn of<R: 'static, P: Run>() -> Self {
        // SAFETY: the job calls each once, with a space that holds a `P`.
        unsafe {
            Self {
                made_of: TypeId::of::<R>,
                run: |space, worker| space.cast::<P>().read().run(worker),
                cancel: |space| space.cast::<P>().read().cancel(),
                abort: |space| space.cast::<P>().read().abort(),
                drop: |space| space.cast::<P>().drop_in_place(),
            }
        }
    }
}

impl Job {
    /// A job made of `what`. Without memory, `what` is returned.
    pub(super) fn new<R: Run>(what: R) -> Result<Self, R> {
        Ok(if const { fits::<R>() } {
            Self::of::<R, R>(what)
        } else {
            Self::of::<R, Boxed<R>>(Boxed(try_box(what)?))
        })
    }

    fn of<R: 'static, P: Run>(what: P) -> Self {
        assert!(fits::<P>());
        let mut space = Space::uninit();
        // SAFETY: the value fits, so there is room.
        unsafe { space.as_mut_ptr().cast::<P>().write(what) };
        Self {
            table: const { &Table::of::<R, P>() },
            space,
        }
    }

    /// Calls the operation that `way` picks from the table.
    #[inline]
    fn with<T>(self, way: impl FnOnce(&'static Table, *mut Space) -> T) -> T {
        let mut this = ManuallyDrop::new(self);
        way(this.table, &raw mut this.space)
    }

    /// Runs the job, unless it was cancelled. `worker` counts as free when it has ended.
    #[inline]
    pub(super) fn run(self, worker: &dyn Availability) {
        // SAFETY: the space is this job's, which is not dropped.
        self.with(|table, space| unsafe { (table.run)(space, worker) });
    }

    /// Cancels the job, unless a worker has begun with it.
    pub(super) fn cancel(self) {
        // SAFETY: as in `run`.
        self.with(|table, space| unsafe { (table.cancel)(space) });
    }

    /// Fails the job, because the pool is broken.
    pub(super) fn abort(self) {
        // SAFETY: as in `run`.
        self.with(|table, space| unsafe { (table.abort)(space) });
    }

    /// The value that the job was made of, if it is an `R`.
    pub(super) fn into_inner<R: Run>(self) -> Option<R> {
        if (self.table.made_of)() != TypeId::of::<R>() {
            return None;
        }
        // SAFETY: the job was made of an `R`, so `new` has put the `R`, or its box, into the space;
        // and the job is not dropped.
        Some(self.with(|_, space| unsafe {
            if const { fits::<R>() } {
                space.cast::<R>().read()
            } else {
                *space.cast::<Boxed<R>>().read().0
            }
        }))
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // SAFETY: the space is this job's, and this is its end.
        unsafe { (self.table.drop)(&raw mut self.space) };
    }
}

const fn fits<T>() -> bool {
    size_of::<T>() <= size_of::<Space>() && align_of::<T>() <= align_of::<Space>()
}

impl<R: Run> Run for Boxed<R> {
    fn run(self, worker: &dyn Availability) {
        (*self.0).run(worker);
    }

    fn cancel(self) {
        (*self.0).cancel();
    }

    fn abort(self) {
        (*self.0).abort();
    }
}

/// A function without a future: no caller is told of its end.
pub(super) struct Alone<F>(pub(super) F);

impl<F: FnOnce() + Send + 'static> Run for Alone<F> {
    fn run(self, worker: &dyn Availability) {
        contain(self.0);
        worker.is_free();
    }

    fn cancel(self) {
        contain(|| drop(self));
    }

    fn abort(self) {
        self.cancel();
    }
}
