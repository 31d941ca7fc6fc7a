"""`queue/`: queues."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "queue: an interrupted getter keeps its item",
        "queue/core/get.rs",
        "match waiter.0.into_payload().and_then(|item| self.put_back(item)) {",
        "match None::<T> {",
        "queue::an_interrupted_getter_gives_its_item_to_the_next",
    ),
    Mutant(
        "queue: an item that is given back comes out last",
        "queue/order.rs",
        "self.0.push_front(item);",
        "self.0.push_back(item);",
        "queue::an_item_that_is_given_back_comes_out_before_later_items",
    ),
    Mutant(
        "queue: an interrupted putter keeps its slot",
        "queue/core/put.rs",
        """                        state.reserved -= 1;
                        state.hand_slot()""",
        """                        state.reserved -= 0;
                        state.hand_slot()""",
        "queue::an_interrupted_putter_gives_its_slot_to_the_next",
    ),
    Mutant(
        "queue: a full queue takes one more",
        "queue/core/state.rs",
        "self.capacity == 0 || self.items.count() + self.reserved < self.capacity",
        "self.capacity == 0 || self.items.count() <= self.capacity",
        "queue::a_slot_goes_to_the_putter_that_waits_for_it",
    ),
    Mutant(
        "queue: a getter that times out stays enlisted for the next item",
        "park/thread_wait.rs",
        "Ok(Wake::TimedOut) if self.abandon() => Ended::Abandoned(WaitError::TimedOut),",
        "Ok(Wake::TimedOut) => Ended::Abandoned(WaitError::TimedOut),",
        "queue::a_getter_that_times_out_leaves_the_item_to_the_next",
    ),
    Mutant(
        "queue: the last task done wakes no joiner",
        "queue/core/tasks.rs",
        "if state.unfinished > 0 || state.joiners.is_empty() {",
        "if state.unfinished == 0 || state.joiners.is_empty() {",
        "queue::join_ends_when_the_last_task_is_done",
    ),
    Mutant(
        "queue: a forwarded queue takes back the item of an interrupted getter",
        "queue/core/get.rs",
        """            if state.phase == Phase::Forwarded {
                return Some(item);
            }""",
        "",
        "queue::forwarding_a_queue_moves_every_item_and_ends_every_wait",
    ),
    Mutant(
        "queue: other threads use the heap while a thread compares",
        "queue/core/sorter.rs",
        "        state.sorter != 0 && state.sorter != number()\n",
        "        let _ = state;\n        false\n",
        "priority_queue::while_one_thread_compares_the_others_wait_and_the_heap_stays_intact",
    ),
    Mutant(
        "queue: a comparison that fails wakes no waiting thread",
        "queue/core/sorter.rs",
        "let most = if self.outer == 0 { usize::MAX } else { 0 };",
        "let most = if self.outer == 0 { 0 } else { 0 };",
        "priority_queue::a_failed_comparison_leaves_the_queue_as_it_was_and_lets_other_threads_on",
    ),
    Mutant(
        "queue: one deferred wake stands for all items that come meanwhile",
        "queue/core/state.rs",
        "self.deferred_wakes as usize <= self.items.count()",
        "self.deferred_wakes == 0",
        "workers::each_of_two_concurrent_items_reaches_a_worker",
    ),
    Mutant(
        "queue: a putter that defers a wake never makes up for it",
        "queue/core/put.rs",
        "let getter = state.hand_next();",
        "let getter = None;",
        "workers::each_worker_gets_an_item_whether_it_waits_or_is_about_to",
    ),
    Mutant(
        "queue: a deferred wake is counted for ever",
        "queue/core/put.rs",
        "state.deferred_wakes = state.deferred_wakes.saturating_sub(1);",
        "",
        "workers::each_worker_gets_an_item_whether_it_waits_or_is_about_to",
    ),
]
