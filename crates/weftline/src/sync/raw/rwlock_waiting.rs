//! [`Waiting`]: the waiters of a read-write lock, and which of them is next. `rwlock.rs` has the
//! states, the invariant and the policy.

use super::rwlock_word::{ONE, UPGRADABLE, Word};
use crate::park::model::{AtomicU64, Ordering};
use crate::park::{Chain, ForgetWaiters, List, Waiter, Wakeup};

/// What a waiter asks for: nothing to read, or the word by which a writer would own the lock, with
/// [`UPGRADABLE`] if it upgrades.
pub(super) type Request = u64;

/// The waiters, under the list's lock.
pub(super) struct Waiting {
    pub(super) readers: List<Request>,
    pub(super) upgradables: List<Request>,
    /// The upgradable reader that upgrades, if there is one, and the writers.
    pub(super) writers: List<Request>,
}

impl ForgetWaiters for Waiting {
    fn forget_waiters(&mut self, torn: bool) {
        self.readers.forget_waiters(torn);
        self.upgradables.forget_waiters(torn);
        self.writers.forget_waiters(torn);
    }
}

/// The readers that wait go before waiting writers in a read phase.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// A writer has released the lock, or has become a reader.
    Begins,
    /// A reader that was woken has taken the lock.
    GoesOn,
    /// It is no read phase.
    Over,
}

/// Which waiter is next.
enum Next<'a> {
    NoWaiter,
    /// This front waiter is woken without handoff.
    Wake(&'a Waiter<Request>),
    /// All readers get the lock by handoff.
    HandOffToReaders,
    HandOffToUpgradable,
    HandOffToWriter,
}

/// The threads to wake, once the list's lock is free.
#[derive(Default)]
#[must_use = "waiters sleep until they are woken"]
pub(super) struct Woken {
    readers: Option<Chain<Request>>,
    /// By handoff, and without.
    owner: Option<Wakeup>,
    competitor: Option<Wakeup>,
}

impl Woken {
    /// Call it without the list's lock.
    pub(super) fn call(self) {
        if let Some(owner) = self.owner {
            owner.call();
        }
        if let Some(readers) = self.readers {
            readers.wake();
        }
        if let Some(competitor) = self.competitor {
            competitor.call();
        }
    }
}

impl Waiting {
    pub(super) const fn new() -> Self {
        Self {
            readers: List::new(),
            upgradables: List::new(),
            writers: List::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.readers.is_empty() && self.upgradables.is_empty() && self.writers.is_empty()
    }

    /// Whether a writer waits, or an upgrade, for longer than the starvation bound.
    pub(super) fn is_writer_starved(&self) -> bool {
        self.writers.front().is_some_and(is_starved)
    }

    /// Whether the front of the writers is the upgradable reader.
    fn is_upgrade_next(&self) -> bool {
        let front = self.writers.front();
        front.is_some_and(|front| front.payload_under_lock(|request| *request & UPGRADABLE != 0))
    }

    /// Whether a woken reader lets a writer go first, while other readers hold the lock.
    pub(super) fn stops_woken_readers(&self, word: Word) -> bool {
        word.readers() > 0 && (self.is_writer_starved() || self.is_upgrade_next())
    }

    /// Restores the invariant: serves waiters that can be served, and sets or clears `WAITERS`.
    pub(super) fn settle(&mut self, word: &AtomicU64, phase: Phase) -> Woken {
        let mut woken = Woken::default();
        loop {
            let now = Word(word.load(Ordering::Relaxed));
            match self.next(now, phase) {
                Next::NoWaiter => {
                    let next = now.with_waiters(!self.is_empty());
                    if next == now || exchange(word, now, next) {
                        return woken;
                    }
                }
                Next::Wake(front) => {
                    // Readers stay out while a writer waits for others to leave.
                    let next = now.with_waiters(!now.is_free() && !self.writers.is_empty());
                    if next == now || exchange(word, now, next) {
                        // Once it is certain: a wakeup that is dropped is lost.
                        woken.competitor = Some(front.wake_without_handoff());
                        return woken;
                    }
                }
                Next::HandOffToReaders => self.hand_off_to_readers(word, now, &mut woken),
                Next::HandOffToUpgradable => self.hand_off_to_upgradable(word, now, &mut woken),
                Next::HandOffToWriter => self.hand_off_to_writer(word, now, &mut woken),
            }
        }
    }

    fn next(&self, word: Word, phase: Phase) -> Next<'_> {
        if word.is_exclusive() || word.is_full() {
            return Next::NoWaiter;
        }
        let readers = self.readers.front();
        let upgradable = self.upgradables.front().filter(|_| !word.has_upgradable());
        let is_upgradable_starved = upgradable.is_some_and(is_starved);
        let (shares, by_handoff) = match upgradable {
            Some(upgradable) if is_upgradable_starved || readers.is_none() => {
                (Some(upgradable), Next::HandOffToUpgradable)
            }
            _ => (readers, Next::HandOffToReaders),
        };
        let Some(writer) = self.writers.front() else {
            return serve(shares, by_handoff);
        };
        let upgrades = self.is_upgrade_next();
        if phase != Phase::Over
            && !upgrades
            && let Some(front) = shares
        {
            let is_writer_starved = is_starved(writer);
            // A phase without barging, which the starved writer sees end; or one in which a writer
            // that has become a reader reads already.
            if phase == Phase::Begins && (is_writer_starved || !word.is_free()) {
                return by_handoff;
            }
            if is_starved(front) || !is_writer_starved {
                return serve(shares, by_handoff);
            }
        }
        let can_write = if upgrades {
            word.is_upgradable_alone()
        } else {
            word.is_free()
        };
        serve(Some(writer).filter(|_| can_write), Next::HandOffToWriter)
    }

