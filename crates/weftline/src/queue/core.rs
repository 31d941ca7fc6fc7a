//! [`RawQueue`]: the core of every queue.
//!
//! # Implementation
//!
//! One lock over the items and the lists of those who wait:
//!
//! | list | who waits | what a waker hands over |
//! |---|---|---|
//! | `getters` | for an item; only while there are none | the item itself, or nothing: look again |
//! | `putters` | for a slot; only while there is none | a slot, reserved (`reserved`), or nothing: look again |
//! | `joiners` | for `unfinished` to be zero | (nothing) |
//! | `sorters` | for the sorter to be done (`sorting.rs`) | (nothing): everyone looks again |
//!
//! So an item that meets a waiting getter never enters the order, and a slot that meets a waiting putter cannot be taken by another.
//! 'Look again' is what everyone gets when the queue is shut down or retired.
//!
//! Invariants, whenever the lock is free: *getters wait ⇒ no item is there and the queue is open*; *putters wait ⇒ `len + reserved ≥
//! capacity` and the queue is open*; *`sorter` is set ⇒ only that thread changes the items*.
//!
//! Where spinning is allowed, a wait looks for a moment without the lock (`seen_len`) before it enlists: a putter that meets no getter does
//! not wake one, so the getter then finds many items for one look, and likewise for slots.
//!
//! An interrupted waiter that was granted gives back: the item to the next getter or in front of the others, the slot to the next putter.
//!
//! After a fork the lists are empty, reserved slots are free and a sorter that did not survive is none. If a thread that did not survive was
//! changing the items in that very moment (it held the lock), the items cannot be trusted: they are forgotten, not dropped.

use super::order::Order;
use crate::TooManyTasksDone;
use crate::park::model::{AtomicUsize, Ordering, const_fn};
use crate::park::{
    Blocker, Deadline, Ended, ForgetWaiters, Held, List, ListLock, ThreadRecord, WaitError, Waiter,
    current_record, fork, number,
};
use std::marker::PhantomData;

/// A queue of `T` in the order `O`, used through blockers of the kind `B`.
pub struct RawQueue<T, O, B> {
    state: ListLock<State<T, O>>,
    /// How many items there are, for those who look before they sleep; written under the lock, and only where waits may spin.
    seen_len: AtomicUsize,
    blockers: PhantomData<fn(B)>,
}

/// Why an item was not put; it comes back.
#[derive(Debug)]
pub enum PutFailure<T, I> {
    /// The deadline passed before a slot was free.
    Full(T),
    /// The queue is shut down.
    ShutDown(T),
    /// The queue is retired: its items are elsewhere now.
    Retired(T),
    /// The blocker was interrupted, or a comparison failed.
    Interrupted(T, I),
}

/// Why no item was taken.
#[derive(Debug)]
pub enum GetFailure<T, I> {
    /// The deadline passed before an item came.
    Empty,
    /// The queue is shut down and empty.
    ShutDown,
    /// The queue is retired: its items are elsewhere now.
    Retired,
    /// The blocker was interrupted, or a comparison failed.
    Interrupted(I),
    /// The blocker was interrupted after an item had been handed over, and the queue was retired before it could be given back: it
    /// belongs in front of the others, where they are now.
    Stranded(T, I),
}

/// What a queue held when it was retired.
#[derive(Debug)]
pub struct Retired<T> {
    /// The items: as they would have come out for a FIFO, as a heap for a priority queue, the last to come out first for a LIFO.
    pub items: Vec<T>,
    /// How many tasks were not done.
    pub unfinished: usize,
    /// Whether the queue was shut down.
    pub is_shut_down: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    ShutDown,
    Retired,
}

struct State<T, O> {
    items: O,
    /// Zero: unbounded.
    capacity: usize,
    /// Slots handed to putters that have not filled them yet.
    reserved: usize,
    unfinished: usize,
    phase: Phase,
    /// The thread that is comparing, or zero.
    sorter: u64,
    getters: List<Option<T>>,
    putters: List<bool>,
    joiners: List<()>,
    sorters: List<()>,
}

