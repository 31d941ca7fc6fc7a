//! Deferred drop: a chain of objects that hold each other is freed on a small stack, however long.
//!
//! Every class here that can reach an object of the program takes part. `Drop` and `__clear__` drop
//! their contents immediately. Only the deallocation of an object recurses, and it counts its
//! depth.
//!
//! # Implementation
//!
//! The interpreter's trashcan, for classes that PyO3 makes. [`install`] puts a function before the
//! `tp_dealloc` of a class.
//!
//! | depth of the thread's deallocations | the function |
//! |---|---|
//! | 0 | deallocates the object, then the thread's deferred objects, first in, first out |
//! | below `DEEPEST` | deallocates the object |
//! | `DEEPEST` | defers the object |
//!
//! Invariants:
//! - A deferred object has no reference left, is untracked, and its `tp_dealloc` has not begun.
//!   Weak references to it are dead, the collector does not know it, and its contents are alive.
//! - The list is linked through the field that the trashcan itself uses: of the collector's header,
//!   or of the object if it has no such header. So deferring needs no memory and cannot fail.
//! - The list is empty whenever the thread's depth is zero: the outermost deallocation leaves
//!   nothing.
//! - The thread's state needs no destructor, so it lasts until the thread's last instruction.
//!
//! An object of a subclass written in Python reaches the function at the end of `subtype_dealloc`,
//! which does not use the object afterwards. Its deferred deallocation resumes at the weftline base
//! class, not at the subclass.
//!
//! The trashcan's own functions do not serve: 3.11 and 3.12 allow 50 levels of any size, 3.13 some
//! thousand, more than a small stack holds. From 3.14 on the interpreter itself defers every object
//! according to the stack that is left, so nothing is installed.

use pyo3::PyTypeInfo;
use pyo3::prelude::*;

