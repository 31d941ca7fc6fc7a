//! An item that carries its own event: its sender can wait until exactly this item has been
//! processed.

use std::sync::Arc;
use std::thread;

use weftline::{Event, Lock, Queue};

/// A dish, its outcome, and the event that it is ready.
struct Order {
    dish: &'static str,
    served: Lock<String>,
    ready: Event,
}

fn main() {
    let orders: Queue<Arc<Order>> = Queue::unbounded();
    thread::scope(|scope| {
        scope.spawn(|| {
            for order in &orders {
                *order.served.lock() = format!("hot {}", order.dish);
                order.ready.set();
            }
        });
        for dish in ["soup", "dumplings", "tea"] {
            let order = Arc::new(Order {
                dish,
                served: Lock::default(),
                ready: Event::new(),
            });
            orders.put(Arc::clone(&order)).unwrap();
            order.ready.wait();
            println!("served: {}", order.served.lock());
        }
        orders.shutdown(false);
    });
}
