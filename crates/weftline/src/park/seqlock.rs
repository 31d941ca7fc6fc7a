//! [`Seqlock`]: a few words that their thread shows and hides, and that any thread reads without a
//! lock.
//!
//! # Implementation
//!
//! | sequence | meaning | leaves by |
//! |---|---|---|
//! | even | hidden: the words may be half written | [`Seqlock::show`] → odd |
//! | odd | shown: the words are whole, and stay as they are | [`Seqlock::hide`] → even |
//!
//! **Invariants.** One thread writes, and only while the words are hidden. A signal handler of that
//! thread may write and show words of its own at any point of the thread's calls, if it leaves the
//! words and their visibility as it found them. The sequence changes by read-modify-writes only, so
//! it never takes a value twice.
//!
//! **Bounded.** A reader whose words change under it retries a few times. Then it reports that
//! nothing is shown: a thread that changes its words so fast sleeps nowhere.
//!
//! | operation | linearisation point |
//! |---|---|
//! | `show`, `hide` | the addition to the sequence |
//! | `read` | its first load of the sequence, of the last attempt |
//!
//! | happens-before | release | acquire |
//! |---|---|---|
//! | the words, before a reader finds them shown | the addition in `show` | the first load in `read` |
//! | the `hide` before a word is written, before a reader that has read this word checks the sequence | the fence in `write` | the fence in `is_still` |

use super::model::{AtomicU64, Ordering, fence};
use std::array;

/// How often a reader tries.
const ATTEMPTS: usize = 8;

/// Words that one thread writes and any thread reads.
pub struct Seqlock<const WORDS: usize> {
    sequence: AtomicU64,
    words: [AtomicU64; WORDS],
}

impl<const WORDS: usize> Seqlock<WORDS> {
    /// Nothing is shown.
    #[cfg(not(weftline_model))]
    pub(crate) const fn new() -> Self {
        Self {
            sequence: AtomicU64::new(0),
            words: [const { AtomicU64::new(0) }; WORDS],
        }
    }

    /// Nothing is shown.
    #[cfg(weftline_model)]
    #[must_use]
    #[allow(clippy::new_without_default, reason = "as in a real build")]
    pub fn new() -> Self {
        Self {
            sequence: AtomicU64::new(0),
            words: array::from_fn(|_| AtomicU64::new(0)),
        }
    }

    /// Writes the first words, which are hidden. Only for the writing thread.
    pub fn write(&self, words: &[u64]) {
        // Orders the last `hide` before the words. Pairs with the fence in `is_still`: a reader
        // that has read one of these words finds the sequence changed.
        fence(Ordering::Release);
        for (word, &value) in self.words.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
    }

    /// Shows the words, which are hidden. Only for the writing thread.
    pub fn show(&self) {
        // Pairs with the first load in `read`: a reader that finds the words shown reads these.
        self.sequence.fetch_add(1, Ordering::Release);
    }

    /// Hides the words, which are shown. Only for the writing thread.
    pub fn hide(&self) {
        // The fence in `write` orders it before later words.
        self.sequence.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether the words are shown. Only for the writing thread.
    pub fn is_shown(&self) -> bool {
        // Only this thread changes it.
        !self.sequence.load(Ordering::Relaxed).is_multiple_of(2)
    }

    /// Whether the words of that sequence, which [`Self::read`] returned, are still shown. What the
    /// caller has read in between, it read while they were.
    pub fn is_still(&self, sequence: u64) -> bool {
        // Pairs with the fence in `write`.
        fence(Ordering::Acquire);
        self.sequence.load(Ordering::Relaxed) == sequence
    }

    /// The words that are shown, with their sequence and what `beside` returned while they were.
    /// Takes no lock: also for signal handlers.
    pub fn read<R>(&self, beside: impl Fn() -> R) -> Option<(u64, [u64; WORDS], R)> {
        for _ in 0..ATTEMPTS {
            // Pairs with the addition in `show`.
            let sequence = self.sequence.load(Ordering::Acquire);
            if sequence.is_multiple_of(2) {
                return None;
            }
            let words = array::from_fn(|index| self.words[index].load(Ordering::Relaxed));
            let beside = beside();
            if self.is_still(sequence) {
                return Some((sequence, words, beside));
            }
        }
        None
    }
}

impl<const WORDS: usize> std::fmt::Debug for Seqlock<WORDS> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seqlock")
    }
}
