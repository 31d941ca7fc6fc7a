//! The functions for which a process can be started: [`register!`](super::register), and the search
//! for one of them.
//!
//! # Implementation
//!
//! A process is this executable, started again, so its function can only be told by name.
//! `register!` enters a name beside the function's type into a list that the linker and the
//! program's start put together (the `inventory` crate). The list is the same in every process of
//! the program.
//!
//! The type of a function item, or of a closure that captures nothing, has a single value of size
//! zero. So an entry has no function value: it is built for the type, and a call makes the value
//! from nothing.

use super::message::Answer;
use super::{Envelope, RemotePanic, StartError};
use crate::thread;
use crate::thread::Panic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::{TypeId, type_name};
use std::mem::size_of;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

mod sealed {
    pub trait Sealed<Args> {}
}

/// A function that another process can run: serde can encode its arguments and its result.
///
/// It is implemented for every function of up to six arguments, `Args` being the tuple of them, and
/// for nothing else. [`Process::new`](super::Process::new) takes the function's own name. A
/// function in a variable (`fn(u32) -> u32`), or a closure that captures something, does not exist
/// in the other process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run in a process of its own with the arguments `{Args}`",
    note = "its arguments and its result must implement serde's `Serialize` and `DeserializeOwned`, there may be at most six, \
            and a closure must capture nothing; the arguments are passed as a tuple"
)]
pub trait RemoteFn<Args>: Copy + Send + Sync + sealed::Sealed<Args> + 'static {
    /// The type of the function's result.
    type Output: Serialize + DeserializeOwned + 'static;

    #[doc(hidden)]
    fn call(self, arguments: Args) -> Self::Output;
}

macro_rules! remote_fn {
    ($($argument:ident),*) => {
        impl<F, R, $($argument),*> sealed::Sealed<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
        {
        }

        impl<F, R, $($argument),*> RemoteFn<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R + Copy + Send + Sync + 'static,
            R: Serialize + DeserializeOwned + 'static,
        {
            type Output = R;

            #[allow(non_snake_case, reason = "a variable for each type")]
            fn call(self, ($($argument,)*): ($($argument,)*)) -> R {
                self($($argument),*)
            }
        }
    };
}

remote_fn!();
remote_fn!(A);
remote_fn!(A, B);
remote_fn!(A, B, C);
remote_fn!(A, B, C, D);
remote_fn!(A, B, C, D, E);
remote_fn!(A, B, C, D, E, G);

