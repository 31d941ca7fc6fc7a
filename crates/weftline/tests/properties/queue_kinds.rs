//! The queues that are played, and their models.

use crate::play::Object;
use crate::program::{Kind, check};
use crate::queues::{Item, Order, model};
use weftline::{LifoQueue, PriorityQueue, Queue, SimpleQueue};

const QUEUE: Kind = Kind {
    name: "queue",
    users: 4,
    // Zero stands for no bound.
    parameter: 0..=3,
    verbs: &[
        "put",
        "put",
        "try-put",
        "put-for",
        "get",
        "get",
        "try-get",
        "get-for",
        "task-done",
        "join",
        "join-for",
        "sizes",
        "shutdown",
        "shutdown-now",
    ],
    numbers: 8,
    object: |capacity| match capacity.into() {
        0 => Box::new(Queue::<Item>::unbounded()) as Box<dyn Object>,
        capacity => Box::new(Queue::<Item>::bounded(capacity)),
    },
    model: |capacity| model(Order::Fifo, capacity, true),
};

const LIFO_QUEUE: Kind = Kind {
    name: "lifo-queue",
    object: |capacity| match capacity.into() {
        0 => Box::new(LifoQueue::<Item>::unbounded()) as Box<dyn Object>,
        capacity => Box::new(LifoQueue::<Item>::bounded(capacity)),
    },
    model: |capacity| model(Order::Lifo, capacity, true),
    ..QUEUE
};

const PRIORITY_QUEUE: Kind = Kind {
    name: "priority-queue",
    object: |capacity| match capacity.into() {
        0 => Box::new(PriorityQueue::<Item>::unbounded()) as Box<dyn Object>,
        capacity => Box::new(PriorityQueue::<Item>::bounded(capacity)),
    },
    model: |capacity| model(Order::Smallest, capacity, true),
    ..QUEUE
};

const SIMPLE_QUEUE: Kind = Kind {
    name: "simple-queue",
    parameter: 0..=0,
    verbs: &["put", "get", "get", "try-get", "get-for", "sizes"],
    object: |_| Box::new(SimpleQueue::<Item>::new()),
    model: |_| model(Order::Fifo, 0, false),
    ..QUEUE
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![QUEUE, LIFO_QUEUE, PRIORITY_QUEUE, SIMPLE_QUEUE]
}

#[test]
fn a_queue_gives_the_oldest_item_to_the_next_in_line() {
    check(&QUEUE);
}

#[test]
fn a_lifo_queue_gives_the_newest_item_to_the_next_in_line() {
    check(&LIFO_QUEUE);
}

#[test]
fn a_priority_queue_gives_the_smallest_item_to_the_next_in_line() {
    check(&PRIORITY_QUEUE);
}

#[test]
fn a_simple_queue_gives_the_oldest_item_to_the_next_in_line() {
    check(&SIMPLE_QUEUE);
}
