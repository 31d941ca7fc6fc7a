//! The addition of an edge to the graph, and the report of the inversion that it makes.

use super::actions::{OnInversion, action};
use super::gates::{Gate, Gates};
use super::held::Held;
use super::interpreter::interpreter;
use super::inversion::{EdgeLock, Inversion, Use};
use super::node::nodes;
use super::order::{MOST_KEPT, ORDER};
use super::stack::Stack;
use super::suppressions;
use crate::park::witness::Place;
use crate::park::{LockClass, current_number, this_thread};
use crate::watch::names::name_at;
use crate::watch::standard_error::write;
use std::mem;
use std::sync::Arc;

/// Adds an edge, and reports the inversion that it makes.
pub(super) fn add(held: Held, gates: &Arc<[Gate]>, wanted: (usize, LockClass), place: Place) {
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
                write(FULL);
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
            new.stack = Stack::Told(order.graph.stacks.intern(text));
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
