//! The order of locks: an inversion is reported when it happens, before anything hangs.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `held.rs` | the locks that a thread holds |
//! | `graph.rs` | which locks were taken under which others, and circles in that |
//! | `classes.rs` | the places at which locks are made |
//! | `stack.rs` | the stack of a thread that adds an edge |
//! | `inversion.rs` | a circle, as a value and as text |
//! | `suppressions.rs` | which inversions are not reported |
//!
//! Watched locks tell this module of each acquisition and release (`park/witness.rs`). Before a
//! thread takes a lock and may wait without a limit, an edge leads there from each lock that it
//! holds. A try or a timed acquisition adds none: it gives up. What it took counts as held.
//!
//! A lock that another thread than its owner releases orders nothing: it is a signal. It leaves the
//! order for good.
//!
//! Each thread remembers the edges that it has added, so an acquisition that is like an earlier one
//! takes no lock of this module. The tables are under a [`ListLock`], whose owner allocates here:
//! the child of a fork begins with empty tables if another thread was changing them.

mod classes;
mod graph;
mod held;
mod inversion;
mod stack;
mod suppressions;

pub use inversion::{Inversion, Link, OrderedLock};

use super::interpreter::Interpreter;
use super::names::name_at;
use super::snapshot::Frame;
use crate::park::witness::{Place, WatchedLock, Witness, is_on, set_witness};
use crate::park::{ForgetWaiters, ListLock, LockClass, Site, current_number, threads_now};
use classes::Classes;
use graph::{Graph, Node};
use held::{Held, with_thread};
use inversion::Use;
use stack::Stack;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use suppressions::Suppressions;

/// What happens when locks are taken in different orders.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum OnInversion {
    /// It is written to standard error, once.
    #[default]
    Report,
    /// The function is called with it, on the thread that takes the lock, before it does.
    Call(fn(&Inversion)),
    /// Nothing: [`inversions`] has it.
    Keep,
}

/// The most inversions that are kept.
const MOST_KEPT: usize = 256;

struct Order {
    graph: Graph,
    classes: Classes,
    suppressions: Suppressions,
    action: OnInversion,
    interpreter: Option<Interpreter>,
    kept: Vec<Arc<Inversion>>,
    /// Locks that were released by others, with the numbers of their owners.
    lent: Vec<(u64, usize)>,
}

impl Order {
    const fn new() -> Self {
        Self {
            graph: Graph::new(),
            classes: Classes::new(),
            suppressions: Suppressions::new(),
            action: OnInversion::Report,
            interpreter: None,
            kept: Vec::new(),
            lent: Vec::new(),
        }
    }
}

impl ForgetWaiters for Order {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            let (action, interpreter) = (self.action, self.interpreter);
            // Not dropped: it may be half changed.
            mem::forget(mem::replace(self, Self::new()));
            (self.action, self.interpreter) = (action, interpreter);
            VERSION.fetch_add(1, Ordering::Relaxed);
        }
    }
}

static ORDER: ListLock<Order> = ListLock::new(Order::new());
/// Changes when edges are taken away, so that threads add them again.
static VERSION: AtomicU64 = AtomicU64::new(0);
/// How many locks have been lent.
static LENT: AtomicU64 = AtomicU64::new(0);

static WITNESS: Witness = Witness {
    wants,
    taken,
    released,
};

/// Watches the order in which threads take locks, or no longer does.
///
/// Watched are the locks of the Python face that are made from then on; those of the Rust face, if
/// the crate has its feature `lock-order`. An acquisition and release of a watched lock takes some
/// hundred nanoseconds.
pub fn lock_order(watched: bool) {
    set_witness(watched.then_some(&WITNESS));
}

/// As [`lock_order`], if the environment variable `WEFTLINE_LOCK_ORDER` is `1`. Names and places of
/// locks in `WEFTLINE_LOCK_ORDER_SUPPRESS`, between commas, are suppressed. Returns whether locks
/// are watched.
pub fn lock_order_as_told() -> bool {
    let told = |name| std::env::var(name).unwrap_or_default();
    if matches!(told("WEFTLINE_LOCK_ORDER").trim(), "" | "0") {
        return false;
    }
    for pattern in told("WEFTLINE_LOCK_ORDER_SUPPRESS").split(',') {
        suppress_inversions(pattern);
    }
    lock_order(true);
    true
}

/// Whether new locks are to be watched.
#[inline]
#[must_use]
pub fn watches_lock_order() -> bool {
    is_on()
}

/// The class of the locks that are made at that place. For bindings.
#[must_use]
pub fn lock_class(function: Option<&str>, file: &str, line: u32) -> LockClass {
    ORDER.lock().classes.of(function, file, line)
}

/// Sets what happens when locks are taken in different orders.
pub fn on_inversion(action: OnInversion) {
    ORDER.lock().action = action;
}

/// Does not report inversions in which a lock has that name, or is made or taken at that place:
/// `file:line` or `file`, as a whole path or its last parts.
pub fn suppress_inversions(pattern: &str) {
    ORDER.lock().suppressions.add(pattern);
}

/// The inversions so far, the first 256 of them.
#[must_use]
pub fn inversions() -> Vec<Arc<Inversion>> {
    ORDER.lock().kept.clone()
}

/// Forgets the order and the inversions so far.
pub fn forget_lock_order() {
    let mut order = ORDER.lock();
    let graph = mem::replace(&mut order.graph, Graph::new());
    let kept = mem::take(&mut order.kept);
    VERSION.fetch_add(1, Ordering::Relaxed);
    drop(order);
    drop((graph, kept));
}

pub(super) fn set_interpreter(interpreter: Interpreter) {
    ORDER.lock().interpreter = Some(interpreter);
}

