//! [`Panic`]: what a function that panicked leaves behind, and how it is caught.
//!
//! # Implementation
//!
//! The payload of a panic does not say where it happened: only the process's panic hook is told. So a hook is installed before the first
//! function is caught. On a thread that is inside [`catch`] it notes the place and prints nothing, for whoever joins the thread or the
//! except hook will tell of the panic; on every other thread it calls the hook that was there before.
//!
//! | state of the installation | meaning | leaves by |
//! |---|---|---|
//! | `NOT_YET` | | the first `catch` → that fork generation |
//! | a generation | a thread of it is installing; of an older generation: that thread is gone | it → `DONE`; the next `catch` of a later generation → that one |
//! | `DONE` | | |
//!
//! A panic that comes while an earlier one is still noted was raised by a destructor that ran because of it, or by code that had caught the
//! earlier one. The former ends the process before anybody could be told, so both are printed.

use super::registry;
use crate::park::{fork, spin_until};
use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::Cell;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

/// A panic that ended a thread, or a task: what was said, where, and on which thread.
///
/// Clones are the same panic.
///
/// ```
/// let panic = weftline::spawn(|| { if true { panic!("no more paper") } }).join().unwrap_err();
/// assert_eq!(panic.message(), "no more paper");
/// assert!(panic.location().unwrap().contains(".rs:"));
/// assert_eq!(*panic.into_payload().downcast::<&str>().unwrap(), "no more paper");
/// ```
#[derive(Clone)]
pub struct Panic(Arc<Remains>);

struct Remains {
    message: String,
    location: Option<String>,
    backtrace: Option<Backtrace>,
    thread: String,
    /// The first to take it has it.
    payload: AtomicPtr<Payload>,
}

type Payload = Box<dyn Any + Send>;

impl Panic {
    fn caught(payload: Payload) -> Self {
        let message = message_of(&*payload);
        // A payload that was sent on its way by `resume_unwind` has passed no hook; what is noted then is of another panic.
        let noted = take_noted().filter(|noted| noted.message == message);
        let (location, backtrace) = noted.map_or((None, None), |noted| {
            (noted.location, Some(noted.backtrace))
        });
        Self(Arc::new(Remains {
            message: message.to_owned(),
            location,
            backtrace: backtrace.filter(|trace| trace.status() == BacktraceStatus::Captured),
            thread: registry::current().name(),
            payload: AtomicPtr::new(Box::into_raw(Box::new(payload))),
        }))
    }

    /// What stands for the outcome of a thread that is not in this process.
    pub(super) fn lost(thread: String) -> Self {
        let message =
            "the thread was lost in a fork: only the thread that forks goes on in the child";
        Self(Arc::new(Remains {
            message: message.to_owned(),
            location: None,
            backtrace: None,
            thread,
            payload: AtomicPtr::new(Box::into_raw(Box::new(Box::new(message) as Payload))),
        }))
    }

    /// What was said: the panic's message, or `Box<dyn Any>` for a payload that is not text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where it happened, as `file:line:column`. `None` when another panic hook was set after the first thread was started, or when the
    /// panic was resumed.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// The way there, if `RUST_BACKTRACE` asks for it.
    #[must_use]
    pub fn backtrace(&self) -> Option<&Backtrace> {
        self.0.backtrace.as_ref()
    }

    /// The name that the thread had on which it happened.
    #[must_use]
    pub fn thread_name(&self) -> &str {
        &self.0.thread
    }

    /// What was panicked with, for [`std::panic::resume_unwind`]. Of several clones the first to ask has the payload, the others the
    /// message as a `String`.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        match self.0.take_payload() {
            Some(payload) => payload,
            None => Box::new(self.0.message.clone()),
        }
    }
}

impl Remains {
    fn take_payload(&self) -> Option<Payload> {
        let payload = self.payload.swap(std::ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: not null, so made from a box, and taken by nobody before, as the swap has shown.
        (!payload.is_null()).then(|| *unsafe { Box::from_raw(payload) })
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        let payload = self.take_payload();
        // A payload may panic when it is dropped. Whoever has come to the end of a panic, somewhere in the library, is not prepared for another.
        if let Err(of_destructor) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            std::mem::forget(of_destructor);
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

fn message_of(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "Box<dyn Any>"
    }
}

/// Runs `f`; a panic in it is not printed but returned, with its place.
pub(crate) fn catch<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    install();
    let level = Level::enter();
    let ended = catch_unwind(AssertUnwindSafe(f)).map_err(Panic::caught);
    drop(level);
    ended
}

/// As [`catch`], and the panic is also printed, by whatever hook the program has.
#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
pub(crate) fn catch_and_print<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    let outer = PRINTED.replace(LEVELS.get() + 1);
    let ended = catch(f);
    PRINTED.set(outer);
    ended
}

thread_local! {
    /// How many calls of [`catch`] the thread is in.
    static LEVELS: Cell<u32> = const { Cell::new(0) };
    /// At how many the panics are printed too; zero is a level at which they are anyway.
    static PRINTED: Cell<u32> = const { Cell::new(0) };
    static NOTED: Cell<Option<Box<Noted>>> = const { Cell::new(None) };
}

/// What the hook has seen of the last panic of this thread that nobody has collected yet.
struct Noted {
    message: String,
    location: Option<String>,
    backtrace: Backtrace,
}

fn take_noted() -> Option<Box<Noted>> {
    NOTED.try_with(Cell::take).ok().flatten()
}

/// One call of [`catch`]. What was noted before it is noted again after it.
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

const NOT_YET: u32 = 0;
const DONE: u32 = u32::MAX;
static INSTALLATION: AtomicU32 = AtomicU32::new(NOT_YET);

fn install() {
    if INSTALLATION.load(Ordering::Acquire) != DONE {
        install_slow();
    }
}

#[cold]
fn install_slow() {
    if std::thread::panicking() {
        // A destructor, on the way of a panic during which the hook cannot be changed. The next one installs it.
        return;
    }
    fork::watch();
    let mine = fork::generation();
    spin_until(|| {
        let state = INSTALLATION.load(Ordering::Acquire);
        if state == DONE {
            return true;
        }
        let mine_to_do = state != mine
            && INSTALLATION
                .compare_exchange(state, mine, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if mine_to_do {
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| observe(info, &*previous)));
            INSTALLATION.store(DONE, Ordering::Release);
        }
        mine_to_do
    });
}

fn observe(info: &PanicHookInfo<'_>, previous: &dyn Fn(&PanicHookInfo<'_>)) {
    if LEVELS.get() == 0 {
        return previous(info);
    }
    let message = message_of(info.payload());
    if LEVELS.get() == PRINTED.get() {
        previous(info);
    } else if let Some(earlier) = take_noted() {
        super::except_hook::print(&format!(
            "panicked{}: {}",
            At(earlier.location.as_deref()),
            earlier.message
        ));
        previous(info);
    } else if message.starts_with("unsafe precondition(s) violated") {
        // The process is ended after this hook.
        previous(info);
    }
    let noted = Noted {
        message: message.to_owned(),
        location: info.location().map(ToString::to_string),
        backtrace: Backtrace::capture(),
    };
    let _ = NOTED.try_with(|place| place.set(Some(Box::new(noted))));
}

/// ` at file:line:column`, or nothing.
struct At<'a>(Option<&'a str>);

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |place| write!(f, " at {place}"))
    }
}
