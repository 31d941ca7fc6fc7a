//! How a Python thread sleeps: [`Interpreter`] answers signals, [`Steadfast`] does not.

use pyo3::prelude::*;
use std::convert::Infallible;
use std::marker::PhantomData;
use weftline::park::{Blocker, Deadline, Parker, Wake};

/// Detaches from the interpreter around the sleep. When the operating system interrupts it, runs the pending signal handlers; an exception
/// from one of them ends the wait.
pub(crate) struct Interpreter {
    attached: PhantomData<*const ()>,
}

impl Interpreter {
    /// For waits of the calling thread, while it is attached, as `_py` says.
    #[inline]
    pub(crate) fn new(_py: Python<'_>) -> Self {
        Self {
            attached: PhantomData,
        }
    }
}

/// Sleeps once, detached.
fn sleep(parker: &'static Parker, deadline: Deadline) -> Wake {
    // SAFETY: a blocker is made with a token, stays on its thread and in its call, and every path of the core is left attached again.
    let py = unsafe { Python::assume_attached() };
    py.detach(|| parker.park(deadline))
}

impl Blocker for Interpreter {
    type Interrupt = PyErr;

    // With the interpreter lock, whoever we wait for cannot run while we spin.
    const MAY_SPIN: bool = cfg!(Py_GIL_DISABLED);

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> PyResult<Wake> {
        let wake = sleep_answering(parker, deadline);
        if wake == Wake::Interrupted {
            // SAFETY: as in `sleep`.
            unsafe { Python::assume_attached() }.check_signals()?;
        }
        Ok(wake)
    }
}

#[cfg(target_os = "linux")]
fn sleep_answering(parker: &'static Parker, deadline: Deadline) -> Wake {
    sleep(parker, deadline)
}

/// The portable parker does not see signals, so a wait looks for them ten times a second.
#[cfg(not(target_os = "linux"))]
fn sleep_answering(parker: &'static Parker, deadline: Deadline) -> Wake {
    let slice = Deadline::after(std::time::Duration::from_millis(100));
    match sleep(parker, deadline.min(slice)) {
        Wake::TimedOut if slice < deadline => Wake::Interrupted,
        wake => wake,
    }
}

/// Detaches from the interpreter around the sleep and lets nothing end it: for taking a lock again that a wait gave up.
pub(crate) struct Steadfast {
    attached: PhantomData<*const ()>,
}

impl Steadfast {
    pub(crate) fn new(_py: Python<'_>) -> Self {
        Self {
            attached: PhantomData,
        }
    }
}

impl Blocker for Steadfast {
    type Interrupt = Infallible;

    const MAY_SPIN: bool = Interpreter::MAY_SPIN;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        Ok(sleep(parker, deadline))
    }
}
