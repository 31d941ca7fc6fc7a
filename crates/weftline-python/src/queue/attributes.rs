//! The attributes that programs reach into.
//!
//! On an open queue they are ordinary attributes, in its `__dict__`, as in the standard library. On a native queue they do not exist; what
//! is found instead, on the class, is an [`Attribute`]: a descriptor that an instance's own attribute goes before. It answers
//! what the native queue knows itself and otherwise opens the queue. Setting passes through `Queue.__setattr__`, which asks [`set`].

use super::lifo::LifoQueue;
use super::opening::{instance_dict, open};
use super::priority::PriorityQueue;
use super::queue::Queue;
use crate::names::interned;
use crate::objects::{self, Piece, error_in_pieces};
use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyString, PyType};

const METHODS: [&str; 4] = ["_init", "_qsize", "_put", "_get"];

const ATTRIBUTES: [&str; 8] = [
    "mutex",
    "queue",
    "not_empty",
    "not_full",
    "all_tasks_done",
    "maxsize",
    "unfinished_tasks",
    "is_shutdown",
];

/// What a class must not have changed for its queues to be native.
struct Originals {
    /// Each of our classes with its own four methods.
    classes: [(Py<PyType>, [Py<PyAny>; 4]); 3],
    methods: [Py<PyString>; 4],
    attributes: [Py<PyString>; 8],
}

static ORIGINALS: PyOnceLock<Originals> = PyOnceLock::new();

pub(super) fn register(py: Python<'_>) -> PyResult<()> {
    for name in ATTRIBUTES {
        py.get_type::<Queue>().setattr(name, Attribute { name })?;
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
            attributes: ATTRIBUTES.map(name),
        })
    })?;
    Ok(())
}

/// Whether a class changes what a native queue would not notice: one of the four methods, or an attribute.
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

/// An attribute of a native queue.
#[pyclass(module = "queue", name = "_attribute", frozen)]
struct Attribute {
    name: &'static str,
}

#[pymethods]
impl Attribute {
    fn __get__<'py>(
        &self,
        py: Python<'py>,
        instance: Option<&Bound<'py, PyAny>>,
        _owner: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(instance) = instance else {
            let words = [
                Piece::Plain("type object 'Queue' has no attribute '"),
                Piece::Plain(self.name),
                Piece::Plain("'"),
            ];
            return Err(error_in_pieces::<PyAttributeError>(py, &words));
        };
        let queue = instance.cast::<Queue>()?;
        if let Some(value) = get_natively(queue, self.name)? {
            return Ok(value);
        }
        open(queue)?;
        instance_dict(queue)?
            .get_item(objects::text(py, self.name)?)?
            .ok_or_else(|| missing(queue, self.name))
    }
}

fn missing(queue: &Bound<'_, Queue>, name: &str) -> PyErr {
    match queue.get_type().name() {
        Ok(class) => {
            let class = class.into_any();
            let words = [
                Piece::Plain("'"),
                Piece::Object(&class),
                Piece::Plain("' object has no attribute '"),
                Piece::Plain(name),
                Piece::Plain("'"),
            ];
            error_in_pieces::<PyAttributeError>(queue.py(), &words)
        }
        Err(raised) => raised,
    }
}

/// What a native queue knows itself. `None`: it does not, or is not native.
fn get_natively<'py>(queue: &Bound<'py, Queue>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
    let (py, this) = (queue.py(), queue.get());
    let value = match name {
        "maxsize" => objects::int(py, this.maxsize() as i64)?,
        "unfinished_tasks" => objects::len(py, this.items.unfinished())?,
        "is_shutdown" => PyBool::new(py, this.items.is_shut_down())
            .to_owned()
            .into_any(),
        _ => return Ok(None),
    };
    Ok((!this.items.is_retired()).then_some(value))
}

/// Does what setting the attribute means beyond storing it. `true`: that was all.
pub(super) fn set(
    queue: &Bound<'_, Queue>,
    name: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let Ok(name) = name.cast::<PyString>() else {
        return Ok(false);
    };
    let this = queue.get();
    if this.is_open() {
        return Ok(false);
    }
    match name.to_str()? {
        "maxsize" => {
            if let Some(maxsize) = plain_int(value) {
                this.set_maxsize(maxsize);
                if !this.items.is_retired() {
                    return Ok(true);
                }
            }
            open(queue)?;
        }
        "unfinished_tasks" => {
            let unfinished = plain_int(value).and_then(|n| usize::try_from(n).ok());
            if unfinished.is_some_and(|unfinished| this.items.set_unfinished(unfinished)) {
                return Ok(true);
            }
            open(queue)?;
        }
        // `put` and `get` because `put_nowait` and `get_nowait` call them.
        "mutex" | "queue" | "not_empty" | "not_full" | "all_tasks_done" | "is_shutdown"
        | "_init" | "_qsize" | "_put" | "_get" | "put" | "get" => open(queue)?,
        _ => {}
    }
    Ok(false)
}

/// As [`set`], before an attribute is deleted.
pub(super) fn delete(queue: &Bound<'_, Queue>, name: &Bound<'_, PyAny>) -> PyResult<()> {
    if let Ok(name) = name.cast::<PyString>()
        && ATTRIBUTES.contains(&name.to_str()?)
    {
        open(queue)?;
    }
    Ok(())
}

/// An integer that a native queue can keep and give back as it was.
pub(super) fn plain_int(value: &Bound<'_, PyAny>) -> Option<isize> {
    value.cast_exact::<PyInt>().ok()?.extract().ok()
}