/// The nodes of an edge.
fn nodes(held: &OrderedLock, wanted: &OrderedLock) -> (Node, Node) {
    let is_known = ![held.class, wanted.class].contains(&LockClass::FIRST);
    if is_known && held.class != wanted.class {
        (Node::Class(held.class), Node::Class(wanted.class))
    } else {
        (Node::One(held.address), Node::One(wanted.address))
    }
}

/// The class of a lock, which is known from now on.
fn class_of(lock: WatchedLock<'_>, place: Place) -> LockClass {
    let is_new = lock.tag.become_known();
    let class = lock.tag.class();
    if !is_new && let Some(class) = class {
        return class;
    }
    let mut order = ORDER.lock();
    if is_new && order.graph.forget(lock.address) {
        VERSION.fetch_add(1, Ordering::Relaxed);
    }
    class.unwrap_or_else(|| {
        let class = order.classes.of(None, place.file(), place.line());
        lock.tag.set_class(class);
        class
    })
}

/// Takes the locks that other threads have released from those that the calling thread holds.
fn forget_lent() {
    thread_local! {
        static SEEN: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
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
        with_thread(|thread| thread.release(address));
    }
}

fn wants(lock: WatchedLock<'_>, place: Place) {
    if lock.tag.is_lent() {
        return;
    }
    let class = class_of(lock, place);
    forget_lent();
    let version = VERSION.load(Ordering::Relaxed);
    let new = with_thread(|thread| {
        if thread.held.iter().any(|held| held.address == lock.address) {
            return Vec::new();
        }
        let held = thread.held.clone();
        let edges = held
            .into_iter()
            .map(|held| (held, thread.gates(held.address)));
        let edges: Vec<(Held, Vec<usize>)> = edges.collect();
        let is_new = |(held, gates): &(Held, Vec<usize>)| {
            thread.is_new(version, held.address, lock.address, gates)
        };
        edges.into_iter().filter(is_new).collect()
    });
    for (held, gates) in new.unwrap_or_default() {
        add(held, gates, (lock.address, class), place);
    }
}

/// Adds an edge, and reports the inversion that it makes.
fn add(held: Held, gates: Vec<usize>, wanted: (usize, LockClass), place: Place) {
    let interpreter = ORDER.lock().interpreter;
    let stack = Stack::here(interpreter, place);
    let (thread, thread_title) = this_thread(stack.thread_name());
    let names = [held.address, wanted.0].map(|address| {
        let name = name_at(address);
        name.and_then(|name| name.as_str().map(str::to_owned))
    });
    let (action, inversion) = {
        let mut order = ORDER.lock();
        let [held_name, wanted_name] = names;
        let lock = |address, class, name| OrderedLock {
            address,
            name,
            made_at: order.classes.place(class),
            class,
        };
        let (held_lock, wanted) = (
            lock(held.address, held.class, held_name),
            lock(wanted.0, wanted.1, wanted_name),
        );
        let (from, to) = nodes(&held_lock, &wanted);
        let new = Arc::new(Use {
            thread,
            thread_title,
            held: held_lock,
            held_since: frame_of_site(&held.site),
            wanted,
            gates,
            stack,
        });
        let Some(circle) = order.graph.add(from, to, new) else {
            return;
        };
        drop(order);
        let inversion = Arc::new(Inversion::new(&circle));
        let mut order = ORDER.lock();
        if order.suppressions.cover(&inversion) {
            return;
        }
        if order.kept.len() < MOST_KEPT {
            order.kept.push(Arc::clone(&inversion));
        }
        (order.action, inversion)
    };
    match action {
        OnInversion::Report => super::write(&inversion.text),
        OnInversion::Call(f) => f(&inversion),
        OnInversion::Keep => {}
    }
}

/// The calling thread: its number, and what to call it. An interpreter may have told its name.
fn this_thread(told: Option<String>) -> (u64, String) {
    let me = current_number();
    let this = threads_now().find(|thread| thread.number() == Some(me));
    let short = this.and_then(|thread| thread.name());
    let name = told
        .as_deref()
        .or(short.as_ref().and_then(|name| name.as_str()));
    let title = match name {
        Some(name) => format!("{name:?}"),
        None if this.is_some_and(|this| this.native_id() == std::process::id().into()) => {
            "main thread".to_owned()
        }
        None => format!("thread {}", me.get()),
    };
    (me.get(), title)
}

fn frame_of_site(site: &Site) -> Option<Frame> {
    let function = site.function().map(str::to_owned);
    Some(Frame::new(function, site.file()?.to_owned(), site.line()?))
}

fn taken(lock: WatchedLock<'_>, place: Place) {
    if lock.tag.is_lent() {
        return;
    }
    let class = class_of(lock, place);
    let interpreter = ORDER.lock().interpreter;
    let mut site = Site::here(place);
    if let Some(interpreter) = interpreter {
        (interpreter.site)(&mut site);
    }
    let held = Held {
        address: lock.address,
        class,
        site,
    };
    with_thread(|thread| {
        if thread.held.try_reserve(1).is_ok() {
            thread.held.push(held);
        }
    });
}

fn released(lock: WatchedLock<'_>, owner: u64) {
    if owner == current_number().get() {
        with_thread(|thread| thread.release(lock.address));
        return;
    }
    // Marked as lent already, or about to be gone. Its owner may have ended, so the list has a
    // bound.
    let mut order = ORDER.lock();
    if order.lent.len() == 4_096 {
        order.lent.remove(0);
    }
    order.lent.push((owner, lock.address));
    drop(order);
    // Pairs with the load in `forget_lent`.
    LENT.fetch_add(1, Ordering::Release);
}
