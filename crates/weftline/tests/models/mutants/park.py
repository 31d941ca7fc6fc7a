"""`park/`: parking, unparking, waiters and the relay."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "list: the lock is freed without publishing the changes under it",
        "park/list_lock.rs",
        ".store(fork::generation() << 1, Ordering::Release);",
        ".store(fork::generation() << 1, Ordering::Relaxed);",
        "list::of_two_wakers_one_settles_the_waiter",
    ),
    Mutant(
        "list: a grant does not publish the waker's writes",
        "park/waiter.rs",
        "(*this).state.swap(GRANTED, Ordering::Release)",
        "(*this).state.swap(GRANTED, Ordering::Relaxed)",
        "list::writes_before_the_grant_are_visible_after_it",
    ),
    Mutant(
        "list: an abandoned waiter is claimed all the same",
        "park/waiter.rs",
        "was & ABANDONED == 0",
        "was & GRANTED == 0",
        "list::a_waiter_is_granted_or_times_out_and_its_waker_knows_which",
    ),
    Mutant(
        "list: a claimed waiter abandons all the same",
        "park/waiter.rs",
        """        self.record().parker.go_on();
        false""",
        """        self.record().parker.go_on();
        true""",
        "list::a_waiter_is_granted_or_times_out_and_its_waker_knows_which",
    ),
    Mutant(
        "list: a waker takes each waiter for a spinning one",
        "park/waiter.rs",
        "if was & SPINNING == 0 {",
        "if was & SPINNING != 0 {",
        "spinning::a_waiter_is_granted_whether_it_spins_or_sleeps",
    ),
    Mutant(
        "list: a thread that stops spinning leaves its mark",
        "park/thread_wait.rs",
        "self.state.fetch_and(!SPINNING, Ordering::Acquire)",
        "self.state.fetch_and(!0, Ordering::Acquire)",
        "spinning::a_waiter_is_granted_whether_it_spins_or_sleeps",
    ),
    Mutant(
        "list: a thread that stops spinning ignores a grant that came before",
        "park/thread_wait.rs",
        "(parker.spin_until(|| self.is_granted()) || !self.stop_spinning())",
        "(parker.spin_until(|| self.is_granted()) || self.stop_spinning() && false)",
        "spinning::a_waiter_is_granted_whether_it_spins_or_sleeps",
    ),
    Mutant(
        "list: the next waiter of a chain is not woken",
        "park/wait_list.rs",
        "self.first = unsafe { Waiter::links(waiter, |links| links.next) };",
        "self.first = None;",
        "condition::two_waiters_are_both_woken_by_notify_all",
    ),
    Mutant(
        "seqlock: the words are shown before they are written",
        "park/seqlock.rs",
        "self.sequence.fetch_add(1, Ordering::Release);",
        "self.sequence.fetch_add(1, Ordering::Relaxed);",
        "seqlock::a_reader_sees_all_words_of_one_show_or_none",
    ),
    Mutant(
        "seqlock: later words are written before these are hidden",
        "park/seqlock.rs",
        "fence(Ordering::Release);",
        "fence(Ordering::Acquire);",
        "seqlock::a_reader_sees_all_words_of_one_show_or_none",
    ),
    Mutant(
        "seqlock: the sequence is checked before the words are read",
        "park/seqlock.rs",
        "fence(Ordering::Acquire);",
        "",
        "seqlock::a_reader_sees_all_words_of_one_show_or_none",
    ),
    Mutant(
        "seqlock: the words are read before they are found shown",
        "park/seqlock.rs",
        "self.sequence.load(Ordering::Acquire);",
        "self.sequence.load(Ordering::Relaxed);",
        "seqlock::a_reader_sees_all_words_of_one_show_or_none",
    ),
    Mutant(
        "seqlock: a reader trusts words that have changed under it",
        "park/seqlock.rs",
        "self.sequence.load(Ordering::Relaxed) == sequence",
        "self.sequence.load(Ordering::Relaxed) >= sequence",
        "seqlock::a_reader_sees_all_words_of_one_show_or_none",
    ),
    Mutant(
        "task: a waiter that is dropped keeps what it was granted",
        "park/task_waiter.rs",
        """this.object.pass_on(granted);""",
        """drop(granted);""",
        "task::a_task_that_is_dropped_passes_its_item_on",
    ),
    Mutant(
        "task: a waiter that is dropped keeps the lock that was handed to it",
        "park/task_waiter.rs",
        """return Some(self.take_grant());""",
        """return None;""",
        "task::a_task_that_is_dropped_passes_a_lock_that_was_handed_to_it_on",
    ),
    Mutant(
        "task: a waiter that is dropped keeps its wake without handoff",
        "park/task_waiter.rs",
        """(self.object.left(&mut data), waker)""",
        """(None::<Wakeup>, waker)""",
        "task::a_task_that_is_dropped_passes_its_wake_on",
    ),
    Mutant(
        "task: a waiter that is dropped while it is claimed does not wait for the grant",
        "park/task_waiter.rs",
        """spin_until(|| self.waiter().is_some_and(Waiter::is_granted));""",
        """""",
        "task::a_task_that_is_dropped_while_it_is_claimed_passes_its_notification_on",
    ),
    Mutant(
        "task: a poll does not see the claim",
        "park/task_waiter.rs",
        """if this.waiter().is_some_and(Waiter::is_claimed) {""",
        """if this.waiter().is_some_and(Waiter::is_granted) {""",
        "task::a_waker_that_is_replaced_while_it_is_woken_is_not_lost",
    ),
    Mutant(
        "task: a second poll keeps the first waker",
        "park/task_waiter.rs",
        """if waiter.is_some() && unsafe { this.waker.wakes_as(context.waker()) } {""",
        """if waiter.is_some() {""",
        "task::a_waker_that_is_replaced_while_it_is_woken_is_not_lost",
    ),
    Mutant(
        "task: a waker that was replaced is dropped under the lock",
        "park/task_waiter.rs",
        """            drop(data);
            contain(|| drop(old));
            return Poll::Pending;""",
        """            contain(|| drop(old));
            drop(data);
            return Poll::Pending;""",
        "task::a_waker_uses_the_object_when_it_is_called_replaced_or_dropped",
    ),
    Mutant(
        "task: the waker of a dropped waiter is dropped under the lock",
        "park/task_waiter.rs",
        """            let waker = self.leave(&mut data);
""",
        """            let waker = drop(self.leave(&mut data));
""",
        "task::a_waker_uses_the_object_when_it_is_called_replaced_or_dropped",
    ),
    Mutant(
        "task: a grant does not take the waker",
        "park/wake_target.rs",
        """Some(waker) => Wakeup::of_task(waker),""",
        """Some(waker) => { drop(waker); Wakeup::NONE }""",
        "task::a_task_that_is_dropped_passes_its_item_on",
    ),
    Mutant(
        "task: a grant takes the waker after it",
        "park/waiter.rs",
        """            let wakeup = (*this).target.wakeup();
            // Pairs with the acquire in `is_granted`.
            (wakeup, (*this).state.swap(GRANTED, Ordering::Release))""",
        """            let target = (*this).target;
            let was = (*this).state.swap(GRANTED, Ordering::Release);
            (target.wakeup(), was)""",
        "task::a_waker_that_is_replaced_while_it_is_woken_is_not_lost",
    ),
    Mutant(
        "relay: a turn that ends is not passed on",
        "park/relay.rs",
        "RELEASED => state.pass_on(),",
        "RELEASED => None,",
        "relay::all_threads_of_a_crowd_go_on",
    ),
    Mutant(
        "relay: a turn that was the last counts for ever",
        "park/relay.rs",
        "self.in_flight -= 1;",
        "",
        "relay::a_crowd_after_a_crowd_goes_on",
    ),
    # A thread that leaves by itself and stays in the queue is no mutant: its turn comes, and the
    # waker takes it back.
    Mutant(
        "relay: a turn loses the threads behind the next",
        "park/relay.rs",
        "None => self.front = next,",
        "None => self.front = None,",
        "relay::all_threads_of_a_crowd_go_on",
    ),
    Mutant(
        "relay: a thread that is awake keeps its turn",
        "park/relay.rs",
        "next = if has_turn {",
        "next = if has_turn && false {",
        "relay::a_thread_that_is_busy_in_a_signal_handler_delays_no_other_thread",
    ),
]
