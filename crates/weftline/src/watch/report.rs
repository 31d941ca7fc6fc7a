//! A snapshot as text for people: whole, a party of it, or a verdict on it. Its sentences stand in
//! one file, which is long for that.

use super::deadlock::{Deadlock, Verdict};
use super::links::Links;
use super::plain::noun;
use super::snapshot::{Frame, Object, Party, Pool, Snapshot, Stacks, Wait};
use crate::park::{Kind, ObjectState};
use std::fmt::{self, Display};
use std::time::Duration;

/// How many frames of a stack are shown.
const FRAMES: usize = 12;

/// A [`Snapshot`] as text for people: the deadlocks, then each thread.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a>(&'a Snapshot);

impl Snapshot {
    /// The snapshot as text for people.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }
}

/// What is written when a thread finds a deadlock.
struct VerdictText<'a> {
    snapshot: &'a Snapshot,
    verdict: Verdict,
    threads: &'a [u64],
}

impl Snapshot {
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

    /// What is written when a thread finds this among the threads of the snapshot.
    ///
    /// ```
    /// use weftline::watch;
    ///
    /// let snapshot = watch::snapshot();
    /// for deadlock in snapshot.deadlocks() {
    ///     eprint!("{}", snapshot.verdict_text(deadlock.verdict, &deadlock.circle));
    /// }
    /// ```
    #[must_use]
    pub fn verdict_text(&self, verdict: Verdict, threads: &[u64]) -> String {
        VerdictText {
            snapshot: self,
            verdict,
            threads,
        }
        .to_string()
    }
}

impl Display for VerdictText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let report = Report(self.snapshot);
        write!(f, "weftline: process {}: ", self.snapshot.pid)?;
        match self.verdict {
            Verdict::Abandoned => return report.write_abandoned(f, self.threads),
            Verdict::PoolStarved => return report.write_starved(f, self.threads),
            Verdict::Standstill => return report.write_standstill(f, self.threads),
            _ => {}
        }
        let deadlock = Deadlock {
            circle: self.threads.to_vec(),
            verdict: self.verdict,
        };
        report.write_circle(f, &deadlock, FRAMES)
    }
}

