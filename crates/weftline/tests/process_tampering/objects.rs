//! Each object, and a use of it that never waits for long.

use crate::fuzz::Use;
use std::time::Duration;
use weftline::process::{
    Array, Barrier, BoundedSemaphore, Condition, Event, Lock, LockError, Queue, RLock, Recover,
    Semaphore, Value,
};

const MOMENT: Duration = Duration::from_micros(300);

/// Makes an object of that name, or opens it if it exists, and returns the use of it.
type Make = fn(&str) -> Option<Use>;

pub(crate) const ALL: &[(&str, Make)] = &[
    ("lock", lock),
    ("rlock", rlock),
    ("value", value),
    ("array", array),
    ("semaphore", semaphore),
    ("bounded semaphore", bounded_semaphore),
    ("event", event),
    ("condition", condition),
    ("barrier", barrier),
    ("queue", queue),
];

/// The object, made or opened.
macro_rules! object {
    ($create:expr, $open:expr) => {{
        // SAFETY: the promise is broken here on purpose, for that is the subject. The values are
        // plain data, and no conclusion is drawn from them.
        let made = unsafe { $create };
        match made {
            Ok(made) => made,
            // SAFETY: as above.
            Err(_) => unsafe { $open }.ok()?,
        }
    }};
}

fn taken<G: Recover>(locked: Result<G, LockError<G>>) -> Option<G> {
    match locked {
        Ok(guard) => Some(guard),
        Err(LockError::Abandoned(abandoned)) => Some(abandoned.recover()),
        Err(_) => None,
    }
}

fn lock(name: &str) -> Option<Use> {
    let lock = object!(Lock::create(name, [0_u64; 4]), Lock::open(name));
    Some(Box::new(move |n| {
        if let Some(mut guard) = taken(lock.try_lock_for(MOMENT)) {
            guard[n as usize % 4] += 1;
            if n == 777 {
                std::mem::forget(guard);
            }
        }
    }))
}

fn rlock(name: &str) -> Option<Use> {
    let lock = object!(RLock::create(name, 0_u64), RLock::open(name));
    Some(Box::new(move |n| {
        let outer = taken(lock.try_lock_for(MOMENT));
        let inner = taken(lock.try_lock_for(MOMENT));
        for guard in [&outer, &inner].into_iter().flatten() {
            guard.set(guard.get().wrapping_add(n));
        }
        // The guards are freed in both orders.
        if n % 2 == 0 {
            drop(outer);
            drop(inner);
        }
    }))
}

fn value(name: &str) -> Option<Use> {
    let value = object!(Value::create(name, [0_u64; 8]), Value::open(name));
    Some(Box::new(move |n| {
        if let Some(mut guard) = value.try_lock_for(MOMENT) {
            guard[n as usize % 8] = n;
            std::hint::black_box(guard.iter().copied().fold(0, u64::wrapping_add));
        }
    }))
}

fn array(name: &str) -> Option<Use> {
    let array = object!(Array::create(name, &[1_u32; 3_000]), Array::open(name));
    let length = array.len();
    Some(Box::new(move |n| {
        assert_eq!(array.len(), length, "it was read once");
        if length == 0 {
            return;
        }
        if let Some(mut guard) = taken(array.try_lock_for(MOMENT)) {
            let at = n as usize % guard.len();
            guard[at] = guard.iter().copied().fold(0, u32::wrapping_add);
        }
    }))
}

macro_rules! semaphore {
    ($name:ident, $type:ident) => {
        fn $name(name: &str) -> Option<Use> {
            let seats = object!($type::create(name, 9), $type::open(name));
            Some(Box::new(move |n| {
                let permits: Vec<_> = (1..4)
                    .filter_map(|n| taken(seats.try_acquire_for(n, MOMENT)))
                    .collect();
                let _ = seats.release(n % 3);
                std::hint::black_box(seats.available());
                for permit in permits {
                    match n % 5 {
                        0 => permit.forget(),
                        1 => std::mem::forget(permit),
                        _ => drop(permit),
                    }
                }
            }))
        }
    };
}

semaphore!(semaphore, Semaphore);
semaphore!(bounded_semaphore, BoundedSemaphore);

fn event(name: &str) -> Option<Use> {
    let event = object!(Event::create(name), Event::open(name));
    Some(Box::new(move |n| {
        let _ = event.try_wait_for(MOMENT);
        if n % 2 == 0 {
            event.set();
        } else {
            event.clear();
        }
    }))
}

fn condition(name: &str) -> Option<Use> {
    let condition = object!(Condition::create(name, 0_u64), Condition::open(name));
    Some(Box::new(move |n| {
        if let Some(mut guard) = taken(condition.try_lock_for(MOMENT)) {
            *guard = n;
            guard.notify(n as usize % 3);
            let _ = guard.try_wait_for(MOMENT);
            guard.recover();
            guard.notify_all();
        }
    }))
}

fn barrier(name: &str) -> Option<Use> {
    let barrier = object!(Barrier::create(name, 2), Barrier::open(name));
    let parties = barrier.parties();
    Some(Box::new(move |n| {
        assert_eq!(barrier.parties(), parties, "they were read once");
        if let Ok(arrival) = barrier.try_wait_for(MOMENT) {
            assert!(arrival.index() < parties);
        }
        match n % 4 {
            0 => barrier.abort(),
            1 => std::mem::drop(std::hint::black_box(barrier.n_waiting())),
            _ => barrier.reset(),
        }
    }))
}

fn queue(name: &str) -> Option<Use> {
    let queue = object!(
        Queue::<Vec<u64>>::create(name, Some(40)),
        Queue::<Vec<u64>>::open(name)
    );
    let capacity = queue.capacity();
    Some(Box::new(move |n| {
        assert_eq!(queue.capacity(), capacity, "it was read once");
        let _ = queue.try_put_for(vec![n; n as usize % 300], MOMENT);
        if n % 3 != 0 {
            let _ = queue.try_get_for(MOMENT);
        }
        std::hint::black_box(queue.len());
        if n % 500 == 0 {
            queue.shutdown(n % 1_000 == 0);
        }
    }))
}
