//! The originals of the standard modules, kept when `weftline.queue` is imported, before anything
//! can be patched.

use crate::objects::bare_error;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

pub(super) struct Standard {
    pub(super) empty: Py<PyType>,
    pub(super) full: Py<PyType>,
    pub(super) shut_down: Py<PyType>,
    pub(super) deque: Py<PyType>,
    pub(super) heappush: Py<PyAny>,
    pub(super) heappop: Py<PyAny>,
    /// The interpreter's own class, which supplies the words that refuse a timeout.
    pub(super) simple_queue: Py<PyAny>,
    /// The module `queue`, and the clock that its queues read: its `time`.
    pub(super) module: Py<PyModule>,
    pub(super) clock: Py<PyAny>,
}

static STANDARD: PyOnceLock<Standard> = PyOnceLock::new();

pub(super) fn is_remembered(py: Python<'_>) -> bool {
    STANDARD.get(py).is_some()
}

pub(super) fn remember(py: Python<'_>) -> PyResult<&Standard> {
    STANDARD.get_or_try_init(py, || {
        let queue = py.import("queue")?;
        let class = |name: &str| -> PyResult<Py<PyType>> {
            Ok(queue.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        let heapq = py.import("heapq")?;
        Ok::<_, PyErr>(Standard {
            empty: class("Empty")?,
            full: class("Full")?,
            shut_down: class("ShutDown").or_else(|_| make_shut_down(py))?,
            deque: py
                .import("collections")?
                .getattr("deque")?
                .cast_into::<PyType>()?
                .unbind(),
            heappush: heapq.getattr("heappush")?.unbind(),
            heappop: heapq.getattr("heappop")?.unbind(),
            simple_queue: queue.getattr("SimpleQueue")?.unbind(),
            clock: py.import("time")?.getattr("monotonic")?.unbind(),
            module: queue.unbind(),
        })
    })
}

/// `queue.ShutDown`, for versions whose standard library has none.
fn make_shut_down(py: Python<'_>) -> PyResult<Py<PyType>> {
    let body = PyDict::new(py);
    body.set_item("__module__", "queue")?;
    body.set_item("__doc__", "Raised when put/get with shut-down queue.")?;
    let base = py.get_type::<pyo3::exceptions::PyException>();
    let class = py.get_type::<PyType>().call1(("ShutDown", (base,), body))?;
    Ok(class.cast_into::<PyType>()?.unbind())
}

pub(super) fn standard(py: Python<'_>) -> &Standard {
    // Not kept yet only if a queue is created without `weftline.queue`, as unpickling does.
    remember(py).expect("the standard module `queue` can be imported")
}

#[cold]
pub(super) fn empty(py: Python<'_>) -> PyErr {
    bare_error(standard(py).empty.bind(py))
}

#[cold]
pub(super) fn full(py: Python<'_>) -> PyErr {
    bare_error(standard(py).full.bind(py))
}

#[cold]
pub(super) fn shut_down(py: Python<'_>) -> PyErr {
    bare_error(standard(py).shut_down.bind(py))
}
