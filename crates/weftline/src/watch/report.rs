//! [`Report`]: a snapshot as text for people, whole or a party of it.

use super::links::Links;
use super::snapshot::{Party, Pool, Snapshot, Stacks};
use super::wait_text::{FRAMES, counted, place_of};
use crate::park::{Kind, ObjectState};
use std::fmt::{self, Display};

/// A [`Snapshot`] as text for people: the deadlocks, then each thread.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a>(&'a Snapshot);

impl Snapshot {
    /// The snapshot as text for people.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }

    /// What a report says of a party, with all of its frames.
    ///
    /// ```
    /// use weftline::watch::Snapshot;
    ///
    /// let text = "weftline\t1\t7\t1\t5000\nthread\t3\t9\t12\tworker\nend\n";
    /// let snapshot = Snapshot::from_text(text).unwrap();
    /// let worker = snapshot.party(3).unwrap();
    /// let text = "\"worker\" (tid 12) runs, or waits for something else\n";
    /// assert_eq!(snapshot.party_text(worker), text);
    /// ```
    #[must_use]
    pub fn party_text(&self, party: &Party) -> String {
        struct Whole<'a>(Report<'a>, &'a Party);
        impl Display for Whole<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write_party(f, self.1, &self.0.0.links(), usize::MAX)
            }
        }
        Whole(self.report(), party).to_string()
    }
}

impl Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.0;
        let blocked = snapshot
            .parties
            .iter()
            .filter(|party| party.wait.is_some())
            .count();
        let deadlocks = snapshot.deadlocks();
        writeln!(
            f,
            "weftline: process {}: {}, {blocked} of them blocked, {}",
            snapshot.pid,
            counted(snapshot.parties.len(), "thread"),
            match deadlocks.len() {
                0 => "no deadlock".to_owned(),
                many => counted(many, "deadlock"),
            }
        )?;
        for deadlock in &deadlocks {
            writeln!(f)?;
            snapshot.write_circle(f, deadlock, 1)?;
        }
        for pool in &snapshot.pools {
            writeln!(f)?;
            self.write_pool(f, pool)?;
        }
        for (index, queue) in snapshot.queues.iter().enumerate() {
            let line = if index == 0 { "\n" } else { "" };
            writeln!(f, "{line}{queue}")?;
        }
        let links = snapshot.links();
        for party in &snapshot.parties {
            writeln!(f)?;
            self.write_party(f, party, &links, FRAMES)?;
        }
        if snapshot.stacks == Stacks::Silent {
            writeln!(
                f,
                "\nThe interpreter did not answer within 200 ms, so there are no stacks: another \
                 thread holds it, or no\nthread sleeps that could ask it. The lines above are \
                 those at which waits began."
            )?;
        }
        if !snapshot.is_whole {
            writeln!(
                f,
                "\nThe process told only a part: it ended, or was too slow."
            )?;
        }
        Ok(())
    }
}

impl Report<'_> {
    fn write_pool(&self, f: &mut fmt::Formatter<'_>, pool: &Pool) -> fmt::Result {
        let workers = self.0.workers(pool.number).count();
        let idle = self
            .0
            .workers(pool.number)
            .filter(|it| it.is_idle())
            .count();
        let first = self
            .0
            .workers(pool.number)
            .next()
            .map(Party::title)
            .unwrap_or_default();
        write!(
            f,
            "pool {} ({first}{}): {}, {} busy, {idle} idle",
            pool.number,
            if workers > 1 { ", …" } else { "" },
            counted(workers, "worker"),
            workers - idle,
        )?;
        match pool.waiting {
            Some(waiting) => writeln!(f, ", {} waiting", counted(waiting as usize, "task")),
            None => writeln!(f),
        }
    }

    /// A party, with at most so many frames.
    fn write_party(
        &self,
        f: &mut fmt::Formatter<'_>,
        party: &Party,
        links: &Links<'_>,
        frames: usize,
    ) -> fmt::Result {
        write!(f, "{}", party.title())?;
        if party.native_id != 0 {
            write!(f, " (tid {})", party.native_id)?;
        }
        match &party.wait {
            Some(wait) => {
                f.write_str(" ")?;
                self.0.write_wait(f, party.number, wait)?;
            }
            None => f.write_str(" runs, or waits for something else")?,
        }
        writeln!(f)?;
        for object in links.held_by(party.number) {
            if matches!(object.state, Some(ObjectState::Thread { .. })) {
                continue;
            }
            let waiters = || links.waiters(object.address);
            let kind = waiters().next();
            let kind = kind.map_or(Kind::Unknown, |(_, wait)| wait.kind);
            let class = match kind.is_lock() {
                true => kind.class(),
                false => "object",
            };
            write!(f, "    holds the {class} {}, for which ", object.title())?;
            let shown: Vec<String> = waiters().take(4).map(|(party, _)| party.title()).collect();
            match waiters().len() - shown.len() {
                0 => writeln!(f, "{} waits", shown.join(", ")),
                more => writeln!(f, "{} and {more} others wait", shown.join(", ")),
            }?;
        }
        if party.stack.is_empty()
            && let Some(place) = place_of(party)
        {
            writeln!(f, "    at {place}")?;
        }
        for frame in party.stack.iter().take(frames) {
            writeln!(f, "    at {frame}")?;
        }
        match party.stack.len().saturating_sub(frames) {
            0 if party.stack_is_cut => writeln!(f, "    … and more frames"),
            0 => Ok(()),
            more if party.stack_is_cut => writeln!(f, "    … and more than {more} more frames"),
            more => writeln!(f, "    … and {}", counted(more, "more frame")),
        }
    }
}
