//! Each kind of wait is told as what it is.

use crate::Named;
use crate::child::{Child, all_wait, end_with_parent, line_of, named, ready, start, stay};
use crate::support::leak;
use std::sync::Arc;
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Object, Snapshot, Stacks};
use weftline::{
    Barrier, BoundedSemaphore, Condition, Event, Executor, Lock, Queue, RLock, ReturnWhen, RwLock,
    Semaphore, ThreadPoolExecutor,
};

pub(crate) const SCENARIOS: &[Named] = &[("waits", every_wait)];
pub(crate) const CASES: &[Named] = &[
    (
        "waits: each is told as what it is",
        each_is_told_as_what_it_is,
    ),
    ("waits: of this process", a_process_asks_itself),
];

const AN_HOUR: Duration = Duration::from_secs(3600);

fn every_wait() {
    weftline::run(|| {
        end_with_parent();
        let lock: &Lock<()> = leak(Lock::new(()));
        let rlock: &RLock<()> = leak(RLock::new(()));
        let written: &RwLock<()> = leak(RwLock::new(()));
        let _held = (
            lock.lock(),
            rlock.lock(),
            rlock.lock(),
            rlock.lock(),
            written.write(),
        );
        start("lock", || drop(lock.lock())); // <- lock
        start("rlock", || drop(rlock.lock())); // <- rlock
        start("read", || drop(written.read())); // <- read

        let read: &RwLock<()> = leak(RwLock::new(()));
        let both_read: &Barrier = leak(Barrier::new(3));
        for name in ["reader 1", "reader 2"] {
            start(name, || {
                let _held = read.read();
                both_read.wait().unwrap();
                stay();
            });
        }
        both_read.wait().unwrap();
        start("write", || drop(read.write())); // <- write

        start("condition", || Condition::new(()).lock().wait()); // <- condition
        start("event", || Event::new().try_wait_for(AN_HOUR)); // <- event
        let permits: &Semaphore = leak(Semaphore::new(2));
        start("semaphore", || drop(permits.acquire(3))); // <- semaphore
        let bounded: &BoundedSemaphore = leak(BoundedSemaphore::new(2));
        let _permit = bounded.acquire(1);
        start("bounded", || drop(bounded.acquire(2))); // <- bounded
        let barrier: &Barrier = leak(Barrier::new(5));
        start("party", || barrier.wait()); // <- party
        start("late party", || barrier.wait());

        let empty: &Queue<u8> = leak(Queue::bounded(7));
        start("get", || empty.get()); // <- get
        let full: &Queue<u8> = leak(Queue::bounded(2));
        full.put(1).unwrap();
        full.put(2).unwrap();
        start("put", || full.put(3)); // <- put
        start("tasks", || full.join()); // <- tasks

        let pool: &ThreadPoolExecutor = leak(ThreadPoolExecutor::new(1));
        let begun: &Event = leak(Event::new());
        let running = Arc::new(pool.submit(|| {
            begun.set();
            stay();
        }));
        begun.wait();
        let pending = Arc::new(pool.submit(stay));
        let (this, that) = (running.clone(), pending.clone());
        start("running", move || {
            let future = this.as_ref().as_ref().unwrap();
            future.exception().is_some() // <- running
        });
        start("pending", move || {
            let future = that.as_ref().as_ref().unwrap();
            future.exception().is_some() // <- pending
        });
        let several = [pool.submit(stay).unwrap(), pool.submit(stay).unwrap()];
        start("several", || {
            weftline::wait(several, ReturnWhen::AllCompleted) // <- several
        });

        let joined = start("joined", stay);
        start("join", move || drop(joined.join())); // <- join
        start("scope", || {
            weftline::scope(|scope| drop(scope.spawn(stay))); // <- scope
        });
        ready();
        stay();
    });
}

const NAMES: &[&str] = &[
    "lock",
    "rlock",
    "read",
    "write",
    "reader 1",
    "reader 2",
    "condition",
    "event",
    "semaphore",
    "bounded",
    "party",
    "late party",
    "get",
    "put",
    "tasks",
    "running",
    "pending",
    "several",
    "joined",
    "join",
    "scope",
];

/// The object of the wait of that thread, which is of this kind and on the line with this mark.
fn object<'a>(snapshot: &'a Snapshot, name: &str, kind: Kind) -> &'a Object {
    let party = named(snapshot, name);
    let wait = party
        .wait
        .as_ref()
        .unwrap_or_else(|| panic!("{name} does not wait"));
    assert_eq!(wait.kind, kind, "{name}");
    let site = wait
        .site
        .as_ref()
        .unwrap_or_else(|| panic!("{name} has no site"));
    assert!(
        site.file.ends_with("tests/watch/waits.rs"),
        "{name}: {site}"
    );
    assert_eq!(site.line, line_of(include_str!("waits.rs"), name), "{name}");
    assert_eq!(wait.times_out_in.is_some(), name == "event", "{name}");
    assert!(party.native_id != 0 && party.os_ident != 0 && !party.is_main && !party.is_task);
    snapshot
        .object(wait.object)
        .unwrap_or_else(|| panic!("{name} has no object"))
}

