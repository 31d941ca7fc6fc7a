//! What a request asks for. It stands in the nonce, the value of the request's signal.
//!
//! | bits | meaning |
//! |---|---|
//! | 0 | set: a nonce is never zero |
//! | 1 | waits that have ended are asked for |
//! | 2 | nothing else is |
//! | 3 to 12 | of how long, in units of 10 ms |
//! | 13 to 63 | random |

use std::time::Duration;

const UNIT: Duration = Duration::from_millis(10);
const PAST: u64 = 1 << 1;
const ONLY: u64 = 1 << 2;
const WITHIN: u32 = 3;
const WITHIN_BITS: u64 = (1 << 10) - 1;
const RANDOM: u32 = 13;

/// What a process is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wanted {
    /// Its threads, what each waits for, and the stacks of its interpreter.
    State,
    /// The same, and the waits that have ended within that time, as
    /// [`PastWait`](super::PastWait)s. The time is rounded up to 10 ms, and at most 10 s.
    StateAndPast(Duration),
    /// These waits alone: it costs the process least.
    Past(Duration),
}

impl Wanted {
    /// The nonce of a request.
    pub(super) fn nonce(self, random: u64) -> u64 {
        let units = |within: Duration| {
            let units = within.as_nanos().div_ceil(UNIT.as_nanos());
            u64::try_from(units).unwrap_or(u64::MAX).min(WITHIN_BITS) << WITHIN
        };
        let asked = match self {
            Self::State => 0,
            Self::StateAndPast(within) => PAST | units(within),
            Self::Past(within) => PAST | ONLY | units(within),
        };
        random >> RANDOM << RANDOM | asked | 1
    }

    /// What a nonce asks for.
    pub(super) fn of(nonce: u64) -> Self {
        let within = UNIT * (nonce >> WITHIN & WITHIN_BITS) as u32;
        match (nonce & PAST != 0, nonce & ONLY != 0) {
            (false, _) => Self::State,
            (true, false) => Self::StateAndPast(within),
            (true, true) => Self::Past(within),
        }
    }

    /// The state is asked for.
    pub(super) fn has_state(self) -> bool {
        !matches!(self, Self::Past(_))
    }

    /// Within how many nanoseconds waits have ended that are asked for.
    pub(super) fn within(self) -> Option<u64> {
        match self {
            Self::State => None,
            Self::StateAndPast(within) | Self::Past(within) => {
                Some(within.as_nanos().try_into().unwrap_or(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_tells_what_is_asked_for() {
        let ms = Duration::from_millis;
        for random in [0, 1, u64::MAX, 0x1234_5678_9abc_def0] {
            for wanted in [
                Wanted::State,
                Wanted::StateAndPast(ms(0)),
                Wanted::StateAndPast(ms(620)),
                Wanted::Past(ms(10_230)),
            ] {
                let nonce = wanted.nonce(random);
                assert_ne!(nonce, 0);
                assert_eq!(Wanted::of(nonce), wanted);
                assert_eq!(nonce >> RANDOM, random >> RANDOM);
            }
        }
        let rounded = |within| Wanted::of(Wanted::Past(within).nonce(0));
        assert_eq!(rounded(ms(11)), Wanted::Past(ms(20)));
        assert_eq!(rounded(Duration::MAX), Wanted::Past(ms(10_230)));
    }
}