impl<T, O: Default> ForgetWaiters for State<T, O> {
    fn forget_waiters(&mut self, torn: bool) {
        self.getters.forget_waiters(torn);
        self.putters.forget_waiters(torn);
        self.joiners.forget_waiters(torn);
        self.sorters.forget_waiters(torn);
        self.reserved = 0;
        if !fork::is_alive(self.sorter) {
            self.sorter = 0;
        }
        if torn {
            std::mem::forget(std::mem::take(&mut self.items));
        }
    }
}

/// A waiter to wake once the lock has been let go.
type Woken = Option<&'static ThreadRecord>;

fn wake(woken: Woken) {
    if let Some(record) = woken {
        record.parker.unpark();
    }
}

impl<T, O> State<T, O> {
    /// Hands a slot to the putter that has waited longest.
    fn hand_slot<B: Blocker>(&mut self) -> Woken
    where
        O: Order<T, B>,
    {
        if self.putters.is_empty() || !self.has_room::<B>() {
            return None;
        }
        let mut putter = self.putters.claim_front()?;
        self.reserved += 1;
        putter.payload(|has_slot| *has_slot = true);
        Some(putter.grant())
    }

    fn has_room<B: Blocker>(&self) -> bool
    where
        O: Order<T, B>,
    {
        self.capacity == 0 || self.items.count() + self.reserved < self.capacity
    }

    /// Hands an item to the getter that has waited longest, or returns it.
    #[inline]
    fn hand_item(&mut self, item: T) -> Result<&'static ThreadRecord, T> {
        match self.getters.claim_front() {
            Some(mut getter) => {
                getter.payload(|slot| *slot = Some(item));
                Ok(getter.grant())
            }
            None => Err(item),
        }
    }
}

