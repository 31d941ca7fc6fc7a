//! The addition of an edge to the graph, and the report of the inversion that it makes.

use super::actions::{OnInversion, action};
use super::gates::{Gate, Gates};
use super::held::Held;
use super::interpreter::interpreter;
use super::inversion::Inversion;
use super::lock_use::{EdgeLock, Use};
use super::manner::Manner;
use super::node::nodes;
use super::order::{MOST_KEPT, ORDER};
use super::search::Circle;
use super::stack::Stack;
use super::suppressions;
use super::writers::Writer;
use crate::park::witness::{Place, WatchedLock};
use crate::park::{LockClass, current_number, this_thread};
use crate::watch::names::name_at;
use crate::watch::standard_error::write;
use std::mem;
use std::sync::Arc;

/// Adds an edge to a lock of that class, and reports the inversion that it makes.
pub(super) fn add(
    held: Held,
    gates: &Arc<[Gate]>,
    (lock, class): (WatchedLock<'_>, LockClass),
    place: Place,
    steps: &mut usize,
) {
    let manner = Manner {
        thread: current_number().get(),
        held: held.access,
        wanted: lock.access,
        gates: Gates::new(gates, held.address),
    };
    let wanted = (lock.address, class);
    let (from, to) = nodes((held.address, held.class), wanted);
    {
        let mut order = ORDER.lock();
        if order.graph.is_full() {
            order.graph.make_room();
        }
        // Without a stack, which takes long.
        if order.graph.has(from, to, &manner) {
            let is_first = order.graph.is_full() && !mem::replace(&mut order.is_full, true);
            drop(order);
            if is_first {
                write(FULL);
            }
            return;
        }
    }
    let (stack, name) = Stack::here(interpreter(), place);
    let edge_lock = |(address, class)| EdgeLock {
        address,
        name: name_at(address).and_then(|name| name.as_str().map(str::to_owned)),
        class,
    };
    let mut new = Use {
        thread_title: title(manner.thread, name),
        manner,
        held: edge_lock((held.address, held.class)),
        held_since: held.site,
        wanted: edge_lock(wanted),
        stack,
    };
    let edge = (from, to);
    let new = {
        let mut order = ORDER.lock();
        if let Stack::Told(text) = &new.stack {
            new.stack = Stack::Told(order.graph.stacks.intern(text));
        }
        let new = Arc::new(new);
        if !order.graph.add(edge, &new) {
            return;
        }
        new
    };
    report(|| ORDER.lock().graph.circle(edge, &new, steps));
}

/// Adds a thread that is about to wait to write a lock of that class, under these locks. Reports
/// the inversion that it makes possible.
pub(super) fn add_writer(
    (lock, class): (WatchedLock<'_>, LockClass),
    gates: &Arc<[Gate]>,
    place: Place,
    steps: &mut usize,
) {
    let thread = current_number().get();
    let gates = Gates::of_all(gates);
    let manner = Writer::manner(thread, gates.clone());
    if ORDER
        .lock()
        .graph
        .has_writer((lock.address, class), &manner)
    {
        return;
    }
    let (stack, name) = Stack::here(interpreter(), place);
    let title = title(thread, name);
    let writer = Writer::new(thread, lock.address, gates, title, stack.innermost());
    if ORDER.lock().graph.add_writer(class, writer) {
        report(|| ORDER.lock().graph.circle_of_readers(class, steps));
    }
}

/// Reports the first circle that is not suppressed.
fn report(mut next: impl FnMut() -> Option<Circle>) {
    let found = std::iter::from_fn(&mut next).map(|circle| Inversion::new(&circle));
    let Some(inversion) = found
        .map(Arc::new)
        .find(|inversion| !suppressions::cover(inversion))
    else {
        return;
    };
    {
        let mut order = ORDER.lock();
        if order.kept.len() < MOST_KEPT {
            order.kept.push(Arc::clone(&inversion));
        }
    }
    match action() {
        OnInversion::Report => write(&inversion.text),
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
