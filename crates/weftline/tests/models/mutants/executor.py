"""`executor/`: futures and groups of them."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "future: its phase does not publish earlier writes",
        "executor/raw/future.rs",
        "self.phase.store(phase as u32, Ordering::Release);",
        "self.phase.store(phase as u32, Ordering::Relaxed);",
        "future::a_thread_that_finds_the_future_done_sees_earlier_writes",
    ),
    Mutant(
        "future: a waiter enlists although the future is done",
        "executor/raw/future_waiting.rs",
        "|_| self.phase().is_done(),",
        "|_| false,",
        "future::cancelling_wakes_the_waiter",
    ),
    Mutant(
        "future: a second end counts as well",
        "executor/raw/future.rs",
        "if phase.is_done() {\n                return Err(Unchanged::In(phase));",
        "if phase == Phase::Running {\n                return Err(Unchanged::In(phase));",
        "future::of_two_ends_one_counts",
    ),
    Mutant(
        "future: a task that has ended is given up all the same",
        "executor/raw/future.rs",
        "self.give_up(|phase| !phase.is_done(), true, take)",
        "self.give_up(|_| true, true, take)",
        "future::a_running_task_ends_or_is_given_up_but_not_both_and_its_waiter_is_woken",
    ),
    Mutant(
        "future: a running task is cancelled",
        "executor/raw/future.rs",
        "|phase| phase == Phase::Pending,",
        "|phase| !phase.is_done(),",
        "future::a_task_begins_or_is_cancelled_but_not_both",
    ),
    Mutant(
        "group: a wait does not check whether enough have arrived already",
        "executor/raw/group.rs",
        "|shared| shared.has(want),",
        "|_| false,",
        "future::a_group_is_notified_once_whether_it_registers_before_or_after",
    ),
    Mutant(
        "group: the waiter is woken one arrival too late",
        "executor/raw/group.rs",
        "self.arrived.len() >= want.count ||",
        "self.arrived.len() > want.count ||",
        "future::a_wait_for_both_ends_when_both_have_ended",
    ),
]
