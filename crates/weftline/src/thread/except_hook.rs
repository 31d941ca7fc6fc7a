//! Who is told of a panic that nobody joined.

use super::{Panic, Thread, panic, system};
use crate::park::{ForgetWaiters, ListLock};
use std::sync::Arc;

type Hook = Box<dyn Fn(&Thread, &Panic) + Send + Sync>;

/// One word, so that a fork in the middle of a change leaves the child either hook.
struct Chosen(Option<Arc<Hook>>);

impl ForgetWaiters for Chosen {
    fn forget_waiters(&mut self, _torn: bool) {}
}

static CHOSEN: ListLock<Chosen> = ListLock::new(Chosen(None));

/// Has `hook` called for each thread that panicked and that nobody joined: Python's `threading.excepthook`.
///
/// It is called when a thread panics whose [`JoinHandle`](crate::JoinHandle) was dropped, on that thread; when the handle of one that
/// panicked is dropped, on the thread that drops it; for a scoped thread, when its [`scope`](crate::scope) ends. Also for callbacks of
/// [`at_exit`](crate::at_exit), and for values of a [`Local`](crate::Local) that panic when they are dropped at their thread's end.
///
/// Without one, a line is written to the standard error output, and the backtrace if `RUST_BACKTRACE` asks for it. A hook that
/// panics is reported in the same way. The panic hook of the standard library is not called for weftline's threads.
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
    choose(Some(Arc::new(Box::new(hook))));
}

/// Goes back to what happens without a hook, and drops the one that was set.
pub fn reset_except_hook() {
    choose(None);
}

fn choose(hook: Option<Arc<Hook>>) {
    let previous = std::mem::replace(&mut CHOSEN.lock().0, hook);
    drop(previous);
}

/// Tells of a panic that nobody joined. Does not panic.
pub(crate) fn report(thread: &Thread, panicked: &Panic) {
    let hook = CHOSEN.lock().0.clone();
    let Some(hook) = hook else {
        return by_default(panicked);
    };
    // The hook may have been replaced meanwhile: then it is dropped here, too.
    if let Err(of_hook) = panic::catch(move || hook(thread, panicked)) {
        by_default(panicked);
        by_default(&of_hook);
    }
}

fn by_default(panicked: &Panic) {
    match panicked.backtrace() {
        Some(trace) => print(&format!("{panicked}\n{trace}")),
        None => print(&panicked.to_string()),
    }
}

/// Writes a line to the standard error output, whether or not somebody reads it.
pub(crate) fn print(line: &str) {
    // In one write, so that lines of several threads do not mix.
    system::write_error(format!("{line}\n").as_bytes());
}
