//! [`Job`]: what a worker takes from the queue of its pool.
//!
//! # Implementation
//!
//! Something that can [`Run`], of a type that only its table knows: a trait object that lies where
//! the job is and not behind a pointer, unless it is too large for that. So a small function needs
//! no memory of its own, and reaches its worker with what is handed over anyway.

use crate::executor::task::{Availability, Run, contain};
use crate::memory::try_box;
use std::any::TypeId;
use std::mem::{ManuallyDrop, MaybeUninit};

/// As much as most functions capture. Every task that waits takes it up, so more would cost those
/// that need less.
type Space = MaybeUninit<[usize; 4]>;

/// Something for a worker to run once.
#[repr(C)]
pub(super) struct Job {
    table: &'static Table,
    space: Space,
}

/// What can be done with what is in a job's space, once: each takes it out.
struct Table {
    /// The type of what the job was made of.
    made_of: fn() -> TypeId,
    run: unsafe fn(*mut Space, &dyn Availability),
    cancel: unsafe fn(*mut Space),
    abort: unsafe fn(*mut Space),
    drop: unsafe fn(*mut Space),
}

// SAFETY: whatever can be run is `Send`.
unsafe impl Send for Job {}

/// What is too large, elsewhere.
struct Boxed<R>(Box<R>);

impl Table {
    /// For what was made of an `R`, and is in the space as a `P`.
    const fn of<R: 'static, P: Run>() -> Self {
        // SAFETY: each is called once, by its job, with a space that holds a `P`.
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
    /// A job, or what it was to be made of when there is no memory for that.
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
        // SAFETY: there is room, for it fits.
        unsafe { space.as_mut_ptr().cast::<P>().write(what) };
        Self {
            table: const { &Table::of::<R, P>() },
            space,
        }
    }

    /// Calls what `way` picks from the table.
    #[inline]
    fn with<T>(self, way: impl FnOnce(&'static Table, *mut Space) -> T) -> T {
        let mut this = ManuallyDrop::new(self);
        way(this.table, &raw mut this.space)
    }

    /// Runs it, unless it was cancelled. `worker` is free when it has ended.
    #[inline]
    pub(super) fn run(self, worker: &dyn Availability) {
        // SAFETY: the space is this job's, which is not dropped.
        self.with(|table, space| unsafe { (table.run)(space, worker) });
    }

    /// Gives it up, unless somebody has begun with it.
    pub(super) fn cancel(self) {
        // SAFETY: as in `run`.
        self.with(|table, space| unsafe { (table.cancel)(space) });
    }

    /// Gives it up, as the pool is broken.
    pub(super) fn abort(self) {
        // SAFETY: as in `run`.
        self.with(|table, space| unsafe { (table.abort)(space) });
    }

    /// What it was made of, if that is an `R`.
    pub(super) fn into_inner<R: Run>(self) -> Option<R> {
        if (self.table.made_of)() != TypeId::of::<R>() {
            return None;
        }
        // SAFETY: it was made of an `R`, so `new` has put that into the space, or the box with it;
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

/// A function of whose end nobody is told.
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
