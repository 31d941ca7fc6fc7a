//! [`List`]: the waiters of an object, first in first out. Exactly the waiters of one moment can be
//! claimed.
//!
//! # Implementation
//!
//! The links are in the waiters. A [`super::ListLock`] guards them together with the list.
//! `waiter.rs` has the states of a waiter.
//!
//! Invariants:
//!
//! - a linked waiter is alive: before its memory ends, its thread or task unlinks it under the
//!   lock, finds it unlinked there, or sees its grant;
//! - several waiters are claimed under one hold of the lock, and granted after that hold (`Chain`).
//!   So 'all waiters of this moment' and 'the n longest waiting' are exact for any number, without
//!   allocation;
//! - a waker reaches a claimed waiter by pointer only: `waiter.rs` says when its access ends;
//! - a waiter of an older fork generation is never touched: its list was emptied at the first lock
//!   in the new generation.

use super::waiter::{Links, Waiter};
use super::wake_target::Wakeup;
use super::{ForgetWaiters, Parker, relay};
use std::marker::PhantomData;
use std::ptr::NonNull;

/// The waiters of one object, the longest waiting in front.
pub(crate) struct List<P> {
    front: Option<NonNull<Waiter<P>>>,
    back: Option<NonNull<Waiter<P>>>,
}

// SAFETY: the waiters that a list points to are reached only under the list's lock, and a `P` moves
// through their payloads.
unsafe impl<P: Send> Send for List<P> {}

impl<P> ForgetWaiters for List<P> {
    fn forget_waiters(&mut self, _torn: bool) {
        self.front = None;
        self.back = None;
    }
}

impl<P> List<P> {
    pub(crate) const fn new() -> Self {
        Self {
            front: None,
            back: None,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.front.is_none()
    }

    /// Puts `waiter` last.
    ///
    /// # Safety
    /// The waiter stays where it is until a waker has granted it, [`Self::remove`] was called for
    /// it on the list that has it, or a fork has forgotten it.
    pub(crate) unsafe fn push_back(&mut self, waiter: &Waiter<P>) {
        // SAFETY: alive for the call, and from then on by the caller's promise.
        unsafe { self.link(NonNull::from(waiter)) };
    }

    /// Links `this` behind the others.
    ///
    /// # Safety
    /// As [`Self::push_back`].
    unsafe fn link(&mut self, this: NonNull<Waiter<P>>) {
        // SAFETY: the list's lock is held (`&mut self`), so no other thread touches any waiter's
        // links; those linked are alive.
        unsafe {
            Waiter::links(this, |links| {
                *links = Links {
                    previous: self.back,
                    next: None,
                    is_linked: true,
                }
            });
            match self.back {
                Some(back) => Waiter::links(back, |links| links.next = Some(this)),
                None => self.front = Some(this),
            }
        }
        self.back = Some(this);
    }

    /// Unlinks `waiter`; returns whether it was linked. It is not when a waker has claimed it, nor
    /// when a fork has forgotten it.
    pub(crate) fn remove(&mut self, waiter: &Waiter<P>) -> bool {
        // SAFETY: borrowed, so alive.
        !waiter.is_forgotten() && unsafe { self.unlink(NonNull::from(waiter)) }
    }

    /// Unlinks `this`; returns whether it was linked.
    ///
    /// # Safety
    /// `this` is alive, and not forgotten.
    unsafe fn unlink(&mut self, this: NonNull<Waiter<P>>) -> bool {
        // SAFETY: under the list's lock, as `link`; the neighbours are linked, so they are alive.
        unsafe {
            let (previous, next, was_linked) = Waiter::links(this, |links| {
                let was_linked = std::mem::replace(&mut links.is_linked, false);
                (links.previous, links.next, was_linked)
            });
            if !was_linked {
                return false;
            }
            match previous {
                Some(previous) => Waiter::links(previous, |links| links.next = next),
                None => self.front = next,
            }
            match next {
                Some(next) => Waiter::links(next, |links| links.previous = previous),
                None => self.back = previous,
            }
        }
        true
    }

    /// Unlinks all waiters without settling them.
    pub(crate) fn unlink_all(&mut self) {
        while let Some(front) = self.front {
            // SAFETY: linked, so alive while the lock is held.
            unsafe { self.unlink(front) };
        }
    }

    /// Moves all waiters of `others`, whose lock is held too, behind those here; returns how many.
    pub(crate) fn append(&mut self, others: &mut Self) -> usize {
        let mut moved = 0;
        while let Some(front) = others.front {
            // SAFETY: linked in a list whose lock is held, so alive; from here on `remove` of this
            // list unlinks it.
            unsafe {
                others.unlink(front);
                self.link(front);
            }
            moved += 1;
        }
        moved
    }

    /// The longest-waiting waiter, which may abandon at any moment.
    pub(crate) fn front(&self) -> Option<&Waiter<P>> {
        // SAFETY: a linked waiter is alive as long as the list's lock is held: `self` is borrowed
        // from the guard.
        self.front.map(|front| unsafe { front.as_ref() })
    }

    /// The most recent waiter, which may abandon at any moment.
    pub(crate) fn back(&self) -> Option<&Waiter<P>> {
        // SAFETY: as in `front`.
        self.back.map(|back| unsafe { back.as_ref() })
    }

    /// Puts `waiter` in front of the others.
    ///
    /// # Safety
    /// As [`Self::push_back`].
    pub(crate) unsafe fn push_front(&mut self, waiter: &Waiter<P>) {
        let mut others = std::mem::replace(self, Self::new());
        // SAFETY: by the caller's promise.
        unsafe { self.push_back(waiter) };
        if let (Some(this), Some(next)) = (self.front, others.front) {
            // SAFETY: both are linked in lists whose lock is held, so alive.
            unsafe {
                Waiter::links(this, |links| links.next = Some(next));
                Waiter::links(next, |links| links.previous = Some(this));
            }
            self.back = others.back.take();
        }
    }

    /// How many waiters there are.
    pub(crate) fn len(&self) -> usize {
        let next = |waiter: &NonNull<Waiter<P>>| {
            // SAFETY: linked, so alive while the lock is held.
            unsafe { Waiter::links(*waiter, |links| links.next) }
        };
        std::iter::successors(self.front, next).count()
    }

    /// Whether `waiter`, which is in the list, is alone in it.
    pub(crate) fn is_only(&self, waiter: &Waiter<P>) -> bool {
        self.front == Some(NonNull::from(waiter)) && self.back == self.front
    }

    /// Claims and unlinks the longest-waiting waiter. Abandoned waiters before it are unlinked too.
    pub(crate) fn claim_front(&mut self) -> Option<Claimed<'_, P>> {
        self.claim_at(|list| list.front)
    }

