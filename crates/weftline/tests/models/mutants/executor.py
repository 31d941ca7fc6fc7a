"""`executor/`: futures and groups of them."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "future: its phase does not publish what was written before",
        "executor/raw/future.rs",
        "self.phase.store(phase as u32, Ordering::Release);",
        "self.phase.store(phase as u32, Ordering::Relaxed);",
        "future::whoever_finds_the_future_done_without_waiting_sees_what_was_written_before",
    ),
    Mutant(
        "future: a waiter enlists although the future is done",
        "executor/raw/future.rs",
        "|_| self.phase().is_done(),",
        "|_| false,",
        "future::cancelling_wakes_whoever_waits",
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
        "future::a_running_task_ends_or_is_given_up_but_not_both_and_whoever_waits_is_woken",
    ),
    Mutant(
        "future: a running task is cancelled",
        "executor/raw/future.rs",
        "|phase| phase == Phase::Pending,",
        "|phase| !phase.is_done(),",
        "future::a_task_begins_or_is_cancelled_but_not_both",
    ),
    Mutant(
        "group: a wait does not look whether enough have arrived already",
        "executor/raw/group.rs",
        "|shared| shared.has(want),",
        "|_| false,",
        "future::a_group_is_told_once_whether_it_signs_on_before_or_after",
    ),
    Mutant(
        "group: whoever waits is woken by all but the last",
        "executor/raw/group.rs",
        "self.arrived.len() >= want.count ||",
        "self.arrived.len() > want.count ||",
        "future::a_wait_for_both_ends_when_both_have_ended",
    ),
]
