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
        "list: a waiter that has given up is claimed all the same",
        "park/waiter.rs",
        "was & ABANDONED == 0",
        "was & GRANTED == 0",
        "list::a_waiter_is_granted_or_times_out_and_its_waker_knows_which",
    ),
    Mutant(
        "list: a waiter that has been claimed gives up all the same",
        "park/waiter.rs",
        """        self.record.parker.go_on();
        false""",
        """        self.record.parker.go_on();
        true""",
        "list::a_waiter_is_granted_or_times_out_and_its_waker_knows_which",
    ),
    Mutant(
        "list: a waker takes each waiter for a spinning one",
        "park/waiter.rs",
        "Wakeup(if was & SPINNING == 0 {",
        "Wakeup(if was & SPINNING != 0 {",
        "spinning::a_waiter_is_granted_whether_it_spins_or_sleeps",
    ),
    Mutant(
        "list: a thread that stops spinning leaves its mark",
        "park/waiter.rs",
        "self.state.fetch_and(!SPINNING, Ordering::Acquire)",
        "self.state.fetch_and(!0, Ordering::Acquire)",
        "spinning::a_waiter_is_granted_whether_it_spins_or_sleeps",
    ),
    Mutant(
        "list: a thread that stops spinning ignores a grant that came before",
        "park/waiter.rs",
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
        "if self.sequence.load(Ordering::Relaxed) == sequence {",
        "if self.sequence.load(Ordering::Relaxed) >= sequence {",
        "seqlock::a_reader_sees_all_words_of_one_show_or_none",
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
