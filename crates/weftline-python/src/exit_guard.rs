//! The exit and the threads that are in Python code which Rust has called.
//!
//! Up to CPython 3.13, a daemon thread that asks for the interpreter lock during finalisation is
//! ended by `pthread_exit`, which unwinds its stack. If the thread is in Python code that Rust has
//! called, the unwinding meets Rust's frames. The process then aborts in the middle of an orderly
//! exit. A thread that asks for the lock from Rust is parked for good instead, by PyO3.
//!
//! So before finalisation an exit handler lets no further thread into such a call. The threads
//! inside have half a second to leave; the time is bounded because what they wait for may never
//! come.
//!
//! From 3.14 on, the interpreter parks such a thread for good by itself. There is nothing to guard
//! then, and nothing of this is compiled.
//!
//! # Implementation
//!
//! A thread that enters a callback increments [`RUNNING`] before it reads [`IS_EXITING`]. The exit
//! sets [`IS_EXITING`] before it reads [`RUNNING`]. All four accesses are sequentially consistent.
//! So the exit waits for the thread, or the thread stays out.

pub(crate) use guarded::{after_fork_in_child, before_exit, inside, sleeping};

#[cfg(Py_3_14)]
mod guarded {
    use pyo3::Python;
    use weftline::park::open_relay;

    /// Runs `call`, which calls Python code of the program.
    #[inline(always)]
    pub(crate) fn inside<R>(_py: Python<'_>, call: impl FnOnce() -> R) -> R {
        call()
    }

    /// Runs `sleep`, detached, as a wait of weftline.
    #[inline(always)]
    pub(crate) fn sleeping<R>(sleep: impl FnOnce() -> R) -> R {
        sleep()
    }

    /// The exit begins.
    pub(crate) fn before_exit(_py: Python<'_>) {
        // A thread that is stopped at the exit would hold up the relay's queue.
        open_relay();
    }

    /// The calling thread is the only one of the child of a fork.
    pub(crate) fn after_fork_in_child() {}
}

#[cfg(not(Py_3_14))]
mod guarded {
    use pyo3::Python;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::time::{Duration, Instant};
    use weftline::park::open_relay;

    /// How long the exit waits for callbacks that are running.
    const EXIT_GRACE: Duration = Duration::from_millis(500);

    static IS_EXITING: AtomicBool = AtomicBool::new(false);
    /// The number of running callbacks, except those whose thread is parked in a wait of weftline.
    static RUNNING: AtomicUsize = AtomicUsize::new(0);

    thread_local! {
        /// The number of callbacks that this thread is in.
        static DEPTH: Cell<usize> = const { Cell::new(0) };
        /// Whether this is the exiting thread, whose callbacks are not restricted.
        static EXITS: Cell<bool> = const { Cell::new(false) };
    }

    /// Runs `call`, which calls Python code of the program. Does not return on a thread other than
    /// the exiting one once the exit has begun.
    #[inline]
    pub(crate) fn inside<R>(py: Python<'_>, call: impl FnOnce() -> R) -> R {
        RUNNING.fetch_add(1, Ordering::SeqCst);
        let inside = Inside;
        DEPTH.set(DEPTH.get() + 1);
        if IS_EXITING.load(Ordering::SeqCst) && !EXITS.get() {
            stay_out(py);
        }
        let result = call();
        drop(inside);
        result
    }

    struct Inside;

    impl Drop for Inside {
        fn drop(&mut self) {
            DEPTH.set(DEPTH.get() - 1);
            RUNNING.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[cold]
    fn stay_out(py: Python<'_>) {
        RUNNING.fetch_sub(DEPTH.get(), Ordering::SeqCst);
        py.detach(sleep_for_good);
    }

    fn sleep_for_good() {
        loop {
            std::thread::park();
        }
    }

    /// Runs `sleep`, detached, as a wait of weftline. Callbacks around it do not hold up the exit.
    /// Once the exit has begun, they do not proceed.
    #[inline]
    pub(crate) fn sleeping<R>(sleep: impl FnOnce() -> R) -> R {
        let depth = DEPTH.get();
        if depth == 0 {
            return sleep();
        }
        RUNNING.fetch_sub(depth, Ordering::SeqCst);
        let result = sleep();
        RUNNING.fetch_add(depth, Ordering::SeqCst);
        if IS_EXITING.load(Ordering::SeqCst) && !EXITS.get() {
            RUNNING.fetch_sub(depth, Ordering::SeqCst);
            sleep_for_good();
        }
        result
    }

    /// The exit begins: no further callback runs, and those that run have a moment to end.
    pub(crate) fn before_exit(py: Python<'_>) {
        EXITS.set(true);
        IS_EXITING.store(true, Ordering::SeqCst);
        // A thread that is stopped at the exit would hold up the relay's queue.
        open_relay();
        let end = Instant::now() + EXIT_GRACE;
        while RUNNING.load(Ordering::SeqCst) > DEPTH.get() && Instant::now() < end {
            py.detach(|| std::thread::sleep(Duration::from_micros(200)));
        }
    }

    /// The calling thread is the only one of the child of a fork: callbacks of others do not exist.
    pub(crate) fn after_fork_in_child() {
        RUNNING.store(DEPTH.get(), Ordering::SeqCst);
        IS_EXITING.store(false, Ordering::SeqCst);
        EXITS.set(false);
    }
}
