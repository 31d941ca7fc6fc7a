//! More threads on one queue than `loom` has the time for.

use super::*;

/// The items that one of several consumers took, until the queue was shut down.
pub(crate) fn consume<T, O: Order<T, Sleeper>>(queue: &RawQueue<T, O, Sleeper>) -> Vec<T> {
    let mut taken = Vec::new();
    loop {
        let alarm = Alarm::leak();
        if taken.len() % 2 == 1 {
            alarm.fire();
        }
        match queue.get_with(&mut Sleeper::new(), Deadline::At(alarm)) {
            Ok(item) => taken.push(item),
            Err(GetFailure::Empty) => match queue.get_with(&mut Sleeper::new(), Deadline::NEVER) {
                Ok(item) => taken.push(item),
                Err(_) => return taken,
            },
            Err(_) => return taken,
        }
        queue.task_done().unwrap();
    }
}

#[test]
fn every_item_of_three_producers_reaches_one_of_three_consumers() {
    explore(0, || {
        let queue: Arc<Queue> = of(2);
        let consumers = [(); 3].map(|()| {
            let queue = Arc::clone(&queue);
            spawn(move || consume(&queue))
        });
        let producers = [0, 10, 20].map(|from| {
            let queue = Arc::clone(&queue);
            spawn(move || (from..from + 3).for_each(|item| put(&queue, item)))
        });
        producers.into_iter().for_each(join);
        let joined = queue.join_with(&mut Sleeper::new(), Deadline::NEVER);
        assert_eq!(joined, Ok(true));
        queue.shutdown_with(false, &mut Sleeper::new()).unwrap();
        let mut taken = Vec::new();
        for consumer in consumers {
            let mine = join(consumer);
            for from in [0, 10, 20] {
                let of_one = mine.iter().filter(|&&item| item / 10 == from / 10);
                assert!(of_one.is_sorted(), "a producer's items stay in order");
            }
            taken.extend(mine);
        }
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2, 10, 11, 12, 20, 21, 22]);
    });
}

#[test]
fn timeouts_interrupts_and_a_shutdown_lose_and_double_nothing() {
    explore(0, || {
        let queue: Arc<Queue> = of(1);
        let alarms = [(); 2].map(|()| Alarm::leak());
        let signals = [(); 2].map(|()| Signal::new());
        let getters = [
            getter(&queue, Sleeper::new(), Deadline::At(alarms[0])),
            getter(&queue, Sleeper::that_hears(&signals[0]), Deadline::NEVER),
            getter(&queue, Sleeper::new(), Deadline::NEVER),
        ];
        let putters = [
            putter(&queue, 1, Sleeper::new(), Deadline::At(alarms[1])),
            putter(&queue, 2, Sleeper::that_hears(&signals[1]), Deadline::NEVER),
            putter(&queue, 3, Sleeper::new(), Deadline::NEVER),
            putter(&queue, 4, Sleeper::new(), Deadline::NEVER),
        ];
        alarms.iter().for_each(|alarm| alarm.fire());
        signals.iter().for_each(|signal| signal.raise());
        let mut seen = queue.shutdown_with(true, &mut Sleeper::new()).unwrap();
        seen.extend(getters.into_iter().filter_map(|getter| join(getter).ok()));
        for putter in putters {
            match join(putter) {
                Ok(()) => {}
                Err(
                    PutFailure::Full(item)
                    | PutFailure::ShutDown(item)
                    | PutFailure::Interrupted(item, Signalled),
                ) => seen.push(item),
                Err(failure) => panic!("{failure:?}"),
            }
        }
        // The items that interrupted getters gave back after the shutdown.
        seen.extend(rest(&queue));
        seen.sort_unstable();
        assert_eq!(seen, [1, 2, 3, 4]);
    });
}