fn each_is_told_as_what_it_is() {
    let child = Child::start("waits");
    let snapshot = child.ask_until(|snapshot| {
        all_wait(snapshot, NAMES) && snapshot.parties.iter().all(|party| party.wait.is_some())
    });
    let told = &snapshot;
    let main = told
        .parties
        .iter()
        .find(|party| party.is_main)
        .expect("the main thread");
    assert_eq!(main.native_id, u64::from(child.pid()));
    assert_eq!(main.wait.as_ref().unwrap().kind, Kind::Event);
    let number = |name| named(told, name).number;
    let state = |name, kind| object(told, name, kind).state.expect("it says something");

    let links = told.links();
    for (name, kind, times) in [
        ("lock", Kind::Lock, 1),
        ("rlock", Kind::RLock, 3),
        ("read", Kind::RwLockRead, 1),
    ] {
        let object = object(told, name, kind);
        let Some(ObjectState::Held {
            by,
            times: found,
            is_lent: false,
        }) = object.state
        else {
            panic!("{name}: {object:?}");
        };
        assert_eq!((by.get(), found), (main.number, times), "{name}");
        assert_eq!(object.holders, [main.number], "{name}");
        assert!(
            links
                .held_by(main.number)
                .any(|held| held.address == object.address)
        );
        let waiters: Vec<u64> = links
            .waiters(object.address)
            .map(|(party, _)| party.number)
            .collect();
        assert_eq!(waiters, [number(name)]);
    }
    let object_read = object(told, "write", Kind::RwLockWrite);
    assert_eq!(object_read.state, Some(ObjectState::Read { readers: 2 }));
    let mut holders = object_read.holders.clone();
    holders.sort_unstable();
    assert_eq!(holders, [number("reader 1"), number("reader 2")]);

    assert_eq!(
        object(told, "condition", Kind::Condition).holders,
        [0_u64; 0]
    );
    assert_eq!(
        state("event", Kind::Event),
        ObjectState::Flag { is_set: false }
    );
    let times_out_in = named(told, "event")
        .wait
        .as_ref()
        .unwrap()
        .times_out_in
        .unwrap();
    assert!(
        times_out_in <= AN_HOUR && times_out_in > AN_HOUR / 2,
        "{times_out_in:?}"
    );
    let permits = state("semaphore", Kind::Semaphore);
    assert!(
        matches!(permits, ObjectState::Permits { free: 2, .. }),
        "{permits:?}"
    );
    assert_eq!(
        state("bounded", Kind::Semaphore),
        ObjectState::Permits { free: 1, bound: 2 }
    );
    assert_eq!(
        state("party", Kind::Barrier),
        ObjectState::Parties {
            arrived: 2,
            parties: 5
        }
    );
    assert_eq!(
        state("get", Kind::QueueGet),
        ObjectState::Queue {
            capacity: 7,
            unfinished: 0
        }
    );
    assert_eq!(
        state("put", Kind::QueuePut),
        ObjectState::Queue {
            capacity: 2,
            unfinished: 2
        }
    );
    assert_eq!(
        state("tasks", Kind::QueueJoin),
        ObjectState::Queue {
            capacity: 2,
            unfinished: 2
        }
    );
    let running = state("running", Kind::Future);
    assert!(
        matches!(running, ObjectState::Running { .. }),
        "{running:?}"
    );
    let pending = state("pending", Kind::Future);
    assert!(
        matches!(pending, ObjectState::Pending { .. }),
        "{pending:?}"
    );
    assert_eq!(
        state("several", Kind::Futures),
        ObjectState::Awaits { count: 2 }
    );
    let joined = object(told, "join", Kind::Thread);
    assert!(
        matches!(joined.state, Some(ObjectState::Thread { number: it }) if it.get() == number("joined"))
    );
    assert_eq!(joined.holders, [number("joined")]);
    assert_eq!(
        state("scope", Kind::Scope),
        ObjectState::Awaits { count: 1 }
    );

    assert_eq!(told.stacks, Stacks::None);
    assert!(!told.locks_are_free && told.deadlocks().is_empty());
    let report = told.report().to_string();
    assert!(
        report.contains("which is running") && report.contains("59 min"),
        "{report}"
    );

    let later = child.ask();
    for name in NAMES {
        let waited = |snapshot| named(snapshot, name).wait.as_ref().unwrap().waited;
        assert!(waited(&later) > waited(told), "{name}");
    }
    child.end();
}

fn a_process_asks_itself() {
    weftline::watch::install(weftline::watch::default_signal()).unwrap();
    weftline::watch::name_current_thread("asks");
    for _ in 0..20 {
        // The signal interrupts this thread or another one.
        let snapshot = weftline::watch::request(std::process::id()).expect("it answers");
        assert!(snapshot.is_whole);
        assert_eq!(
            named(&snapshot, "asks").wait.as_ref().map(|wait| wait.kind),
            None
        );
    }
}
