//! [`Panic`]: the message, place and payload of a panic, and how it is caught.
//!
//! # Implementation
//!
//! The process's panic hook reports a panic, at its time and on its thread, as in a program without
//! this library. No code here keeps a panic from the hook, or takes the hook's place.
//!
//! The payload of a panic does not contain its place: only the hook is told. So [`note_panic`],
//! called by a hook, notes the place for the [`catch`] that the thread is in. The library sets a
//! hook that calls it in [`run`](crate::run) and in a process that is started for a function. It
//! does so before the program has other threads. A hook cannot be replaced in one step, so a hook
//! that another thread sets meanwhile would be lost.

use crate::memory::{Counted, try_box, try_format, try_string};
use crate::park::{ForgetWaiters, ListLock};
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::borrow::Cow;
use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

/// A panic that ended a thread or a task: its message, its place, and its thread.
///
/// Clones are the same panic. Without memory to keep it, a panic has neither its message nor its
/// payload. The panic hook has reported it at its time, as the panic of any thread; [`note_panic`]
/// documents when the place is known.
/// ```
/// let panic = weftline::spawn(|| { if true { panic!("no more paper") } }).join().unwrap_err();
/// assert_eq!(panic.message(), "no more paper");
/// assert_eq!(*panic.into_payload().downcast::<&str>().unwrap(), "no more paper");
/// ```
#[derive(Clone)]
pub struct Panic(Option<Counted<Remains>>);

struct Remains {
    message: Message,
    location: Option<String>,
    backtrace: Option<Backtrace>,
    thread: Option<Counted<String>>,
    /// The first caller to take it gets it.
    payload: ListLock<Left>,
}

type Payload = Box<dyn Any + Send>;

pub(super) type Message = Cow<'static, str>;

struct Left(Option<Payload>);

impl ForgetWaiters for Left {
    fn forget_waiters(&mut self, _torn: bool) {}
}

const NO_MEMORY: &str = "(there was no memory to keep the message)";

impl Panic {
    fn caught(payload: Payload, thread: Option<Counted<String>>) -> Self {
        let message = message_of(&*payload);
        // The payload of `resume_unwind` has passed no hook. Then the note belongs to another
        // panic.
        let noted = take_noted().filter(|noted| noted.message == message);
        let (location, backtrace) = noted.map_or((None, None), |noted| {
            (noted.location, Some(noted.backtrace))
        });
        let remains = Remains {
            message,
            location,
            backtrace: backtrace.filter(|trace| trace.status() == BacktraceStatus::Captured),
            thread,
            payload: ListLock::new(Left(Some(payload))),
        };
        Self(Counted::try_new(remains).ok())
    }

    /// The outcome of a thread that is not in this process.
    pub(super) fn lost(thread: Counted<String>) -> Self {
        let message =
            "the thread was lost in a fork: only the thread that forks goes on in the child";
        let remains = Remains {
            message: Cow::Borrowed(message),
            location: None,
            backtrace: None,
            thread: Some(thread),
            payload: ListLock::new(Left(
                try_box(message).ok().map(|message| message as Payload),
            )),
        };
        Self(Counted::try_new(remains).ok())
    }

    /// The panic's message, or `Box<dyn Any>` for a payload that is not text.
    #[must_use]
    pub fn message(&self) -> &str {
        self.0
            .as_ref()
            .map_or(NO_MEMORY, |remains| &remains.message)
    }

    /// Where it happened, as `file:line:column`. `None` when the panic hook has not noted it
    /// ([`note_panic`]), or when the panic was resumed.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.as_ref()?.location.as_deref()
    }

    /// The backtrace, if the place is known and `RUST_BACKTRACE` asks for it.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.0.as_ref()?.backtrace.as_ref()
    }

    /// The name of the thread at the time of the panic; `?` if there was no memory to keep it.
    #[must_use]
    pub fn thread_name(&self) -> &str {
        let thread = self
            .0
            .as_ref()
            .and_then(|remains| remains.thread.as_deref());
        thread.map_or("?", String::as_str)
    }

    /// The payload, for [`std::panic::resume_unwind`]. The first of several clones to ask gets the
    /// payload, the others get the message as a `String`.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        let taken = self.0.as_ref().and_then(|remains| remains.take_payload());
        taken.unwrap_or_else(|| Box::new(self.message().to_owned()))
    }
}

