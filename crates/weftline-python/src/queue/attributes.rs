//! The attributes of a queue that programs use.
//!
//! On an inflated queue they are ordinary attributes, in its `__dict__`, as in the standard
//! library. On a compact queue they do not exist. A look-up finds an [`Attribute`] on the class
//! instead: a descriptor that an instance's own attribute overrides. It answers what the compact
//! queue knows itself, and inflates the queue otherwise. Assignments pass through
//! `Queue.__setattr__`, which calls [`set`].
//!
//! `is_shutdown` is an attribute of the standard class from 3.13 on. Before, a subclass may use the
//! name for anything. So there an inflated queue does not have it in its `__dict__`, and the
//! methods read the Rust field ([`shut_down`]).

use super::object::{LifoQueue, PriorityQueue, Queue};
use crate::inflation::{self, Inflate};
use crate::names::interned;
use crate::objects::{self, Piece, written};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyString, PyType};
use std::sync::atomic::Ordering;

const METHODS: [&str; 4] = ["_init", "_qsize", "_put", "_get"];

const SHUT_DOWN: &str = "is_shutdown";

const ATTRIBUTES: [&str; 8] = [
    "mutex",
    "queue",
    "not_empty",
    "not_full",
    "all_tasks_done",
    "maxsize",
    "unfinished_tasks",
    SHUT_DOWN,
];

/// Those that the standard class has.
const STANDARD: &[&str] = if cfg!(Py_3_13) {
    &ATTRIBUTES
} else {
    ATTRIBUTES.split_at(7).0
};

/// The attributes that a class must not override for its queues to be compact.
struct Originals {
    /// Each class of this module with its own four methods.
    classes: [(Py<PyType>, [Py<PyAny>; 4]); 3],
    methods: [Py<PyString>; 4],
    attributes: Vec<Py<PyString>>,
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    for name in ATTRIBUTES {
        let attribute = Attribute {
            name: PyString::intern(py, name).unbind(),
        };
        py.get_type::<Queue>().setattr(name, attribute)?;
    }
    let class = |class: Bound<'_, PyType>| -> PyResult<(Py<PyType>, [Py<PyAny>; 4])> {
        let [init, qsize, put, get] = METHODS.map(|name| class.getattr(name));
        let methods = [
            init?.unbind(),
            qsize?.unbind(),
            put?.unbind(),
            get?.unbind(),
        ];
        Ok((class.unbind(), methods))
    };
    let name = |name: &str| PyString::intern(py, name).unbind();
    ORIGINALS.get_or_try_init(py, || {
        Ok::<_, PyErr>(Originals {
            classes: [
                class(py.get_type::<Queue>())?,
                class(py.get_type::<LifoQueue>())?,
                class(py.get_type::<PriorityQueue>())?,
            ],
            methods: METHODS.map(name),
            attributes: STANDARD.iter().copied().map(name).collect(),
        })
    })?;
    Ok(())
}

/// Whether a class overrides something that a compact queue would not notice: one of the four
/// methods, or an attribute.
pub(super) fn is_overridden(class: &Bound<'_, PyType>) -> PyResult<bool> {
    let py = class.py();
    let originals = ORIGINALS.get(py).expect("registered at import");
    let mut base = None;
    for ancestor in &class.mro() {
        base = originals.classes.iter().find(|(ours, _)| ancestor.is(ours));
        if base.is_some() {
            break;
        }
        let own = ancestor.getattr(interned!(py, __dict__))?;
        for name in &originals.attributes {
            if own.contains(name)? {
                return Ok(true);
            }
        }
    }
    let Some((_, methods)) = base else {
        return Ok(true);
    };
    for (name, method) in originals.methods.iter().zip(methods) {
        if !class.getattr(name)?.is(method) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An attribute of a compact queue.
#[pyclass(module = "queue", name = "_attribute", frozen)]
struct Attribute {
    name: Py<PyString>,
}

#[pymethods]
impl Attribute {
    /// On the class, the descriptor itself, like the members that `__slots__` creates.
    fn __get__<'py>(
        slf: &Bound<'py, Self>,
        instance: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(instance) = instance else {
            return Ok(slf.clone().into_any());
        };
        let (queue, name) = (instance.cast::<Queue>()?, slf.get().name.bind(slf.py()));
        if let Some(value) = get_compact(queue, name.to_str()?)? {
            return Ok(value);
        }
        Queue::inflate(queue)?;
        inflation::part(queue, name)
    }

    #[getter]
    fn __name__<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.name.bind(py).clone()
    }

    #[getter]
    fn __objclass__<'py>(&self, py: Python<'py>) -> Bound<'py, PyType> {
        py.get_type::<Queue>()
    }

    fn __repr__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        let pieces = [
            Piece::Plain("<attribute '"),
            Piece::Object(self.name.bind(py).as_any()),
            Piece::Plain("' of 'Queue' objects>"),
        ];
        written(py, &pieces)
    }
}

