//! [`Links`]: which parties of a snapshot hold what, and which wait for it.

use super::snapshot::{Object, Party, Snapshot, Wait};

/// Which objects each party of a [`Snapshot`] holds, and which parties wait for each object. For
/// thousands of questions about one snapshot.
#[derive(Clone, Debug)]
pub struct Links<'a> {
    snapshot: &'a Snapshot,
    /// The number of a party and the place of an object that it holds.
    held: Vec<(u64, usize)>,
    /// The address of an object and the place of a party that waits for it.
    waits: Vec<(u64, usize)>,
}

impl Snapshot {
    /// Which parties hold what, and which wait for it.
    #[must_use]
    pub fn links(&self) -> Links<'_> {
        let objects = self.objects.iter().enumerate();
        let mut held: Vec<(u64, usize)> = objects
            .flat_map(|(at, object)| object.holders.iter().map(move |&holder| (holder, at)))
            .collect();
        let parties = self.parties.iter().enumerate();
        let mut waits: Vec<(u64, usize)> = parties
            .filter_map(|(at, party)| Some((party.wait.as_ref()?.object, at)))
            .collect();
        held.sort_unstable();
        waits.sort_unstable();
        Links {
            snapshot: self,
            held,
            waits,
        }
    }
}

/// The places that belong to `key`.
fn places(sorted: &[(u64, usize)], key: u64) -> &[(u64, usize)] {
    let begin = sorted.partition_point(|&(of, _)| of < key);
    let len = sorted[begin..].partition_point(|&(of, _)| of == key);
    &sorted[begin..][..len]
}

impl Links<'_> {
    /// The objects that the party of that number holds and others wait for.
    pub fn held_by(&self, number: u64) -> impl ExactSizeIterator<Item = &Object> {
        let places = places(&self.held, number).iter();
        places.map(|&(_, at)| &self.snapshot.objects[at])
    }

    /// The parties that wait for the object at that address.
    pub fn waiters(&self, object: u64) -> impl ExactSizeIterator<Item = (&Party, &Wait)> {
        let places = places(&self.waits, object).iter();
        places.map(|&(_, at)| {
            let party = &self.snapshot.parties[at];
            (party, party.wait.as_ref().expect("it waits"))
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::watch::Snapshot;

    #[test]
    fn each_party_has_what_it_holds_and_each_object_its_waiters() {
        let mut text = String::from("weftline\t1\t7\t1\t5000\n");
        for number in 1..=4 {
            text += &format!("thread\t{number}\t9{number}\t12\t-\n");
        }
        for (number, object) in [(1, 64), (2, 64), (3, 72)] {
            text += &format!("wait\t{number}\t1\tLock\t{object}\t0\t-\t-\t-\t0\n");
        }
        text += "object\t64\theld\t4\t1\nobject\t72\theld\t4\t1\nend\n";
        let snapshot = Snapshot::from_text(&text).unwrap();
        let links = snapshot.links();
        let held =
            |number| -> Vec<u64> { links.held_by(number).map(|object| object.address).collect() };
        let waiters = |object| -> Vec<u64> {
            links
                .waiters(object)
                .map(|(party, _)| party.number)
                .collect()
        };
        assert_eq!((held(4), held(1), held(9)), (vec![64, 72], vec![], vec![]));
        assert_eq!(
            (waiters(64), waiters(72), waiters(80)),
            (vec![1, 2], vec![3], vec![])
        );
    }
}
