//! How a Python thread parks: [`Interpreter`] answers signals, [`Uninterruptible`] does not.

use crate::exit_guard::sleeping;
use crate::objects::no_memory;
use crate::pending::{check_signals, handle_pending};
use crate::sight::DeadlockError;
use crate::site;
use crate::standard::too_late_to_wait;
use crate::told;
use pyo3::prelude::*;
use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use weftline::park::{Blocker, Deadline, ObjectsStay, Parker, Signals, Site, Spin, Wake};
use weftline::watch;

/// Detaches from the interpreter while the thread is parked. When the operating system interrupts
/// the park, runs the pending signal handlers. An exception from one of them ends the wait.
///
/// # Implementation
///
/// The first park of a wait begins with a short spin, detached, so two threads that take turns need
/// no system call. A woken thread cannot always proceed: the waker still holds the interpreter
/// lock. A waiter that asks for the lock too early is put to sleep by the interpreter instead. So
/// the spin also waits until some thread has detached since ([`DETACHED`]).
///
/// A signal that arrives between the last check for signals and the park does not interrupt the
/// park. The spin makes that window wide, so the first park is short, and signals are checked again
/// after it.
///
/// Once the interpreter is being finalised, no other thread can run in it. So no thread can end a
/// wait of the finalising thread, in a destructor for example. Such a wait is refused, as 3.15's
/// locks refuse it.
pub(crate) struct Interpreter {
    parks: Parks,
    sleeps_at_exit: bool,
    meets_sent: bool,
    attached: PhantomData<*const ()>,
}

/// How often a wait has detached a thread from the interpreter.
static DETACHED: AtomicU64 = AtomicU64::new(0);

const FIRST_SLEEP: Duration = Duration::from_millis(50);

impl Interpreter {
    /// For waits of the calling thread, which `_py` proves to be attached.
    #[inline]
    pub(crate) fn new(_py: Python<'_>) -> Self {
        Self {
            parks: Parks::NONE,
            sleeps_at_exit: !cfg!(Py_3_15),
            meets_sent: true,
            attached: PhantomData,
        }
    }

