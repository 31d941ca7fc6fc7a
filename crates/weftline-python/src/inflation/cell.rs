//! [`Cell`]: whether an object is compact or inflated, and the claim of the inflating thread.
//!
//! # States
//!
//! | word | state | core's object | `__dict__` | leaves by |
//! |---|---|---|---|---|
//! | 0 | under construction: the collector may visit the object already | all zeros | none | `new` → compact |
//! | `COMPACT` | compact | in use | the program's own attributes | `claim` → claimed |
//! | `CLAIMED` | one thread inflates the object, under [`INFLATING`] | in use; at the end *forwarded* | gets the parts | `publish` → inflated; the claim's drop → compact, without the parts |
//! | `INFLATED` or a pointer | inflated; a pointer is the object kept beside the parts | forwarded | has the parts | (end) |
//!
//! # Invariants
//!
//! - The owner of [`INFLATING`] alone changes a word.
//! - A forwarded object has its parts in the `__dict__`. The one step left is `publish`, a store.
//! - While an object is claimed, nothing is allocated that the collector counts, no reference is
//!   dropped, and the thread stays attached. So no Python code runs. With an interpreter lock no
//!   other thread does either.
//!
//! One thing breaks the last invariant: a comparison with a key of the `__dict__` that is of a
//! subclass of `str`. Such code finds the object compact. If it makes the object inflate, it gets a
//! `RuntimeError`, and so does the inflation around it.
//!
//! # Linearisation point
//!
//! The forwarding of the core's object. A condition is never forwarded: there it is the store of
//! `publish`.
//!
//! # Happens-before
//!
//! | earlier | later | by |
//! |---|---|---|
//! | the parts in the `__dict__`, the forwarding | a thread finds the object inflated | the release store of `publish`, the acquire load of `is_inflated` |
//! | the parts in the `__dict__` | a thread is refused by the forwarded object, and `wait` returns | the unlock of `INFLATING`, its lock in `wait` |
//!
//! # Forks
//!
//! Without an interpreter lock a fork may copy a claimed object. The claiming thread does not
//! survive in the child, so its lock counts as free there. The child's next `claim` begins anew
//! over an object in use, and the next `wait` publishes a forwarded one, whose parts are there. The
//! reference to the object to keep went with the claiming thread. So that object leaks, and a
//! forwarding target stays alive.

use crate::blocker::Uninterruptible;
use crate::objects::error;
use pyo3::PyTraverseError;
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi;
use pyo3::gc::PyVisit;
use pyo3::prelude::*;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use weftline::park::Deadline;
use weftline::sync::raw::RawRLock;

type Word = *mut ffi::PyObject;

const COMPACT: Word = ptr::without_provenance_mut(1);
const CLAIMED: Word = ptr::without_provenance_mut(2);
const INFLATED: Word = ptr::without_provenance_mut(3);

/// Held while an object is claimed: by one thread of the process, for about a microsecond.
///
/// Re-entrant for the comparison of a key, which may inflate another object.
static INFLATING: RawRLock = RawRLock::new();

/// The state of one object, and the object of class `K` that an inflated one keeps beside its
/// parts.
pub(crate) struct Cell<K = PyAny> {
    word: AtomicPtr<ffi::PyObject>,
    kept: PhantomData<Py<K>>,
}

impl<K> Cell<K> {
    pub(crate) const fn new() -> Self {
        Self {
            word: AtomicPtr::new(COMPACT),
            kept: PhantomData,
        }
    }

    /// Whether the object's other fields may be read.
    pub(crate) fn is_created(&self) -> bool {
        !self.word.load(Ordering::Relaxed).is_null()
    }

    #[inline]
    pub(crate) fn is_inflated(&self) -> bool {
        self.word.load(Ordering::Acquire).addr() > CLAIMED.addr()
    }

    /// The object that an inflated one keeps beside its parts.
    pub(crate) fn kept(&self) -> Option<&Py<K>> {
        let is_pointer = self.word.load(Ordering::Acquire).addr() > INFLATED.addr();
        // SAFETY: the word is a reference that the cell owns and never changes. `Py` is
        // `repr(transparent)` over such a pointer.
        is_pointer.then(|| unsafe { &*self.word.as_ptr().cast::<Py<K>>() })
    }

    /// Waits until the object is inflated. Call it after the core's object has refused.
    #[cold]
    pub(crate) fn wait(&self, py: Python<'_>) {
        if self.is_inflated() {
            return;
        }
        let _inflating = Inflating::enter(py);
        if !self.is_inflated() {
            // The thread that forwarded the object did not survive a fork. What it kept leaks.
            self.word.store(INFLATED, Ordering::Release);
        }
    }

    /// Claims the object for the calling thread. `None`: it is inflated.
    ///
    /// # Errors
    /// `RuntimeError` if the calling thread has claimed it further up the stack.
    pub(super) fn claim(&self, py: Python<'_>) -> PyResult<Option<Claim<'_, K>>> {
        let inflating = Inflating::enter(py);
        if self.is_inflated() {
            return Ok(None);
        }
        if inflating.is_nested && self.word.load(Ordering::Relaxed) == CLAIMED {
            let message = "cannot use the parts of an object that is being inflated";
            return Err(error::<PyRuntimeError>(message));
        }
        self.word.store(CLAIMED, Ordering::Relaxed);
        Ok(Some(Claim {
            cell: self,
            _inflating: inflating,
        }))
    }

    /// For the collector. Clearing the object keeps what the cell has: the core may refer to it.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.kept().map_or(Ok(()), |kept| visit.call(kept))
    }
}

impl<K> Drop for Cell<K> {
    fn drop(&mut self) {
        let word = *self.word.get_mut();
        if word.addr() > INFLATED.addr() {
            // SAFETY: the cell owns the reference. Its object is being deallocated, so the thread
            // is attached.
            drop(unsafe { Bound::from_owned_ptr(Python::assume_attached(), word) });
        }
    }
}

/// The right to inflate an object. Dropped without `publish`, it makes the object compact again.
pub(super) struct Claim<'a, K> {
    cell: &'a Cell<K>,
    // Dropped after the word is written.
    _inflating: Inflating,
}

impl<K> Claim<'_, K> {
    /// Makes the object inflated. The cell owns `kept` from then on.
    pub(super) fn publish(self, kept: Option<Py<K>>) {
        let word = kept.map_or(INFLATED, Py::into_ptr);
        // Pairs with the acquire loads of `is_inflated` and `kept`.
        self.cell.word.store(word, Ordering::Release);
    }
}

impl<K> Drop for Claim<'_, K> {
    fn drop(&mut self) {
        if !self.cell.is_inflated() {
            self.cell.word.store(COMPACT, Ordering::Relaxed);
        }
    }
}

/// The lock [`INFLATING`], held.
struct Inflating {
    /// Whether the thread has held it before.
    is_nested: bool,
}

impl Inflating {
    fn enter(py: Python<'_>) -> Self {
        let is_nested = INFLATING.is_owned();
        let taken = INFLATING.lock_with(&mut Uninterruptible::new(py), Deadline::NEVER);
        debug_assert!(taken.is_ok(), "no deadline, no interrupt, few levels");
        Self { is_nested }
    }
}

impl Drop for Inflating {
    fn drop(&mut self) {
        let released = INFLATING.unlock();
        debug_assert!(released.is_ok(), "this thread has taken it");
    }
}
