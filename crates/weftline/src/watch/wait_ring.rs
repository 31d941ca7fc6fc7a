//! The waits that have ended lately, in a ring for each thread, while a recorder asks for them.
//!
//! # Implementation
//!
//! A recorder asks again and again (`asked.rs`). Each time, waits are recorded for [`LEASE`] from
//! then on, so a recorder that is killed leaves nothing switched on. A thread makes its ring when a
//! wait of it ends, and writes to it alone. A ring overwrites its oldest waits; the numbers of the
//! waits, which are consecutive in each ring, tell a reader how many it has missed.
//!
//! The reader is a signal handler, possibly in the middle of a write of the same thread. A slot has
//! its wait's number, plus one; zero while the slot is written. The reader copies the slot and
//! compares that number before and after (a seqlock: Boehm, *Can seqlocks get along with
//! programming language memory models?*, 2012).
//!
//! A ring belongs to a record, which is leaked and used again by a later thread, so the ring is,
//! too. There are [`RINGS`] of them at most, 32 MB: the waits of further threads are counted alone.

use super::field::{Maybe, Text};
use super::names::name_at;
use crate::park::observer::{EndedWait, Outcome};
use crate::park::{Kind, fork, kept_now, now, this_thread};
use std::alloc::{Layout, alloc_zeroed};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};

/// The waits that a ring has.
const SLOTS: u64 = 512;
/// The rings of a process.
const RINGS: usize = 1_024;
/// For how long waits are recorded after a request, in nanoseconds.
const LEASE: u64 = 3_000_000_000;

/// Until when waits are recorded, on the monotonic clock.
static UNTIL: AtomicU64 = AtomicU64::new(0);
static MADE: AtomicUsize = AtomicUsize::new(0);
/// The waits of threads that have no ring.
static UNKEPT: AtomicU64 = AtomicU64::new(0);

/// The words of a slot.
const NUMBER: usize = 0;
const KIND: usize = 1;
const THREAD: usize = 2;
const NATIVE_ID: usize = 3;
const OBJECT: usize = 4;
const BEGUN: usize = 5;
const ENDED: usize = 6;
const WAKER: usize = 7;
const WOKEN_AT: usize = 8;
const WORDS: usize = 9;
/// Where the outcome stands in the word [`KIND`].
const OUTCOME: u32 = 8;

struct Slot([AtomicU64; WORDS]);

/// All zeros are an empty ring.
struct Ring {
    /// The number of the next wait.
    next: AtomicU64,
    slots: [Slot; SLOTS as usize],
}

/// Waits are recorded from now on, for a while.
#[cfg(target_os = "linux")]
pub(super) fn extend() {
    UNTIL.fetch_max(now().saturating_add(LEASE), Ordering::Relaxed);
}

/// Whether waits are recorded at that time.
pub(super) fn is_recording(at: u64) -> bool {
    at <= UNTIL.load(Ordering::Relaxed)
}

/// Keeps a wait of the calling thread, if waits are recorded.
pub(super) fn keep(wait: &EndedWait) {
    if !is_recording(wait.ended) {
        return;
    }
    let Some(thread) = this_thread() else {
        UNKEPT.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let Some(ring) = ring_at(thread.kept()) else {
        UNKEPT.fetch_add(1, Ordering::Relaxed);
        return;
    };
    let outcome = match wait.outcome {
        Outcome::Granted => 0,
        Outcome::TimedOut => 1,
        Outcome::Interrupted => 2,
    };
    let mut words = [0; WORDS];
    words[THREAD] = thread.number().map_or(0, |number| number.get());
    words[NATIVE_ID] = thread.native_id();
    words[KIND] = wait.kind as u64 | outcome << OUTCOME;
    words[OBJECT] = wait.object as u64;
    // By this, a reader finds the wait in earlier snapshots.
    words[BEGUN] = wait.since;
    words[ENDED] = wait.ended;
    words[WAKER] = wait.waker;
    words[WOKEN_AT] = wait.woken_at;
    ring.push(words);
}

/// The ring at that place, which is the calling thread's. `None`: there are too many, or there is
/// no memory.
fn ring_at(place: &AtomicPtr<()>) -> Option<&'static Ring> {
    let kept = place.load(Ordering::Acquire).cast::<Ring>();
    // SAFETY: null, or stored below, and never freed.
    if let Some(ring) = unsafe { kept.as_ref() } {
        return Some(ring);
    }
    if MADE.fetch_add(1, Ordering::Relaxed) >= RINGS {
        MADE.fetch_sub(1, Ordering::Relaxed);
        return None;
    }
    // SAFETY: the layout has a size. All zeros are a ring.
    let ring = unsafe {
        let made = alloc_zeroed(Layout::new::<Ring>()).cast::<Ring>();
        made.as_ref()
    };
    let Some(ring) = ring else {
        MADE.fetch_sub(1, Ordering::Relaxed);
        return None;
    };
    // A signal handler of this thread may have stored another one meanwhile, which is lost then:
    // its waits were told or not.
    place.store(
        std::ptr::from_ref(ring).cast_mut().cast(),
        Ordering::Release,
    );
    Some(ring)
}

