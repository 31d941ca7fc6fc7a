"""`sync/`: what threads wait for, and its heirs."""

from .mutant import Mutant

MUTANTS = [
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
        "let taken = (me << 1) | if is_only { 0 } else { WAITERS };",
        "let taken = me << 1;",
        "lock::three_threads_exclude_each_other",
    ),
    Mutant(
        "lock: a waiter that leaves keeps its nudge",
        "sync/raw/lock.rs",
        """            list.remove(waiter);
            self.pass_on(&list)""",
        """            list.remove(waiter);
            None::<Wakeup>""",
        "lock::a_waiter_that_times_out_passes_its_wake_on",
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
            if waiters.is_forwarded() {
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
        "Ok(_) => return front.filter(|_| possible).map(Waiter::wake_without_handoff),",
        "Ok(_) => return None,",
        "semaphore::two_releases_of_one_permit_meet_a_wish_for_two",
    ),
    Mutant(
        "semaphore: a waiter that leaves does not let the next look",
        "sync/raw/semaphore.rs",
        """            waiters.list.remove(waiter);
            self.settle(&waiters.list)""",
        """            waiters.list.remove(waiter);
            None::<Wakeup>""",
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
        "forwarding: the target does not get the waiters",
        "sync/raw/forwarding.rs",
        "target.adopt(&mut self.list);",
        "",
        "forwarding::whoever_waits_when_the_flag_is_raised_is_woken_whenever_the_event_is_forwarded",
    ),
    Mutant(
        "forwarding: a waiter that was nudged and has not looked is not notified",
        "sync/raw/forwarding.rs",
        "target.notify(usize::try_from(permits).unwrap_or(usize::MAX));",
        "",
        "forwarding::permits_reach_those_who_wait_whenever_the_semaphore_is_forwarded",
    ),
    Mutant(
        "forwarding: a waiter signs off where it waits no more",
        "sync/raw/forwarding.rs",
        "Some(target) => target.leave(waiter),",
        "Some(_) => drop(waiting.list.remove(waiter)),",
        "forwarding::who_gives_up_in_the_target_leaves_it",
    ),
    Mutant(
        "forwarding: permits that come back late are lost",
        "sync/raw/forwarding.rs",
        "self.word.fetch_add(n * ONE, Ordering::Release);",
        "",
        "forwarding::a_permit_that_was_handed_over_before_and_comes_back_after_is_not_lost",
    ),
    Mutant(
        "forwarding: an interrupted waiter of the target swallows its notification",
        "sync/raw/event.rs",
        "pass_on(&self.waiters);",
        "",
        "forwarding::a_notification_that_comes_with_an_interrupt_is_passed_on",
    ),
    Mutant(
        "barrier: an interrupted party is not told that the barrier was forwarded",
        "sync/raw/barrier.rs",
        "if waiter.payload_of_settled(|outcome| *outcome) == Outcome::Forwarded {",
        "if false {",
        "barrier::exactly_those_who_have_arrived_are_told_so_when_the_barrier_is_forwarded",
    ),
    Mutant(
        "barrier: it is forwarded while its action runs",
        "sync/raw/forwarding.rs",
        "Phase::Acting if !acts => {",
        "Phase::Acting if false => {",
        "barrier::forwarding_waits_for_the_end_of_an_action",
    ),
]
