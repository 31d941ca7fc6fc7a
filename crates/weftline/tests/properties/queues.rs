//! `Queue`, `LifoQueue`, `PriorityQueue` and `SimpleQueue`.

use crate::play::{Model, Object, Told, User};

use crate::support::SHORT;
use std::collections::VecDeque;
use weftline::{GetError, LifoQueue, PriorityQueue, PutError, Queue, SimpleQueue};

/// On the heap, so that a memory checker also sees an item that is lost or delivered twice.
pub(crate) type Item = Box<u8>;

pub(crate) fn of_put(put: Result<(), PutError<Item>>, item: u8) -> String {
    let (told, back) = match put {
        Ok(()) => return "put".into(),
        Err(PutError::Full(back)) => ("full", back),
        Err(PutError::ShutDown(back)) => ("shut down", back),
        Err(other) => return format!("{other:?}"),
    };
    if *back == item { told } else { "another item" }.into()
}

pub(crate) fn of_get(got: Result<Item, GetError>) -> String {
    match got {
        Ok(item) => item.to_string(),
        Err(GetError::Empty) => "empty".into(),
        Err(GetError::ShutDown) => "shut down".into(),
        Err(other) => format!("{other:?}"),
    }
}

macro_rules! queue {
    ($type:ty) => {
        impl Object for $type {
            fn user(&self, _: usize) -> User<'_> {
                Box::new(move |verb, number| {
                    let item = Box::new(number);
                    match verb {
                        "put" => of_put(self.put(item), number),
                        "try-put" => of_put(self.try_put(item), number),
                        "put-for" => of_put(self.try_put_for(item, SHORT), number),
                        "get" => of_get(self.get()),
                        "try-get" => of_get(self.try_get()),
                        "get-for" => of_get(self.try_get_for(SHORT)),
                        "task-done" => self.task_done().is_ok().to_string(),
                        "join" => {
                            self.join();
                            "joined".into()
                        }
                        "join-for" => self.try_join_for(SHORT).is_ok().to_string(),
                        "sizes" => {
                            format!("{} {} {}", self.len(), self.unfinished(), self.is_full())
                        }
                        _ => {
                            self.shutdown(verb == "shutdown-now");
                            self.is_shutdown().to_string()
                        }
                    }
                })
            }

            fn unblock(&self) {
                self.shutdown(true);
                while self.task_done().is_ok() {}
            }
        }
    };
}

queue!(Queue<Item>);
queue!(LifoQueue<Item>);
queue!(PriorityQueue<Item>);

impl Object for SimpleQueue<Item> {
    fn user(&self, _: usize) -> User<'_> {
        let of_get = |got: Option<Item>| got.map_or("empty".into(), |item| item.to_string());
        Box::new(move |verb, number| match verb {
            "put" => {
                self.put(Box::new(number));
                "put".into()
            }
            "get" => self.get().to_string(),
            "try-get" => of_get(self.try_get().ok()),
            "get-for" => of_get(self.try_get_for(SHORT).ok()),
            _ => format!("{} 0 false", self.len()),
        })
    }

    fn unblock(&self) {
        self.put(Box::new(0));
    }
}

#[derive(Clone, Copy)]
pub(crate) enum Order {
    Fifo,
    Lifo,
    Smallest,
}

/// The items in the order of their puts, and the waiters for an item, for a place, or for all tasks
/// to be done.
pub(crate) struct Queues {
    order: Order,
    capacity: usize,
    items: Vec<u8>,
    getters: VecDeque<usize>,
    putters: VecDeque<(usize, u8)>,
    joiners: Vec<usize>,
    /// The number of unfinished tasks: `None` if the queue does not count them.
    unfinished: Option<usize>,
    is_shut_down: bool,
}

impl Queues {
    fn is_full(&self) -> bool {
        self.capacity > 0 && self.items.len() >= self.capacity
    }

    fn take(&mut self) -> Option<u8> {
        let place = match self.order {
            Order::Fifo => 0,
            Order::Lifo => self.items.len().wrapping_sub(1),
            Order::Smallest => (0..self.items.len()).min_by_key(|&place| self.items[place])?,
        };
        (place < self.items.len()).then(|| self.items.remove(place))
    }

    /// Serves the waiters, as far as there are items and places.
    fn serve(&mut self) -> Told {
        let mut told = Told::new();
        while !self.is_full() && !self.putters.is_empty() {
            let (user, item) = self.putters.pop_front().expect("not empty");
            told.push((user, self.put(item)));
        }
        while !self.items.is_empty() && !self.getters.is_empty() {
            let user = self.getters.pop_front().expect("not empty");
            told.extend(self.take().map(|item| (user, item.to_string())));
        }
        if self.unfinished == Some(0) {
            told.extend(self.joiners.drain(..).map(|user| (user, "joined".into())));
        }
        told
    }

    fn put(&mut self, item: u8) -> String {
        self.items.push(item);
        self.unfinished = self.unfinished.map(|n| n + 1);
        "put".into()
    }

    fn shut_down(&mut self, at_once: bool) -> Told {
        self.is_shut_down = true;
        if at_once {
            let dropped = std::mem::take(&mut self.items).len();
            // `task_done` may have been called for items that are still in the queue.
            self.unfinished = self.unfinished.map(|n| n.saturating_sub(dropped));
        }
        let putters = self.putters.drain(..).map(|(user, _)| user);
        let ended = putters.chain(self.getters.drain(..));
        ended.map(|user| (user, "shut down".into())).collect()
    }
}

impl Model for Queues {
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told {
        let mut others = Told::new();
        let own = match verb {
            "put" | "try-put" | "put-for" if self.is_shut_down => "shut down".into(),
            "put" if self.is_full() => {
                self.putters.push_back((user, number));
                return Told::new();
            }
            "put" | "try-put" | "put-for" if self.is_full() => "full".into(),
            "put" | "try-put" | "put-for" => self.put(number),
            "get" | "try-get" | "get-for" => match self.take() {
                Some(item) => item.to_string(),
                None if self.is_shut_down => "shut down".into(),
                None if verb == "get" => {
                    self.getters.push_back(user);
                    return Told::new();
                }
                None => "empty".into(),
            },
            "task-done" => {
                let left = self.unfinished.and_then(|n| n.checked_sub(1));
                self.unfinished = left.or(self.unfinished);
                left.is_some().to_string()
            }
            "join" if self.unfinished != Some(0) => {
                self.joiners.push(user);
                return Told::new();
            }
            "join" => "joined".into(),
            "join-for" => (self.unfinished == Some(0)).to_string(),
            "sizes" => {
                let (len, unfinished) = (self.items.len(), self.unfinished.unwrap_or(0));
                format!("{len} {unfinished} {}", self.is_full())
            }
            _ => {
                others = self.shut_down(verb == "shutdown-now");
                "true".into()
            }
        };
        others.extend(self.serve());
        others.push((user, own));
        others
    }
}

pub(crate) fn model(order: Order, capacity: u8, counts: bool) -> Box<dyn Model> {
    Box::new(Queues {
        order,
        capacity: capacity.into(),
        items: Vec::new(),
        getters: VecDeque::new(),
        putters: VecDeque::new(),
        joiners: Vec::new(),
        unfinished: counts.then_some(0),
        is_shut_down: false,
    })
}