impl Ring {
    fn slot(&self, number: u64) -> &[AtomicU64; WORDS] {
        &self.slots[(number % SLOTS) as usize].0
    }

    /// By the thread of the ring, also in its signal handlers.
    fn push(&self, words: [u64; WORDS]) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = self.slot(number);
        slot[NUMBER].store(0, Ordering::Relaxed);
        // Pairs with the fence in `read`: a reader of a new word sees the zero.
        fence(Ordering::Release);
        for (place, word) in slot.iter().zip(words).skip(1) {
            place.store(word, Ordering::Relaxed);
        }
        // Pairs with the first load in `read`.
        slot[NUMBER].store(number + 1, Ordering::Release);
    }

    /// The wait with that number, unless it is overwritten or not yet whole.
    fn read(&self, number: u64) -> Option<[u64; WORDS]> {
        let slot = self.slot(number);
        if slot[NUMBER].load(Ordering::Acquire) != number + 1 {
            return None;
        }
        let words = slot.each_ref().map(|word| word.load(Ordering::Relaxed));
        // Pairs with the fence in `push`.
        fence(Ordering::Acquire);
        (slot[NUMBER].load(Ordering::Relaxed) == number + 1).then_some(words)
    }

    /// The numbers of the waits that ended since then.
    fn since(&self, since: u64) -> std::ops::Range<u64> {
        let next = self.next.load(Ordering::Relaxed);
        let oldest = next.saturating_sub(SLOTS);
        let ended_before = |&number: &u64| {
            let ended = self.read(number).map(|words| words[ENDED]);
            ended.is_some_and(|ended| ended < since)
        };
        let before = (oldest..next).rev().find(ended_before);
        before.map_or(oldest, |number| number + 1)..next
    }
}

/// Writes the lines of `wire.rs`: the waits that ended since then. Safe in a signal handler if
/// `out` is.
pub(super) fn write_past(out: &mut impl Write, since: u64) -> fmt::Result {
    writeln!(out, "unkept\t{}", UNKEPT.load(Ordering::Relaxed))?;
    for place in kept_now() {
        let kept = place.load(Ordering::Acquire).cast::<Ring>();
        // SAFETY: null, or stored by `ring_at`, and never freed.
        let Some(ring) = (unsafe { kept.as_ref() }) else {
            continue;
        };
        for number in ring.since(since) {
            // In the child of a fork, the other threads of the parent have waited for nothing.
            let words = ring
                .read(number)
                .filter(|words| fork::is_alive(words[THREAD]));
            if let Some(words) = words {
                write_wait(out, kept.addr(), number, &words)?;
            }
        }
    }
    Ok(())
}

fn write_wait(out: &mut impl Write, ring: usize, number: u64, words: &[u64; WORDS]) -> fmt::Result {
    let kind = Kind::ALL[usize::from(words[KIND] as u8) - 1];
    let outcome = match words[KIND] >> OUTCOME {
        0 => "granted",
        1 => "timed-out",
        _ => "interrupted",
    };
    write!(out, "past\t{ring}\t{number}\t{kind:?}\t{outcome}")?;
    for word in &words[THREAD..] {
        write!(out, "\t{word}")?;
    }
    let name = name_at(words[OBJECT] as usize);
    let name = name.as_ref().and_then(|name| name.as_str()).map(Text);
    writeln!(out, "\t{}", Maybe(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Box<Ring> {
        let made = Ring {
            next: AtomicU64::new(0),
            slots: [const { Slot([const { AtomicU64::new(0) }; WORDS]) }; SLOTS as usize],
        };
        Box::new(made)
    }

    fn ended_at(ended: u64) -> [u64; WORDS] {
        let mut words = [7; WORDS];
        words[ENDED] = ended;
        words
    }

    #[test]
    fn a_ring_has_the_latest_waits() {
        let ring = ring();
        assert_eq!(ring.since(0), 0..0);
        for number in 0..SLOTS + 3 {
            ring.push(ended_at(100 + number));
        }
        assert_eq!(ring.since(0), 3..SLOTS + 3);
        assert_eq!(ring.read(2), None, "overwritten");
        assert_eq!(ring.read(3).unwrap()[ENDED], 103);
        assert_eq!(ring.since(100 + SLOTS), SLOTS..SLOTS + 3);
        assert!(ring.since(u64::MAX).is_empty());
    }

    #[test]
    fn a_wait_is_read_whole_or_not_at_all() {
        let ring = ring();
        std::thread::scope(|scope| {
            let writes = scope.spawn(|| {
                for number in 1..200_000 {
                    ring.push([number; WORDS]);
                }
            });
            while !writes.is_finished() {
                let last = ring.next.load(Ordering::Relaxed);
                for number in last.saturating_sub(SLOTS)..last {
                    if let Some(words) = ring.read(number) {
                        assert_eq!(words[0], number + 1);
                        assert_eq!(words[1..], [number + 1; WORDS - 1]);
                    }
                }
            }
        });
    }
}
