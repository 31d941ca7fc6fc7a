//! What a thread does before an operation of a perturbed test: mostly nothing.
//!
//! The choice is a function of the test, the thread, the number of the operation in the thread and
//! the operation, so a test meets the same choices each time.
//!
//! # Implementation
//!
//! A race of two threads needs one of them to pause between two of its steps while the other goes
//! on. A pause that both make at a time shows nothing. So each thread of a test is slow, usual or
//! quick throughout, as the random priorities of probabilistic concurrency testing do it
//! (Burckhardt et al., ASPLOS 2010). Lengths are spread evenly over their logarithm, because the
//! length that a race needs is unknown.

use std::time::Duration;

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pause {
    None,
    /// It lets other threads run, and goes on when it can.
    Yield,
    Sleep(Duration),
}

/// How many of 256 operations a thread sleeps before, by its kind.
const SLEEPS: [u64; 3] = [12, 48, 128];
/// How many of 256 operations a thread yields before.
const YIELDS: u64 = 48;
/// The shortest sleep. The longest is 256 times as long, or 2,048 times where it is stretched.
const SHORTEST: Duration = Duration::from_micros(16);
/// One of so many sleeps is stretched eightfold.
const STRETCHED: u64 = 32;
/// So many operations of a thread are perturbed in full. The n-th operation after that is perturbed
/// with a share of this number in n, so that a long loop is slowed by little.
const IN_FULL: u64 = 128;

/// Chooses for the operation with that number, from 0 on, of a thread.
pub(super) fn choose(test: u64, thread: u64, number: u64, operation: u64) -> Pause {
    let kind = mix(test, thread) % SLEEPS.len() as u64;
    let random = mix(mix(mix(test, thread), number), operation);
    if number >= IN_FULL && random % number >= IN_FULL {
        return Pause::None;
    }
    let random = mix(random, 1);
    let (share, sleeps) = (random & 0xff, SLEEPS[kind as usize]);
    if share < sleeps {
        Pause::Sleep(length(random >> 8))
    } else if share < sleeps + YIELDS {
        Pause::Yield
    } else {
        Pause::None
    }
}

fn length(random: u64) -> Duration {
    let share = (random & 0xffff) as f64 / 65_536.0;
    let is_stretched = (random >> 16).is_multiple_of(STRETCHED);
    let times = (8.0 * share).exp2() * if is_stretched { 8.0 } else { 1.0 };
    SHORTEST.mul_f64(times)
}

/// One number of two, each bit of which depends on all of theirs (SplitMix64).
pub(super) const fn mix(one: u64, other: u64) -> u64 {
    let mut mixed = one ^ other.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// A number for a text.
pub(super) fn number_of(text: &str) -> u64 {
    text.bytes()
        .fold(text.len() as u64, |number, byte| mix(number, byte.into()))
}
