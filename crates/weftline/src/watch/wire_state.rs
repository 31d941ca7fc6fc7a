//! The state of an object in a line (`wire.rs`): a word, and its numbers.

use super::field::Fields;
use crate::park::{ObjectState, ThreadNumber};

pub(super) fn encode(state: ObjectState) -> (&'static str, [Option<u64>; 3]) {
    match state {
        ObjectState::Free => ("free", [None; 3]),
        ObjectState::Held { by, times, is_lent } => {
            ("held", [Some(by.get()), Some(times), Some(is_lent.into())])
        }
        ObjectState::Read { readers } => ("read", [Some(readers), None, None]),
        ObjectState::Permits { free, bound } => ("permits", [Some(free), Some(bound), None]),
        ObjectState::Flag { is_set } => ("flag", [Some(is_set.into()), None, None]),
        ObjectState::Parties { arrived, parties } => {
            ("parties", [Some(arrived), Some(parties), None])
        }
        ObjectState::Queue {
            capacity,
            unfinished,
        } => ("queue", [Some(capacity), Some(unfinished), None]),
        ObjectState::Pending { pool } => ("pending", [Some(pool.into()), None, None]),
        ObjectState::Running { pool } => ("running", [Some(pool.into()), None, None]),
        ObjectState::Finished => ("finished", [None; 3]),
        ObjectState::Thread { number } => ("thread", [Some(number.get()), None, None]),
        ObjectState::Awaits { count } => ("awaits", [Some(count), None, None]),
    }
}

pub(super) fn read_state(fields: &mut Fields<'_>) -> Option<ObjectState> {
    let party = |number| ThreadNumber::new(number);
    Some(match fields.0.next()? {
        "free" => ObjectState::Free,
        "held" => ObjectState::Held {
            by: party(fields.number()?)?,
            times: fields.number()?,
            is_lent: fields.number().is_some_and(|lent| lent != 0),
        },
        "read" => ObjectState::Read {
            readers: fields.number()?,
        },
        "permits" => ObjectState::Permits {
            free: fields.number()?,
            bound: fields.number()?,
        },
        "flag" => ObjectState::Flag {
            is_set: fields.number()? != 0,
        },
        "parties" => ObjectState::Parties {
            arrived: fields.number()?,
            parties: fields.number()?,
        },
        "queue" => ObjectState::Queue {
            capacity: fields.number()?,
            unfinished: fields.number()?,
        },
        "pending" => ObjectState::Pending {
            pool: fields.number()? as u32,
        },
        "running" => ObjectState::Running {
            pool: fields.number()? as u32,
        },
        "finished" => ObjectState::Finished,
        "thread" => ObjectState::Thread {
            number: party(fields.number()?)?,
        },
        "awaits" => ObjectState::Awaits {
            count: fields.number()?,
        },
        _ => return None,
    })
}
