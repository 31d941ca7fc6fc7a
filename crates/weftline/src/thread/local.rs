//! [`Local`]: a value for each thread.

use super::local_values::{self, Token, Value};
use crate::memory::{Counted, Inner};
use crate::park::panic_without_memory;
use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

/// A value for each thread that asks for it: Python's `threading.local`.
///
/// Unlike a `std::thread_local!` it is an object like any other: a static, a field of an object
/// built at run time, or captured.
///
/// The initialiser makes a thread's value when the thread first asks for it. The value is dropped
/// when the thread ends. When the `Local` itself is dropped, the value of the dropping thread is
/// dropped in that call. The other threads' values are dropped at their thread's next use of any
/// `Local`, or at its end. The order in which values are dropped is unspecified. A panic in a
/// value's destructor is then reported to the [except hook](crate::set_except_hook).
///
/// Initialisers and destructors may use any `Local`, also this one. An initialiser that asks for
/// the value it is making recurses, and the first value to be stored stays. A value that a
/// destructor asks for after its thread's values are gone is made for that use alone.
/// ```
/// use std::cell::RefCell;
/// use weftline::Local;
///
/// static SEEN: Local<RefCell<Vec<u32>>> = Local::new(RefCell::default);
///
/// SEEN.with(|seen| seen.borrow_mut().push(1));
/// weftline::scope(|s| {
///     s.spawn(|| SEEN.with(|seen| assert!(seen.borrow().is_empty())));
/// });
/// SEEN.with(|seen| assert_eq!(*seen.borrow(), [1]));
///
/// let start = 10;
/// let counter = Local::new(move || start);
/// counter.set(counter.get() + 1);
/// assert_eq!((counter.take(), counter.get()), (Some(11), 10));
/// ```
///
/// A value stored through a reference has the `Local`'s own type, and no narrower one:
///
/// ```compile_fail
/// type Any = for<'a> fn(&'a u8);
/// fn narrow(local: &weftline::Local<Any>) -> &weftline::Local<fn(&'static u8)> { local }
/// ```
#[doc(alias = "threading.local")]
pub struct Local<T: 'static, F = fn() -> T> {
    /// Null until the first use, then an owner of the token.
    token: AtomicPtr<Inner<Token>>,
    init: F,
    /// Invariant in `T`: values go in and come out, so a reference to a `Local` of a narrower type
    /// is no reference to this one.
    values: PhantomData<fn(T) -> T>,
}

impl<T: 'static, F> Local<T, F> {
    /// A `Local` whose values `init` makes.
    pub const fn new(init: F) -> Self {
        Self {
            token: AtomicPtr::new(ptr::null_mut()),
            init,
            values: PhantomData,
        }
    }

    /// Replaces the calling thread's value.
    ///
    /// # Panics
    /// When there is no memory for it; the thread keeps its previous value.
    pub fn set(&self, value: T) {
        let value = counted(value).of_any_type();
        let previous = local_values::replace(&self.token(), Some(value));
        drop(previous);
    }

    /// Takes the calling thread's value, if it has one. The next use makes a new one.
    ///
    /// # Panics
    /// When the thread is using the value, further up in [`with`](Self::with), and when there is no
    /// memory for the first use of the `Local`.
    pub fn take(&self) -> Option<T> {
        let value = local_values::replace(&self.token(), None)?;
        match value.downcast::<T>().try_unwrap() {
            Ok(value) => Some(value),
            Err(used) => {
                local_values::add(&self.token(), used.of_any_type());
                panic!("a Local's value cannot be taken away from a `with` that uses it")
            }
        }
    }

    fn token(&self) -> ManuallyDrop<Counted<Token>> {
        // Pairs with the release below, through which the token is seen whole.
        let token = NonNull::new(self.token.load(Ordering::Acquire));
        let token = token.unwrap_or_else(|| self.make_token());
        // SAFETY: the owner ends with `self`, which is borrowed.
        ManuallyDrop::new(unsafe { Counted::from_raw(token) })
    }

    #[cold]
    fn make_token(&self) -> NonNull<Inner<Token>> {
        let Ok(new) = Counted::try_new(Token::new()) else {
            panic_without_memory();
        };
        let new = new.into_raw();
        let published =
            self.token
                .compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        let token = published.map_or_else(
            |first| {
                // SAFETY: made above, and no other thread has seen it.
                drop(NonNull::new(new).map(|new| unsafe { Counted::from_raw(new) }));
                first
            },
            |_| new,
        );
        NonNull::new(token).expect("it has been made")
    }
}

impl<T: 'static, F: Fn() -> T> Local<T, F> {
    /// Calls `f` with the calling thread's value, which is made first if there is none.
    ///
    /// If [`set`](Self::set) is called meanwhile, `f` keeps the value that it was called with.
    ///
    /// # Panics
    /// When `f` or the initialiser panics, and when there is no memory for the value, which is
    /// dropped then.
    pub fn with<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        let token = self.token();
        let value = local_values::find(&token)
            .unwrap_or_else(|| local_values::add(&token, counted((self.init)()).of_any_type()));
        f(&value.downcast::<T>())
    }

    /// A copy of the calling thread's value, which is made first if there is none.
    ///
    /// # Panics
    /// As [`with`](Self::with).
    #[must_use]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }
}

fn counted<T: 'static>(value: T) -> Value<T> {
    match Value::try_new(value) {
        Ok(value) => value,
        Err(_) => panic_without_memory(),
    }
}

impl<T: 'static, F> Drop for Local<T, F> {
    fn drop(&mut self) {
        let Some(token) = NonNull::new(*self.token.get_mut()) else {
            return;
        };
        // SAFETY: the owner belongs to `self`, which is being dropped.
        let token = unsafe { Counted::from_raw(token) };
        let value = local_values::replace(&token, None);
        token.orphan();
        drop(value);
    }
}

impl<T: 'static, F> fmt::Debug for Local<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}
