//! `Condition.wait_for`: the standard library's, over the condition's own `wait`.

use crate::callback::calling_back;
use crate::names::interned;
use crate::objects;
use crate::pending::handle_pending;
use pyo3::prelude::*;
use std::time::Instant;

/// Waits until `predicate()` is true, for at most `timeout` seconds in all. Returns its last value.
pub(super) fn wait_for<'py, T>(
    condition: &Bound<'py, T>,
    predicate: &Bound<'py, PyAny>,
    timeout: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = condition.py();
    let mut end: Option<(Instant, f64)> = None;
    loop {
        let result = calling_back(py, || predicate.call0())?;
        if result.is_truthy()? {
            return Ok(result);
        }
        // Called as a method, which a subclass may override.
        match (timeout, end) {
            (None, _) => {
                let forever = (py.None(),);
                calling_back(py, || {
                    condition
                        .as_any()
                        .call_method1(interned!(py, wait), forever)
                })?
            }
            (Some(timeout), None) => {
                // An addition, so that a timeout that is no number is refused in the standard
                // library's words.
                let seconds = objects::float(py, 0.0)?.add(timeout)?.extract()?;
                end = Some((Instant::now(), seconds));
                calling_back(py, || {
                    condition
                        .as_any()
                        .call_method1(interned!(py, wait), (timeout,))
                })?
            }
            (Some(_), Some((start, seconds))) => {
                let left = seconds - start.elapsed().as_secs_f64();
                if left <= 0.0 {
                    return Ok(result);
                }
                let left = objects::float(py, left)?;
                calling_back(py, || {
                    condition
                        .as_any()
                        .call_method1(interned!(py, wait), (left,))
                })?
            }
        };
        handle_pending(py)?;
    }
}