/// A registered function.
#[derive(Debug)]
pub struct Function {
    name: &'static str,
    type_id: fn() -> TypeId,
    returns: fn() -> (TypeId, &'static str),
    call: fn(Envelope, fn()) -> (Answer, Envelope),
    call_each: fn(Envelope) -> (Answer, Envelope),
}

inventory::collect!(Function);

impl Function {
    /// For [`register!`](super::register).
    #[must_use]
    pub const fn new<F, Args>(name: &'static str, _: F) -> Self
    where
        F: RemoteFn<Args>,
        Args: Serialize + DeserializeOwned,
    {
        const {
            assert!(
                size_of::<F>() == 0,
                "only a function itself can be registered: a variable, or a value that a closure captures, does not exist in another process"
            );
        }
        Self {
            name,
            type_id: TypeId::of::<F>,
            returns: || (TypeId::of::<F::Output>(), type_name::<F::Output>()),
            call: call::<F, Args>,
            call_each: call_each::<F, Args>,
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Runs the function, and then the end of a program as [`weftline::run`](crate::run) does.
    pub(super) fn call(&self, arguments: Envelope) -> (Answer, Envelope) {
        (self.call)(arguments, thread::end)
    }

    /// Runs the function, as one of many calls in this process.
    pub(super) fn call_once_more(&self, arguments: Envelope) -> (Answer, Envelope) {
        (self.call)(arguments, || ())
    }

    /// Runs the function for each of many arguments. The result is an [`Each`].
    pub(super) fn call_each(&self, arguments: Envelope) -> (Answer, Envelope) {
        (self.call_each)(arguments)
    }

    /// # Errors
    /// When the function returns another type.
    pub(super) fn check_returns<R: 'static>(&self) -> Result<(), StartError> {
        let (type_id, returns) = (self.returns)();
        if type_id == TypeId::of::<R>() {
            return Ok(());
        }
        Err(StartError::ReturnsOther {
            name: self.name.to_owned(),
            returns,
            expected: type_name::<R>(),
        })
    }
}

fn call<F, Args>(arguments: Envelope, at_end: fn()) -> (Answer, Envelope)
where
    F: RemoteFn<Args>,
    Args: DeserializeOwned,
{
    let decoded = thread::catch(|| arguments.unpack::<Args>());
    let ended = match decoded {
        Ok(Ok(arguments)) => thread::catch(|| summon::<F>().call(arguments)),
        Ok(Err(why)) => return only(Answer::ArgumentsRefused(why.to_string())),
        Err(panicked) => Err(panicked),
    };
    at_end();
    // Encoded after that: only now has no thread anything left to do with objects that the result
    // may share.
    pack(ended)
}

/// The results of many calls, each a value or a panic.
pub(super) type Each<R> = Vec<Result<R, RemotePanic>>;

fn call_each<F, Args>(arguments: Envelope) -> (Answer, Envelope)
where
    F: RemoteFn<Args>,
    Args: DeserializeOwned,
{
    let function = summon::<F>();
    let each = |arguments: Vec<Args>| -> Each<F::Output> {
        let one = |arguments| {
            let ended = thread::catch(|| function.call(arguments));
            ended.map_err(|panicked| RemotePanic::of(&panicked))
        };
        arguments.into_iter().map(one).collect()
    };
    match thread::catch(|| arguments.unpack::<Vec<Args>>()) {
        Ok(Ok(arguments)) => pack(Ok(each(arguments))),
        Ok(Err(why)) => only(Answer::ArgumentsRefused(why.to_string())),
        Err(panicked) => only(Answer::Panicked(RemotePanic::of(&panicked))),
    }
}

/// The result as an answer.
fn pack<T: Serialize>(ended: Result<T, Panic>) -> (Answer, Envelope) {
    let packed = ended.and_then(|value| thread::catch(move || Envelope::pack(&value)));
    match packed {
        Ok(Ok(envelope)) => (Answer::Returned, envelope),
        Ok(Err(why)) => only(Answer::ResultRefused(why.to_string())),
        Err(panicked) => only(Answer::Panicked(RemotePanic::of(&panicked))),
    }
}

fn only(answer: Answer) -> (Answer, Envelope) {
    (answer, Envelope::default())
}

/// The value of a function type of size zero.
fn summon<F: Copy + Send + Sync + 'static>() -> F {
    // Checked here, too, for an entry that was made without `Function::new`.
    const { assert!(size_of::<F>() == 0) }
    // SAFETY: a value of size zero is read from any aligned place. The caller of `Function::new`
    // passed a value of this type, so there is one, and `F` may be copied, to any thread.
    unsafe { NonNull::<F>::dangling().read() }
}

/// The registered function of that type.
///
/// # Errors
/// [`StartError::NotRegistered`]; [`StartError::RegisteredTwice`] when another function has its
/// name.
pub(super) fn of_type<F: 'static>() -> Result<&'static Function, StartError> {
    let wanted = TypeId::of::<F>();
    only_of_its_name(type_name::<F>(), |function| (function.type_id)() == wanted)
}

/// The function that is registered under that name.
///
/// # Errors
/// As [`of_type`].
pub(super) fn named(name: &str) -> Result<&'static Function, StartError> {
    only_of_its_name(name, |function| function.name == name)
}

/// The first wanted function that shares its name with no other function.
fn only_of_its_name(
    what: &str,
    is_wanted: impl Fn(&Function) -> bool,
) -> Result<&'static Function, StartError> {
    let mut refused = None;
    for function in all().filter(|function| is_wanted(function)) {
        let type_id = (function.type_id)();
        if all().all(|other| other.name != function.name || (other.type_id)() == type_id) {
            return Ok(function);
        }
        refused = Some(StartError::RegisteredTwice {
            name: function.name.to_owned(),
        });
    }
    Err(refused.unwrap_or_else(|| not_registered(what)))
}

