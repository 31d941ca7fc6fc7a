//! The release of permits of a [`RawSemaphore`], with and without handoff.
//!
//! `semaphore.rs` has the states of the word, the invariant, and the linearisation points.
//!
//! # Implementation
//!
//! A release hands starved waiters their permits in batches. Each batch is claimed and granted
//! under one hold of the list's lock, and its threads are unparked after that hold. `WAITERS`
//! stays set between two batches, so other threads rarely compete with the starved waiters: only
//! after another operation has settled the list between the two.

use super::RawSemaphore;
use super::condition::Note;
use super::forwarding::GRANTED_BY_OBJECT;
use super::semaphore::{ONE, WAITERS, wake};
use crate::error::TooManyPermits;
use crate::park::model::Ordering;
use crate::park::{List, Wakeup};

/// How many waiters get their permits by handoff in one hold of the list's lock.
const BATCH: usize = if cfg!(weftline_model) { 1 } else { 16 };

impl RawSemaphore {
    /// Adds `n` permits and lets waiters have them.
    ///
    /// # Errors
    /// [`TooManyPermits`] when there would be more than the bound, or the semaphore is forwarded;
    /// then it adds none.
    #[inline]
    pub fn release(&self, n: u64) -> Result<(), TooManyPermits> {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            let Ok(next) = self.added(word, n) else {
                // Decided under the list's lock. Between the two stores of a `reset`, the old word
                // may seem to be above the new bound.
                break;
            };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
        self.release_slow(n)
    }

    /// Gives back the permits of an interrupted wait.
    pub(super) fn give_back(&self, n: u64) {
        // Exceeds the bound only if another thread has released permits that it did not have; then
        // there is nothing to give back.
        if self.release(n).is_err() {
            let waiters = self.waiters.lock();
            if waiters.is_forwarded() {
                self.word.fetch_add(n * ONE, Ordering::Release);
            }
        }
    }

    #[inline]
    fn added(&self, word: u64, n: u64) -> Result<u64, TooManyPermits> {
        if n > self.bound().saturating_sub(word / ONE) {
            Err(TooManyPermits)
        } else {
            Ok(word + n * ONE)
        }
    }

    #[cold]
    pub(super) fn release_slow(&self, n: u64) -> Result<(), TooManyPermits> {
        let mut adds = Some(n);
        loop {
            // Most releases hand nothing off: the first waiter that gets none ends the batch.
            let mut granted = [const { None }; BATCH];
            let (is_over, woken) = {
                let mut waiters = self.waiters.lock();
                if waiters.is_forwarded() {
                    return adds.map_or(Ok(()), |_| Err(TooManyPermits));
                }
                if let Some(n) = adds.take() {
                    self.add(n)?;
                }
                let is_over = granted.iter_mut().any(|place| {
                    *place = self.hand_off(&mut waiters.list);
                    place.is_none()
                });
                // `WAITERS` stays while starved waiters may remain: no other thread may compete
                // with them.
                let woken = is_over.then(|| self.settle(&waiters.list)).flatten();
                (is_over, woken)
            };
            granted.into_iter().for_each(wake);
            wake(woken);
            if is_over {
                return Ok(());
            }
        }
    }

    fn add(&self, n: u64) -> Result<(), TooManyPermits> {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let next = self.added(word, n)?;
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return Ok(()),
                Err(now) => word = now,
            }
        }
    }

    /// Under the list's lock: hands the front waiter its permits if it is older than the starvation
    /// bound.
    fn hand_off(&self, list: &mut List<Note>) -> Option<Wakeup> {
        loop {
            let front = list.front().filter(|front| front.since().is_starved())?;
            let n = front.payload_under_lock(|n| *n);
            if !self.take(n) {
                return None;
            }
            match list.try_claim_front() {
                Some(mut claimed) => {
                    claimed.payload(|note| *note = GRANTED_BY_OBJECT);
                    return Some(claimed.grant());
                }
                // It has just abandoned: its permits go to the next.
                None => self.word.fetch_add(n * ONE, Ordering::Relaxed),
            };
        }
    }
}
