//! Queues between threads: in every order in which the threads run, each item arrives once, and the
//! items of one putter in their order.

use crate::program::runner;
use crate::support::limit;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::TestError;
use std::time::Duration;
use weftline::{GetError, LifoQueue, PriorityQueue, PutError, Queue, SimpleQueue};

/// An item: its putter, and its position among the putter's items.
type Item = (u8, u16);

/// The form in which a putter or getter waits.
#[derive(Clone, Copy, Debug)]
enum Form {
    Forever,
    /// Again and again, each time for that many microseconds.
    Tries(u8),
}

#[derive(Debug)]
struct Transfer {
    capacity: usize,
    putters: Vec<Form>,
    getters: Vec<Form>,
    each: u16,
}

fn transfers() -> impl Strategy<Value = Transfer> {
    let forms = || {
        let form = (any::<bool>(), 0..100_u8).prop_map(|(tries, microseconds)| {
            if tries {
                Form::Tries(microseconds)
            } else {
                Form::Forever
            }
        });
        proptest::collection::vec(form, 1..4)
    };
    let parts = (0..4_usize, forms(), forms(), 1..200_u16);
    parts.prop_map(|(capacity, putters, getters, each)| Transfer {
        capacity,
        putters,
        getters,
        each,
    })
}

/// The operations of a queue in a transfer. The last putter ends it by `close`.
trait Passage: Sync {
    fn put(&self, item: Item, form: Form);
    /// `None` when it is closed and empty.
    fn get(&self, form: Form) -> Option<Item>;
    fn close(&self, getters: usize);
}

macro_rules! passage {
    ($queue:ident) => {
        impl Passage for $queue<Item> {
            fn put(&self, item: Item, form: Form) {
                let Form::Tries(microseconds) = form else {
                    return self.put(item).expect("open");
                };
                let mut item = item;
                loop {
                    match self.try_put_for(item, Duration::from_micros(microseconds.into())) {
                        Ok(()) => return,
                        Err(PutError::Full(back)) => item = back,
                        Err(other) => panic!("{other:?}"),
                    }
                }
            }

            fn get(&self, form: Form) -> Option<Item> {
                let Form::Tries(microseconds) = form else {
                    return self.get().ok();
                };
                loop {
                    match self.try_get_for(Duration::from_micros(microseconds.into())) {
                        Ok(item) => return Some(item),
                        Err(GetError::Empty) => {}
                        Err(_) => return None,
                    }
                }
            }

            fn close(&self, _: usize) {
                self.shutdown(false);
            }
        }
    };
}

passage!(Queue);
passage!(LifoQueue);
passage!(PriorityQueue);

const END: Item = (u8::MAX, 0);

impl Passage for SimpleQueue<Item> {
    fn put(&self, item: Item, _: Form) {
        self.put(item);
    }

    fn get(&self, form: Form) -> Option<Item> {
        let item = match form {
            Form::Forever => self.get(),
            Form::Tries(microseconds) => loop {
                if let Ok(item) = self.try_get_for(Duration::from_micros(microseconds.into())) {
                    break item;
                }
            },
        };
        (item != END).then_some(item)
    }

    fn close(&self, getters: usize) {
        (0..getters).for_each(|_| self.put(END));
    }
}

/// The items of each getter, in its order.
fn run(queue: &dyn Passage, transfer: &Transfer) -> Vec<Vec<Item>> {
    std::thread::scope(|scope| {
        let getters = transfer.getters.iter().map(|&form| {
            scope.spawn(move || std::iter::from_fn(|| queue.get(form)).collect::<Vec<_>>())
        });
        let getters: Vec<_> = getters.collect();
        let putters = (0_u8..).zip(&transfer.putters).map(|(putter, &form)| {
            scope.spawn(move || {
                (0..transfer.each).for_each(|place| queue.put((putter, place), form));
            })
        });
        let putters: Vec<_> = putters.collect();
        for putter in putters {
            putter.join().expect("no putter fails");
        }
        queue.close(getters.len());
        getters
            .into_iter()
            .map(|getter| getter.join().expect("no getter fails"))
            .collect()
    })
}

fn check(queue_of: fn(usize) -> Box<dyn Passage>, keeps_order: bool) {
    let played = runner(24).run(&transfers(), |transfer| {
        let _limit = limit();
        let queue = queue_of(transfer.capacity);
        let got = run(&*queue, &transfer);
        for items in got.iter().filter(|_| keeps_order) {
            for putter in 0..transfer.putters.len() {
                let of_putter = items.iter().filter(|item| usize::from(item.0) == putter);
                let places: Vec<_> = of_putter.map(|item| item.1).collect();
                proptest::prop_assert!(places.is_sorted(), "putter {}: {:?}", putter, places);
            }
        }
        let mut all: Vec<_> = got.into_iter().flatten().collect();
        all.sort_unstable();
        let putters = 0_u8..transfer.putters.len() as u8;
        let put: Vec<_> = putters
            .flat_map(|putter| (0..transfer.each).map(move |place| (putter, place)))
            .collect();
        proptest::prop_assert!(all == put, "{} were put, {} arrived", put.len(), all.len());
        Ok(())
    });
    match played {
        Ok(()) => {}
        Err(TestError::Fail(why, transfer)) => panic!("{transfer:?}\n  {why}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

#[test]
fn each_item_of_a_queue_arrives_once_and_in_its_putters_order() {
    check(
        |capacity| match capacity {
            0 => Box::new(Queue::unbounded()) as Box<dyn Passage>,
            capacity => Box::new(Queue::bounded(capacity)),
        },
        true,
    );
}

#[test]
fn each_item_of_a_lifo_queue_arrives_once() {
    check(
        |capacity| match capacity {
            0 => Box::new(LifoQueue::unbounded()) as Box<dyn Passage>,
            capacity => Box::new(LifoQueue::bounded(capacity)),
        },
        false,
    );
}

#[test]
fn each_item_of_a_priority_queue_arrives_once_and_in_its_putters_order() {
    check(
        |capacity| match capacity {
            0 => Box::new(PriorityQueue::unbounded()) as Box<dyn Passage>,
            capacity => Box::new(PriorityQueue::bounded(capacity)),
        },
        true,
    );
}

#[test]
fn each_item_of_a_simple_queue_arrives_once_and_in_its_putters_order() {
    check(|_| Box::new(SimpleQueue::new()), true);
}