/// The function of this library itself. It is not in the list: the linker leaves out of a library
/// what no code of the program refers to. Null before [`register_own`].
static OWN: AtomicPtr<Function> = AtomicPtr::new(ptr::null_mut());

/// Registers the function for which this library itself starts processes. Called at the beginning
/// of `main`.
pub(super) fn register_own(function: &'static Function) {
    OWN.store(ptr::from_ref(function).cast_mut(), Ordering::Release);
}

fn all() -> impl Iterator<Item = &'static Function> {
    // SAFETY: null, or made from a `'static` reference.
    let own = unsafe { OWN.load(Ordering::Acquire).as_ref() };
    inventory::iter::<Function>.into_iter().chain(own)
}

fn not_registered(name: &str) -> StartError {
    let theirs = inventory::iter::<Function>.into_iter();
    let mut registered: Vec<_> = theirs.map(Function::name).collect();
    sort_by_closeness(name, &mut registered);
    StartError::NotRegistered {
        name: name.to_owned(),
        registered,
    }
}

/// Sorts a few names alphabetically, and many names by their similarity to `name`.
fn sort_by_closeness(name: &str, registered: &mut Vec<&'static str>) {
    const FEW: usize = 10;
    registered.sort_unstable();
    registered.dedup();
    if registered.len() > FEW {
        registered.sort_by_cached_key(|other| distance(name, other));
    }
}

/// The edit distance: how many letters have to be inserted, removed or changed to make one word of
/// the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, &across) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != across);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// Registers a function for processes, under the name of its path or under an explicit name.
///
/// The call stands beside the function, in any module of the program, and takes effect before
/// `main`. A function may have several names, but a name stands for one function.
///
/// ```no_run
/// use weftline::process::{self, register};
///
/// fn square(number: u64) -> u64 {
///     number * number
/// }
///
/// fn largest<T: Ord>(all: Vec<T>) -> Option<T> {
///     all.into_iter().max()
/// }
///
/// register!(square);
/// register!("the largest number", largest::<u64>);
///
/// fn main() {
///     weftline::run(|| {
///         let child = process::spawn(square, (7,)).unwrap();
///         assert_eq!(child.join().unwrap(), 49);
///     });
/// }
/// ```
///
/// Serde must be able to encode the arguments and the result of the function; and a variable is no
/// function:
///
/// ```compile_fail
/// const CHOSEN: fn(u64) -> u64 = u64::swap_bytes;
/// weftline::process::register!("chosen", CHOSEN);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __register_process_function {
    ($function:path $(,)?) => {
        $crate::process::register!(
            ::core::concat!(::core::module_path!(), "::", ::core::stringify!($function)),
            $function
        );
    };
    ($name:expr, $function:expr $(,)?) => {
        $crate::process::__private::submit! {
            $crate::process::__private::Function::new($name, $function)
        }
    };
}

#[cfg(test)]
mod tests {
    use super::{distance, sort_by_closeness};

    #[test]
    fn few_names_are_sorted_and_of_many_the_closest_come_first() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        let mut few = vec!["b", "c", "a", "b"];
        sort_by_closeness("c", &mut few);
        assert_eq!(few, ["a", "b", "c"]);
        let mut many: Vec<&str> = "one two three four five six seven eight nine ten eleven"
            .split(' ')
            .collect();
        sort_by_closeness("sevens", &mut many);
        assert_eq!(many[0], "seven");
        assert_eq!(many.len(), 11);
    }
}
