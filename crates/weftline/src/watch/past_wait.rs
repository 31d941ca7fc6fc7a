//! [`PastWait`]: a wait that has ended.

use super::field::Fields;
use crate::park::Kind;
use std::time::Duration;

/// A wait that has ended. Only waits of threads are recorded that end while a recorder asks for
/// them ([`Wanted`](super::Wanted)), and that have gone to sleep, or would have.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PastWait {
    /// The ring that has kept it. A thread has one; a later thread may have the same one.
    pub ring: u64,
    /// Its number in the ring. The numbers are consecutive: a reader that misses some was too
    /// slow, and the waits were overwritten. A wait may be told by several answers.
    pub number: u64,
    /// The number of the thread.
    pub thread: u64,
    /// The kernel's identifier of the thread; zero if unknown.
    pub native_id: u64,
    /// What of the object it was for.
    pub kind: Kind,
    /// The address of the object. Another object may be there by now.
    pub object: u64,
    /// The name that the program gave to what is at the address.
    pub name: Option<String>,
    /// When it began, on the clock of [`Snapshot::taken`](super::Snapshot::taken).
    pub begun: Duration,
    /// When it ended.
    pub ended: Duration,
    /// How it ended.
    pub end: PastEnd,
    /// The number of the thread that has woken the waiter, if one has, and when.
    pub woken: Option<(u64, Duration)>,
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastEnd {
    /// With what it waited for.
    Granted,
    /// It timed out.
    TimedOut,
    /// A signal or an exception ended it.
    Interrupted,
}

/// The line `past` of `wire.rs`.
pub(super) fn read_past(fields: &mut Fields<'_>) -> Option<PastWait> {
    let mut wait = PastWait {
        ring: fields.number()?,
        number: fields.number()?,
        kind: Kind::of_name(fields.0.next()?),
        end: match fields.0.next()? {
            "granted" => PastEnd::Granted,
            "timed-out" => PastEnd::TimedOut,
            _ => PastEnd::Interrupted,
        },
        thread: fields.number()?,
        native_id: fields.number()?,
        object: fields.number()?,
        begun: Duration::from_nanos(fields.number()?),
        ended: Duration::from_nanos(fields.number()?),
        woken: None,
        name: None,
    };
    let (waker, woken_at) = (fields.number()?, fields.number()?);
    wait.woken = (waker != 0).then_some((waker, Duration::from_nanos(woken_at)));
    wait.name = fields.text();
    Some(wait)
}
