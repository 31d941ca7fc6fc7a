//! The order of locks: an inversion is reported when it happens, before anything hangs.
//!
//! # Implementation
//!
//! | file | what it holds |
//! |---|---|
//! | `held.rs` | the locks that a thread holds |
//! | `graph.rs` | which locks were taken under which others, and circles in that |
//! | `gates.rs` | the locks that a thread holds beside those of an edge |
//! | `classes.rs` | the places at which locks are made |
//! | `forever.rs` | lists that only grow, which every fork leaves whole |
//! | `stack.rs` | the stack of a thread that adds an edge |
//! | `inversion.rs` | a circle, as a value and as text |
//! | `suppressions.rs` | which inversions are not reported |
//!
//! Watched locks tell this module of each acquisition and release (`park/witness.rs`). Before a
//! thread takes a lock and may wait without a limit, an edge leads there from each lock that it
//! holds. A try or a timed acquisition adds none: it gives up. What it took counts as held.
//!
//! A lock that another thread than its owner releases orders nothing: it is a signal. It leaves the
//! order for good, and its edges go with it.
//!
//! Each thread remembers edges that it has added, so an acquisition that is like an earlier one
//! takes no lock of this module. The graph is under a [`ListLock`], whose owner allocates here: the
//! child of a fork begins with an empty graph if another thread was changing it. Classes and
//! suppressions are no part of it, and outlive every fork.
//!
//! While no locks are watched, no thread tells what it releases. So a thread forgets what it held
//! when locks are watched again.

mod classes;
mod forever;
mod gates;
mod graph;
mod held;
mod inversion;
mod stack;
mod suppressions;

pub use inversion::{Inversion, Link, OrderedLock};

use super::interpreter::Interpreter;
use super::names::name_at;
use crate::park::witness::{Place, WatchedLock, Witness, is_on, set_witness};
use crate::park::{ForgetWaiters, ListLock, LockClass, Site, current_number, this_thread};
use forever::Forever;
use gates::{Gate, Gates};
use graph::{Birth, Graph, Node};
use held::{Held, with_thread};
use inversion::{EdgeLock, Use};
use stack::Stack;
use std::cell::Cell;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};

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
    kept: Vec<Arc<Inversion>>,
    /// Locks that were released by others, with the numbers of their owners.
    lent: Vec<(u64, usize)>,
    /// It has been told that further edges are not kept.
    is_full: bool,
}

impl Order {
    const fn new() -> Self {
        Self {
            graph: Graph::new(),
            kept: Vec::new(),
            lent: Vec::new(),
            is_full: false,
        }
    }
}

impl ForgetWaiters for Order {
    fn forget_waiters(&mut self, torn: bool) {
        if torn {
            // Not dropped: it may be half changed.
            mem::forget(mem::replace(self, Self::new()));
            VERSION.fetch_add(1, Ordering::Relaxed);
        }
    }
}

static ORDER: ListLock<Order> = ListLock::new(Order::new());
/// Changes when edges are taken away, so that threads add them again.
static VERSION: AtomicU64 = AtomicU64::new(0);
/// How many locks have been lent.
static LENT: AtomicU64 = AtomicU64::new(0);
/// How often locks have begun to be watched.
static PERIOD: AtomicU64 = AtomicU64::new(0);
/// What `on_inversion` has set: each value once.
static ACTIONS: Forever<OnInversion> = Forever::new();
/// One of these; null is the default.
static ACTION: AtomicPtr<OnInversion> = AtomicPtr::new(ptr::null_mut());
/// Never freed.
static INTERPRETER: AtomicPtr<Interpreter> = AtomicPtr::new(ptr::null_mut());

static WITNESS: Witness = Witness {
    wants,
    taken,
    released,
    gone,
};

/// Watches the order in which threads take locks, or no longer does.
///
/// Watched are the locks of the Python face that are made from then on; those of the Rust face, if
/// the crate has its feature `lock-order`. An acquisition and release of a watched lock takes some
/// hundred nanoseconds.
pub fn lock_order(watched: bool) {
    if watched && !is_on() {
        PERIOD.fetch_add(1, Ordering::Relaxed);
    }
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
    classes::of(function, file, line)
}

/// Sets what happens when locks are taken in different orders.
pub fn on_inversion(action: OnInversion) {
    let same = |known: &OnInversion| match (known, action) {
        (OnInversion::Call(known), OnInversion::Call(new)) => ptr::fn_addr_eq(*known, new),
        (known, new) => mem::discriminant(known) == mem::discriminant(&new),
    };
    let action = ACTIONS.find_or_add(same, || action);
    ACTION.store(ptr::from_ref(action).cast_mut(), Ordering::Release);
}

