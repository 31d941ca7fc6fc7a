//! The support of the tests of every primitive: threads that are known to be blocked, a limit of
//! time, and blockers that follow a script.

#![allow(dead_code, reason = "each test program uses its own part of it")]

pub(crate) mod again;
pub(crate) mod waits;

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};
use weftline::park::{Blocker, Deadline, Parker, Spin, ThreadBlocker, Wake};
use weftline::{Event, Executor, Future, ThreadPoolExecutor};

/// Long enough for every wait that ends, on a machine that is busy with other work.
pub(crate) const LONG: Duration = Duration::from_secs(60);
/// Longer than any test takes on a processor that a dozen programs share, so that only a blocked
/// test is ended.
pub(crate) const MOST: Duration = Duration::from_secs(300);
/// A timeout that is meant to expire.
pub(crate) const SHORT: Duration = Duration::from_millis(5);

/// The clock. The sources of the core must not read it; tests may.
#[allow(clippy::disallowed_methods, reason = "tests measure time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Ends the whole test program if this is not dropped in time, because a test of a blocking
/// operation fails by blocking.
pub(crate) struct Limit(#[allow(dead_code, reason = "dropping it is the message")] Sender<()>);

/// Whether a program without the harness runs a case of that name, as the harness would choose. A
/// first argument is part of the name, and the text after `--skip` is not.
pub(crate) fn is_chosen(name: &str) -> bool {
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let is_left_out = match argument.as_str() {
            "--skip" => arguments.next().is_some_and(|part| name.contains(&part)),
            part => !name.contains(part),
        };
        if is_left_out {
            return false;
        }
    }
    true
}

/// Leaks a value, for references that last for ever or that a value has to itself.
///
/// The address stays reachable, so that a leak detector reports only other leaks.
pub(crate) fn leak<T>(value: T) -> &'static mut T {
    static LEAKED: weftline::Lock<Vec<usize>> = weftline::Lock::new(Vec::new());
    let leaked = Box::leak(Box::new(value));
    LEAKED.lock().push(std::ptr::from_mut(leaked).addr());
    leaked
}

/// How many steps a test of `whole` steps does. Under a tool that is dozens of times slower it is
/// one in `WEFTLINE_TEST_SHARE` of them, and one at least.
pub(crate) fn count(whole: usize) -> usize {
    let share = std::env::var("WEFTLINE_TEST_SHARE");
    let share = share.map_or(1, |share| share.parse().expect("a number"));
    (whole / share).max(1)
}

/// Starts the time limit of the calling test.
#[must_use]
pub(crate) fn limit() -> Limit {
    let (sender, ended) = channel();
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    std::thread::spawn(move || {
        if ended.recv_timeout(MOST) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test}: still blocked after {MOST:?}");
            std::process::abort();
        }
    });
    Limit(sender)
}

/// Polls until `done`.
pub(crate) fn until(mut done: impl FnMut() -> bool) {
    let start = now();
    while !done() {
        assert!(start.elapsed() < LONG, "the expected change never came");
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Does `work` in a fork of this process, which then dies with what it holds; returns its process
/// number. A child that blocks is killed after [`MOST`], and fails the test.
///
/// `work` starts no thread: another thread of this process may hold the standard library's lock.
#[cfg(unix)]
pub(crate) fn in_a_process_that_dies(work: impl FnOnce()) -> u32 {
    match fork_between_panics() {
        0 => {
            // SAFETY: a plain call of the system.
            unsafe { libc::alarm(MOST.as_secs() as u32) };
            let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
            // SAFETY: ends the child, without any destructor.
            unsafe { libc::_exit(i32::from(worked.is_err())) }
        }
        child => {
            let mut status = 0;
            // SAFETY: a child that only this thread waits for.
            assert_eq!(unsafe { libc::waitpid(child, &mut status, 0) }, child);
            assert_eq!(status, 0, "the child has failed");
            child.unsigned_abs()
        }
    }
}

/// Forks while no thread of this process reports a panic. A child made meanwhile finds the locks of
/// the report held, for ever, and blocks in its own first panic; with `RUST_BACKTRACE=1` a report
/// takes long enough that this happens.
#[cfg(unix)]
#[allow(clippy::disallowed_types, reason = "below everything that is tested")]
fn fork_between_panics() -> libc::pid_t {
    use std::sync::{Once, PoisonError, RwLock};

    static REPORTS: RwLock<()> = RwLock::new(());
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = std::panic::take_hook();
        // This waits until the reports that have begun by the former hook are written.
        std::panic::set_hook(Box::new(move |panic| {
            let _report = REPORTS.read().unwrap_or_else(PoisonError::into_inner);
            report(panic);
        }));
    });
    let _no_report = REPORTS.write().unwrap_or_else(PoisonError::into_inner);
    // SAFETY: the child uses shared objects and memory, which a fork leaves usable.
    unsafe { libc::fork() }
}

