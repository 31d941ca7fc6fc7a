//! [`Waiter`]: the wait of one thread or task for one object, and how it settles.
//!
//! # Implementation
//!
//! A waiter lies on the stack of its thread, or pinned in the future of its task
//! (`task_waiter.rs`), and is linked into a [`super::List`]. The rest describes a thread's waiter,
//! on which the thread parks (`thread_wait.rs`). `task_waiter.rs` has the differences of a task's.
//!
//! ## States
//!
//! | state | meaning | leaves by |
//! |---|---|---|
//! | `WAITING` | in the list, or about to be | a waker, under the list's lock → `CLAIMED`; its own thread → `ABANDONED` |
//! | `CLAIMED` | a waker won: it unlinks the waiter and writes what it grants | that waker → `GRANTED` |
//! | `GRANTED` | the waiter has what it waited for | (end) |
//! | `ABANDONED` | timeout or interrupt. Its thread unlinks it, or a waker that meets it does; the `CLAIMED` bit which that waker adds has no effect | (end) |
//!
//! Beside the state there is a mark, `SPINNING`: the waiter's thread spins on the state. Only that
//! thread sets it. The thread clears it before it parks, unless it has its grant; a grant
//! overwrites it. A waker that grants a spinning waiter does not unpark its thread, which saves the
//! transfer of one cache line.
//!
//! ## Invariants
//!
//! - *A waiter settles exactly once.* Both ways out of `WAITING` are one read-modify-write of the
//!   word, and the loser obeys the winner. A waker that meets an abandoned waiter passes on to the
//!   next. A thread whose abandon fails spins until its waiter is `GRANTED`, and uses the grant or
//!   gives it back.
//! - *No item, lock or permit goes to a waiter that has abandoned*: that is what `CLAIMED` is for.
//!   Only `List::claim_many` writes into such a waiter too, under the list's lock.
//! - *Either the thread sees the grant or its waker sees that the thread stopped spinning.* The
//!   grant and the clearing of the mark are each one read-modify-write of the one word.
//! - *The grant ends the waker's access.* The store of `GRANTED` lets the waiter's memory end while
//!   the waker is still in [`Waiter::grant`]. So a waker has no `&Waiter` then:
//!
//! | access | to | through | valid until |
//! |---|---|---|---|
//! | the waiter's own thread or task | all of it | `&Waiter` | its memory ends |
//! | a waker, under the list's lock | a linked waiter | `&Waiter`, borrowed from the list ([`super::List::front`]) | the list changes |
//! | a waker that claims, fills and grants | a claimed waiter | `NonNull<Waiter>`, one field at a time | the store of `GRANTED` |
//!
//! The store goes through a reference to the state alone: an atomic, whose memory may end while the
//! reference lives.
//!
//! ## Linearisation points
//!
//! The race of a waker and a timeout or interrupt is decided by the claim and the compare-exchange
//! to `ABANDONED`. The swap to `GRANTED` publishes the payload.
//!
//! ## Happens-before
//!
//! - The swap to `GRANTED` is a release. It pairs with the acquire load in `is_granted` and the
//!   acquire in `stop_spinning`: the woken thread sees the payload.
//! - The other transitions are relaxed: the list's lock orders wakers. A thread reads no payload
//!   before the grant, or before its waiter is unlinked under the lock.
//!
//! ## Forks
//!
//! A thread may fork in a signal handler while it waits. In the child, a waiter that is not
//! `GRANTED` stays as it is. A waker that did not survive may have written half of its payload,
//! which is therefore not dropped.

use super::deadline::Since;
use super::list_lock::Backoff;
use super::model::{AtomicU32, Ordering, UnsafeCell};
use super::wake_target::{WakeTarget, WakerSlot, Wakeup};
use super::{Blocker, Parker, ThreadRecord, fork, record};
use std::mem::{self, ManuallyDrop};
use std::ptr::NonNull;

const WAITING: u32 = 0;
const CLAIMED: u32 = 1;
pub(super) const GRANTED: u32 = 2;
const ABANDONED: u32 = 4;
pub(super) const SPINNING: u32 = 8;

/// The wait of one thread or task for one object; `P` is what passes between waker and waiter.
pub(crate) struct Waiter<P> {
    pub(super) state: AtomicU32,
    generation: u32,
    since: Since,
    target: WakeTarget,
    /// Guarded by the list's lock; between claim and grant, the waker's.
    links: UnsafeCell<Links<P>>,
    payload: UnsafeCell<ManuallyDrop<P>>,
}

// A waiter fits one cache line: where many are granted at once, each has one of its own.
#[cfg(all(target_pointer_width = "64", not(weftline_model)))]
const _: () = assert!(size_of::<Waiter<u64>>() <= 64);

