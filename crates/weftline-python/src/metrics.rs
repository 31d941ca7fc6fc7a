//! What `weftline.watch.metrics()` returns: a process in plain numbers.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use weftline::park::Kind;
use weftline::watch::{self, Contended, Measured, PoolMetrics, Waits};

/// How a kind of wait is called.
fn name(kind: Kind) -> String {
    format!("{kind:?}")
}

/// Measures waits from now on.
#[pyfunction]
fn _start_watching() {
    watch::start();
}

/// Measures waits no longer.
#[pyfunction]
fn _stop_watching() {
    watch::stop();
}

/// This process in numbers.
#[pyfunction]
fn _metrics(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let metrics = watch::metrics();
    let dict = PyDict::new(py);
    dict.set_item("threads", metrics.threads)?;
    let blocked = PyDict::new(py);
    for (kind, count) in metrics.blocked {
        blocked.set_item(name(kind), count)?;
    }
    dict.set_item("blocked", blocked)?;
    dict.set_item("deadlocks", metrics.deadlocks)?;
    dict.set_item("inversions", watch::inversions().len())?;
    dict.set_item("pools", list(py, &metrics.pools, pool)?)?;
    let measured = metrics.measured.unwrap_or_default();
    dict.set_item("measured_seconds", measured.duration.as_secs_f64())?;
    dict.set_item("waits", waits(py, &measured)?)?;
    dict.set_item("contended", list(py, &measured.contended, contended)?)?;
    Ok(dict)
}

type ToDict<T> = fn(&Bound<'_, PyDict>, &T) -> PyResult<()>;

fn list<'py, T>(py: Python<'py>, all: &[T], fill: ToDict<T>) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    for it in all {
        let dict = PyDict::new(py);
        fill(&dict, it)?;
        list.append(dict)?;
    }
    Ok(list)
}

fn pool(dict: &Bound<'_, PyDict>, pool: &PoolMetrics) -> PyResult<()> {
    dict.set_item("number", pool.number)?;
    dict.set_item("name", pool_name(&pool.worker))?;
    dict.set_item("workers", pool.workers)?;
    dict.set_item("busy", pool.busy)?;
    dict.set_item("waiting", pool.waiting)
}

/// The name of a pool, from that of a worker: without the worker's own number.
fn pool_name(worker: &str) -> &str {
    let worker = worker.trim_matches('"');
    match worker.rsplit_once('_') {
        Some((pool, number)) if number.bytes().all(|it| it.is_ascii_digit()) => pool,
        _ => worker,
    }
}

fn waits<'py>(py: Python<'py>, measured: &Measured) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    for of_kind in &measured.waits {
        let dict = PyDict::new(py);
        fill_waits(&dict, of_kind)?;
        all.set_item(PyString::new(py, &name(of_kind.kind)), dict)?;
    }
    Ok(all)
}

fn fill_waits(dict: &Bound<'_, PyDict>, waits: &Waits) -> PyResult<()> {
    dict.set_item("count", waits.count)?;
    dict.set_item("seconds", waits.total.as_secs_f64())?;
    dict.set_item("timed_out", waits.timed_out)?;
    dict.set_item("interrupted", waits.interrupted)?;
    // Each with the bound of its bucket, in seconds: the last bucket has none.
    let bounds = (0..waits.histogram.len()).map(|power| (1_u64 << power) as f64 / 1e6);
    let last = waits.histogram.len().saturating_sub(1);
    let bounded = bounds.enumerate().map(|(at, bound)| match at == last {
        true => f64::INFINITY,
        false => bound,
    });
    let histogram: Vec<(f64, u64)> = bounded.zip(waits.histogram.iter().copied()).collect();
    dict.set_item("histogram", histogram)
}

fn contended(dict: &Bound<'_, PyDict>, contended: &Contended) -> PyResult<()> {
    dict.set_item("kind", name(contended.kind))?;
    dict.set_item("name", contended.name.as_deref())?;
    dict.set_item("address", contended.address)?;
    dict.set_item("count", contended.count)?;
    dict.set_item("overestimate", contended.overestimate)?;
    dict.set_item("seconds", contended.total.as_secs_f64())
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    for function in [
        wrap_pyfunction!(_start_watching, module)?,
        wrap_pyfunction!(_stop_watching, module)?,
        wrap_pyfunction!(_metrics, module)?,
    ] {
        // Set without `add_function`, which would make it a public name.
        module.setattr(function.getattr("__name__")?.cast::<PyString>()?, function)?;
    }
    Ok(())
}