/// Starts a thread and returns once it sleeps, in `wait`, as the operating system sees it.
pub(crate) fn blocked<'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    wait: impl FnOnce() -> R + Send + 'scope,
) -> ScopedJoinHandle<'scope, R> {
    asleep(|announce| {
        scope.spawn(move || {
            announce();
            wait()
        })
    })
}

/// Calls `start`, which starts a thread that announces itself first; returns once the thread
/// sleeps.
pub(crate) fn asleep<T>(start: impl FnOnce(Box<dyn FnOnce() + Send>) -> T) -> T {
    let (sender, started) = channel();
    let handle = start(Box::new(move || {
        sender.send(thread_id()).expect("the starter waits");
    }));
    until_asleep(started.recv().expect("the thread starts"));
    handle
}

/// The identity of a thread for [`until_asleep`].
#[cfg(all(target_os = "linux", not(miri)))]
#[derive(Clone, Copy)]
pub(crate) struct ThreadId {
    system: i32,
    number: weftline::park::ThreadNumber,
}

/// The calling thread's identity for [`until_asleep`].
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn thread_id() -> ThreadId {
    ThreadId {
        // SAFETY: always succeeds.
        system: unsafe { libc::gettid() },
        number: weftline::park::current_number(),
    }
}

/// Returns once the thread sleeps in its wait.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn until_asleep(id: ThreadId) {
    let mut sleep = Sleep::of(id);
    until(|| sleep.is_the_wait());
}

/// What the system says of a sleeping thread.
#[cfg(all(target_os = "linux", not(miri)))]
struct Sleep {
    id: ThreadId,
    /// How often the thread has begun to sleep, and since when that is so.
    seen: (u64, Instant),
}

#[cfg(all(target_os = "linux", not(miri)))]
impl Sleep {
    fn of(id: ThreadId) -> Self {
        Self {
            id,
            seen: (u64::MAX, now()),
        }
    }

    /// Whether the thread sleeps in its wait. It may also sleep before that, for memory, say. So
    /// its own record says what it waits for; or it waits in a blocker of the test, which keeps no
    /// record, and sleeps for long.
    fn is_the_wait(&mut self) -> bool {
        let Some(status) = status(self.id) else {
            return false;
        };
        let sleeps = field(&status, "voluntary_ctxt_switches:").parse();
        let sleeps: u64 = sleeps.expect("the system counts");
        if self.seen.0 != sleeps {
            self.seen = (sleeps, now());
        }
        let is_recorded =
            || weftline::park::blocked_now().any(|blocked| blocked.thread == self.id.number);
        field(&status, "State:").starts_with('S')
            && (is_recorded() || self.seen.1.elapsed() > Duration::from_millis(50))
    }
}

/// What the system tells of a thread; none once the thread has ended.
#[cfg(all(target_os = "linux", not(miri)))]
fn status(id: ThreadId) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/task/{}/status", id.system)).ok()
}

#[cfg(all(target_os = "linux", not(miri)))]
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.expect("the system tells it").trim_start()
}

/// A thread that waits, with its state in the operating system.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) struct Sleeper<'scope, R> {
    pub(crate) thread: ScopedJoinHandle<'scope, R>,
    id: ThreadId,
}