pub(super) struct Links<P> {
    pub(super) previous: Option<NonNull<Waiter<P>>>,
    pub(super) next: Option<NonNull<Waiter<P>>>,
    pub(super) is_linked: bool,
}

/// Whether a waker has claimed the waiter whose state is at that address, and perhaps granted it
/// since; `None` if there is no memory. For reports: the waiter may be gone.
#[cfg(not(weftline_model))]
pub(super) fn is_claimed_at(state: usize) -> Option<bool> {
    let mut bytes = [0; 4];
    let is_there = super::probe::copy(state, &mut bytes);
    is_there.then(|| is_claimed_in(bytes))
}

/// As [`is_claimed_at`], in a copy of the state.
#[cfg(not(weftline_model))]
pub(super) fn is_claimed_in(state: [u8; 4]) -> bool {
    u32::from_ne_bytes(state) & (CLAIMED | GRANTED) != 0
}

impl<P> Waiter<P> {
    /// A waiter of the calling thread, which waits through `B`. Its age is not recorded.
    pub(crate) fn new<B: Blocker>(payload: P) -> Self {
        Self::since_when::<B>(payload, Since::UNKNOWN)
    }

    /// As [`Self::new`], with its age, for the starvation bound.
    pub(crate) fn aging<B: Blocker>(payload: P) -> Self {
        Self::since_when::<B>(payload, Since::now())
    }

    fn since_when<B: Blocker>(payload: P, since: Since) -> Self {
        // Before the generation is read: a thread's first record installs the fork handler.
        let record = record::current();
        let attaches = B::ATTACHES;
        Self::that_wakes(WakeTarget::Thread { record, attaches }, payload, since)
    }

    /// For a task, whose `slot` stays where it is as long as the waiter exists. Under the list's
    /// lock: the first lock has installed the fork handler.
    pub(super) fn of_task(payload: P, slot: NonNull<WakerSlot>) -> Self {
        Self::that_wakes(WakeTarget::Task(slot), payload, Since::now())
    }

    fn that_wakes(target: WakeTarget, payload: P, since: Since) -> Self {
        Self {
            state: AtomicU32::new(WAITING),
            generation: fork::generation(),
            since,
            target,
            links: UnsafeCell::new(Links {
                previous: None,
                next: None,
                is_linked: false,
            }),
            payload: UnsafeCell::new(ManuallyDrop::new(payload)),
        }
    }

