//! How a Python thread sleeps: [`Interpreter`] answers signals, [`Uninterruptible`] does not.

use crate::callback::sleeping;
use crate::objects::no_memory;
use crate::standard::too_late_to_wait;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use weftline::park::{Blocker, Deadline, Parker, Wake};

/// Detaches from the interpreter around the sleep. When the operating system interrupts it, runs
/// the pending signal handlers; an exception from one of them ends the wait.
///
/// # Implementation
///
/// The first sleep of a wait begins with a moment of spinning, detached: two threads that take
/// turns then need no system call. Being woken is not enough to go on: the waker holds the
/// interpreter lock, and who asks for that too early is put to sleep by the interpreter instead. So
/// the spin also waits until somebody has detached since ([`DETACHED`]).
///
/// A signal that arrives between the last look for signals and the sleep does not interrupt the
/// sleep. Spinning would make that window wide, so the first sleep is a short one, after which
/// signals are looked for again.
///
/// Once the interpreter is being torn down, no other thread can run in it, and so nobody can end a
/// wait of the one that tears it down (in a destructor, say). Such a wait is refused, as 3.15's
/// locks refuse it.
pub(crate) struct Interpreter {
    is_first: bool,
    sleeps_at_exit: bool,
    meets_sent: bool,
    attached: PhantomData<*const ()>,
}

/// How often a wait has detached a thread from the interpreter.
static DETACHED: AtomicU64 = AtomicU64::new(0);

const FIRST_SLEEP: Duration = Duration::from_millis(50);

impl Interpreter {
    /// For waits of the calling thread, while it is attached, as `_py` says.
    #[inline]
    pub(crate) fn new(_py: Python<'_>) -> Self {
        Self {
            is_first: true,
            sleeps_at_exit: !cfg!(Py_3_15),
            meets_sent: true,
            attached: PhantomData,
        }
    }

    /// For waits of a class that is C in the standard library. They take their time, if they have a
    /// limit, even while the interpreter is torn down: up to 3.14 all do. And an exception that
    /// another thread has sent is raised after the call.
    #[inline]
    pub(crate) fn as_in_c(py: Python<'_>) -> Self {
        Self {
            sleeps_at_exit: true,
            meets_sent: false,
            ..Self::new(py)
        }
    }

    fn refuse_at_exit(&self, deadline: Deadline) -> PyResult<()> {
        let sleeps = match deadline {
            Deadline::PASSED => true,
            Deadline::NEVER => false,
            _ => self.sleeps_at_exit,
        };
        if sleeps || !is_finalizing() {
            return Ok(());
        }
        // SAFETY: as in `sleep`.
        Err(too_late_to_wait(unsafe { Python::assume_attached() }))
    }
}

/// Has this thread raise an exception of that class as soon as it is back in Python code, as if the
/// signal that it stands for had come then.
#[cold]
pub(crate) fn raise_later(py: Python<'_>, raised: PyErr) {
    // SAFETY: attached, to this thread's own state; the class is kept by it.
    unsafe {
        let thread = PyThread_get_thread_ident();
        PyThreadState_SetAsyncExc(thread, raised.get_type(py).as_ptr());
    }
}

unsafe extern "C" {
    fn PyThreadState_SetAsyncExc(
        thread: std::ffi::c_ulong,
        class: *mut pyo3::ffi::PyObject,
    ) -> std::ffi::c_int;
    fn PyThread_get_thread_ident() -> std::ffi::c_ulong;
}

fn is_finalizing() -> bool {
    #[cfg(Py_3_13)]
    use pyo3::ffi::Py_IsFinalizing;
    #[cfg(not(Py_3_13))]
    unsafe extern "C" {
        #[link_name = "_Py_IsFinalizing"]
        fn Py_IsFinalizing() -> std::ffi::c_int;
    }
    // SAFETY: it only reads, and may be called at any time.
    unsafe { Py_IsFinalizing() != 0 }
}

/// Sleeps once, detached.
fn sleep(parker: &'static Parker, deadline: Deadline, spins: bool) -> Wake {
    // SAFETY: a blocker is made with a token, stays on its thread and in its call, and every path
    // of the core is left attached again.
    let py = unsafe { Python::assume_attached() };
    let wake = py.detach(|| {
        let detached = DETACHED.fetch_add(1, Ordering::Relaxed) + 1;
        if spins {
            parker.spin(|| DETACHED.load(Ordering::Relaxed) != detached);
        }
        sleeping(|| parker.park(deadline))
    });
    parker.go_on();
    wake
}