#[cfg(all(target_os = "linux", not(miri)))]
impl<'scope, R: Send + 'scope> Sleeper<'scope, R> {
    /// Starts the thread and returns once it sleeps, in `wait`, or has ended.
    pub(crate) fn new(
        scope: &'scope Scope<'scope, '_>,
        wait: impl FnOnce() -> R + Send + 'scope,
    ) -> Self {
        let (sender, started) = channel();
        let thread = scope.spawn(move || {
            sender.send(thread_id()).expect("the starter waits");
            wait()
        });
        let id = started.recv().expect("the thread starts");
        let mut sleep = Sleep::of(id);
        until(|| thread.is_finished() || sleep.is_the_wait());
        Self { thread, id }
    }

    /// Whether the thread has been woken: it runs, waits for a processor, or has ended.
    ///
    /// A wakeup makes it so before the waker's call returns, however busy the machine is. A thread
    /// that is not woken sleeps on, until it checks by itself half a second after it fell asleep.
    pub(crate) fn is_woken(&self) -> bool {
        // A woken thread may sleep briefly before it goes on.
        let start = now();
        loop {
            let sleeps = |status: String| field(&status, "State:").starts_with('S');
            if self.thread.is_finished() || !status(self.id).is_some_and(sleeps) {
                return true;
            }
            if start.elapsed() > Duration::from_millis(100) {
                return false;
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }
}

/// The identity of a thread for [`until_asleep`].
#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) type ThreadId = ();

/// The calling thread's identity for [`until_asleep`].
#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) fn thread_id() {}

/// No portable interface says that a thread sleeps.
#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) fn until_asleep((): ThreadId) {
    std::thread::sleep(Duration::from_millis(50));
}

/// Calls `scenario` with a timeout, and with a doubled one as long as it returns `false`: then the
/// machine was too busy for it.
pub(crate) fn in_time(mut scenario: impl FnMut(Duration) -> bool) {
    let mut timeout = Duration::from_millis(50);
    while !scenario(timeout) {
        timeout *= 2;
        assert!(
            timeout < LONG,
            "the scenario fails with a long timeout, too"
        );
    }
}

/// Asserts that `wait` takes at least `least`; returns its result.
pub(crate) fn takes_at_least<R>(least: Duration, wait: impl FnOnce() -> R) -> R {
    let start = now();
    let result = wait();
    assert!(start.elapsed() >= least, "gave up too early");
    result
}

/// Asserts both sides of a type's promise to be shared between threads.
pub(crate) fn is_send_and_sync<T: Send + Sync>() {}

/// The interrupt that ends a wait of a [`Script`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interrupt;

/// A blocker that runs a script of the test in place of the sleep.
pub(crate) struct Script(
    Box<dyn FnMut(&'static Parker, Deadline) -> Result<Wake, Interrupt> + Send>,
);

impl Script {
    /// Sleeps like an ordinary thread.
    pub(crate) fn sleeps() -> Self {
        Self(Box::new(|parker, deadline| {
            let Ok(wake) = ThreadBlocker.block(parker, deadline);
            Ok(wake)
        }))
    }

    /// Does not sleep: every sleep ends at once, by its timeout.
    pub(crate) fn sleeps_no_more() -> Self {
        Self(Box::new(|_, _| Ok(Wake::TimedOut)))
    }

    /// Runs `meanwhile` in place of the first sleep, which then times out.
    pub(crate) fn times_out_after(meanwhile: impl FnOnce() + Send + 'static) -> Self {
        let mut meanwhile = Some(meanwhile);
        Self(Box::new(move |_, _| {
            meanwhile.take().expect("a wait that timed out ends")();
            Ok(Wake::TimedOut)
        }))
    }

    /// Runs `meanwhile` in place of the first sleep, then reports an interrupt.
    pub(crate) fn interrupted_after(meanwhile: impl FnOnce() + Send + 'static) -> Self {
        let mut meanwhile = Some(meanwhile);
        Self(Box::new(move |_, _| {
            meanwhile.take().expect("an interrupted wait ends")();
            Err(Interrupt)
        }))
    }

    /// Is interrupted when it would sleep.
    pub(crate) fn interrupted() -> Self {
        Self::interrupted_after(|| ())
    }
}

impl Blocker for Script {
    type Interrupt = Interrupt;

    const SPIN: Spin = Spin::Never;

    fn block(&mut self, parker: &'static Parker, deadline: Deadline) -> Result<Wake, Interrupt> {
        (self.0)(parker, deadline)
    }
}

/// A pool whose only worker is busy until the event is set.
pub(crate) fn busy_pool() -> (ThreadPoolExecutor, Arc<Event>, Future<()>) {
    let pool = ThreadPoolExecutor::new(1);
    let (go, begun) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let task = {
        let (go, begun) = (Arc::clone(&go), Arc::clone(&begun));
        pool.submit(move || {
            begun.set();
            go.wait();
        })
    };
    begun.wait();
    (pool, go, task.unwrap())
}