    /// The record of its thread.
    #[inline]
    pub(super) fn record(&self) -> &'static ThreadRecord {
        match self.target {
            WakeTarget::Thread { record, .. } => record,
            WakeTarget::Task(_) => unreachable!("a task does not sleep"),
        }
    }

    /// Whether a waker has granted it. If so, the payload is seen.
    pub(crate) fn is_granted(&self) -> bool {
        // Pairs with the waker's release in `grant`.
        self.state.load(Ordering::Acquire) & GRANTED != 0
    }

    /// Whether its thread spins on it, which may end at any time.
    pub(crate) fn is_spinning(&self) -> bool {
        self.state.load(Ordering::Relaxed) & SPINNING != 0
    }

    /// Whether a waker has claimed it, and perhaps granted it since. Under the list's lock, which
    /// orders the claim.
    pub(crate) fn is_claimed(&self) -> bool {
        self.state.load(Ordering::Relaxed) & (CLAIMED | GRANTED) != 0
    }

    /// Whether a fork has forgotten it before a waker granted it. No waker grants it any more.
    pub(super) fn is_lost(&self) -> bool {
        self.is_forgotten() && !self.is_granted()
    }

    /// Whether the process has forked since the waiter was made. The next lock of its list empties
    /// that list, and does not touch the waiter.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.generation != fork::generation()
    }

    /// WAITING → ABANDONED. `false` when a waker was first: then the waiter is granted on return,
    /// and its thread's turn in the relay has ended.
    pub(crate) fn abandon(&self) -> bool {
        if self
            .state
            .compare_exchange(WAITING, ABANDONED, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        {
            return true;
        }
        spin_until(|| self.is_granted());
        self.record().parker.go_on();
        false
    }

    /// WAITING → CLAIMED. `false` when the waiter has abandoned.
    ///
    /// # Safety
    /// `this` is linked, and its list's lock is held.
    pub(super) unsafe fn claim(this: NonNull<Self>) -> bool {
        // Not a compare-exchange, which would have to retry when `SPINNING` changes. On an
        // abandoned waiter the bit has no effect.
        // SAFETY: alive while the lock is held, by the caller's promise.
        let was = unsafe { (*this.as_ptr()).state.fetch_add(CLAIMED, Ordering::Relaxed) };
        was & ABANDONED == 0
    }

    /// The parker of its thread, if that attaches to an interpreter when it is woken.
    ///
    /// # Safety
    /// As [`Self::grant`].
    #[inline]
    pub(super) unsafe fn attaching(this: NonNull<Self>) -> Option<&'static Parker> {
        // SAFETY: claimed and not granted, so alive.
        match unsafe { (*this.as_ptr()).target } {
            WakeTarget::Thread { record, attaches } => attaches.then_some(&record.parker),
            WakeTarget::Task(_) => None,
        }
    }

    /// CLAIMED → GRANTED.
    ///
    /// # Safety
    /// The caller has claimed `this`, has not granted it, and has no reference into it. The
    /// waiter's memory may end before the return.
    pub(super) unsafe fn grant(this: NonNull<Self>) -> Wakeup {
        let this = this.as_ptr();
        // SAFETY: claimed and not granted, so alive until the store; the reference to the state is
        // the only one.
        let (wakeup, was) = unsafe {
            // Collected before the grant, which ends the waker's access.
            let wakeup = (*this).target.wakeup();
            // Pairs with the acquire in `is_granted`.
            (wakeup, (*this).state.swap(GRANTED, Ordering::Release))
        };
        // Only a thread sets `SPINNING`, so no `Waker` is dropped here.
        if was & SPINNING == 0 {
            wakeup
        } else {
            Wakeup::NONE
        }
    }

    /// Its links, for the list and for the waker that has claimed it.
    ///
    /// # Safety
    /// `this` is alive: linked under its list's lock, or claimed and not granted. So it is for as
    /// long as `f` runs. Nothing else uses its links.
    pub(super) unsafe fn links<R>(this: NonNull<Self>, f: impl FnOnce(&mut Links<P>) -> R) -> R {
        // SAFETY: by the caller's promise.
        unsafe { (*this.as_ptr()).links.with_mut(|links| f(&mut *links)) }
    }

    /// Its payload, for a waker.
    ///
    /// # Safety
    /// As [`Self::links`], of the payload.
    pub(super) unsafe fn payload<R>(this: NonNull<Self>, f: impl FnOnce(&mut P) -> R) -> R {
        // SAFETY: by the caller's promise.
        unsafe {
            (*this.as_ptr())
                .payload
                .with_mut(|payload| f(&mut *payload))
        }
    }

    /// The payload, for a thread that holds the list's lock. The waiter is linked.
    pub(crate) fn payload_under_lock<R>(&self, f: impl FnOnce(&mut P) -> R) -> R {
        // SAFETY: while a waiter is linked its payload is touched under the list's lock only.
        self.payload
            .with_mut(|payload| f(unsafe { &mut **payload }))
    }

    /// The payload, for the waiter's own thread: after the grant, after the waiter was unlinked
    /// under the lock without a grant, or after a fork has forgotten it.
    pub(crate) fn payload_of_settled<R>(&self, f: impl FnOnce(&mut P) -> R) -> R {
        // SAFETY: no waker reaches a waiter that is granted or forgotten, nor one that is unlinked
        // and has no grant to come.
        self.payload
            .with_mut(|payload| f(unsafe { &mut **payload }))
    }

    /// The payload by value, under the conditions of [`Self::payload_of_settled`].
    pub(crate) fn into_payload(self) -> P {
        let this = ManuallyDrop::new(self);
        // SAFETY: as in `payload_of_settled`; and `this` is not dropped.
        let payload = this.payload.with(|payload| unsafe { payload.read() });
        ManuallyDrop::into_inner(payload)
    }

    /// When it began to wait, if it has an age.
    pub(crate) fn since(&self) -> Since {
        self.since
    }

    /// Its wake without handoff: its thread or task retries. Under the list's lock, for a waiter
    /// that is linked.
    pub(crate) fn wake_without_handoff(&self) -> Wakeup {
        // SAFETY: linked under the list's lock.
        unsafe { self.target.wakeup() }
    }
}

impl<P> Drop for Waiter<P> {
    fn drop(&mut self) {
        // The payload of a lost one may be torn.
        if mem::needs_drop::<P>() && !self.is_lost() {
            // SAFETY: whole, as no waker writes it any more; and this is the end of the waiter.
            self.payload
                .with_mut(|payload| unsafe { ManuallyDrop::drop(&mut *payload) });
        }
    }
}

/// Spins until `done`: for a step that another running thread makes within a few instructions.
pub(crate) fn spin_until(mut done: impl FnMut() -> bool) {
    let mut backoff = Backoff::default();
    while !done() {
        backoff.wait();
    }
}
