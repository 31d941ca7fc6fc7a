//! [`OptionalArg`]: an argument that may be left out. An explicit `None` counts as passed, which an
//! `Option` could not tell apart.

use pyo3::Borrowed;
use pyo3::prelude::*;
use std::convert::Infallible;

/// The argument, if one was passed.
#[derive(Clone, Copy)]
pub(crate) struct OptionalArg<'a, 'py>(Option<Borrowed<'a, 'py, PyAny>>);

impl<'a, 'py> OptionalArg<'a, 'py> {
    /// No argument: the default in signatures.
    pub(crate) const MISSING: Self = Self(None);

    /// An argument that was passed before.
    pub(crate) fn given(object: Borrowed<'a, 'py, PyAny>) -> Self {
        Self(Some(object))
    }

    #[inline]
    pub(crate) fn get(self) -> Option<Borrowed<'a, 'py, PyAny>> {
        self.0
    }
}

impl<'a, 'py> FromPyObject<'a, 'py> for OptionalArg<'a, 'py> {
    type Error = Infallible;

    #[inline]
    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self, Infallible> {
        Ok(Self(Some(object)))
    }
}