    /// For waits of a class that is written in C in the standard library. Such a wait, if it has a
    /// timeout, runs to its end even while the interpreter is finalised; up to 3.14 all waits do.
    /// An exception that another thread has sent is raised after the call.
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

/// Makes this thread raise an exception of the class of `raised` when it is back in Python code, as
/// if the signal behind it had arrived then.
#[cold]
pub(crate) fn raise_later(py: Python<'_>, raised: PyErr) {
    // SAFETY: attached, and the state is this thread's own, which keeps the class alive.
    unsafe {
        let thread = PyThread_get_thread_ident();
        PyThreadState_SetAsyncExc(thread, raised.get_type(py).as_ptr());
    }
}

/// What `threading.get_ident()` returns on this thread.
pub(crate) fn ident() -> std::ffi::c_ulong {
    // SAFETY: always safe to call.
    unsafe { PyThread_get_thread_ident() }
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

/// Parks once, detached.
fn sleep(parker: &'static Parker, deadline: Deadline, spins: bool) -> Wake {
    // SAFETY: a blocker is created with a token and stays on its thread and in its call. Every path
    // of the core ends attached again.
    let py = unsafe { Python::assume_attached() };
    let (wake, shown) = py.detach(|| {
        let detached = DETACHED.fetch_add(1, Ordering::Relaxed) + 1;
        if spins {
            parker.spin(|| DETACHED.load(Ordering::Relaxed) != detached);
        }
        let shown = parker.show();
        let wake = sleeping(|| parker.park(deadline));
        // A wait that goes on stays visible while another thread holds the interpreter.
        (wake, shown.filter(|_| wake != Wake::Woken))
    });
    drop(shown);
    parker.go_on();
    wake
}

/// The parks of one wait. The first is short, and so is the next after an interrupted one.
///
/// The place of the program is looked up after the first park. A short wait, which that park ends,
/// does not pay for the look-up, and reports are about waits that last.
struct Parks {
    is_first: bool,
    /// The first park has timed out, or a signal has ended it.
    lasts: bool,
}

impl Parks {
    const NONE: Self = Self {
        is_first: true,
        lasts: false,
    };

    #[inline]
    fn site(&self, site: &mut Site) {
        if self.lasts {
            // SAFETY: as in `sleep`.
            let py = unsafe { Python::assume_attached() };
            site::name(py, site);
            told::name_thread(py);
        } else {
            site.forget();
        }
    }

    /// Parks once. A park that ends before the deadline, to be repeated, counts as interrupted.
    fn sleep(&mut self, parker: &'static Parker, deadline: Deadline) -> Wake {
        let is_first = std::mem::replace(&mut self.is_first, false);
        // The portable parker does not see signals at all.
        if is_first || !cfg!(target_os = "linux") {
            let limit = Deadline::after(FIRST_SLEEP);
            if limit < deadline {
                let wake = sleep(parker, limit, is_first);
                if wake == Wake::Woken {
                    return wake;
                }
                self.lasts = true;
                return Wake::Interrupted;
            }
        }
        let wake = sleep(parker, deadline, is_first);
        // As before the first one: a signal may come between the check that follows and the park.
        self.is_first = wake == Wake::Interrupted;
        wake
    }
}

impl Blocker for Interpreter {
    type Interrupt = PyErr;

    // With the interpreter lock, the waker cannot run while this thread spins attached.
    const SPIN: Spin = if cfg!(Py_GIL_DISABLED) {
        Spin::BeforeWait
    } else {
        Spin::Never
    };

    const ATTACHES: bool = !cfg!(Py_GIL_DISABLED);

    const ANSWERS: bool = true;

    const ENDS: bool = true;

    // SAFETY: they are parts of Python objects, which do not move, and are used from then on.
    const OBJECTS_STAY: Option<ObjectsStay> = Some(unsafe { ObjectsStay::promise() });

    const SIGNALS: Signals = Signals::OnMainThread;

    fn no_memory(&mut self) -> PyErr {
        // SAFETY: as in `sleep`.
        no_memory(unsafe { Python::assume_attached() })
    }

    #[inline]
    fn site(&mut self, site: &mut Site) {
        self.parks.site(site);
    }

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> PyResult<Wake> {
        if self.parks.is_first {
            self.refuse_at_exit(deadline)?;
        }
        let wake = self.parks.sleep(parker, deadline);
        // SAFETY: as in `sleep`.
        let py = unsafe { Python::assume_attached() };
        // Also when woken. A signal may have arrived while this thread waited for the interpreter
        // lock. Its exception, raised only after the call, would lose what was granted. Checked
        // here, the grant is given back.
        if wake != Wake::TimedOut {
            if let Some(text) = watch::take_ended() {
                return Err(DeadlockError::new_err(text));
            }
            check_signals(py, self.meets_sent)?;
        } else if self.meets_sent {
            // The standard classes meet a sent exception in the wait, before they raise `Empty` or
            // `TimeoutError` of their own.
            handle_pending(py)?;
        }
        Ok(wake)
    }
}

/// Detaches from the interpreter while the thread is parked. No signal ends the wait: it is for
/// retaking a lock that a wait released.
pub(crate) struct Uninterruptible {
    parks: Parks,
    attached: PhantomData<*const ()>,
}

impl Uninterruptible {
    pub(crate) fn new(_py: Python<'_>) -> Self {
        Self {
            parks: Parks::NONE,
            attached: PhantomData,
        }
    }
}

impl Blocker for Uninterruptible {
    type Interrupt = Infallible;

    const SPIN: Spin = Interpreter::SPIN;

    const ATTACHES: bool = Interpreter::ATTACHES;

    const ANSWERS: bool = Interpreter::ANSWERS;

    const SIGNALS: Signals = Interpreter::SIGNALS;

    #[inline]
    fn site(&mut self, site: &mut Site) {
        self.parks.site(site);
    }

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Infallible> {
        Ok(self.parks.sleep(parker, deadline))
    }
}
