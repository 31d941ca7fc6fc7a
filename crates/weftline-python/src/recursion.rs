//! The bound on recursion: [`check`] raises `RecursionError` while enough stack is left to handle
//! it.
//!
//! A callback settles the next future, a barrier's action waits at the next barrier. Each level
//! passes through the program and through weftline, and the interpreter's counters do not bound it.
//! 3.11 counts calls against a limit that programs raise; 3.12 and 3.13 allow thousands on any
//! stack. So a check of the stack that is left precedes every call into the program, and all
//! recursion within this crate.
//!
//! From 3.14 on the interpreter's own check is one of the stack, and serves here, too.

use pyo3::prelude::*;

/// Raises `RecursionError` when the calling thread has little stack left.
#[inline]
pub(crate) fn check(py: Python<'_>) -> PyResult<()> {
    imp::check(py, imp::Kind::Enter)
}

/// As [`check`], with a reserve, for calls that undo a checked one, such as the release of a lock.
#[inline]
pub(crate) fn check_leaving(py: Python<'_>) -> PyResult<()> {
    imp::check(py, imp::Kind::Leave)
}

#[cfg(any(Py_3_14, not(target_os = "linux")))]
mod imp {
    use pyo3::ffi;
    use pyo3::prelude::*;

    #[derive(PartialEq)]
    pub(super) enum Kind {
        Enter,
        Leave,
    }

    #[inline]
    pub(super) fn check(py: Python<'_>, kind: Kind) -> PyResult<()> {
        // The interpreter has no reserve, and checks the calls that follow by itself.
        if kind == Kind::Leave {
            return Ok(());
        }
        // SAFETY: attached; the text is a C string.
        if unsafe { ffi::Py_EnterRecursiveCall(c" while calling a Python object".as_ptr()) } != 0 {
            return Err(PyErr::fetch(py));
        }
        // SAFETY: entered above.
        unsafe { ffi::Py_LeaveRecursiveCall() };
        Ok(())
    }
}

#[cfg(not(any(Py_3_14, not(target_os = "linux"))))]
mod imp {
    use crate::objects::error;
    use pyo3::exceptions::PyRecursionError;
    use pyo3::prelude::*;
    use std::cell::Cell;
    use std::mem::MaybeUninit;

    /// The stack reserved for handling the error. Formatting a traceback takes less.
    const MARGIN: usize = 96 << 10;
    /// The part of a small stack that is reserved: a third.
    const SHARE: usize = 3;
    /// The stack that counts as left if the system does not report it.
    const ASSUMED: usize = 512 << 10;

    #[derive(Clone, Copy)]
    pub(super) enum Kind {
        Enter = 0,
        Leave = 1,
    }

    /// The addresses of a thread's stack, which grows downwards.
    #[derive(Clone, Copy)]
    struct Stack {
        lowest: usize,
        /// A check of each kind fails below its limit.
        limits: [usize; 2],
    }

    const UNKNOWN: Stack = Stack {
        lowest: 0,
        limits: [usize::MAX; 2],
    };

    thread_local! {
        static STACK: Cell<Stack> = const { Cell::new(UNKNOWN) };
    }

    #[inline]
    pub(super) fn check(_py: Python<'_>, kind: Kind) -> PyResult<()> {
        let local = MaybeUninit::<u8>::uninit();
        let here = local.as_ptr().addr();
        if here < STACK.get().limits[kind as usize] {
            return check_closely(here, kind);
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn check_closely(here: usize, kind: Kind) -> PyResult<()> {
        let mut stack = STACK.get();
        if stack.limits == UNKNOWN.limits {
            stack = Stack::of_this_thread(here);
            STACK.set(stack);
        }
        // Below the lowest address, the thread runs on a stack of the program's own, whose size is
        // unknown.
        if (stack.lowest..stack.limits[kind as usize]).contains(&here) {
            return Err(error::<PyRecursionError>(
                "maximum recursion depth exceeded while calling a Python object",
            ));
        }
        Ok(())
    }

    impl Stack {
        fn of_this_thread(here: usize) -> Self {
            let (lowest, size) = bounds().unwrap_or((here.saturating_sub(ASSUMED), ASSUMED));
            let margin = MARGIN.min(size / SHARE);
            Self {
                lowest,
                limits: [lowest + margin, lowest + margin / 2],
            }
        }
    }

    /// The lowest usable address of the calling thread's stack, and the stack's size.
    fn bounds() -> Option<(usize, usize)> {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        // SAFETY: the first call writes the attributes, the next read them, the last destroys them.
        unsafe {
            if libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) != 0 {
                return None;
            }
            let (mut lowest, mut size, mut guard) = (std::ptr::null_mut(), 0, 0);
            let found = libc::pthread_attr_getstack(attributes.as_ptr(), &mut lowest, &mut size)
                == 0
                && libc::pthread_attr_getguardsize(attributes.as_ptr(), &mut guard) == 0;
            libc::pthread_attr_destroy(attributes.as_mut_ptr());
            // Older C libraries count the guard as part of the stack.
            found.then(|| (lowest.addr() + guard, size.saturating_sub(guard)))
        }
    }
}
