"""`sync/`: the primitives, and forwarding."""

from .mutant import Mutant

MUTANTS = [
    Mutant(
        "lock: a waiter does not mark the word",
        "sync/raw/lock_waiting.rs",
        """            } else {
                word | WAITERS
            };""",
        """            } else {
                word
            };""",
        "lock::two_threads_exclude_each_other",
    ),
    Mutant(
        "lock: taking the lock under the list's lock forgets the other waiters",
        "sync/raw/lock_waiting.rs",
        "let taken = held_by(me) | if is_only { 0 } else { WAITERS };",
        "let taken = held_by(me);",
        "lock::three_threads_exclude_each_other",
    ),
    Mutant(
        "lock: a waiter that leaves does not pass its wakeup on",
        "sync/raw/lock_waiting.rs",
        """            list.remove(waiter);
            self.pass_on(&list)""",
        """            list.remove(waiter);
            None::<Wakeup>""",
        "lock::a_waiter_that_times_out_passes_its_wakeup_on",
    ),
    Mutant(
        "lock: a handoff forgets the other waiters",
        "sync/raw/lock.rs",
        "owned | watched | if claimed.was_last { 0 } else { WAITERS },",
        "owned | watched,",
        "lock::three_threads_exclude_each_other",
    ),
    Mutant(
        "lock: an interrupted owner keeps the lock",
        "sync/raw/lock_waiting.rs",
        """                    let _ = self.unlock();
                    return Err(WaitError::Interrupted(interrupt));""",
        "                    return Err(WaitError::Interrupted(interrupt));",
        "lock::an_interrupted_waiter_gives_the_lock_back",
    ),
    Mutant(
        "lock: a release does not publish the writes under the lock",
        "sync/raw/lock.rs",
        ".compare_exchange(held_by(me), FREE, Ordering::Release, Ordering::Relaxed)",
        ".compare_exchange(held_by(me), FREE, Ordering::Relaxed, Ordering::Relaxed)",
        "rlock::the_lock_is_free_after_as_many_releases_as_acquires",
    ),
    Mutant(
        "lock: a release of a watched lock does not publish the writes under it",
        "sync/raw/lock.rs",
        ".compare_exchange(word, word & WATCHED, Ordering::Release, Ordering::Relaxed)",
        ".compare_exchange(word, word & WATCHED, Ordering::Relaxed, Ordering::Relaxed)",
        "lock::watched_locks_exclude_threads_and_stay_watched",
    ),
    Mutant(
        "lock: a handoff forgets that the lock is watched",
        "sync/raw/lock.rs",
        "owned | watched | if claimed.was_last { 0 } else { WAITERS },",
        "owned | if claimed.was_last { 0 } else { WAITERS },",
        "lock::watched_locks_exclude_threads_and_stay_watched",
    ),
    Mutant(
        "rlock: the first release frees the lock",
        "sync/raw/rlock.rs",
        "match self.again.load(Ordering::Relaxed).checked_sub(1) {",
        "match self.again.load(Ordering::Relaxed).checked_sub(2) {",
        "rlock::the_lock_is_free_after_as_many_releases_as_acquires",
    ),
    Mutant(
        "rlock: a condition's wait forgets a level",
        "sync/raw/rlock.rs",
        "self.enter_first(again);\n        Ok(())",
        "self.enter_first(0);\n        Ok(())",
        "rlock::a_condition_wait_releases_every_level_and_restores_it",
    ),
    Mutant(
        "rwlock: a waiter does not mark the word",
        "sync/raw/rwlock_waiting.rs",
        "let next = now.with_waiters(!self.is_empty());",
        "let next = now;",
        "rwlock::two_writers_exclude_each_other",
    ),
    Mutant(
        "rwlock: a waiting writer does not stop new readers",
        "sync/raw/rwlock_read.rs",
        "|| waiting.writers.is_empty()\n",
        "|| true\n",
        "rwlock::a_waiting_writer_stops_a_later_reader",
    ),
    Mutant(
        "rwlock: a reader waits for the writer that waits for it",
        "sync/raw/rwlock_read.rs",
        "let reads = self.is_in(holds);",
        "let reads = false;",
        "rwlock::a_thread_that_reads_reads_again_while_a_writer_waits",
    ),
    Mutant(
        "rwlock: the last reader's release serves no waiter",
        "sync/raw/rwlock_read.rs",
        "(extra != ONE || left.is_free() || left.is_upgradable_alone())",
        "(extra != ONE || left.is_upgradable_alone())",
        "rwlock::a_waiting_writer_stops_a_later_reader",
    ),
    Mutant(
        "rwlock: the last reader beside the upgradable one serves no upgrade",
        "sync/raw/rwlock_read.rs",
        "(extra != ONE || left.is_free() || left.is_upgradable_alone())",
        "(extra != ONE || left.is_free())",
        "rwlock::upgrades::an_upgrade_waits_for_the_last_other_reader",
    ),
    Mutant(
        "rwlock: a waiter that leaves does not pass its wakeup on",
        "sync/raw/rwlock.rs",
        """        list(&mut waiting).remove(waiter);
        let woken = waiting.settle(&self.word, Phase::Over);""",
        """        list(&mut waiting).remove(waiter);
        let woken = Woken::default();""",
        "rwlock::readers_behind_a_writer_that_gives_up_read",
    ),
    Mutant(
        "rwlock: readers that get the lock by handoff are counted as one",
        "sync/raw/rwlock_waiting.rs",
        "count => word.fetch_add((count - 1) * ONE, Ordering::Relaxed),",
        "_ => word.fetch_add(0, Ordering::Relaxed),",
        "rwlock::readers_that_get_the_lock_together_all_release_it",
    ),
    Mutant(
        "rwlock: an interrupted reader keeps the lock",
        "sync/raw/rwlock_read.rs",
        "if !waiter.is_forgotten() {",
        "if waiter.is_forgotten() {",
        "rwlock::a_reader_that_is_granted_and_interrupted_leaves_the_lock_free",
    ),
    Mutant(
        "rwlock: a writer's release forgets that its last waiter may have abandoned",
        "sync/raw/rwlock_write.rs",
        """                .compare_exchange(
                    word.0,
                    next.with_waiters(true).0 |""",
        """                .compare_exchange(
                    word.with_waiters(true).0,
                    next.with_waiters(true).0 |""",
        "rwlock::a_waiter_that_times_out_passes_its_wakeup_on",
    ),
    Mutant(
        "rwlock: an upgrade does not wait for the other readers",
        "sync/raw/rwlock_word.rs",
        "self.has_upgradable() && self.readers() == 1",
        "self.has_upgradable()",
        "rwlock::upgrades::an_upgrade_waits_for_the_last_other_reader",
    ),
    Mutant(
        "rwlock: a reader's release does not publish that it has read",
        "sync/raw/rwlock_read.rs",
        "Word(self.word.fetch_sub(extra, Ordering::Release) - extra)",
        "Word(self.word.fetch_sub(extra, Ordering::Relaxed) - extra)",
        "rwlock::a_writer_excludes_a_reader",
    ),
    Mutant(
        "rwlock: a woken reader that a waker has claimed takes the lock, too",
        "sync/raw/rwlock.rs",
        "if waiter.is_claimed() {",
        "if waiter.is_granted() {",
        "rwlock::upgrades::a_woken_reader_that_gets_the_lock_by_handoff_meanwhile_has_it_once",
    ),
    Mutant(
        "rwlock: a handoff forgets that the lock is watched",
        "sync/raw/rwlock_waiting.rs",
        "let next = Word((request & !UPGRADABLE) | now.kept())",
        "let next = Word(request & !UPGRADABLE)",
        "rwlock::watched::two_writers_exclude_each_other_and_the_lock_stays_watched",
    ),
    Mutant(
        "rwlock: a watched lock is taken without what its last writer wrote",
        "sync/raw/rwlock_write.rs",
        """                    Word::written_by(me).0 | word.kept(),
                    Ordering::Acquire,""",
        """                    Word::written_by(me).0 | word.kept(),
                    Ordering::Relaxed,""",
        "rwlock::watched::a_try_takes_a_watched_lock_or_leaves_it",
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
        "event::a_wait_after_another_threads_clear_is_not_woken_by_the_earlier_set",
    ),
    Mutant(
        "event: lowering the flag forgets the waiters",
        "sync/raw/event.rs",
        """            .compare_exchange(SET, 0, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()""",
        "            .swap(0, Ordering::Relaxed) == SET",
        "event::a_concurrent_clear_loses_no_waiter",
    ),
    Mutant(
        "event: raising the flag wakes one",
        "sync/raw/event.rs",
        "waiters.list.claim_all(|note| *note = GRANTED_BY_OBJECT)",
        "waiters.list.claim_many(1, |note| *note = GRANTED_BY_OBJECT)",
        "event::set_wakes_every_waiter_and_publishes_earlier_writes",
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
        "condition: a waiter that leaves is still counted",
        "sync/raw/condition.rs",
        "if list.remove(waiter) {",
        "if !list.remove(waiter) {",
        "condition::notify_wakes_as_many_as_it_returns_and_no_later_waiter",
    ),
    Mutant(
        "condition: a notification is spent on an abandoned waiter",
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
        "semaphore: free permits wake no waiter",
        "sync/raw/semaphore.rs",
        "Ok(_) => return front.filter(|_| possible),",
        "Ok(_) => return None,",
        "semaphore::two_releases_of_one_permit_meet_a_request_for_two",
    ),
    Mutant(
        "semaphore: a waiter that leaves does not pass its wakeup on",
        "sync/raw/semaphore.rs",
        """            waiters.list.remove(waiter);
            self.settle(&waiters.list)""",
        """            waiters.list.remove(waiter);
            None::<Wakeup>""",
        "semaphore::a_request_for_many_that_times_out_unblocks_the_one_behind_it",
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
        "semaphore: permits for an abandoned waiter are lost",
        "sync/raw/semaphore_release.rs",
        "None => self.word.fetch_add(n * ONE, Ordering::Relaxed),",
        "None => self.word.fetch_add(0, Ordering::Relaxed),",
        "semaphore::a_timeout_that_races_the_release_loses_no_permit",
    ),
    Mutant(
        "semaphore: a starved request is overtaken",
        "sync/raw/semaphore.rs",
        "if may_barge && self.take(n) {",
        "if self.take(n) {",
        "semaphore::no_thread_overtakes_a_starved_request_for_many",
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
        "barrier: a timeout breaks a cycle in which all have arrived",
        "sync/raw/barrier.rs",
        "            WaitError::TimedOut if !is_pending => Some(told(waiter, index)),",
        "            WaitError::TimedOut if !is_pending => Some(Err(BarrierError::Broken)),",
        "barrier::a_timeout_breaks_the_barrier_for_all_or_comes_too_late_for_all",
    ),
    Mutant(
        "barrier: a party that comes during the action arrives in the ending cycle",
        "sync/raw/barrier.rs",
        "state.phase = Phase::Acting;",
        "state.phase = Phase::Filling;",
        "barrier::a_party_that_comes_during_an_action_belongs_to_the_next_cycle",
    ),
    Mutant(
        "forwarding: the target does not get the waiters",
        "sync/raw/forwarding.rs",
        "target.adopt(&mut self.list);",
        "",
        "forwarding::set_wakes_earlier_waiters_whenever_the_event_is_forwarded",
    ),
    Mutant(
        "forwarding: a waiter that was woken and has not retried is not notified",
        "sync/raw/semaphore_forwarding.rs",
        "target.notify(usize::try_from(permits).unwrap_or(usize::MAX));",
        "",
        "forwarding::permits_reach_the_waiters_whenever_the_semaphore_is_forwarded",
    ),
    Mutant(
        "forwarding: a waiter leaves the list in which it waits no more",
        "sync/raw/forwarding.rs",
        "Some(target) => target.leave(waiter),",
        "Some(_) => drop(waiting.list.remove(waiter)),",
        "forwarding::a_waiter_that_gives_up_in_the_target_leaves_it",
    ),
    Mutant(
        "forwarding: permits that come back late are lost",
        "sync/raw/semaphore_release.rs",
        "self.word.fetch_add(n * ONE, Ordering::Release);",
        "",
        "forwarding::a_permit_granted_before_forwarding_and_returned_after_it_is_not_lost",
    ),
    Mutant(
        "forwarding: an interrupted waiter of the target swallows its notification",
        "sync/raw/event.rs",
        "pass_on_notification(&self.waiters);",
        "",
        "forwarding::a_notification_that_comes_with_an_interrupt_is_passed_on",
    ),
    Mutant(
        "barrier: an interrupted party is not told that the barrier was forwarded",
        "sync/raw/barrier.rs",
        "if waiter.payload_of_settled(|outcome| *outcome) == Outcome::Forwarded {",
        "if false {",
        "barrier::forwarding_the_barrier_tells_exactly_the_parties_that_have_arrived",
    ),
    Mutant(
        "barrier: it is forwarded while its action runs",
        "sync/raw/barrier_forwarding.rs",
        "Phase::Acting if !acts =>",
        "Phase::Acting if false =>",
        "barrier::forwarding_waits_for_the_end_of_an_action",
    ),
]