impl Remains {
    fn take_payload(&self) -> Option<Payload> {
        self.payload.lock().0.take()
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        if let Some(payload) = self.take_payload() {
            discard(payload);
        }
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "thread '{}' panicked", self.thread_name())?;
        if let Some(location) = self.location() {
            write!(f, " at {location}")?;
        }
        write!(f, ": {}", self.message())
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message())
            .field("location", &self.location())
            .field("thread_name", &self.thread_name())
            .finish_non_exhaustive()
    }
}

impl Error for Panic {}

/// A copy of a text, as far as there is memory.
pub(super) fn copied(text: &str) -> Message {
    try_string(text).map_or(Cow::Borrowed(NO_MEMORY), Cow::Owned)
}

/// A copy of a payload's message, as far as there is memory.
pub(super) fn message_of(payload: &(dyn Any + Send)) -> Message {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        Cow::Borrowed(text)
    } else if let Some(text) = payload.downcast_ref::<String>() {
        copied(text)
    } else {
        Cow::Borrowed("Box<dyn Any>")
    }
}

/// Drops the payload of a panic. Its destructor may panic, with a payload that panics when it is
/// dropped. No caller in the library is prepared for that.
pub(crate) fn discard(payload: Payload) {
    // A destructor that panics with its own kind would go on for ever.
    const MOST: usize = 100;
    let mut payload = payload;
    for _ in 0..MOST {
        match catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            Ok(()) => return,
            Err(of_destructor) => payload = of_destructor,
        }
    }
    std::mem::forget(payload);
}

/// Runs `f` and returns a panic in it, with its place if the panic hook notes it. If there is a
/// panic, `thread` is called for the name of the calling thread.
pub(super) fn catch<T>(
    f: impl FnOnce() -> T,
    thread: impl FnOnce() -> Option<Counted<String>>,
) -> Result<T, Panic> {
    let level = Level::enter();
    let ended = catch_unwind(AssertUnwindSafe(f));
    let ended = ended.map_err(|payload| Panic::caught(payload, thread()));
    drop(level);
    ended
}

thread_local! {
    /// How many calls of [`catch`] the thread is in.
    static LEVELS: Cell<u32> = const { Cell::new(0) };
    static NOTED: Cell<Option<Box<Noted>>> = const { Cell::new(None) };
}

/// The hook's note of this thread's last panic, until a [`Panic`] takes it.
struct Noted {
    message: Message,
    location: Option<String>,
    backtrace: Backtrace,
}

fn take_noted() -> Option<Box<Noted>> {
    NOTED.try_with(Cell::take).ok().flatten()
}

/// One call of [`catch`]. It restores the outer call's note at its end.
struct Level {
    outer: Option<Box<Noted>>,
}

impl Level {
    fn enter() -> Self {
        LEVELS.set(LEVELS.get() + 1);
        Self {
            outer: take_noted(),
        }
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        LEVELS.set(LEVELS.get() - 1);
        let _ = NOTED.try_with(|noted| noted.set(self.outer.take()));
    }
}

/// Notes the place of a panic, for the [`Panic`] that it becomes if it ends a thread or a task of
/// this library. A panic hook calls it; it has no other effect.
///
/// [`run`](crate::run) sets a hook that calls it and then the previous hook. A program without
/// `run`, and one that sets a hook of its own afterwards, calls it from its hook:
/// ```
/// std::panic::set_hook(Box::new(|info| {
///     weftline::note_panic(info);
///     eprintln!("{} fails: {info}", weftline::current().name());
/// }));
/// let panic = weftline::spawn(|| { if true { panic!("no more paper") } }).join().unwrap_err();
/// assert!(panic.location().unwrap().contains(".rs:"));
/// ```
pub fn note_panic(info: &PanicHookInfo<'_>) {
    if LEVELS.get() == 0 {
        return;
    }
    let noted = Noted {
        message: message_of(info.payload()),
        location: info
            .location()
            .and_then(|location| try_format(format_args!("{location}")).ok()),
        backtrace: Backtrace::capture(),
    };
    if let Ok(noted) = try_box(noted) {
        let _ = NOTED.try_with(|place| place.set(Some(noted)));
    }
}

/// Sets a panic hook that notes places and then calls the previous hook. For the beginning of a
/// program, once.
pub(crate) fn note_all() {
    static IS_SET: AtomicBool = AtomicBool::new(false);
    // While a thread panics it cannot change the hook.
    if std::thread::panicking() || IS_SET.swap(true, Ordering::Relaxed) {
        return;
    }
    let previous = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        note_panic(info);
        previous(info);
    }));
}
