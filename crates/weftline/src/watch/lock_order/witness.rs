//! [`WITNESS`]: what follows when a watched lock is taken and released.

use super::classes;
use super::edge;
use super::graph::Birth;
use super::held::{Held, with_thread};
use super::interpreter::interpreter;
use super::order::{ORDER, VERSION};
use crate::park::witness::{Place, READERS, WatchedLock, Witness};
use crate::park::{Access, LockClass, Site, current_number};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

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
    let lent = LENT.load(Ordering::Acquire);
    if SEEN
        .try_with(|seen| seen.replace(lent) == lent)
        .unwrap_or(true)
    {
        return;
    }
    let me = current_number().get();
    let mut mine = Vec::new();
    ORDER.lock().lent.retain(|&(owner, address)| {
        if owner == me {
            mine.push(address);
        }
        owner != me
    });
    for address in mine {
        with_thread(period(), |thread| {
            thread.release(address, Access::Exclusive)
        });
    }
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
    if new.is_writer {
        edge::add_writer(class, &gates, place);
    }
    for held in new.from {
        edge::add(held, &gates, (lock, class), place);
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
    // Marked as lent already, or about to be gone. Its owner may have ended, so the list has a
    // bound.
    let mut order = ORDER.lock();
    if order.lent.len() == 4_096 {
        order.lent.remove(0);
    }
    order.lent.push((owner, lock.address));
    // What it ordered before was no order.
    if lock.tag.is_lent()
        && lock.tag.become_unknown()
        && let Some(class) = lock.tag.class()
        && order.graph.forget(lock.address, class)
    {
        VERSION.fetch_add(1, Ordering::Relaxed);
    }
    drop(order);
    // Pairs with the load in `forget_lent`.
    LENT.fetch_add(1, Ordering::Release);
}

fn gone(lock: WatchedLock<'_>, owner: Option<u64>) {
    match owner {
        // It is not known which threads read: all forget what they hold.
        Some(READERS) => begin_period(),
        Some(owner) => released(lock, owner),
        None => {}
    }
    if lock.tag.is_known() {
        ORDER.lock().graph.bury(lock.address);
    }
}
