//! [`WITNESS`]: what follows when a watched lock is taken and released.

use super::classes;
use super::edge;
use super::graph::Birth;
use super::held::{Held, with_thread};
use super::interpreter::interpreter;
use super::order::{Lent, ORDER, VERSION};
use super::search::MOST_STEPS;
use crate::park::witness::{Place, READERS, WatchedLock, Witness};
use crate::park::{LockClass, Site, current_number};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// The most lent locks that are kept. A thread that has not looked for longer forgets all that it
/// holds.
const MOST_LENT: usize = 4_096;

/// How many locks have been lent.
static LENT: AtomicU64 = AtomicU64::new(0);
/// How often locks have begun to be watched.
static PERIOD: AtomicU64 = AtomicU64::new(0);

pub(super) static WITNESS: Witness = Witness {
    wants,
    taken,
    released,
    gone,
};

/// Locks begin to be watched.
pub(super) fn begin_period() {
    PERIOD.fetch_add(1, Ordering::Relaxed);
}

fn period() -> u64 {
    PERIOD.load(Ordering::Relaxed)
}

/// The class of a lock, which is known from now on.
fn class_of(lock: WatchedLock<'_>, place: Place) -> LockClass {
    if lock.tag.become_known() {
        let birth = ORDER.lock().graph.birth(lock.address);
        if matches!(birth, Birth::Noticed) {
            VERSION.fetch_add(1, Ordering::Relaxed);
        }
    }
    lock.tag.class().unwrap_or_else(|| {
        let class = classes::of(None, place.file(), place.line());
        lock.tag.set_class(class);
        class
    })
}

/// Takes the locks that other threads have released from those that the calling thread holds.
fn forget_lent() {
    thread_local! {
        static SEEN: Cell<u64> = const { Cell::new(0) };
    }
    let Ok(seen) = SEEN.try_with(Cell::get) else {
        return;
    };
    if LENT.load(Ordering::Acquire) == seen {
        return;
    }
    let me = current_number().get();
    let order = ORDER.lock();
    // Each once: another lock may be at that address later.
    let now = LENT.load(Ordering::Relaxed);
    let is_mine = |lent: &&Lent| lent.number >= seen && [me, READERS].contains(&lent.owner);
    let mine = order.lent.iter().filter(is_mine).map(|it| it.address);
    let mine: Vec<usize> = mine.collect();
    let first = order.lent.first().map_or(now, |lent| lent.number);
    drop(order);
    let _ = SEEN.try_with(|seen| seen.set(now));
    with_thread(period(), |thread| {
        if first > seen {
            // Some are not kept any more.
            thread.forget_all();
        }
        for address in mine {
            thread.forget(address);
        }
    });
}

fn wants(lock: WatchedLock<'_>, place: Place) {
    forget_lent();
    if lock.tag.is_lent() {
        return;
    }
    let class = class_of(lock, place);
    let version = VERSION.load(Ordering::Relaxed);
    let new = with_thread(period(), |thread| {
        thread.wants(version, (lock.address, class), lock.access)
    });
    let new = new.unwrap_or_default();
    if new.from.is_empty() && !new.is_writer {
        return;
    }
    let gates = {
        let mut order = ORDER.lock();
        let (gates, is_void) = order.graph.gates(&new.gates);
        if is_void {
            VERSION.fetch_add(1, Ordering::Relaxed);
        }
        gates
    };
    let mut steps = MOST_STEPS;
    if new.is_writer {
        edge::add_writer((lock, class), &gates, place, &mut steps);
    }
    for held in new.from {
        edge::add(held, &gates, (lock, class), place, &mut steps);
    }
}

fn taken(lock: WatchedLock<'_>, place: Place) {
    forget_lent();
    if lock.tag.is_lent() {
        return;
    }
    let class = class_of(lock, place);
    let mut site = Site::here(place);
    if let Some(interpreter) = interpreter() {
        (interpreter.site)(&mut site);
    }
    let held = Held {
        address: lock.address,
        class,
        access: lock.access,
        site,
    };
    with_thread(period(), |thread| thread.take(held));
}

fn released(lock: WatchedLock<'_>, owner: u64) {
    if owner == current_number().get() {
        with_thread(period(), |thread| thread.release(lock.address, lock.access));
        return;
    }
    // Marked as lent already, or about to be gone.
    let mut order = ORDER.lock();
    if order.lent.len() == MOST_LENT {
        order.lent.drain(..MOST_LENT / 2);
    }
    order.lent.push(Lent {
        number: LENT.load(Ordering::Relaxed),
        owner,
        address: lock.address,
    });
    // Pairs with the load in `forget_lent`. Under the lock, so the numbers are in order.
    LENT.fetch_add(1, Ordering::Release);
    // What it ordered before was no order.
    if lock.tag.is_lent()
        && lock.tag.become_unknown()
        && let Some(class) = lock.tag.class()
        && order.graph.forget(lock.address, class)
    {
        VERSION.fetch_add(1, Ordering::Relaxed);
    }
}

fn gone(lock: WatchedLock<'_>, owner: Option<u64>) {
    if let Some(owner) = owner {
        released(lock, owner);
    }
    if lock.tag.is_known() {
        ORDER.lock().graph.bury(lock.address);
    }
}