impl Blocker for Interpreter {
    type Interrupt = PyErr;

    // With the interpreter lock, whoever we wait for cannot run while we spin attached.
    const MAY_SPIN: bool = cfg!(Py_GIL_DISABLED);

    const ATTACHES: bool = !cfg!(Py_GIL_DISABLED);

    fn no_memory(&mut self) -> PyErr {
        // SAFETY: as in `sleep`.
        no_memory(unsafe { Python::assume_attached() })
    }

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> PyResult<Wake> {
        let is_first = std::mem::replace(&mut self.is_first, false);
        if is_first {
            self.refuse_at_exit(deadline)?;
        }
        let wake = match sleep_limit(is_first) {
            Some(limit) if limit < deadline => match sleep(parker, limit, is_first) {
                Wake::TimedOut => Wake::Interrupted,
                wake => wake,
            },
            _ => sleep(parker, deadline, is_first),
        };
        // SAFETY: as in `sleep`.
        let py = unsafe { Python::assume_attached() };
        // Also when woken: a signal that came while this thread waited for the interpreter lock
        // would be answered only after the call, when what was granted is lost to its exception. So
        // it is given back.
        if wake != Wake::TimedOut {
            check_signals(py, self.meets_sent)?;
        } else if self.meets_sent {
            check_async_exception(py)?;
        }
        Ok(wake)
    }
}

/// Runs the handlers of signals that have come.
///
/// From 3.15 on `PyErr_CheckSignals` also raises an exception that another thread has sent. The
/// standard classes written in C call `Py_MakePendingCalls` in their waits, and meet such an
/// exception afterwards.
fn check_signals(py: Python<'_>, meets_sent: bool) -> PyResult<()> {
    if !cfg!(Py_3_15) || meets_sent {
        return py.check_signals();
    }
    // SAFETY: attached to the interpreter; the result says whether an exception is set.
    match unsafe { pyo3::ffi::Py_MakePendingCalls() } {
        0 => Ok(()),
        _ => Err(PyErr::fetch(py)),
    }
}

static NOTHING: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Makes, at import, the Python code that [`check_async_exception`] runs: without memory it could
/// not be made later.
pub(crate) fn remember(py: Python<'_>) -> PyResult<()> {
    // Globals of its own: those of `__main__`, the default, would be kept beyond the program's end.
    let globals = crate::objects::dict(py)?;
    let nothing = py.eval(c"lambda: None", Some(&globals), None)?.unbind();
    // Kept from the first import on.
    let _ = NOTHING.set(py, nothing);
    Ok(())
}

/// Raises the exception that another thread has sent to this one (`PyThreadState_SetAsyncExc`), if
/// there is one.
///
/// The standard classes meet it in the wait, before they raise `Empty` or `TimeoutError` of their
/// own. The interpreter looks for it only where code of Python's begins, so some is run.
fn check_async_exception(py: Python<'_>) -> PyResult<()> {
    let nothing = NOTHING.get(py).expect("remembered at import");
    match nothing.call0(py) {
        Ok(_) => Ok(()),
        Err(sent) => {
            sent.set_traceback(py, None);
            Err(sent)
        }
    }
}

/// When to look for signals at the latest.
fn sleep_limit(is_first: bool) -> Option<Deadline> {
    // The portable parker does not see signals at all.
    let needs_limit = is_first || !cfg!(target_os = "linux");
    needs_limit.then(|| Deadline::after(FIRST_SLEEP))
}

/// Detaches from the interpreter around the sleep and lets nothing end it: for taking a lock again
/// that a wait gave up.
pub(crate) struct Uninterruptible {
    attached: PhantomData<*const ()>,
}

impl Uninterruptible {
    pub(crate) fn new(_py: Python<'_>) -> Self {
        Self {
            attached: PhantomData,
        }
    }
}

impl Blocker for Uninterruptible {
    type Interrupt = Infallible;

    const MAY_SPIN: bool = Interpreter::MAY_SPIN;

    const ATTACHES: bool = Interpreter::ATTACHES;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        Ok(sleep(parker, deadline, true))
    }
}