    /// A phase of reading: all waiting readers are counted at once.
    fn hand_off_to_readers(&mut self, word: &AtomicU64, now: Word, woken: &mut Woken) {
        // The first is counted before the readers are claimed, so that no writer comes between.
        let others = !(self.writers.is_empty() && self.upgradables.is_empty());
        let next = now.shared_by_one_more(ONE);
        let next = next.map(|next| next.with_waiters(others));
        if !next.is_some_and(|next| exchange(word, now, next)) {
            return;
        }
        let readers = self.readers.claim_all(|_| ());
        // Relaxed: each grant publishes what it grants.
        match readers.len() as u64 {
            0 => word.fetch_sub(ONE, Ordering::Relaxed),
            count => word.fetch_add((count - 1) * ONE, Ordering::Relaxed),
        };
        woken.readers = Some(readers);
    }

    fn hand_off_to_upgradable(&mut self, word: &AtomicU64, now: Word, woken: &mut Woken) {
        let next = now.shared_by_one_more(ONE | UPGRADABLE);
        let next = next.map(|next| next.with_waiters(true));
        if !next.is_some_and(|next| exchange(word, now, next)) {
            return;
        }
        match self.upgradables.try_claim_front() {
            Some(claimed) => woken.owner = Some(claimed.grant()),
            // It has just abandoned.
            None => drop(word.fetch_sub(ONE | UPGRADABLE, Ordering::Relaxed)),
        }
    }

    fn hand_off_to_writer(&mut self, word: &AtomicU64, now: Word, woken: &mut Woken) {
        let Some(front) = self.writers.front() else {
            return;
        };
        let request = front.payload_under_lock(|request| *request);
        let is_last =
            self.writers.is_only(front) && self.readers.is_empty() && self.upgradables.is_empty();
        // The word first: as soon as the waiter is granted, the new owner may release.
        let next = Word((request & !UPGRADABLE) | now.kept()).with_waiters(!is_last);
        if !exchange(word, now, next) {
            return;
        }
        match self.writers.try_claim_front() {
            Some(claimed) => woken.owner = Some(claimed.grant()),
            // It has just abandoned. No other thread changes the word of a writer.
            None => word.store(now.with_waiters(true).0, Ordering::Release),
        }
    }
}

/// Serves the front waiter `front`, if there is one: by handoff if it is starved.
fn serve<'a>(front: Option<&'a Waiter<Request>>, by_handoff: Next<'a>) -> Next<'a> {
    match front {
        None => Next::NoWaiter,
        Some(front) if is_starved(front) => by_handoff,
        Some(front) => Next::Wake(front),
    }
}

fn is_starved(front: &Waiter<Request>) -> bool {
    front.since().is_starved()
}

/// An acquire, for a handoff: the granted thread sees what all earlier owners wrote. A release, for
/// the state that it may return to.
fn exchange(word: &AtomicU64, now: Word, next: Word) -> bool {
    word.compare_exchange(now.0, next.0, Ordering::AcqRel, Ordering::Relaxed)
        .is_ok()
}
