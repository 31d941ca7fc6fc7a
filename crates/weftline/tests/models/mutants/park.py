"""`park/`: how threads sleep and are woken."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "list: the lock is freed without publishing what was changed under it",
        "park/list_lock.rs",
        ".store(fork::generation() << 1, Ordering::Release);",
        ".store(fork::generation() << 1, Ordering::Relaxed);",
        "list::of_two_wakers_one_settles_the_waiter",
    ),
    Mutant(
        "list: a grant does not publish what was handed over",
        "park/waiter.rs",
        "self.state.store(GRANTED, Ordering::Release);",
        "self.state.store(GRANTED, Ordering::Relaxed);",
        "list::what_was_written_before_the_grant_is_seen_after_it",
    ),
    Mutant(
        "list: a waiter that has given up is claimed all the same",
        "park/waiter.rs",
        """            .compare_exchange(WAITING, CLAIMED, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()""",
        """            .swap(CLAIMED, Ordering::Relaxed)
            != GRANTED""",
        "list::a_waiter_is_granted_or_times_out_and_its_waker_knows_which",
    ),
    Mutant(
        "list: a waiter that has been claimed gives up all the same",
        "park/waiter.rs",
        """        spin_until(|| self.is_granted());
        false""",
        """        spin_until(|| self.is_granted());
        true""",
        "list::a_waiter_is_granted_or_times_out_and_its_waker_knows_which",
    ),
    Mutant(
        "list: the next waiter of a chain is not woken",
        "park/wait_list.rs",
        "self.first = waiter.links.with(|links| unsafe { (*links).next });",
        "self.first = None;",
        "condition::two_waiters_are_both_woken_by_notify_all",
    ),
]