    /// As [`Self::claim_front`], for the most recent waiter.
    pub(crate) fn claim_back(&mut self) -> Option<Claimed<'_, P>> {
        self.claim_at(|list| list.back)
    }

    /// As [`Self::claim_front`], at the end that `end` names.
    #[inline]
    fn claim_at(
        &mut self,
        end: impl Fn(&Self) -> Option<NonNull<Waiter<P>>>,
    ) -> Option<Claimed<'_, P>> {
        while let Some(waiter) = end(self) {
            // SAFETY: it is linked here.
            if unsafe { self.claim(waiter) } {
                return Some(Claimed::of(waiter, self));
            }
        }
        None
    }

    /// As [`Self::claim_front`], for the front waiter alone: `None` also if it has abandoned.
    pub(crate) fn try_claim_front(&mut self) -> Option<Claimed<'_, P>> {
        let waiter = self.front?;
        // SAFETY: it is linked here.
        unsafe { self.claim(waiter) }.then(|| Claimed::of(waiter, self))
    }

    /// Claims and unlinks `waiter`. `false` when it has abandoned: then it is only unlinked.
    ///
    /// # Safety
    /// It is linked here.
    unsafe fn claim(&mut self, waiter: NonNull<Waiter<P>>) -> bool {
        // SAFETY: linked, so alive while the lock is held; after the claim its thread waits for
        // `GRANTED` before it returns.
        unsafe {
            let won = Waiter::claim(waiter);
            self.unlink(waiter);
            won
        }
    }

    /// Claims the `most` longest-waiting waiters under this hold of the lock. `fill` writes what
    /// each gets. It also fills an abandoned waiter that is still linked: its thread may read that
    /// once it has found the waiter unlinked under the lock.
    pub(crate) fn claim_many(&mut self, most: usize, mut fill: impl FnMut(&mut P)) -> Chain<P> {
        let mut chain = Chain {
            first: None,
            len: 0,
        };
        let mut last: Option<NonNull<Waiter<P>>> = None;
        while chain.len < most
            && let Some(front) = self.front
        {
            // SAFETY: it is linked here. A claimed waiter's payload is the waker's alone; an
            // abandoned waiter's is read only under the list's lock.
            let won = unsafe {
                let won = self.claim(front);
                Waiter::payload(front, &mut fill);
                won
            };
            if won {
                match last {
                    // SAFETY: claimed and not granted yet, so alive, and its links are the waker's
                    // to use.
                    Some(last) => unsafe { Waiter::links(last, |links| links.next = Some(front)) },
                    None => chain.first = Some(front),
                }
                last = Some(front);
                chain.len += 1;
            }
        }
        if let Some(last) = last {
            // SAFETY: as above.
            unsafe { Waiter::links(last, |links| links.next = None) };
        }
        chain
    }

    /// Claims all waiters.
    pub(crate) fn claim_all(&mut self, fill: impl FnMut(&mut P)) -> Chain<P> {
        self.claim_many(usize::MAX, fill)
    }
}