/// Does not report inversions in which a lock has that name, or is made or taken at that place:
/// `file:line` or `file`, as a whole path or its last parts.
pub fn suppress_inversions(pattern: &str) {
    suppressions::add(pattern);
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
    static IS_SET: AtomicBool = AtomicBool::new(false);
    // A binding sets the same one again and again.
    if !IS_SET.swap(true, Ordering::Relaxed) {
        INTERPRETER.store(Box::leak(Box::new(interpreter)), Ordering::Release);
    }
}

fn interpreter() -> Option<Interpreter> {
    // SAFETY: null, or leaked by `set_interpreter`, whose store this pairs with.
    unsafe { INTERPRETER.load(Ordering::Acquire).as_ref() }.copied()
}

fn action() -> OnInversion {
    // SAFETY: null, or one of `ACTIONS`, which are never freed. Pairs with `on_inversion`.
    unsafe { ACTION.load(Ordering::Acquire).as_ref() }
        .copied()
        .unwrap_or_default()
}

fn period() -> u64 {
    PERIOD.load(Ordering::Relaxed)
}

/// The nodes of an edge.
fn nodes(held: (usize, LockClass), wanted: (usize, LockClass)) -> (Node, Node) {
    let is_known = ![held.1, wanted.1].contains(&LockClass::FIRST);
    if is_known && held.1 != wanted.1 {
        (Node::Class(held.1), Node::Class(wanted.1))
    } else {
        (Node::One(held.0), Node::One(wanted.0))
    }
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
        with_thread(period(), |thread| thread.release(address));
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
        thread.new_edges(version, lock.address, class)
    });
    let new = new.unwrap_or_default();
    if new.from.is_empty() {
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
    for held in new.from {
        add(held, &gates, (lock.address, class), place);
    }
}

/// Adds an edge, and reports the inversion that it makes.
fn add(held: Held, gates: &Arc<[Gate]>, wanted: (usize, LockClass), place: Place) {
    let thread = current_number().get();
    let gates = Gates::new(gates, held.address);
    let (from, to) = nodes((held.address, held.class), wanted);
    {
        let mut order = ORDER.lock();
        if order.graph.is_full() {
            order.graph.make_room();
        }
        // Without a stack, which takes long.
        if order.graph.has(from, to, thread, &gates) {
            let is_first = order.graph.is_full() && !mem::replace(&mut order.is_full, true);
            drop(order);
            if is_first {
                super::write(FULL);
            }
            return;
        }
    }
    let (stack, name) = Stack::here(interpreter(), place);
    let lock = |(address, class)| EdgeLock {
        address,
        name: name_at(address).and_then(|name| name.as_str().map(str::to_owned)),
        class,
    };
    let mut new = Use {
        thread,
        thread_title: title(thread, name),
        held: lock((held.address, held.class)),
        held_since: held.site,
        wanted: lock(wanted),
        gates,
        stack,
    };
    let circle = {
        let mut order = ORDER.lock();
        if let Stack::Told(text) = &new.stack {
            new.stack = Stack::Told(order.graph.stack(text));
        }
        order.graph.add(from, to, Arc::new(new))
    };
    let Some(circle) = circle else { return };
    let inversion = Arc::new(Inversion::new(&circle));
    if suppressions::cover(&inversion) {
        return;
    }
    {
        let mut order = ORDER.lock();
        if order.kept.len() < MOST_KEPT {
            order.kept.push(Arc::clone(&inversion));
        }
    }
    match action() {
        OnInversion::Report => super::write(&inversion.text),
        OnInversion::Call(f) => f(&inversion),
        OnInversion::Keep => {}
    }
}

/// What is said once, when the graph is full.
const FULL: &str = "weftline: the order of locks is full: it has no room for the order of further \
                    locks, so inversions of them are not found\n";

/// What to call the calling thread. An interpreter may have told its name.
fn title(number: u64, told: Option<String>) -> String {
    let this = this_thread();
    let short = this.and_then(|thread| thread.name());
    let name = told
        .as_deref()
        .or(short.as_ref().and_then(|name| name.as_str()));
    match name {
        Some(name) => format!("{name:?}"),
        None if this.is_some_and(|this| this.native_id() == std::process::id().into()) => {
            "main thread".to_owned()
        }
        None => format!("thread {number}"),
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
        site,
    };
    with_thread(period(), |thread| thread.take(held));
}

fn released(lock: WatchedLock<'_>, owner: u64) {
    if owner == current_number().get() {
        with_thread(period(), |thread| thread.release(lock.address));
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
    if let Some(owner) = owner {
        released(lock, owner);
    }
    if lock.tag.is_known() {
        ORDER.lock().graph.bury(lock.address);
    }
}