/// Makes deallocations of objects of the class deferrable.
#[cfg(Py_3_14)]
pub(crate) fn install<T: PyTypeInfo>(_py: Python<'_>) {}

/// Makes deallocations of objects of the class deferrable.
#[cfg(not(Py_3_14))]
pub(crate) fn install<T: PyTypeInfo>(py: Python<'_>) {
    before_3_14::install(T::type_object_raw(py));
}

#[cfg(not(Py_3_14))]
mod before_3_14 {
    use links::{link, set_link, unlink};
    use pyo3::ffi::{self, PyObject, PyTypeObject};
    use std::cell::Cell;
    use std::mem::transmute;
    use std::ptr::{self, NonNull};
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

    /// How many deallocations may nest. A level takes about 1 KiB of stack, including the
    /// interpreter's frames.
    const DEEPEST: u32 = 16;

    /// The number of classes that can be installed.
    const CLASSES: usize = 16;

    /// A class, and the `tp_dealloc` that it was created with.
    struct Class {
        class: AtomicPtr<PyTypeObject>,
        dealloc: AtomicPtr<()>,
    }

    static INSTALLED: [Class; CLASSES] = [const {
        Class {
            class: AtomicPtr::new(ptr::null_mut()),
            dealloc: AtomicPtr::new(ptr::null_mut()),
        }
    }; CLASSES];
    static COUNT: AtomicUsize = AtomicUsize::new(0);

    /// Each function knows the number of its class, so it finds the original without a search.
    const DEALLOCS: [ffi::destructor; CLASSES] = [
        dealloc::<0>,
        dealloc::<1>,
        dealloc::<2>,
        dealloc::<3>,
        dealloc::<4>,
        dealloc::<5>,
        dealloc::<6>,
        dealloc::<7>,
        dealloc::<8>,
        dealloc::<9>,
        dealloc::<10>,
        dealloc::<11>,
        dealloc::<12>,
        dealloc::<13>,
        dealloc::<14>,
        dealloc::<15>,
    ];

    pub(super) fn install(class: *mut PyTypeObject) {
        if number_of(class).is_some() {
            return;
        }
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let place = &INSTALLED[number];
        // SAFETY: no program has seen this class yet, so no thread reads or writes it meanwhile.
        let slot = unsafe { &mut (*class).tp_dealloc };
        let original = slot.replace(DEALLOCS[number]).expect("PyO3 gives one");
        place.dealloc.store(original as *mut (), Ordering::Relaxed);
        place.class.store(class, Ordering::Relaxed);
    }

    fn number_of(class: *mut PyTypeObject) -> Option<usize> {
        (0..COUNT.load(Ordering::Relaxed))
            .find(|&number| INSTALLED[number].class.load(Ordering::Relaxed) == class)
    }

    #[inline]
    fn original(number: usize) -> ffi::destructor {
        let original = INSTALLED[number].dealloc.load(Ordering::Relaxed);
        // SAFETY: `install` has stored a destructor there before the first object of the class.
        unsafe { transmute::<*mut (), ffi::destructor>(original) }
    }

    /// The deallocations of one thread.
    struct Thread {
        depth: Cell<u32>,
        /// The deferred objects; null: none. The last one's link is null.
        first: Cell<*mut PyObject>,
        last: Cell<*mut PyObject>,
    }

    thread_local! {
        static THREAD: Thread = const {
            Thread {
                depth: Cell::new(0),
                first: Cell::new(ptr::null_mut()),
                last: Cell::new(ptr::null_mut()),
            }
        };
    }

    /// `tp_dealloc` of the class with this number.
    ///
    /// # Safety
    /// Called by the interpreter, attached, with an object of the class or of a subclass, to which
    /// there is no reference.
    unsafe extern "C" fn dealloc<const NUMBER: usize>(object: *mut PyObject) {
        THREAD.with(|thread| {
            let depth = thread.depth.get();
            if depth == DEEPEST {
                // SAFETY: passed on.
                unsafe { thread.defer(object) };
                return;
            }
            thread.depth.set(depth + 1);
            // SAFETY: passed on.
            unsafe { original(NUMBER)(object) };
            if depth == 0 && !thread.first.get().is_null() {
                thread.drop_deferred();
            }
            thread.depth.set(depth);
        });
    }

    impl Thread {
        /// # Safety
        /// As of [`dealloc`].
        #[cold]
        unsafe fn defer(&self, object: *mut PyObject) {
            // SAFETY: the collector does not use the link of an untracked object, nor does a thread
            // without a reference.
            unsafe {
                ffi::PyObject_GC_UnTrack(object.cast());
                set_link(object, ptr::null_mut());
                match NonNull::new(self.last.replace(object)) {
                    None => self.first.set(object),
                    Some(last) => set_link(last.as_ptr(), object),
                }
            }
        }

        /// Deallocates the deferred objects, also those that are deferred meanwhile.
        #[cold]
        fn drop_deferred(&self) {
            while let Some(object) = NonNull::new(self.first.get()) {
                let object = object.as_ptr();
                // SAFETY: a deferred object is as `dealloc` has left it, and only this thread knows
                // it.
                unsafe {
                    let next = link(object);
                    unlink(object);
                    self.first.set(next);
                    if next.is_null() {
                        self.last.set(next);
                    }
                    original(number_below(object))(object);
                }
            }
        }
    }

    /// The number of the first weftline class among the object's bases.
    ///
    /// # Safety
    /// The object is of a weftline class or of a subclass.
    unsafe fn number_below(object: *mut PyObject) -> usize {
        // SAFETY: an object keeps its class, and a class its bases.
        unsafe {
            let mut class = ffi::Py_TYPE(object);
            loop {
                if let Some(number) = number_of(class) {
                    return number;
                }
                class = (*class).tp_base;
            }
        }
    }

    /// The link: the field of the collector's header that the trashcan itself uses.
    #[cfg(not(Py_GIL_DISABLED))]
    mod links {
        use super::{PyObject, ptr};

        /// The bits of the link's word that belong to the collector.
        const FLAGS: usize = 0b11;

        /// The second word of the header that the collector has before each object.
        ///
        /// # Safety
        /// The object is of a class with such a header.
        unsafe fn link_word(object: *mut PyObject) -> *mut usize {
            // SAFETY: within the memory that the interpreter has allocated for the object.
            unsafe { object.cast::<usize>().sub(1) }
        }

        /// # Safety
        /// The object is deferred.
        pub(super) unsafe fn link(object: *mut PyObject) -> *mut PyObject {
            // SAFETY: passed on.
            let word = unsafe { *link_word(object) };
            ptr::with_exposed_provenance_mut(word & !FLAGS)
        }

        /// # Safety
        /// The object is deferred, or is about to be.
        pub(super) unsafe fn set_link(object: *mut PyObject, next: *mut PyObject) {
            // SAFETY: passed on.
            unsafe {
                let word = link_word(object);
                *word = (*word & FLAGS) | next.expose_provenance();
            }
        }

        /// # Safety
        /// The object is deferred, and is about to be deallocated.
        pub(super) unsafe fn unlink(object: *mut PyObject) {
            // SAFETY: passed on.
            unsafe { set_link(object, ptr::null_mut()) };
        }
    }

    /// The link: the number of the owning thread, which counts no references any more. A
    /// free-threaded interpreter has no header before an object, and its trashcan uses this field.
    #[cfg(Py_GIL_DISABLED)]
    mod links {
        use super::{Ordering, PyObject, ptr};

        /// `_Py_REF_MERGED`: the object has no owner, so only the shared count is valid.
        const MERGED: isize = 0b11;

        /// # Safety
        /// The object is deferred.
        pub(super) unsafe fn link(object: *mut PyObject) -> *mut PyObject {
            // SAFETY: passed on.
            ptr::with_exposed_provenance_mut(unsafe { (*object).ob_tid })
        }

        /// # Safety
        /// The object is deferred, or is about to be.
        pub(super) unsafe fn set_link(object: *mut PyObject, next: *mut PyObject) {
            // SAFETY: passed on.
            unsafe { (*object).ob_tid = next.expose_provenance() };
        }

        /// # Safety
        /// The object is deferred, and is about to be deallocated.
        pub(super) unsafe fn unlink(object: *mut PyObject) {
            // SAFETY: passed on. No ordering is needed: no other thread knows the object.
            unsafe {
                (*object).ob_tid = 0;
                (*object).ob_ref_shared.store(MERGED, Ordering::Relaxed);
            }
        }
    }
}
