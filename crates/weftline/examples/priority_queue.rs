//! A priority queue, twice: built from a heap and a condition, and the library's own. Both return
//! the same order.
//!
//! Entries of equal urgency are served in the order of their arrival: a rising number in the entry
//! decides before the texts are compared.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::thread;

use weftline::{Condition, PriorityQueue};

type Entry = (u32, usize, &'static str);

const PATIENTS: [(u32, &str); 5] = [
    (3, "cough"),
    (1, "broken arm"),
    (2, "fever"),
    (1, "burn"),
    (3, "check-up"),
];

/// The effect of [`PriorityQueue`], in a dozen lines.
#[derive(Default)]
struct WaitingRoom(Condition<BinaryHeap<Reverse<Entry>>>);

impl WaitingRoom {
    fn put(&self, entry: Entry) {
        let mut heap = self.0.lock();
        heap.push(Reverse(entry));
        heap.notify_one();
    }

    fn get(&self) -> Entry {
        let mut heap = self.0.lock();
        heap.wait_while(|heap| heap.is_empty());
        heap.pop().expect("waited until it is not empty").0
    }
}

/// Lets all patients in, then calls them one by one from another thread.
fn serve(put: impl Fn(Entry), get: impl Fn() -> Entry + Sync) -> String {
    for (arrival, (urgency, complaint)) in PATIENTS.into_iter().enumerate() {
        put((urgency, arrival, complaint));
    }
    let call_all = || PATIENTS.map(|_| get().2).join(", ");
    thread::scope(|scope| scope.spawn(call_all).join().unwrap())
}

fn main() {
    let by_hand = WaitingRoom::default();
    println!(
        "built by hand: {}",
        serve(|entry| by_hand.put(entry), || by_hand.get())
    );
    let own = PriorityQueue::unbounded();
    println!(
        "the library's: {}",
        serve(|entry| own.put(entry).unwrap(), || own.get().unwrap())
    );
}
