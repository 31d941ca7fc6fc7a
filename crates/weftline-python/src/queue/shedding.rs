//! How a queue that goes gives up its items: a queue in a queue in a queue, however deep, must not use up the stack.
//!
//! # Implementation
//!
//! As the interpreter does it for its containers: down to a certain depth items are dropped on the spot, and from there on laid aside for the
//! outermost of the calls that are under way in the thread.

use super::items::Item;
use std::cell::{Cell, RefCell};

const DEEPEST: u32 = 32;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static ASIDE: RefCell<Vec<Item>> = const { RefCell::new(Vec::new()) };
}

/// Drops the items, now or a little later.
pub(super) fn shed(mut items: Vec<Item>) {
    if items.is_empty() {
        return;
    }
    let depth = DEPTH.get();
    if depth >= DEEPEST {
        // A thread that is past its own destructors has no place to lay them.
        let _ = ASIDE.try_with(|aside| aside.borrow_mut().append(&mut items));
        return;
    }
    DEPTH.set(depth + 1);
    drop(items);
    if depth == 0 {
        while let Ok(Some(item)) = ASIDE.try_with(|aside| aside.borrow_mut().pop()) {
            drop(item);
        }
    }
    DEPTH.set(depth);
}
