//! How waits look that have ended: objects by contention, and histograms.

use super::{lines, state, text};
use crate::example::Example;
use crate::top::keys::Key;
use crate::top::model::View;
use crate::top::state::{Mode, State};

/// A server that has counted its waits for 10 s.
pub(super) fn server() -> Example {
    Example::default()
        .thread(7, "owner")
        .waiter((1, "a"), "Lock", (0x10, "held\t7\t1"), "/a.py")
        .waiter((2, "b"), "Event", (0x20, "flag\t0"), "/a.py")
        .measures(true)
        .ended(
            "Lock",
            (1_000, 5_500),
            (12, 3),
            &[(9, 500), (11, 400), (26, 100)],
        )
        .ended("QueueGet", (40, 80_000), (0, 0), &[(21, 40)])
        .contended("Lock", 0x10, (900, 100), 4_000, "-")
        .contended("Semaphore", 0x30, (100, 0), 1_500, "slots")
        .contended("Event", 0x20, (2, 0), 60_000, "-")
        .contended("QueueGet", 0x40, (40, 0), 80_000, "jobs")
}

fn shown(state: &mut State, view: View) -> Vec<String> {
    state.show(view);
    lines(state, (80, 24))
}

#[test]
fn objects_are_sorted_by_the_time_of_all_waits_the_locks_first() {
    let shown = shown(&mut state(&server()), View::Objects);
    let expected = [
        "OBJECT                 TOTAL▽    WAITS    MEAN  WAITERS  LONGEST HELD BY",
        "Lock 0x7f000010        16.0 s     ≤900  5.0 ms        1   12.0 s owner",
        "Semaphore slots         1.5 s      100   15 ms        0",
        "Event 0x7f000020       1m 12s        2  30.0 s        1   12.0 s",
    ];
    assert_eq!(&shown[4..8], &expected, "{shown:#?}");
    assert_eq!(shown[22], "", "no note: the process measures");
}

#[test]
fn a_process_that_does_not_measure_is_told_how_to() {
    let mut state = state(&Example::default().circle(1..3));
    let objects = shown(&mut state, View::Objects);
    assert!(objects[4].starts_with("OBJECT") && objects[4].contains("WAITERS▽"));
    let how = "to count waits: weftline run --watch, WEFTLINE_WATCH=1 or weftline.watch.start()";
    assert_eq!(objects[22], how);
    assert_eq!(shown(&mut state, View::Waits)[5], how);
    state.press(Key::Letter('H'));
    assert_eq!(lines(&mut state, (80, 24))[5], how);
}

#[test]
fn an_object_tells_its_ended_waits() {
    let mut state = state(&server());
    shown(&mut state, View::Objects);
    state.press(Key::Enter);
    let lock = text(&mut state);
    assert!(
        lock.contains("800 to 900 waits ended, 4.0 s together, mean 5.0 ms"),
        "{lock}"
    );
    state.press(Key::Escape);
    state.press(Key::Down);
    state.press(Key::Enter);
    let idle = text(&mut state);
    assert!(
        idle.contains("100 waits ended, 1.5 s together, mean 15 ms\nno waiters"),
        "{idle}"
    );
}

#[test]
fn kinds_have_numbers_and_a_histogram() {
    let mut state = state(&server());
    let table = shown(&mut state, View::Waits);
    let expected = [
        "WAITS FOR                       TOTAL▽     WAITS    MEAN  TIMED OUT  INTERRUPTED",
        "Queue to get                    1m 20s        40   2.0 s          0            0",
        "Lock                             5.5 s      1000  5.5 ms         12            3",
    ];
    assert_eq!(&table[4..7], &expected, "{table:#?}");
    state.press(Key::Down);
    state.press(Key::Enter);
    let pane = lines(&mut state, (80, 24));
    assert!(pane[4].starts_with("Lock ") && pane[4].ends_with("lines 1 to 18 of 19"));
    assert_eq!(
        pane[5],
        "1000 waits, mean 5.5 ms, 12 timed out, 3 interrupted"
    );
    assert_eq!(pane[6], format!("≤  512 µs        500 {}", "█".repeat(48)));
    assert_eq!(pane[7], "≤  1.0 ms          0");
    assert_eq!(pane[8], format!("≤  2.0 ms        400 {}", "█".repeat(39)));
    assert_eq!(pane[23 - 1], format!("≤  33.5 s          0"));
    let wide = lines(&mut state, (120, 40));
    assert_eq!(wide[23], format!(">  33.5 s        100 {}", "█".repeat(10)));
}

#[test]
fn a_key_shows_the_histograms_of_all_kinds_and_hides_them() {
    let mut state = state(&server());
    state.press(Key::Letter('H'));
    let pane = lines(&mut state, (80, 24));
    assert_eq!(
        &pane[4..6],
        [
            "ended waits by kind                                         lines 1 to 18 of 24",
            "counted for 10.0 s"
        ]
        .map(|it| it),
        "{pane:#?}"
    );
    assert_eq!(
        pane[7],
        "Queue to get: 40 waits, mean 2.0 s, 0 timed out, 0 interrupted"
    );
    state.press(Key::Letter('H'));
    assert_eq!(state.mode, Mode::Table);
}

#[test]
fn a_process_that_counts_no_longer_says_so() {
    let stopped = Example::default()
        .measures(false)
        .ended("Lock", (1, 1), (0, 0), &[(9, 1)]);
    let mut state = state(&stopped);
    for view in [View::Objects, View::Waits] {
        assert_eq!(
            shown(&mut state, view)[22],
            "waits are counted no longer: the program has called watch.stop()"
        );
    }
}

#[test]
fn all_views_have_a_place_on_80_columns() {
    let views = lines(&mut state(&server()), (80, 24))[3].clone();
    let expected = " 1 Threads 3   2 Locks 3   3 Queues 0   4 Pools 0   5 Verdicts 0   6 Waits 2";
    assert_eq!(views, expected);
    let narrow = lines(&mut state(&server()), (70, 24))[3].clone();
    assert!(narrow.ends_with("6Waits 2"), "{narrow}");
}