impl<T, O, B: Blocker> RawQueue<T, O, B>
where
    O: Order<T, B>,
{
    /// A queue of at most `capacity` items; zero means any number.
    pub fn new(capacity: usize) -> Self {
        Self::with_order(O::default(), capacity)
    }

    const_fn! {
        fn with_order(items: O, capacity: usize) -> Self {
            let state = State {
                items,
                capacity,
                reserved: 0,
                unfinished: 0,
                phase: Phase::Open,
                sorter: 0,
                getters: List::new(),
                putters: List::new(),
                joiners: List::new(),
                sorters: List::new(),
            };
            Self { state: ListLock::new(state), seen_len: AtomicUsize::new(0), blockers: PhantomData }
        }
    }

    /// Whether a wait looks for a moment, without the lock, before it enlists.
    const LOOKS: bool = B::MAY_SPIN && cfg!(not(weftline_model));

    #[inline]
    fn show_len(&self, state: &State<T, O>) {
        if Self::LOOKS {
            self.seen_len.store(state.items.count(), Ordering::Relaxed);
        }
    }

    /// Puts `item`, sleeping through `blocker` until there is a slot.
    ///
    /// # Errors
    /// [`PutFailure`], with the item.
    #[inline]
    pub fn put_with(
        &self,
        item: T,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), PutFailure<T, B::Interrupt>> {
        let mut state = self.state.lock();
        // What needs neither waiting nor comparing. (Getters wait ⇒ open, no sorter, and room.)
        if state.phase == Phase::Open && state.sorter == 0 {
            let item = if state.getters.is_empty() {
                item
            } else {
                match state.hand_item(item) {
                    Ok(record) => {
                        state.unfinished += 1;
                        drop(state);
                        record.parker.unpark();
                        return Ok(());
                    }
                    Err(item) => item,
                }
            };
            if !state.has_room() {
                return self.put_slow(state, item, blocker, deadline);
            }
            return match state.items.push_now(item) {
                Ok(()) => {
                    state.unfinished += 1;
                    self.show_len(&state);
                    Ok(())
                }
                Err(item) => self.put_slow(state, item, blocker, deadline),
            };
        }
        self.put_slow(state, item, blocker, deadline)
    }

    #[cold]
    fn put_slow<'a>(
        &'a self,
        mut state: Held<'a, State<T, O>>,
        item: T,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), PutFailure<T, B::Interrupt>> {
        let mut has_slot = false;
        let mut has_looked = !Self::LOOKS || deadline.is_at_once();
        loop {
            // A slot in hand goes back to the count, and out again if the item goes in.
            state.reserved -= usize::from(std::mem::take(&mut has_slot));
            match state.phase {
                Phase::ShutDown => return Err(PutFailure::ShutDown(item)),
                Phase::Retired => return Err(PutFailure::Retired(item)),
                Phase::Open => {}
            }
            if self.must_wait_for_sorter(&state) {
                state = match self.wait_for_sorter(state, blocker) {
                    Ok(state) => state,
                    Err(interrupt) => {
                        // The slot that this thread may have had is the next putter's.
                        let woken = self.state.lock().hand_slot();
                        wake(woken);
                        return Err(PutFailure::Interrupted(item, interrupt));
                    }
                };
                continue;
            }
            if !state.has_room() {
                if !std::mem::replace(&mut has_looked, true) {
                    let capacity = state.capacity;
                    drop(state);
                    current_record().look_out(|| self.seen_len.load(Ordering::Relaxed) < capacity);
                    state = self.state.lock();
                    continue;
                }
                match self.wait_for_slot(state, blocker, deadline) {
                    Ok(handed) => has_slot = handed,
                    Err(WaitError::TimedOut) => return Err(PutFailure::Full(item)),
                    Err(WaitError::Interrupted(interrupt)) => {
                        return Err(PutFailure::Interrupted(item, interrupt));
                    }
                }
                state = self.state.lock();
                continue;
            }
            let item = match state.hand_item(item) {
                Ok(record) => {
                    state.unfinished += 1;
                    // The item took no slot: one that this thread was handed is the next putter's.
                    let putter = state.hand_slot();
                    drop(state);
                    record.parker.unpark();
                    wake(putter);
                    return Ok(());
                }
                Err(item) => item,
            };
            return match state.items.push_now(item) {
                Ok(()) => {
                    state.unfinished += 1;
                    self.show_len(&state);
                    Ok(())
                }
                Err(item) => self.put_sorted(state, item, blocker, deadline),
            };
        }
    }

    /// Puts `item` where comparisons say. There is room, and no other sorter.
    fn put_sorted<'a>(
        &'a self,
        state: Held<'a, State<T, O>>,
        item: T,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<(), PutFailure<T, B::Interrupt>> {
        let sorting = Sorting::begin(self, state);
        loop {
            // SAFETY: this thread is the sorter, so no other changes the items until it stops being that.
            let plan = unsafe { O::plan_push(sorting.frozen, &item, blocker) };
            match plan {
                Err(failed) => return Err(PutFailure::Interrupted(item, failed)),
                Ok(None) => {}
                Ok(Some(plan)) => {
                    let mut state = self.state.lock();
                    if state.phase != Phase::Open || !state.has_room() {
                        // Shut down meanwhile, or filled by a nested call.
                        let state = sorting.end(state);
                        return self.put_slow(state, item, blocker, deadline);
                    }
                    state.items.push_planned(item, plan);
                    state.unfinished += 1;
                    self.show_len(&state);
                    drop(sorting.end(state));
                    return Ok(());
                }
            }
        }
    }

    /// Takes the item that comes out next, sleeping through `blocker` until there is one.
    ///
    /// # Errors
    /// [`GetFailure`].
    #[inline]
    pub fn get_with(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<T, GetFailure<T, B::Interrupt>> {
        let mut state = self.state.lock();
        if state.phase != Phase::Retired
            && state.sorter == 0
            && let Some(item) = state.items.pop_now()
        {
            self.show_len(&state);
            let woken = state.hand_slot();
            drop(state);
            wake(woken);
            return Ok(item);
        }
        self.get_slow(state, blocker, deadline)
    }

    #[cold]
    fn get_slow<'a>(
        &'a self,
        mut state: Held<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<T, GetFailure<T, B::Interrupt>> {
        let mut has_looked = !Self::LOOKS || deadline.is_at_once();
        loop {
            if state.phase == Phase::Retired {
                return Err(GetFailure::Retired);
            }
            if self.must_wait_for_sorter(&state) {
                state = self
                    .wait_for_sorter(state, blocker)
                    .map_err(GetFailure::Interrupted)?;
                continue;
            }
            if let Some(item) = state.items.pop_now() {
                self.show_len(&state);
                let woken = state.hand_slot();
                drop(state);
                wake(woken);
                return Ok(item);
            }
            if state.items.count() > 0 {
                return self.get_sorted(state, blocker, deadline);
            }
            if state.phase == Phase::ShutDown {
                return Err(GetFailure::ShutDown);
            }
            if !std::mem::replace(&mut has_looked, true) {
                drop(state);
                current_record().look_out(|| self.seen_len.load(Ordering::Relaxed) > 0);
                state = self.state.lock();
                continue;
            }
            match self.wait_for_item(state, blocker, deadline)? {
                Some(item) => return Ok(item),
                None => state = self.state.lock(),
            }
        }
    }

    /// Takes the item that comparisons say. There is one, and no other sorter.
    fn get_sorted<'a>(
        &'a self,
        state: Held<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<T, GetFailure<T, B::Interrupt>> {
        let sorting = Sorting::begin(self, state);
        // SAFETY: this thread is the sorter, so no other changes the items until it stops being that.
        let plan =
            unsafe { O::plan_pop(sorting.frozen, blocker) }.map_err(GetFailure::Interrupted)?;
        let mut state = self.state.lock();
        let Some(plan) = plan else {
            // A nested call has changed the items; perhaps so that nothing is left to compare.
            return self.get_slow(sorting.end(state), blocker, deadline);
        };
        let item = state.items.pop_planned(plan);
        self.show_len(&state);
        let woken = state.hand_slot();
        drop(sorting.end(state));
        wake(woken);
        Ok(item)
    }

    /// Waits in `getters`. `Ok(None)`: look again.
    fn wait_for_item<'a>(
        &'a self,
        mut state: Held<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<Option<T>, GetFailure<T, B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(GetFailure::Empty);
        }
        drop(state);
        let waiter = Waiter::new(None);
        state = self.state.lock();
        if state.items.count() > 0
            || state.phase != Phase::Open
            || self.must_wait_for_sorter(&state)
        {
            return Ok(None);
        }
        // SAFETY: every way out below leaves the waiter granted (so claimed), removed or forgotten.
        unsafe { state.getters.push_back(&waiter) };
        drop(state);
        loop {
            match waiter.sleep(blocker, deadline) {
                Ended::Granted => return Ok(waiter.into_payload()),
                Ended::LookAgain => {}
                Ended::Forked => return Ok(None),
                Ended::TimedOut => {
                    self.state.lock().getters.remove(&waiter);
                    return Err(GetFailure::Empty);
                }
                Ended::Interrupted(interrupt) => {
                    self.state.lock().getters.remove(&waiter);
                    return Err(GetFailure::Interrupted(interrupt));
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    return Err(match self.give_back(waiter.into_payload()) {
                        None => GetFailure::Interrupted(interrupt),
                        Some(item) => GetFailure::Stranded(item, interrupt),
                    });
                }
            }
        }
    }

    /// An item that was handed to a getter which cannot use it: the next getter's, or the next to come out. It comes back if the queue was
    /// retired.
    fn give_back(&self, item: Option<T>) -> Option<T> {
        let item = item?;
        let woken = {
            let mut state = self.state.lock();
            if state.phase == Phase::Retired {
                return Some(item);
            }
            match state.hand_item(item) {
                Ok(record) => Some(record),
                Err(item) => {
                    state.items.give_back(item);
                    self.show_len(&state);
                    None
                }
            }
        };
        wake(woken);
        None
    }

    /// Waits in `putters`. `Ok(true)`: a slot is reserved for this thread. `Ok(false)`: look again.
    fn wait_for_slot<'a>(
        &'a self,
        mut state: Held<'a, State<T, O>>,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<bool, WaitError<B::Interrupt>> {
        if deadline.is_at_once() {
            return Err(WaitError::TimedOut);
        }
        drop(state);
        let waiter = Waiter::new(false);
        state = self.state.lock();
        if state.phase != Phase::Open || state.has_room() {
            return Ok(false);
        }
        // SAFETY: every way out below leaves the waiter granted (so claimed), removed or forgotten.
        unsafe { state.putters.push_back(&waiter) };
        drop(state);
        loop {
            match waiter.sleep(blocker, deadline) {
                Ended::Granted => return Ok(waiter.into_payload()),
                Ended::LookAgain => {}
                Ended::Forked => return Ok(false),
                Ended::TimedOut => {
                    self.state.lock().putters.remove(&waiter);
                    return Err(WaitError::TimedOut);
                }
                Ended::Interrupted(interrupt) => {
                    self.state.lock().putters.remove(&waiter);
                    return Err(WaitError::Interrupted(interrupt));
                }
                Ended::InterruptedAfterGrant(interrupt) => {
                    if waiter.into_payload() {
                        let woken = {
                            let mut state = self.state.lock();
                            state.reserved -= 1;
                            state.hand_slot()
                        };
                        wake(woken);
                    }
                    return Err(WaitError::Interrupted(interrupt));
                }
            }
        }
    }

    fn must_wait_for_sorter(&self, state: &State<T, O>) -> bool {
        if state.sorter == 0 {
            return false;
        }
        let is_mine = state.sorter == number();
        assert!(
            !is_mine || O::MAY_NEST,
            "a comparison used the queue that it was made for: compare without it"
        );
        !is_mine
    }

    /// Waits, however long it takes, until the sorter is done: like a lock, which a timeout of the queue does not cover.
    fn wait_for_sorter<'a>(
        &'a self,
        mut state: Held<'a, State<T, O>>,
        blocker: &mut B,
    ) -> Result<Held<'a, State<T, O>>, B::Interrupt> {
        drop(state);
        let waiter = Waiter::new(());
        state = self.state.lock();
        if state.sorter == 0 {
            return Ok(state);
        }
        // SAFETY: every way out below leaves the waiter granted (so claimed), removed or forgotten.
        unsafe { state.sorters.push_back(&waiter) };
        drop(state);
        loop {
            match waiter.sleep(blocker, Deadline::NEVER) {
                Ended::Granted | Ended::Forked | Ended::TimedOut => return Ok(self.state.lock()),
                Ended::LookAgain => {}
                Ended::Interrupted(interrupt) => {
                    self.state.lock().sorters.remove(&waiter);
                    return Err(interrupt);
                }
                // Everyone who waited was told, so nobody depends on this thread.
                Ended::InterruptedAfterGrant(interrupt) => return Err(interrupt),
            }
        }
    }

    /// Counts one item as done.
    ///
    /// # Errors
    /// [`TooManyTasksDone`] when none is left that is not.
    pub fn task_done(&self) -> Result<(), TooManyTasksDone> {
        let chain = {
            let mut state = self.state.lock();
            state.unfinished = state.unfinished.checked_sub(1).ok_or(TooManyTasksDone)?;
            if state.unfinished > 0 || state.joiners.is_empty() {
                return Ok(());
            }
            state.joiners.claim_all(|()| ())
        };
        chain.wake();
        Ok(())
    }

    /// Sleeps through `blocker` until every item that was put is done. `Ok(false)`: the queue was retired.
    ///
    /// # Errors
    /// [`WaitError`].
    pub fn join_with(
        &self,
        blocker: &mut B,
        deadline: Deadline,
    ) -> Result<bool, WaitError<B::Interrupt>> {
        loop {
            let waiter = Waiter::new(());
            {
                let mut state = self.state.lock();
                if state.phase == Phase::Retired {
                    return Ok(false);
                }
                if state.unfinished == 0 {
                    return Ok(true);
                }
                if deadline.is_at_once() {
                    return Err(WaitError::TimedOut);
                }
                // SAFETY: every way out below leaves the waiter granted (so claimed), removed or forgotten.
                unsafe { state.joiners.push_back(&waiter) };
            }
            loop {
                match waiter.sleep(blocker, deadline) {
                    Ended::Granted => {
                        let is_retired = self.state.lock().phase == Phase::Retired;
                        return Ok(!is_retired);
                    }
                    Ended::LookAgain => {}
                    Ended::Forked => break,
                    Ended::TimedOut => {
                        self.state.lock().joiners.remove(&waiter);
                        return Err(WaitError::TimedOut);
                    }
                    Ended::Interrupted(interrupt) => {
                        self.state.lock().joiners.remove(&waiter);
                        return Err(WaitError::Interrupted(interrupt));
                    }
                    Ended::InterruptedAfterGrant(interrupt) => {
                        return Err(WaitError::Interrupted(interrupt));
                    }
                }
            }
        }
    }

    /// Refuses items from now on; gets go on until the queue is empty, which it is at once if `immediate`: its items come back here, to be
    /// dropped by the caller, and count as done.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted.
    pub fn shutdown_with(&self, immediate: bool, blocker: &mut B) -> Result<Vec<T>, B::Interrupt> {
        let (items, getters, putters, joiners) = {
            let mut state = self.state.lock();
            while immediate && self.must_wait_for_sorter(&state) {
                state = self.wait_for_sorter(state, blocker)?;
            }
            if state.phase == Phase::Open {
                state.phase = Phase::ShutDown;
            }
            let items = if immediate {
                state.items.drain()
            } else {
                Vec::new()
            };
            self.show_len(&state);
            state.unfinished = state.unfinished.saturating_sub(items.len());
            let done = if state.unfinished == 0 { usize::MAX } else { 0 };
            (
                items,
                state.getters.claim_all(|_| ()),
                state.putters.claim_all(|_| ()),
                state.joiners.claim_many(done, |()| ()),
            )
        };
        getters.wake();
        putters.wake();
        joiners.wake();
        Ok(items)
    }

    /// Ends this queue's life as the place of the items: takes them out, and tells everyone who waits or comes to look elsewhere. It has no
    /// items and no unfinished tasks from then on.
    ///
    /// # Errors
    /// The blocker's, if another thread is comparing and the wait for it was interrupted.
    pub fn retire_with(&self, blocker: &mut B) -> Result<Option<Retired<T>>, B::Interrupt> {
        let (retired, getters, putters, joiners) = {
            let mut state = self.state.lock();
            while self.must_wait_for_sorter(&state) {
                state = self.wait_for_sorter(state, blocker)?;
            }
            if state.phase == Phase::Retired {
                return Ok(None);
            }
            let is_shut_down = state.phase == Phase::ShutDown;
            state.phase = Phase::Retired;
            let retired = Retired {
                items: state.items.drain(),
                unfinished: std::mem::take(&mut state.unfinished),
                is_shut_down,
            };
            (
                retired,
                state.getters.claim_all(|_| ()),
                state.putters.claim_all(|_| ()),
                state.joiners.claim_all(|()| ()),
            )
        };
        getters.wake();
        putters.wake();
        joiners.wake();
        Ok(Some(retired))
    }

    /// How many items are there.
    #[inline]
    pub fn len(&self) -> usize {
        self.state.lock().items.count()
    }

    /// Whether no item is there.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many items there can be; zero means any number.
    pub fn capacity(&self) -> usize {
        self.state.lock().capacity
    }

    /// Changes how many items there can be (zero: any number). Items that are too many stay; putters that now have room go on.
    pub fn set_capacity(&self, capacity: usize) {
        self.state.lock().capacity = capacity;
        loop {
            let woken = self.state.lock().hand_slot();
            if woken.is_none() {
                return;
            }
            wake(woken);
        }
    }

    /// How many tasks are not done.
    pub fn unfinished(&self) -> usize {
        self.state.lock().unfinished
    }

    /// Sets how many tasks are not done; for bindings, where the number is public. `false`, and nothing is set, if the queue is retired:
    /// such a queue has no tasks.
    pub fn set_unfinished(&self, unfinished: usize) -> bool {
        let mut state = self.state.lock();
        let is_here = state.phase != Phase::Retired;
        if is_here {
            state.unfinished = unfinished;
        }
        is_here
    }

    /// Whether the queue was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.state.lock().phase == Phase::ShutDown
    }

    /// Whether the queue is retired. What was asked of it before, and was not refused, is true if it is not.
    pub fn is_retired(&self) -> bool {
        self.state.lock().phase == Phase::Retired
    }

    /// Calls `visit` for each item, for a garbage collector: without waiting, and not at all when the items are being changed.
    /// `visit` must not use the queue.
    pub fn try_visit(&self, visit: impl FnOnce(&O)) {
        if let Some(state) = self.state.try_lock() {
            visit(&state.items);
        }
    }

    /// Takes all items out, for a garbage collector that breaks a cycle; without waiting.
    pub fn try_drain(&self) -> Vec<T> {
        match self.state.try_lock() {
            Some(mut state) if state.sorter == 0 => state.items.drain(),
            _ => Vec::new(),
        }
    }
}