/// A claimed waiter. It must be granted before the list's lock is released.
#[must_use = "a claimed waiter waits until it is granted"]
pub(crate) struct Claimed<'a, P> {
    waiter: NonNull<Waiter<P>>,
    /// Whether the list was empty after it.
    pub(crate) was_last: bool,
    /// The list under whose lock it was claimed.
    list: PhantomData<&'a mut List<P>>,
}

impl<'a, P> Claimed<'a, P> {
    fn of(waiter: NonNull<Waiter<P>>, list: &'a mut List<P>) -> Self {
        Self {
            waiter,
            was_last: list.is_empty(),
            list: PhantomData,
        }
    }

    /// Reads or writes what passes between waker and waiter.
    pub(crate) fn payload<R>(&mut self, f: impl FnOnce(&mut P) -> R) -> R {
        // SAFETY: between claim and grant the waiter is alive, and its payload the waker's alone.
        unsafe { Waiter::payload(self.waiter, f) }
    }

    /// CLAIMED → GRANTED. The wake comes after the release of the list's lock.
    pub(crate) fn grant(self) -> Wakeup {
        // SAFETY: claimed, and granted only here, where `self` ends; no reference into it is left.
        unsafe {
            match Waiter::attaching(self.waiter) {
                Some(parker) if relay::is_crowded() => grant_in_turn(self.waiter, parker),
                _ => Waiter::grant(self.waiter),
            }
        }
    }
}

/// Waiters that have been claimed together, linked to each other and to nothing else.
#[must_use = "claimed waiters wait until they are granted"]
pub(crate) struct Chain<P> {
    first: Option<NonNull<Waiter<P>>>,
    len: usize,
}

impl<P> Chain<P> {
    /// How many waiters were claimed.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Grants and wakes each, in the order of their waits; returns how many. Called without any
    /// list's lock.
    pub(crate) fn wake(mut self) -> usize {
        if self.len <= relay::IN_FLIGHT {
            return self.grant(Wakeup::call);
        }
        while let Some(waiter) = self.next() {
            // SAFETY: claimed by this chain and not granted yet.
            let wakeup = unsafe {
                match Waiter::attaching(waiter) {
                    Some(parker) => grant_in_turn(waiter, parker),
                    None => Waiter::grant(waiter),
                }
            };
            wakeup.call();
        }
        self.len
    }

    /// Grants each, in the order of their waits; returns how many. `woken` gets the wakes, to call
    /// now or later.
    pub(crate) fn grant(mut self, mut woken: impl FnMut(Wakeup)) -> usize {
        while let Some(waiter) = self.next() {
            // SAFETY: claimed by this chain and not granted yet.
            woken(unsafe { Waiter::grant(waiter) });
        }
        self.len
    }

    /// Takes the first one out, to be granted.
    fn next(&mut self) -> Option<NonNull<Waiter<P>>> {
        let waiter = self.first?;
        // SAFETY: claimed by this chain and not granted yet, so alive, and its links are the
        // waker's; they are read before the grant.
        self.first = unsafe { Waiter::links(waiter, |links| links.next) };
        Some(waiter)
    }
}

/// Grants a claimed waiter whose thread, that of `parker`, attaches. The result unparks it now, or
/// does nothing: then it is unparked in its turn.
///
/// # Safety
/// As [`Waiter::grant`].
unsafe fn grant_in_turn<P>(waiter: NonNull<Waiter<P>>, parker: &'static Parker) -> Wakeup {
    relay::enter(parker, |turn| {
        // SAFETY: by the caller's promise.
        unsafe { Waiter::grant(waiter) }.in_the_relay(turn)
    })
}
