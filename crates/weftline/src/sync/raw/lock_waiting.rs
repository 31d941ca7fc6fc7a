//! How a thread waits for a [`RawLock`]. `lock.rs` has the states, the invariant and the policy.

use super::lock::{RawLock, kept};
use super::lock_word::{WAITERS, held_by, is_free, is_orphan};
use crate::park::model::{Ordering, spin_loop};
use crate::park::{
    BlockedOn, Blocker, Deadline, Ended, List, WaitError, Waiter, Wakeup, ready, witness,
};

impl RawLock {
    #[cold]
    pub(in crate::sync) fn lock_slow<B: Blocker>(
        &self,
        on: BlockedOn,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        let place = on.place();
        if deadline.is_never() && self.is_watched() {
            witness::wants(self.seen(), place);
        }
        if !self.take_by(self.word.load(Ordering::Relaxed), me) {
            self.wait(on, me, blocker, deadline)?;
        }
        if self.is_watched() {
            witness::taken(self.seen(), place);
        }
        Ok(())
    }

    /// Waits until the calling thread has the lock.
    fn wait<B: Blocker>(
        &self,
        on: BlockedOn,
        me: u64,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), WaitError<B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(WaitError::TimedOut);
        }
        if B::SPIN.is_before_wait() && self.spin(me) {
            return Ok(());
        }
        ready(blocker).map_err(WaitError::Interrupted)?;
        loop {
            let waiter = Waiter::aging::<B>(held_by(me));
            {
                let mut list = self.waiters.lock();
                if self.take_or_mark(me, list.is_empty()) {
                    return Ok(());
                }
                // SAFETY: every way out below leaves the waiter granted, removed or forgotten.
                unsafe { list.push_back(&waiter) };
            }
            match waiter.wait_or_take(on, blocker, deadline, || self.retry(me, &waiter)) {
                Ended::Granted => return Ok(()),
                Ended::Forked => continue,
                Ended::Abandoned(why) => {
                    self.leave(&waiter);
                    return Err(why);
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    // Fails only if another thread has released the lock since the handoff. The
                    // lock is free either way.
                    let _ = self.unlock();
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    /// Spins until the lock is free, for at most 127 spin hints; stops when other threads wait.
    fn spin(&self, me: u64) -> bool {
        const ROUNDS: u32 = if cfg!(weftline_model) { 0 } else { 7 };
        for round in 0..ROUNDS {
            (0..1 << round).for_each(|_| spin_loop());
            let word = self.word.load(Ordering::Relaxed);
            if is_free(word) {
                if self.take_by(word, me) {
                    return true;
                }
            } else if word & WAITERS != 0 {
                return false;
            }
        }
        false
    }

    /// A woken waiter retries. Returns whether it has the lock.
    fn retry(&self, me: u64, waiter: &Waiter<u64>) -> bool {
        let mut list = self.waiters.lock();
        if waiter.is_granted() {
            return true;
        }
        let takes = self.take_or_mark(me, list.is_only(waiter));
        if takes {
            list.remove(waiter);
        }
        takes
    }

    /// Under the list's lock: takes a free lock, with `WAITERS` set if other threads wait; sets
    /// `WAITERS` on a held one.
    fn take_or_mark(&self, me: u64, is_only: bool) -> bool {
        let taken = held_by(me) | if is_only { 0 } else { WAITERS };
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let takes = is_free(word) || is_orphan(word);
            if !takes && word & WAITERS != 0 {
                return false;
            }
            let next = if takes {
                taken | kept(word)
            } else {
                word | WAITERS
            };
            match self
                .word
                .compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return takes,
                Err(now) => word = now,
            }
        }
    }

    /// Unlinks an abandoned waiter. The wakeup that it may have had goes to the next.
    fn leave(&self, waiter: &Waiter<u64>) {
        let woken = {
            let mut list = self.waiters.lock();
            list.remove(waiter);
            self.pass_on(&list)
        };
        if let Some(next) = woken {
            next.call();
        }
    }

    /// Restores the invariant after a waiter left: wakes the next one without handoff if the lock
    /// is free, else sets `WAITERS`.
    fn pass_on(&self, list: &List<u64>) -> Option<Wakeup> {
        let front = list.front()?;
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if is_free(word) {
                return Some(front.wake_without_handoff());
            }
            match self.word.compare_exchange_weak(
                word,
                word | WAITERS,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return None,
                Err(now) => word = now,
            }
        }
    }
}