/// Whether an inflated queue is shut down.
pub(super) fn shut_down(queue: &Bound<'_, Queue>) -> PyResult<bool> {
    if cfg!(Py_3_13) {
        return queue
            .getattr(interned!(queue.py(), is_shutdown))?
            .is_truthy();
    }
    Ok(queue.get().is_shut_down.load(Ordering::Relaxed))
}

/// Stores whether an inflated queue is shut down.
pub(super) fn set_shut_down(queue: &Bound<'_, Queue>, is_shut_down: bool) -> PyResult<()> {
    if cfg!(Py_3_13) {
        return queue.setattr(interned!(queue.py(), is_shutdown), is_shut_down);
    }
    queue
        .get()
        .is_shut_down
        .store(is_shut_down, Ordering::Relaxed);
    Ok(())
}

/// An attribute that a compact queue knows itself. `None`: it does not know it, or is inflated.
fn get_compact<'py>(queue: &Bound<'py, Queue>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (py, this) = (queue.py(), queue.get());
    let value = match name {
        "maxsize" => objects::int(py, this.maxsize() as i64)?,
        "unfinished_tasks" => objects::len(py, this.items.unfinished())?,
        SHUT_DOWN => PyBool::new(py, this.items.is_shut_down())
            .to_owned()
            .into_any(),
        _ => return Ok(None),
    };
    if !this.items.is_forwarded() {
        return Ok(Some(value));
    }
    if name == SHUT_DOWN && !cfg!(Py_3_13) {
        this.wait_until_inflated(py);
        let value = shut_down(queue)?;
        return Ok(Some(PyBool::new(py, value).to_owned().into_any()));
    }
    Ok(None)
}

/// Applies the effects of an assignment beyond storing the value. `true`: nothing is left to store.
pub(super) fn set(
    queue: &Bound<'_, Queue>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let Ok(name) = name.cast::<PyString>() else {
        return Ok(false);
    };
    let this = queue.get();
    let name = name.to_str()?;
    if name == SHUT_DOWN && !cfg!(Py_3_13) {
        return set_shut_down_by_name(queue, value);
    }
    if this.is_inflated() {
        return Ok(false);
    }
    match name {
        "maxsize" => {
            if let Some(maxsize) = plain_int(value) {
                this.set_maxsize(maxsize);
                if !this.items.is_forwarded() {
                    return Ok(true);
                }
            }
            Queue::inflate(queue)?;
        }
        "unfinished_tasks" => {
            let unfinished = plain_int(value).and_then(|n| usize::try_from(n).ok());
            if unfinished.is_some_and(|unfinished| this.items.set_unfinished(unfinished)) {
                return Ok(true);
            }
            Queue::inflate(queue)?;
        }
        // `put` and `get` because `put_nowait` and `get_nowait` call them.
        "mutex" | "queue" | "not_empty" | "not_full" | "all_tasks_done" | "is_shutdown"
        | "_init" | "_qsize" | "_put" | "_get" | "put" | "get" => Queue::inflate(queue)?,
        _ => {}
    }
    Ok(false)
}

/// `queue.is_shutdown = value` in versions whose standard class has no such attribute. A subclass
/// may have one of its own.
fn set_shut_down_by_name(queue: &Bound<'_, Queue>, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    let found = queue.get_type().getattr(SHUT_DOWN)?;
    if !found.is_instance_of::<Attribute>() {
        return Ok(false);
    }
    Queue::inflate(queue)?;
    set_shut_down(queue, value.is_truthy()?)?;
    Ok(true)
}

/// As [`set`], before an attribute is deleted.
pub(super) fn delete(queue: &Bound<'_, Queue>, name: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(name) = name.cast::<PyString>()
        && STANDARD.contains(&name.to_str()?)
    {
        Queue::inflate(queue)?;
    }
    Ok(())
}

/// An integer that a compact queue can store and return unchanged.
pub(super) fn plain_int(value: &Bound<'_, PyAny>) -> Option<isize> {
    value.cast_exact::<PyInt>().ok()?.extract().ok()
}
