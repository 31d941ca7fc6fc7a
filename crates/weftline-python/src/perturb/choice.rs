//! What a thread does before an operation of a perturbed test: mostly nothing.
//!
//! The choice is a function of the test, the thread, the number of the operation in the thread and
//! the operation, so a test meets the same choices each time.
//!
//! # Implementation
//!
//! A race of two threads needs one of them to pause between two of its steps until the other has
//! gone on. Pauses of equal lengths elsewhere would undo that. So lengths are spread evenly over
//! their logarithm: in a short race the longest pause outlasts the sum of the others, and it is at
//! each step equally often. How many operations pause is chosen for each test. In some tests half
//! of the threads are slow and the others quick, as with the random priorities of probabilistic
//! concurrency testing (Burckhardt et al., ASPLOS 2010).

use std::time::Duration;

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pause {
    None,
    /// It lets other threads run, and goes on when it can.
    Yield,
    Sleep(Duration),
}

/// How many of 256 operations a thread sleeps before: a row for each kind of test, with the two
/// kinds of its threads.
const SLEEPS: [[u64; 2]; 4] = [[48, 48], [112, 112], [224, 224], [16, 160]];
/// How many of 256 operations a thread yields before.
const YIELDS: u64 = 24;
/// The shortest sleep. The longest is 128 times as long, or 1,024 times where it is stretched.
const SHORTEST: Duration = Duration::from_micros(32);
/// One of so many sleeps is stretched eightfold.
const STRETCHED: u64 = 32;
/// So many operations of a thread are perturbed in full. The n-th operation after that is perturbed
/// with a share of this number in n, so that a long loop is slowed by little.
const IN_FULL: u64 = 128;

/// Chooses for the operation with that number, from 0 on, of a thread.
pub(super) fn choose(test: u64, thread: u64, number: u64, operation: u64) -> Pause {
    let in_test = mix(test, thread);
    let random = mix(mix(in_test, number), operation);
    if number >= IN_FULL && random % number >= IN_FULL {
        return Pause::None;
    }
    let random = mix(random, 1);
    let sleeps = SLEEPS[(mix(test, 0) % 4) as usize][(in_test % 2) as usize];
    let share = random & 0xff;
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
    let times = (7.0 * share).exp2() * if is_stretched { 8.0 } else { 1.0 };
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
