//! The parts of models: threads, a value that must be protected, a door by which one thread waits
//! for another, and a signal.

use std::ptr::NonNull;
pub(crate) use std::sync::Arc;
use weftline::park::{self, Blocker, Deadline, Parker, Spin, Wake};
use weftline::queue::raw::Compare;

#[cfg(weftline_model = "loom")]
use loom::{
    cell::UnsafeCell,
    sync::{Condvar, Mutex},
    thread,
};
#[cfg(weftline_model = "shuttle")]
use shuttle::{
    sync::{Condvar, Mutex},
    thread,
};
#[cfg(weftline_model = "shuttle")]
use std::cell::UnsafeCell;

pub(crate) use park::Alarm;
pub(crate) use thread::JoinHandle;

/// Runs `model` in every interleaving with at most `preemptions` preemptions of a thread
/// (`LOOM_MAX_PREEMPTIONS` overrides the number).
///
/// loom 0.7 remembers one last access of each atomic. If one thread only loads it, and another
/// loads and then changes it, loom does not try the change before the first load. It does if the
/// changing thread starts: run it on the main thread. (shuttle has no such limit.)
#[cfg(weftline_model = "loom")]
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.max_branches = 50_000;
    let explored = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&explored);
    let begun = std::time::Instant::now();
    printing_steps(|| {
        builder.check(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            begin();
            model();
        });
    });
    let name = std::thread::current().name().unwrap_or("?").to_owned();
    let explored = explored.load(Ordering::Relaxed);
    assert!(
        explored > 1,
        "{name} has one interleaving: it models nothing"
    );
    println!(
        "{name}: {explored} interleavings, {:.1} s",
        begun.elapsed().as_secs_f32()
    );
}

/// Runs `model` under random schedules. `WEFTLINE_MODEL_SEED` repeats a reported failure.
#[cfg(weftline_model = "shuttle")]
pub(crate) fn explore(_preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    use std::hash::{BuildHasher, RandomState};

    const SCHEDULES: usize = 2_000;
    let seed = match std::env::var("WEFTLINE_MODEL_SEED") {
        Ok(seed) => seed.parse().expect("WEFTLINE_MODEL_SEED is a number"),
        Err(_) => RandomState::new().hash_one(0),
    };
    // Captured by the test harness, and shown if the model fails.
    println!("WEFTLINE_MODEL_SEED={seed}");
    let model = move || {
        begin();
        model();
    };
    printing_steps(|| shuttle::check_random_with_seed(model, seed, SCHEDULES));
}

/// Runs `model` twice: with waiters that count as young, so that locks barge, and with waiters that
/// count as starved, so that locks are handed off.
pub(crate) fn explore_both(preemptions: usize, model: impl Fn() + Send + Sync + Clone + 'static) {
    explore(preemptions, model.clone());
    explore_starved(preemptions, model);
}

/// Runs `model` with waiters that count as starved.
pub(crate) fn explore_starved(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    park::all_starve(true);
    explore(preemptions, model);
    park::all_starve(false);
}

/// Numbers the first thread, by which the process begins to observe forks. This comes before the
/// first interleaving, so that all are alike.
fn begin() {
    park::forget_steps();
    let _ = park::current_number();
}

/// Prints the steps of the interleaving in which `explore` panics.
fn printing_steps(explore: impl FnOnce()) {
    if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(explore)) {
        let steps = park::describe_steps();
        assert!(!steps.is_empty(), "an interleaving without a step");
        println!(
            "The failing interleaving. Each line: thread, place, what it did, the source.\n{steps}"
        );
        std::panic::resume_unwind(panic);
    }
}

pub(crate) fn spawn<T: 'static>(body: impl FnOnce() -> T + 'static) -> JoinHandle<T>
where
    T: Send,
{
    /// The checkers run all threads of a model on one, so nothing is really sent.
    struct OneThread<F>(F);
    // SAFETY: see the type.
    unsafe impl<F> Send for OneThread<F> {}
    let body = OneThread(body);
    thread::spawn(move || {
        let body = body;
        (body.0)()
    })
}

pub(crate) fn join<T>(thread: JoinHandle<T>) -> T {
    thread.join().expect("a model's threads do not panic")
}

/// A value that one thread uses at a time if the object under test works. loom reports a race as
/// such; under shuttle it shows as a lost update.
#[derive(Default)]
pub(crate) struct Protected(UnsafeCell<u32>);

// SAFETY: models search for races, and the checkers run their threads one at a time.
unsafe impl Sync for Protected {}
// SAFETY: a number.
unsafe impl Send for Protected {}

