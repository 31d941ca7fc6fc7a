//! A verdict on a snapshot as text for people.

use super::deadlock::{Deadlock, Verdict};
use super::snapshot::Snapshot;
use super::wait_text::{FRAMES, counted, place_of};
use std::fmt::{self, Display};

/// What is written when a thread finds a deadlock.
struct VerdictText<'a> {
    snapshot: &'a Snapshot,
    verdict: Verdict,
    threads: &'a [u64],
}

impl Display for VerdictText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let snapshot = self.snapshot;
        write!(f, "weftline: process {}: ", snapshot.pid)?;
        match self.verdict {
            Verdict::Abandoned => return snapshot.write_abandoned(f, self.threads),
            Verdict::PoolStarved => return snapshot.write_starved(f, self.threads),
            Verdict::Standstill => return snapshot.write_standstill(f, self.threads),
            _ => {}
        }
        let deadlock = Deadlock {
            circle: self.threads.to_vec(),
            verdict: self.verdict,
        };
        snapshot.write_circle(f, &deadlock, FRAMES)
    }
}

impl Snapshot {
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

    /// A deadlock, with at most so many frames of each thread.
    pub(super) fn write_circle(
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
        let Some(party) = self.party(number) else {
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
}
