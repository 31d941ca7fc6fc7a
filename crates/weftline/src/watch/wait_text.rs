//! A wait of a snapshot as the rest of a sentence, for reports and verdicts.

use super::snapshot::{Frame, Object, Party, Snapshot, Wait};
use super::span::Span;
use crate::park::{Kind, ObjectState};
use std::fmt;

/// How many frames of a stack are shown.
pub(super) const FRAMES: usize = 12;

impl Snapshot {
    /// What to call the thread of that number.
    fn title_of(&self, number: u64) -> String {
        match self.party(number) {
            Some(party) => party.title(),
            None => format!("thread {number}, which has ended"),
        }
    }

    /// For what it waits, as the rest of a sentence.
    pub(super) fn write_wait(
        &self,
        f: &mut fmt::Formatter<'_>,
        waiter: u64,
        wait: &Wait,
    ) -> fmt::Result {
        let object = self.object(wait.object);
        write!(f, "waits for {}", wait.kind.noun())?;
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
            Some(ObjectState::Held { by, .. }) => {
                write!(f, ", held by {}", self.title_of(by.get()))
            }
            Some(ObjectState::Thread { number }) => write!(f, ", {}", self.title_of(number.get())),
            Some(ObjectState::Read { readers }) => {
                write!(f, ", held by {}", counted(readers as usize, "reader"))?;
                let known = object
                    .holders
                    .iter()
                    .take(4)
                    .map(|&holder| self.title_of(holder));
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
}

/// The line of the program at which a party waits.
pub(super) fn place_of(party: &Party) -> Option<&Frame> {
    party
        .wait
        .as_ref()
        .and_then(|wait| wait.site.as_ref())
        .or(party.stack.first())
}

/// A number and its noun.
pub(super) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
