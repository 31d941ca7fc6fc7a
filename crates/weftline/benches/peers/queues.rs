//! `Queue` beside kanal, crossbeam-channel, flume and `std::sync::mpsc`; the item is a `usize`
//! everywhere.

use crate::measure::{Contestant, NANOS, Report};
use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

const CAPACITY: usize = 128;

/// Two ends of a queue of any library.
trait Pipe: 'static {
    type Sender: Send;
    type Receiver: Send;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver);
    /// Clones of both ends, for more threads.
    fn again(sender: &Self::Sender, receiver: &Self::Receiver) -> (Self::Sender, Self::Receiver);
    fn put(sender: &Self::Sender, item: usize);
    fn get(receiver: &Self::Receiver) -> usize;
}

struct Weftline;

impl Pipe for Weftline {
    type Sender = std::sync::Arc<weftline::Queue<usize>>;
    type Receiver = Self::Sender;

    fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver) {
        let queue = capacity.map_or_else(weftline::Queue::unbounded, weftline::Queue::bounded);
        let queue = std::sync::Arc::new(queue);
        (queue.clone(), queue)
    }

    fn again(sender: &Self::Sender, receiver: &Self::Receiver) -> (Self::Sender, Self::Receiver) {
        (sender.clone(), receiver.clone())
    }

    #[inline]
    fn put(sender: &Self::Sender, item: usize) {
        sender.put(item).unwrap();
    }

    #[inline]
    fn get(receiver: &Self::Receiver) -> usize {
        receiver.get().unwrap()
    }
}

macro_rules! channel {
    ($name:ident, $library:ident) => {
        struct $name;

        impl Pipe for $name {
            type Sender = $library::Sender<usize>;
            type Receiver = $library::Receiver<usize>;

            fn make(capacity: Option<usize>) -> (Self::Sender, Self::Receiver) {
                capacity.map_or_else($library::unbounded, $library::bounded)
            }

            fn again(
                sender: &Self::Sender,
                receiver: &Self::Receiver,
            ) -> (Self::Sender, Self::Receiver) {
                (sender.clone(), receiver.clone())
            }

            #[inline]
            fn put(sender: &Self::Sender, item: usize) {
                sender.send(item).unwrap();
            }

            #[inline]
            fn get(receiver: &Self::Receiver) -> usize {
                receiver.recv().unwrap()
            }
        }
    };
}

channel!(Kanal, kanal);
channel!(Crossbeam, crossbeam_channel);
channel!(Flume, flume);

pub(crate) fn measure(report: &mut Report) {
    for (name, capacity) in [
        ("Queue, one thread", None),
        ("Queue, one thread, capacity 128", Some(CAPACITY)),
    ] {
        let (sender, receiver) = std::sync::mpsc::channel();
        let (bounded_sender, bounded_receiver) = std::sync::mpsc::sync_channel(CAPACITY);
        report.row(
            name,
            500_000,
            &[NANOS],
            vec![
                alone::<Weftline>("weftline", capacity),
                alone::<Kanal>("kanal", capacity),
                alone::<Crossbeam>("crossbeam", capacity),
                alone::<Flume>("flume", capacity),
                Contestant::timed("std", move |operations| {
                    for item in 0..operations {
                        if capacity.is_some() {
                            bounded_sender.send(item).unwrap();
                            black_box(bounded_receiver.recv().unwrap());
                        } else {
                            sender.send(item).unwrap();
                            black_box(receiver.recv().unwrap());
                        }
                    }
                }),
            ],
        );
    }
    for (name, sides, capacity) in [
        ("Queue, 1 to 1, capacity 128", 1, Some(CAPACITY)),
        ("Queue, 2 to 2, capacity 128", 2, Some(CAPACITY)),
        ("Queue, 1 to 1", 1, None),
        ("Queue, 2 to 2", 2, None),
    ] {
        report.row(
            name,
            500_000,
            &[NANOS],
            vec![
                between::<Weftline>("weftline", sides, capacity),
                between::<Kanal>("kanal", sides, capacity),
                between::<Crossbeam>("crossbeam", sides, capacity),
                between::<Flume>("flume", sides, capacity),
            ],
        );
    }
}

fn alone<P: Pipe>(name: &'static str, capacity: Option<usize>) -> Contestant {
    let (sender, receiver) = P::make(capacity);
    Contestant::timed(name, move |operations| {
        for item in 0..operations {
            P::put(black_box(&sender), item);
            black_box(P::get(black_box(&receiver)));
        }
    })
}

/// `sides` threads put and as many get. The figure is the time from the first begin to the last
/// end, for one item.
fn between<P: Pipe>(name: &'static str, sides: usize, capacity: Option<usize>) -> Contestant {
    Contestant::new(name, move |items| {
        let each = items / sides;
        let (sender, receiver) = P::make(capacity);
        let together = Barrier::new(2 * sides);
        let ends: Vec<_> = (0..sides).map(|_| P::again(&sender, &receiver)).collect();
        let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
            let mut threads = Vec::new();
            for (sender, receiver) in ends {
                let together = &together;
                threads.push(scope.spawn(move || {
                    together.wait();
                    let start = Instant::now();
                    for item in 0..each {
                        P::put(&sender, item);
                    }
                    (start, Instant::now())
                }));
                threads.push(scope.spawn(move || {
                    together.wait();
                    let start = Instant::now();
                    for _ in 0..each {
                        black_box(P::get(&receiver));
                    }
                    (start, Instant::now())
                }));
            }
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let start = spans.iter().map(|span| span.0).min().unwrap();
        let end = spans.iter().map(|span| span.1).max().unwrap();
        let all: Duration = end - start;
        vec![crate::measure::per_operation(all, each * sides)]
    })
}
