//! [`QueueDepth`]: how full a queue is, whether threads wait at it or not.

use super::field::{Fields, Maybe, Text};
use super::names::name_at;
use crate::park::followed::depths_now;
use std::fmt::{self, Display, Write};

/// How full a queue is that the process [follows](super::follow).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueDepth {
    /// Its address: that of the object for which getters and putters wait.
    pub address: u64,
    /// How many items it has; `None`: it was being changed just then.
    pub items: Option<u64>,
    /// How many there can be; zero: any number.
    pub capacity: u64,
    /// The name that the program gave it.
    pub name: Option<String>,
}

/// For people.
impl Display for QueueDepth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "queue {name:?}: ")?,
            None => write!(f, "queue {:#x}: ", self.address)?,
        }
        match self.items {
            Some(items) => write!(f, "{items}")?,
            None => f.write_str("an unknown number")?,
        }
        match (self.capacity, self.items) {
            (0, Some(1)) => f.write_str(" item"),
            (0, Some(_)) => f.write_str(" items"),
            (0, None) => f.write_str(" of items"),
            (1, _) => f.write_str(" of 1 item"),
            (capacity, _) => write!(f, " of {capacity} items"),
        }
    }
}

/// The lines `queue` of `wire.rs`.
pub(super) fn write_queues(out: &mut impl Write) -> fmt::Result {
    depths_now(|address, depth| {
        let name = name_at(address);
        let name = name.as_ref().and_then(|name| name.as_str()).map(Text);
        writeln!(
            out,
            "queue\t{address}\t{}\t{}\t{}",
            Maybe(depth.map(|depth| depth.items)),
            Maybe(depth.map(|depth| depth.capacity)),
            Maybe(name)
        )
    })
}

pub(super) fn read_queue(fields: &mut Fields<'_>) -> Option<QueueDepth> {
    Some(QueueDepth {
        address: fields.number()?,
        items: fields.number(),
        capacity: fields.number().unwrap_or(0),
        name: fields.text(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_is_told_in_words() {
        let told = |line: &str| {
            let read = read_queue(&mut Fields(line.split('\t'))).unwrap();
            read.to_string()
        };
        assert_eq!(told("64\t1\t0\t-"), "queue 0x40: 1 item");
        assert_eq!(told("64\t7\t0\tjobs"), "queue \"jobs\": 7 items");
        assert_eq!(told("64\t0\t9\t-"), "queue 0x40: 0 of 9 items");
        assert_eq!(
            told("64\t-\t-\t-"),
            "queue 0x40: an unknown number of items"
        );
        assert_eq!(told("64\t1\t1\t-"), "queue 0x40: 1 of 1 item");
    }
}