/// This thread is the sorter as long as this exists.
struct Sorting<'a, T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    queue: &'a RawQueue<T, O, B>,
    frozen: O::Frozen,
    /// The sorter before: nobody, or this thread, further up the stack.
    outer: u64,
    has_ended: bool,
}

impl<'a, T, O, B> Sorting<'a, T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    fn begin(queue: &'a RawQueue<T, O, B>, mut state: Held<'a, State<T, O>>) -> Self {
        let outer = std::mem::replace(&mut state.sorter, number());
        Self {
            queue,
            frozen: state.items.frozen(),
            outer,
            has_ended: false,
        }
    }

    /// Stops being the sorter. Whoever waited for that is woken once the lock has been let go; the lock is taken again to return it.
    fn end(mut self, mut state: Held<'a, State<T, O>>) -> Held<'a, State<T, O>> {
        self.has_ended = true;
        state.sorter = self.outer;
        if self.outer != 0 || state.sorters.is_empty() {
            return state;
        }
        let chain = state.sorters.claim_all(|()| ());
        drop(state);
        chain.wake();
        self.queue.state.lock()
    }
}

impl<T, O, B> Drop for Sorting<'_, T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        // A comparison failed or panicked. If there was a slot for its item, it is the next putter's.
        let (chain, putter) = {
            let mut state = self.queue.state.lock();
            state.sorter = self.outer;
            let most = if self.outer == 0 { usize::MAX } else { 0 };
            (state.sorters.claim_many(most, |()| ()), state.hand_slot())
        };
        chain.wake();
        wake(putter);
    }
}

impl<T, O, B> std::fmt::Debug for RawQueue<T, O, B>
where
    B: Blocker,
    O: Order<T, B>,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawQueue")
            .field("len", &self.len())
            .field("capacity", &self.capacity())
            .finish()
    }
}
