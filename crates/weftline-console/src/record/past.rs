//! The waits that have ended, each once, as answers tell them: what one answer tells, the next may
//! tell again.

use std::collections::HashMap;
use weftline::watch::{PastWait, Snapshot};

/// The waits that have ended so far.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The number of the next wait of each ring.
    next: HashMap<u64, u64>,
    /// The waits that are told.
    told: u64,
    /// The waits that were overwritten before they were told.
    overwritten: u64,
    /// Those of threads without a ring: so many at first, and so many last.
    unkept: Option<(u64, u64)>,
}

impl Past {
    /// The waits of an answer that are new, in the order of their ends.
    pub(crate) fn new_of<'a>(&mut self, snapshot: &'a Snapshot) -> Vec<&'a PastWait> {
        let mut new: Vec<&PastWait> = Vec::new();
        for wait in &snapshot.past {
            // The waits of a ring come in the order of their numbers.
            let next = self.next.entry(wait.ring).or_insert(wait.number);
            if wait.number >= *next {
                self.overwritten += wait.number - *next;
                *next = wait.number + 1;
                new.push(wait);
            }
        }
        self.told += new.len() as u64;
        let (first, _) = self.unkept.unwrap_or((snapshot.unkept, 0));
        self.unkept = Some((first, snapshot.unkept));
        new.sort_by_key(|wait| wait.ended);
        new
    }

    pub(crate) fn told(&self) -> u64 {
        self.told
    }

    /// How many waits are not told.
    pub(crate) fn lost(&self) -> u64 {
        let (first, last) = self.unkept.unwrap_or_default();
        self.overwritten + last.saturating_sub(first)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.next.len()
    }
}
