//! The hook for a panic that no thread joined.

use super::{Panic, Thread, panic};
use crate::memory::{Counted, try_box};
use crate::park::{ForgetWaiters, ListLock, panic_without_memory};

type Hook = Box<dyn Fn(&Thread, &Panic) + Send + Sync>;

/// One word, so that a fork in the middle of a change leaves the child either hook.
struct Chosen(Option<Counted<Hook>>);

impl ForgetWaiters for Chosen {
    fn forget_waiters(&mut self, _torn: bool) {}
}

static CHOSEN: ListLock<Chosen> = ListLock::new(Chosen(None));

/// Has `hook` called for each thread that panics and is not joined: Python's
/// `threading.excepthook`.
///
/// | panic | the hook runs |
/// |---|---|
/// | of a thread whose [`JoinHandle`](crate::JoinHandle) was dropped before | on that thread, when it panics |
/// | of a thread whose handle is dropped later | on the thread that drops the handle |
/// | of a scoped thread | when its [`scope`](crate::scope) ends |
/// | in a callback of [`at_exit`](crate::at_exit) | after that callback |
/// | in the destructor of a [`Local`](crate::Local)'s value | at the end of that value's thread |
///
/// The panic hook of the standard library (`std::panic::set_hook`) reports the panic before that,
/// at its time and on its thread. So without an except hook nothing more is done, and nothing if
/// the except hook itself panics.
///
/// # Panics
/// When there is no memory for the hook, which is dropped then; the previous hook stays.
///
/// ```
/// use std::sync::Arc;
/// use weftline::{Queue, set_except_hook};
///
/// let reports = Arc::new(Queue::unbounded());
/// let told = reports.clone();
/// set_except_hook(move |thread, panic| {
///     told.put(format!("{}: {}", thread.name(), panic.message())).unwrap();
/// });
/// drop(weftline::Builder::new().name("printer").spawn(|| { if true { panic!("no more paper") } }));
/// assert_eq!(reports.get().unwrap(), "printer: no more paper");
/// ```
#[doc(alias = "excepthook")]
pub fn set_except_hook(hook: impl Fn(&Thread, &Panic) + Send + Sync + 'static) {
    let Ok(hook) = try_box(hook) else {
        panic_without_memory();
    };
    let hook: Hook = hook;
    let Ok(hook) = Counted::try_new(hook) else {
        panic_without_memory();
    };
    choose(Some(hook));
}

/// Removes and drops the hook, so that none is called.
pub fn reset_except_hook() {
    choose(None);
}

fn choose(hook: Option<Counted<Hook>>) {
    let previous = std::mem::replace(&mut CHOSEN.lock().0, hook);
    drop(previous);
}

/// Reports a panic that no thread joined. Does not panic.
pub(crate) fn report(thread: &Thread, panicked: &Panic) {
    let hook = CHOSEN.lock().0.clone();
    if let Some(hook) = hook {
        // The hook may have been replaced meanwhile. Then it is dropped here, too. The panic hook
        // reports its panics, so no name is needed here.
        drop(panic::catch(move || hook(thread, panicked), || None));
    }
}