/// A duration as reports show it: `340 ms`, `12.3 s`, `5 min 02 s`, `3 h 07 min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0.as_secs(), self.0.subsec_millis());
        match seconds {
            0 => write!(f, "{millis} ms"),
            1..60 => write!(f, "{seconds}.{} s", millis / 100),
            60..3600 => write!(f, "{} min {:02} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        }
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
            self.write_deadlock(f, deadlock)?;
        }
        for pool in &snapshot.pools {
            writeln!(f)?;
            self.write_pool(f, pool)?;
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
    fn title(&self, number: u64) -> String {
        match self.0.party(number) {
            Some(party) => party.title(),
            None => format!("thread {number}, which has ended"),
        }
    }

    fn write_deadlock(&self, f: &mut fmt::Formatter<'_>, deadlock: &Deadlock) -> fmt::Result {
        self.write_circle(f, deadlock, 1)
    }

    /// A deadlock, with at most so many frames of each thread.
    fn write_circle(
        &self,
        f: &mut fmt::Formatter<'_>,
        deadlock: &Deadlock,
        frames: usize,
    ) -> fmt::Result {
        let many = deadlock.circle.len();
        let certainty = match deadlock.verdict {
            Verdict::Certain => "deadlock: ",
            Verdict::Likely => "likely deadlock: ",
            Verdict::UntilTimeout => "deadlock until a timeout: ",
            Verdict::Abandoned | Verdict::PoolStarved | Verdict::Standstill => "",
        };
        writeln!(
            f,
            "{certainty}{} wait for each other",
            counted(many, "thread")
        )?;
        for &number in &deadlock.circle {
            self.write_waiter(f, number, frames)?;
        }
        match deadlock.verdict {
            Verdict::Certain | Verdict::Abandoned | Verdict::PoolStarved | Verdict::Standstill => {
                writeln!(f, "  = none of them can go on")
            }
            Verdict::Likely => writeln!(
                f,
                "  = none of them goes on unless another thread releases one of these locks"
            ),
            Verdict::UntilTimeout => writeln!(f, "  = they go on when one of the waits times out"),
        }?;
        writeln!(
            f,
            "  = help: take these locks in the same order everywhere, or take one of them with a \
             timeout"
        )
    }

    fn write_abandoned(&self, f: &mut fmt::Formatter<'_>, threads: &[u64]) -> fmt::Result {
        writeln!(
            f,
            "a thread has ended while it held what another one waits for"
        )?;
        self.write_waits(f, threads)?;
        writeln!(
            f,
            "  = help: release it in a `with` block, a `finally`, or by a guard"
        )
    }

    fn write_standstill(&self, f: &mut fmt::Formatter<'_>, threads: &[u64]) -> fmt::Result {
        writeln!(f, "every thread waits, and none of the waits times out")?;
        self.write_waits(f, threads)?;
        writeln!(f, "  = nothing in this process can wake one of them")
    }

    fn write_starved(&self, f: &mut fmt::Formatter<'_>, threads: &[u64]) -> fmt::Result {
        writeln!(
            f,
            "all workers of a pool wait for tasks that no worker is left to run"
        )?;
        self.write_waits(f, threads)?;
        writeln!(
            f,
            "  = help: a task should not wait for another task of its own pool: use a second pool, \
             or more workers\n          than tasks that wait"
        )
    }

    fn write_waits(&self, f: &mut fmt::Formatter<'_>, threads: &[u64]) -> fmt::Result {
        /// A standstill may be of thousands.
        const MOST: usize = 40;
        for &number in threads.iter().take(MOST) {
            self.write_waiter(f, number, FRAMES)?;
        }
        match threads.len().checked_sub(MOST) {
            Some(more @ 1..) => writeln!(f, "  … and {more} more threads"),
            _ => Ok(()),
        }
    }

    /// A waiter in a verdict: for what it waits, and at most so many frames.
    fn write_waiter(&self, f: &mut fmt::Formatter<'_>, number: u64, frames: usize) -> fmt::Result {
        let Some(party) = self.0.party(number) else {
            return Ok(());
        };
        let Some(wait) = &party.wait else {
            return Ok(());
        };
        write!(f, "  {} ", party.title())?;
        self.write_wait(f, number, wait)?;
        writeln!(f)?;
        if frames > 1 && !party.stack.is_empty() {
            for frame in party.stack.iter().take(frames) {
                writeln!(f, "      at {frame}")?;
            }
        } else if let Some(place) = place_of(party) {
            writeln!(f, "      at {place}")?;
        }
        Ok(())
    }

    /// For what it waits, as the rest of a sentence.
    fn write_wait(&self, f: &mut fmt::Formatter<'_>, waiter: u64, wait: &Wait) -> fmt::Result {
        let object = self.0.object(wait.object);
        write!(f, "waits for {}", noun(wait.kind))?;
        if !matches!(wait.kind, Kind::Thread | Kind::Timers | Kind::Work) {
            match object {
                Some(object) => write!(f, " {}", object.title()),
                None => write!(f, " {:#x}", wait.object),
            }?;
        }
        if let Some(object) = object {
            self.write_state(f, waiter, object, wait.kind)?;
        }
        write!(f, ", for {}", Span(wait.waited))?;
        match wait.times_out_in {
            Some(left) => write!(f, ", at most {} more", Span(left)),
            None => Ok(()),
        }
    }

    fn write_state(
        &self,
        f: &mut fmt::Formatter<'_>,
        waiter: u64,
        object: &Object,
        kind: Kind,
    ) -> fmt::Result {
        match object.state {
            Some(ObjectState::Held { by, .. }) if by.get() == waiter => {
                f.write_str(", which it holds itself")
            }
            Some(ObjectState::Held { by, .. }) => write!(f, ", held by {}", self.title(by.get())),
            Some(ObjectState::Thread { number }) => write!(f, ", {}", self.title(number.get())),
            Some(ObjectState::Read { readers }) => {
                write!(f, ", held by {}", counted(readers as usize, "reader"))?;
                let known = object
                    .holders
                    .iter()
                    .take(4)
                    .map(|&holder| self.title(holder));
                let known: Vec<String> = known.collect();
                match known.is_empty() {
                    true => Ok(()),
                    false => write!(f, " ({})", known.join(", ")),
                }
            }
            Some(ObjectState::Permits { free, .. }) => {
                write!(f, ", {} free", counted(free as usize, "permit"))
            }
            Some(ObjectState::Parties { arrived, parties }) => {
                write!(f, ", {arrived} of {parties} there")
            }
            Some(ObjectState::Queue { unfinished, .. }) if kind == Kind::QueueJoin => {
                write!(f, ", {} not done", counted(unfinished as usize, "item"))
            }
            Some(ObjectState::Queue { .. }) if kind == Kind::QueueGet => f.write_str(", empty"),
            Some(ObjectState::Queue { capacity, .. }) if kind == Kind::QueuePut => {
                write!(f, ", full with {}", counted(capacity as usize, "item"))
            }
            Some(ObjectState::Pending { .. }) => f.write_str(", which no worker has begun with"),
            Some(ObjectState::Running { .. }) => f.write_str(", which is running"),
            Some(ObjectState::Awaits { count }) => write!(f, ", {count} to come"),
            _ => Ok(()),
        }
    }

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
                self.write_wait(f, party.number, wait)?;
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
            write!(
                f,
                "    holds {} {}, for which ",
                held_noun(kind),
                object.title()
            )?;
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

/// The line of the program at which a party waits.
fn place_of(party: &Party) -> Option<&Frame> {
    party
        .wait
        .as_ref()
        .and_then(|wait| wait.site.as_ref())
        .or(party.stack.first())
}

fn held_noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Lock => "the Lock",
        Kind::RLock => "the RLock",
        Kind::RwLockRead | Kind::RwLockWrite => "the RWLock",
        _ => "the object",
    }
}

fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_unit_that_one_reads() {
        let shown = |millis| Span(Duration::from_millis(millis)).to_string();
        assert_eq!(shown(340), "340 ms");
        assert_eq!(shown(12_345), "12.3 s");
        assert_eq!(shown(302_000), "5 min 02 s");
        assert_eq!(shown(11_220_000), "3 h 07 min");
    }
}
