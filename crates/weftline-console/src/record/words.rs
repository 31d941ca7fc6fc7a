//! What slices and tracks are called.

use crate::graph::place_of;
use std::time::Duration;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Object, Party, PastWait, Snapshot, Span, Wait};

/// So many holders of an object are named.
const NAMED: usize = 4;

/// What a wait is called: the same for all waits alike, so that they can be counted.
pub(crate) fn wait(snapshot: &Snapshot, wait: &Wait) -> String {
    let object = snapshot.object(wait.object);
    match (wait.kind, object.and_then(|object| object.state)) {
        (Kind::Thread, Some(ObjectState::Thread { number })) => {
            return format!("waits for the end of {}", thread(snapshot, number.get()));
        }
        (Kind::Thread, _) => return "waits for a thread".to_owned(),
        (Kind::Futures | Kind::Scope | Kind::Timers | Kind::Work, _) => {
            return format!("waits for {}", wait.kind.class());
        }
        _ => {}
    }
    let object = self::object(wait, object);
    match wait.kind.purpose() {
        "" => format!("waits for {object}"),
        purpose => format!("waits for {object} {purpose}"),
    }
}

/// The object of a wait: its class, and its name or its address.
pub(crate) fn object(wait: &Wait, object: Option<&Object>) -> String {
    let class = wait.kind.class();
    match object {
        Some(object) => format!("{class} {}", object.title()),
        None => format!("{class} {:#x}", wait.object),
    }
}

/// What a wait that has ended is called: as [`wait`], without what only a snapshot knows.
pub(crate) fn past_wait(wait: &PastWait) -> String {
    match (wait.kind, wait.kind.purpose()) {
        (Kind::Thread, _) => "waits for a thread".to_owned(),
        (Kind::Futures | Kind::Scope | Kind::Timers | Kind::Work, _) => {
            format!("waits for {}", wait.kind.class())
        }
        (_, "") => format!("waits for {}", past_object(wait)),
        (_, purpose) => format!("waits for {} {purpose}", past_object(wait)),
    }
}

/// The object of such a wait.
pub(crate) fn past_object(wait: &PastWait) -> String {
    let class = wait.kind.class();
    match &wait.name {
        Some(name) => format!("{class} {name:?}"),
        None => format!("{class} {:#x}", wait.object),
    }
}

/// The thread of that number.
pub(crate) fn thread(snapshot: &Snapshot, number: u64) -> String {
    match snapshot.party(number) {
        Some(party) => party.title(),
        None => format!("thread {number}, which has ended"),
    }
}

/// The holders of a lock, if some are known.
pub(crate) fn holders(snapshot: &Snapshot, object: &Object) -> Option<String> {
    let known = object.holders.iter().take(NAMED);
    let known: Vec<String> = known.map(|&holder| thread(snapshot, holder)).collect();
    let known = known.join(", ");
    match object.state? {
        ObjectState::Held { .. } => Some(known),
        ObjectState::Read { readers: 0 } => None,
        ObjectState::Read { readers } if readers == object.holders.len() as u64 && readers <= 4 => {
            Some(known)
        }
        ObjectState::Read { readers: 1 } => Some("a reader".to_owned()),
        ObjectState::Read { readers } if known.is_empty() => Some(format!("{readers} readers")),
        ObjectState::Read { readers } => Some(format!("{readers} readers, {known} among them")),
        _ => None,
    }
}

/// The line of the program at which a thread waits.
pub(crate) fn site(party: &Party) -> Option<String> {
    place_of(party).map(ToString::to_string)
}

/// The timeout of a wait. It is counted from the call of the program, which was a little earlier
/// than the wait: of 2 s, the wait has 1.9998 s.
pub(crate) fn timeout(nanos: u64) -> String {
    let unit = match nanos {
        0..1_000_000_000 => 1_000_000,
        _ => 100_000_000,
    };
    span(nanos.saturating_add(unit / 2) / unit * unit)
}

/// A duration as reports show it.
pub(crate) fn span(nanos: u64) -> String {
    Span(Duration::from_nanos(nanos)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_that_of_the_program() {
        assert_eq!(timeout(1_999_800_000), "2.0 s");
        assert_eq!(timeout(999_980_000_000), "16 min 40 s");
        assert_eq!(timeout(249_900_000), "250 ms");
        assert_eq!(timeout(0), "0 ms");
    }
}