impl Protected {
    #[cfg(weftline_model = "loom")]
    pub(crate) fn add(&self, n: u32) {
        // SAFETY: one thread at a time runs, and loom panics on a race.
        self.0.with_mut(|value| unsafe { *value += n });
    }

    #[cfg(weftline_model = "loom")]
    pub(crate) fn get(&self) -> u32 {
        // SAFETY: as in `add`.
        self.0.with(|value| unsafe { *value })
    }

    #[cfg(weftline_model = "shuttle")]
    pub(crate) fn add(&self, n: u32) {
        let before = self.get();
        thread::yield_now();
        // SAFETY: one thread at a time runs.
        unsafe { *self.0.get() = before + n };
    }

    #[cfg(weftline_model = "shuttle")]
    pub(crate) fn get(&self) -> u32 {
        // SAFETY: as in `add`.
        unsafe { *self.0.get() }
    }
}

/// Closed at first; once open, it stays open. A thread that passes it knows how far another is.
pub(crate) struct Door {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Door {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            is_open: Mutex::new(false),
            opened: Condvar::new(),
        })
    }

    pub(crate) fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    pub(crate) fn pass(&self) {
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
    }
}

/// A point at which other threads may run.
pub(crate) struct Pause(Mutex<()>);

impl Pause {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(())))
    }

    pub(crate) fn pause(&self) {
        drop(self.0.lock().unwrap());
    }
}

/// A signal of the operating system to one thread: it ends the thread's wait.
pub(crate) struct Signal {
    state: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    is_pending: bool,
    sleeper: Option<&'static Parker>,
}

impl Signal {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(Heard::default()),
        })
    }

    /// Interrupts the thread's sleep, or its next one.
    pub(crate) fn raise(&self) {
        let mut heard = self.state.lock().unwrap();
        heard.is_pending = true;
        if let Some(parker) = heard.sleeper {
            parker.interrupt();
        }
    }
}

/// The error of a wait that a [`Signal`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Signalled;

/// How the threads of models sleep.
#[derive(Default)]
pub(crate) struct Sleeper {
    door: Option<Arc<Door>>,
    signal: Option<Arc<Signal>>,
}

impl Sleeper {
    /// Only a grant or a deadline ends its sleep.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Opens `door` when it is about to sleep: a thread that passes the door knows that this one
    /// has enlisted.
    pub(crate) fn that_opens(door: &Arc<Door>) -> Self {
        Self {
            door: Some(Arc::clone(door)),
            signal: None,
        }
    }

    /// `signal` ends its sleep.
    pub(crate) fn that_hears(signal: &Arc<Signal>) -> Self {
        Self {
            door: None,
            signal: Some(Arc::clone(signal)),
        }
    }

    /// Opens `door`, and `signal` ends its sleep.
    pub(crate) fn that_opens_and_hears(door: &Arc<Door>, signal: &Arc<Signal>) -> Self {
        Self {
            door: Some(Arc::clone(door)),
            signal: Some(Arc::clone(signal)),
        }
    }
}

impl Blocker for Sleeper {
    type Interrupt = Signalled;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Signalled> {
        if let Some(door) = self.door.take() {
            door.open();
        }
        let Some(signal) = &self.signal else {
            return Ok(parker.park(deadline));
        };
        {
            let mut heard = signal.state.lock().unwrap();
            if std::mem::take(&mut heard.is_pending) {
                return Err(Signalled);
            }
            heard.sleeper = Some(parker);
        }
        match parker.park(deadline) {
            Wake::Interrupted => {
                signal.state.lock().unwrap().is_pending = false;
                Err(Signalled)
            }
            wake => Ok(wake),
        }
    }
}

/// The blocker of a thread that spins before it sleeps.
pub(crate) struct Spinner(pub(crate) Sleeper);

impl Blocker for Spinner {
    type Interrupt = Signalled;

    const SPIN: Spin = Spin::OnWaiter;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Signalled> {
        self.0.block(parker, deadline)
    }
}

/// A comparison fails when a signal is pending, as in Python when the signal handler raises.
impl<T: Ord> Compare<T> for Sleeper {
    type Operand = NonNull<T>;

    const MAY_NEST: bool = false;

    unsafe fn operand(item: &T) -> NonNull<T> {
        NonNull::from(item)
    }

    fn less(&mut self, a: &NonNull<T>, b: &NonNull<T>) -> Result<bool, Signalled> {
        if let Some(signal) = &self.signal
            && std::mem::take(&mut signal.state.lock().unwrap().is_pending)
        {
            return Err(Signalled);
        }
        // SAFETY: by the contract of `operand` both are alive.
        Ok(unsafe { a.as_ref() < b.as_ref() })
    }
}
