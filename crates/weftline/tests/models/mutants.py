"""Ways to break the core, each with a model that must notice."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """`before`, which is found once in `file` of the crate's sources, becomes `after`; then `model` fails under loom."""

    name: str
    file: str
    before: str
    after: str
    model: str


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
    Mutant(
        "lock: a waiter does not mark the word",
        "sync/raw/lock.rs",
        "let next = if takes { taken } else { word | WAITERS };",
        "let next = if takes { taken } else { word };",
        "lock::two_threads_exclude_each_other",
    ),
    Mutant(
        "lock: taking the lock under the list's lock forgets the others who wait",
        "sync/raw/lock.rs",
        "let taken = (me << 1) | if nobody_else_waits { 0 } else { WAITERS };",
        "let taken = me << 1;",
        "lock::three_threads_exclude_each_other",
    ),
    Mutant(
        "lock: a waiter that leaves keeps its nudge",
        "sync/raw/lock.rs",
        """            list.remove(waiter);
            self.pass_on(&list)""",
        """            list.remove(waiter);
            None::<&'static ThreadRecord>""",
        "lock::a_waiter_that_times_out_passes_its_nudge_on",
    ),
    Mutant(
        "lock: handing over forgets the others who wait",
        "sync/raw/lock.rs",
        "owned | if claimed.was_last { 0 } else { WAITERS },",
        "owned,",
        "lock::three_threads_exclude_each_other",
    ),
    Mutant(
        "lock: an interrupted owner keeps the lock",
        "sync/raw/lock.rs",
        """                    let _ = self.unlock();
                    return Err(WaitError::Interrupted(interrupt));""",
        "                    return Err(WaitError::Interrupted(interrupt));",
        "lock::an_interrupted_waiter_gives_the_lock_back",
    ),
    Mutant(
        "lock: a release does not publish what was done under the lock",
        "sync/raw/lock.rs",
        ".compare_exchange(me << 1, FREE, Ordering::Release, Ordering::Relaxed)",
        ".compare_exchange(me << 1, FREE, Ordering::Relaxed, Ordering::Relaxed)",
        "rlock::the_lock_is_free_after_as_many_releases_as_takings",
    ),
    Mutant(
        "rlock: the first release frees the lock",
        "sync/raw/rlock.rs",
        "match self.again.load(Ordering::Relaxed).checked_sub(1) {",
        "match self.again.load(Ordering::Relaxed).checked_sub(2) {",
        "rlock::the_lock_is_free_after_as_many_releases_as_takings",
    ),
    Mutant(
        "rlock: a condition's wait forgets a level",
        "sync/raw/rlock.rs",
        "self.enter_first(again);\n        Ok(())",
        "self.enter_first(0);\n        Ok(())",
        "rlock::a_condition_wait_gives_up_every_level_and_gets_it_back",
    ),
    Mutant(
        "event: a waiter enlists although the flag is up",
        "sync/raw/event.rs",
        "while word & SET == 0 {",
        "while word & SET <= SET {",
        "event::two_setters_are_as_good_as_one",
    ),
    Mutant(
        "event: the flag goes up before the list is locked",
        "sync/raw/event.rs",
        """            let mut waiters = self.waiters.lock();
            if waiters.is_retired() {
                return false;
            }
            self.word.swap(SET, Ordering::Release);""",
        """            self.word.swap(SET, Ordering::Release);
            let mut waiters = self.waiters.lock();""",
        "event::whoever_comes_after_the_flag_was_lowered_by_another_is_not_woken",
    ),
    Mutant(
        "event: lowering the flag forgets who waits",
        "sync/raw/event.rs",
        """            .compare_exchange(SET, 0, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()""",
        "            .swap(0, Ordering::Relaxed) == SET",
        "event::lowering_the_flag_meanwhile_loses_no_waiter",
    ),
    Mutant(
        "event: raising the flag wakes one",
        "sync/raw/event.rs",
        "waiters.list.claim_all(|note| *note = GRANTED)",
        "waiters.list.claim_many(1, |note| *note = GRANTED)",
        "event::setting_wakes_every_waiter_and_shows_what_was_written_before",
    ),
    Mutant(
        "condition: an interrupted waiter swallows its notification",
        "sync/raw/condition.rs",
        """                    self.notify(1);
                    return Err(WaitError::Interrupted(interrupt));""",
        "                    return Err(WaitError::Interrupted(interrupt));",
        "condition::an_interrupted_waiter_passes_its_notification_on",
    ),
    Mutant(
        "condition: a waiter that leaves is counted as one who waits",
        "sync/raw/condition.rs",
        "if list.remove(waiter) {",
        "if !list.remove(waiter) {",
        "condition::as_many_are_woken_as_notify_says_and_nobody_who_came_later",
    ),
    Mutant(
        "condition: a notification is spent on a waiter that gave up",
        "park/wait_list.rs",
        """            if won {
                match last {""",
        """            if !won {
                chain.len += 1;
            } else {
                match last {""",
        "condition::a_timeout_that_races_the_notification_does_not_swallow_it",
    ),
    Mutant(
        "semaphore: permits stay where they are when waiters could have them",
        "sync/raw/semaphore.rs",
        "Ok(_) => return front.filter(|_| possible).map(Waiter::record),",
        "Ok(_) => return None,",
        "semaphore::two_releases_of_one_permit_meet_a_wish_for_two",
    ),
    Mutant(
        "semaphore: a waiter that leaves does not let the next look",
        "sync/raw/semaphore.rs",
        """            waiters.list.remove(waiter);
            self.settle(&waiters.list)""",
        """            waiters.list.remove(waiter);
            None::<&'static ThreadRecord>""",
        "semaphore::a_wish_for_many_that_times_out_makes_way_for_the_one_behind_it",
    ),
    Mutant(
        "semaphore: an interrupted waiter keeps its permits",
        "sync/raw/semaphore.rs",
        """                        self.give_back(n);
                    } else {""",
        "                    } else {",
        "semaphore::an_interrupted_waiter_gives_its_permits_back",
    ),
    Mutant(
        "semaphore: permits for a waiter that gave up are lost",
        "sync/raw/semaphore.rs",
        "None => self.word.fetch_add(n * ONE, Ordering::Relaxed),",
        "None => self.word.fetch_add(0, Ordering::Relaxed),",
        "semaphore::a_timeout_that_races_the_release_loses_no_permit",
    ),
    Mutant(
        "semaphore: a starved wish is overtaken",
        "sync/raw/semaphore.rs",
        "if may_barge && self.take(n) {",
        "if self.take(n) {",
        "semaphore::nobody_overtakes_a_starved_wish_for_many",
    ),
    Mutant(
        "barrier: an action ends a cycle that has ended already",
        "sync/raw/barrier.rs",
        "if state.cycle != cycle {",
        "if state.cycle < cycle {",
        "barrier::an_abort_breaks_the_barrier_for_all_also_while_the_action_runs",
    ),
    Mutant(
        "barrier: an interrupted party still counts as arrived",
        "sync/raw/barrier.rs",
        "state.arrived -= 1;",
        "state.arrived -= 0;",
        "barrier::an_interrupted_party_leaves_its_place_to_another",
    ),
    Mutant(
        "barrier: a timeout breaks a cycle that all have arrived in",
        "sync/raw/barrier.rs",
        "            WaitError::TimedOut if !is_pending => Some(told(waiter, index)),",
        "            WaitError::TimedOut if !is_pending => Some(Err(BarrierError::Broken)),",
        "barrier::a_timeout_breaks_the_barrier_for_all_or_comes_too_late_for_all",
    ),
    Mutant(
        "barrier: whoever comes during the action arrives in the cycle that is ending",
        "sync/raw/barrier.rs",
        "state.phase = Phase::Acting;",
        "state.phase = Phase::Filling;",
        "barrier::whoever_comes_while_an_action_runs_belongs_to_the_next_cycle",
    ),
    Mutant(
        "retiring: the heir does not get the waiters",
        "sync/raw/retiring.rs",
        "heir.adopt(&mut self.list);",
        "",
        "retiring::whoever_waits_when_the_flag_is_raised_is_woken_whenever_the_event_is_retired",
    ),
    Mutant(
        "retiring: a waiter that was nudged and has not looked is not notified",
        "sync/raw/retiring.rs",
        "heir.notify(usize::try_from(permits).unwrap_or(usize::MAX));",
        "",
        "retiring::permits_reach_those_who_wait_whenever_the_semaphore_is_retired",
    ),
    Mutant(
        "retiring: a waiter signs off where it waits no more",
        "sync/raw/retiring.rs",
        "Some(heir) => heir.leave(waiter),",
        "Some(_) => drop(waiting.list.remove(waiter)),",
        "retiring::who_gives_up_in_the_heir_leaves_it",
    ),
    Mutant(
        "retiring: permits that come back late are lost",
        "sync/raw/retiring.rs",
        "self.word.fetch_add(n * ONE, Ordering::Release);",
        "",
        "retiring::a_permit_that_was_handed_over_before_and_comes_back_after_is_not_lost",
    ),
    Mutant(
        "retiring: an interrupted waiter of the heir swallows its notification",
        "sync/raw/event.rs",
        "pass_on(&self.waiters);",
        "",
        "retiring::a_notification_that_comes_with_an_interrupt_is_passed_on",
    ),
    Mutant(
        "barrier: an interrupted party is not told that the barrier was retired",
        "sync/raw/barrier.rs",
        "if waiter.payload_of_settled(|outcome| *outcome) == Outcome::Retired {",
        "if false {",
        "barrier::exactly_those_who_have_arrived_are_told_so_when_the_barrier_is_retired",
    ),
    Mutant(
        "barrier: it is retired while its action runs",
        "sync/raw/retiring.rs",
        "Phase::Acting if !acts => {",
        "Phase::Acting if false => {",
        "barrier::retiring_waits_for_the_end_of_an_action",
    ),
    Mutant(
        "queue: an interrupted getter keeps its item",
        "queue/core/get.rs",
        "Err(match self.give_back(waiter.into_payload()) {",
        "Err(match None::<T> {",
        "queue::an_interrupted_getter_gives_its_item_to_the_next",
    ),
    Mutant(
        "queue: an item that is given back comes out last",
        "queue/order.rs",
        "self.0.push_front(item);",
        "self.0.push_back(item);",
        "queue::an_item_that_is_given_back_comes_out_before_those_that_came_later",
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
        "park/waiter.rs",
        "Ok(Wake::TimedOut) if self.abandon() => Ended::Abandoned(WaitError::TimedOut),",
        "Ok(Wake::TimedOut) => Ended::Abandoned(WaitError::TimedOut),",
        "queue::a_getter_that_times_out_leaves_the_item_to_the_next",
    ),
    Mutant(
        "queue: the last task done tells nobody",
        "queue/core/tasks.rs",
        "if state.unfinished > 0 || state.joiners.is_empty() {",
        "if state.unfinished == 0 || state.joiners.is_empty() {",
        "queue::join_ends_when_the_last_task_is_done",
    ),
    Mutant(
        "queue: a retired queue takes back what an interrupted getter had",
        "queue/core/get.rs",
        """            if state.phase == Phase::Retired {
                return Some(item);
            }""",
        "",
        "queue::retiring_a_queue_moves_every_item_and_sends_everyone_away",
    ),
    Mutant(
        "queue: others use the heap while a thread compares",
        "queue/core/sorter.rs",
        "        state.sorter != 0 && state.sorter != number()\n",
        "        let _ = state;\n        false\n",
        "priority_queue::while_one_thread_compares_the_others_wait_and_the_heap_stays_one",
    ),
    Mutant(
        "queue: a comparison that fails tells nobody that it is over",
        "queue/core/sorter.rs",
        "let most = if self.outer == 0 { usize::MAX } else { 0 };",
        "let most = if self.outer == 0 { 0 } else { 0 };",
        "priority_queue::a_comparison_that_fails_leaves_the_queue_as_it_was_and_lets_others_on",
    ),
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
    Mutant(
        "timer: the thread that waits is not woken for what is due earlier",
        "thread/timer/clock.rs",
        "Keeper::Asleep { record, until } if due < until => {",
        "Keeper::Asleep { record, until } if due > until => {",
        "timer::the_sleeping_keeper_is_woken_for_what_is_due_before_it_would_look",
    ),
]
