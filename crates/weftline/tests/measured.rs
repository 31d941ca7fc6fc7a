//! Waits that are measured. In a process of its own: the counters are those of the whole process.

use std::sync::Arc;
use std::time::Duration;
use weftline::park::{Kind, blocked_now};
use weftline::watch::{self, Snapshot, Waits};
use weftline::{Event, Executor, Lock, Queue, Semaphore, ThreadPoolExecutor};

fn asleep(kind: Kind) {
    while !blocked_now().any(|blocked| blocked.kind == kind) {
        std::thread::yield_now();
    }
}

fn waits(kind: Kind) -> Option<Waits> {
    let measured = watch::metrics().measured?;
    measured.waits.into_iter().find(|waits| waits.kind == kind)
}

#[test]
fn waits_are_counted_by_kind_and_object_from_the_start_on() {
    let lock = Arc::new(Lock::new(0));
    let contend = || {
        let held = lock.lock();
        let theirs = Arc::clone(&lock);
        let other = weftline::spawn(move || *theirs.lock() += 1);
        asleep(Kind::Lock);
        drop(held);
        other.join().unwrap();
    };
    contend();
    assert!(watch::metrics().measured.is_none() && !watch::is_started());

    watch::start();
    let name = watch::name(&*lock, "counted");
    (0..3).for_each(|_| contend());
    let event = Event::new();
    assert!(event.try_wait_for(Duration::from_millis(2)).is_err());
    let permits = Semaphore::new(0);
    assert!(
        permits
            .try_acquire_for(1, Duration::from_millis(2))
            .is_none()
    );
    watch::stop();
    contend();

    let of_lock = waits(Kind::Lock).unwrap();
    assert_eq!(
        (of_lock.count, of_lock.timed_out, of_lock.interrupted),
        (3, 0, 0)
    );
    assert_eq!(of_lock.histogram.iter().sum::<u64>(), 3);
    for kind in [Kind::Event, Kind::Semaphore] {
        let timed_out = waits(kind).unwrap();
        assert!(timed_out.timed_out >= 1, "{timed_out:?}");
        assert!(timed_out.total >= Duration::from_millis(2));
        // None that timed out lasted at most 1,024 µs.
        assert!(
            timed_out.histogram[..10].iter().sum::<u64>() <= timed_out.count - timed_out.timed_out,
            "{timed_out:?}"
        );
    }
    let measured = watch::metrics().measured.unwrap();
    assert!(!measured.goes_on && measured.duration > Duration::from_millis(4));
    let counted = measured
        .contended
        .iter()
        .find(|it| it.name.as_deref() == Some("counted"));
    let counted = counted.unwrap();
    assert_eq!(
        (counted.kind, counted.count, counted.overestimate),
        (Kind::Lock, 3, 0)
    );
    assert_eq!(counted.total, of_lock.total);
    drop(name);
}

#[test]
fn what_a_process_counted_is_read_from_its_text() {
    let text = "weftline\t1\t7\t0\t5000\nthread\t3\t9\t12\t-\nmeasured\t2000\t1\n\
                waits\tLock\t4\t900\t1\t2\t3\t0\t1\n\
                contended\tLock\t64\t3\t700\t1\t-\ncontended\tEvent\t72\t5\t200\t0\tdoor\n\
                waits\tSomethingNew\t1\t1\t0\t0\t1\nend\n";
    let snapshot = Snapshot::from_text(text).unwrap();
    let measured = snapshot.metrics().measured.unwrap();
    assert_eq!(measured.duration, Duration::from_nanos(3000));
    assert_eq!(measured.waits[0].histogram, [3, 0, 1]);
    assert_eq!(measured.waits[1].kind, Kind::Unknown);
    let [first, second] = &measured.contended[..] else {
        panic!("{measured:?}")
    };
    assert_eq!((first.name.as_deref(), first.count), (Some("door"), 5));
    assert_eq!((second.address, second.overestimate), (64, 1));
    // Without the line that begins them, no counts.
    let cut = text.replace("measured\t2000\t1\n", "");
    assert!(Snapshot::from_text(&cut).unwrap().measured.is_none());
}

#[test]
fn pools_are_told_in_numbers() {
    let pool = ThreadPoolExecutor::builder()
        .max_workers(2)
        .thread_name_prefix("web")
        .build();
    let (go, busy) = (Arc::new(Event::new()), Arc::new(Queue::unbounded()));
    let tasks: Vec<_> = (0..5)
        .map(|_| {
            let (go, busy) = (Arc::clone(&go), Arc::clone(&busy));
            pool.submit(move || {
                busy.put(()).unwrap();
                go.wait();
            })
        })
        .collect();
    for _ in 0..2 {
        busy.get().unwrap();
    }
    let pools = watch::metrics().pools;
    let ours = pools
        .iter()
        .find(|pool| pool.worker.contains("web"))
        .unwrap();
    assert_eq!((ours.workers, ours.busy, ours.waiting), (2, 2, Some(3)));
    go.set();
    tasks
        .into_iter()
        .for_each(|task| task.unwrap().result().unwrap());
}
