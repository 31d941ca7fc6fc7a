//! Deadlocks and starved pools.

use super::moments::{Moment, SECOND};
use super::reader::timeline;
use crate::record::trace::{Flow, Nanos, Value};

#[test]
fn a_deadlock_is_told_once_with_arrows_along_it() {
    let circle = |taken: Nanos| {
        (1..=3).fold(Moment::at(taken * SECOND), |moment, number| {
            let held = format!("held\t{}\t1", number % 3 + 1);
            moment.thread(number, &format!("t{number}")).waits(
                number,
                "RLock",
                number * 16,
                SECOND,
                &held,
            )
        })
    };
    let read = timeline(&[circle(10), circle(11)]);
    let told: Vec<_> = read
        .instants
        .iter()
        .filter(|(_, _, description)| description.category == "deadlock")
        .collect();
    assert_eq!(told.len(), 3);
    let flows: Vec<_> = told.iter().map(|it| it.2.flows.as_slice()).collect();
    let (one, two) = (7 << 32 | 1, 7 << 32 | 2);
    assert_eq!(
        flows,
        [
            &[Flow::From(one)][..],
            &[Flow::To(one), Flow::From(two)],
            &[Flow::To(two)]
        ]
    );
    let (track, at, description) = told[0];
    assert_eq!((track.as_str(), *at), ("t1", 10 * SECOND));
    assert_eq!(description.name, "deadlock");
    assert_eq!(
        description.notes,
        [
            ("verdict", Value::Text("certain".to_owned())),
            (
                "circle",
                Value::Text("\"t1\" waits for \"t2\" waits for \"t3\"".to_owned())
            )
        ]
    );
}

#[test]
fn a_starved_pool_is_told_on_the_tracks_of_its_workers() {
    let moment = (1..=2).fold(Moment::at(10 * SECOND), |moment, number| {
        let moment = moment.thread(number, &format!("p_{number}"));
        let moment = moment.serves(number, 4, 2);
        moment.waits(number, "Future", 64 * number, SECOND, "pending\t4")
    });
    let read = timeline(&[moment]);
    let told: Vec<_> = read.instants.iter().skip(1).collect();
    let tracks: Vec<&str> = told.iter().map(|(track, ..)| track.as_str()).collect();
    assert_eq!(tracks, ["p_1", "p_2"]);
    for (_, _, description) in told {
        assert_eq!(description.name, "starved pool");
        assert_eq!(description.flows, []);
        let threads = ("threads", Value::Text("\"p_1\", \"p_2\"".to_owned()));
        assert_eq!(description.notes[1], threads);
    }
}
