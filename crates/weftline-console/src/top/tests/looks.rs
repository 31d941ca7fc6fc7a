//! How processes of every form look, on screens of every size, with colour and without.

use super::{cells, facts, lines, state, text};
use crate::example::{Example, HOSTILE, examples};
use crate::source::Trouble;
use crate::top::ansi::{Ansi, Device};
use crate::top::facts::Facts;
use crate::top::keys::Key;
use crate::top::model::View;
use crate::top::screen::draw;
use crate::top::state::State;
use crate::top::theme::Theme;
use ratatui::Terminal;
use ratatui::layout::Size;
use ratatui::style::Color;
use rustix::time::{ClockId, clock_gettime};
use std::io;
use std::time::Duration;

const SIZES: [(u16, u16); 4] = [(80, 24), (32, 8), (120, 40), (200, 60)];

fn starved() -> Example {
    (5..8).fold(Example::default(), |example, number| {
        let object = (0x900 + number * 16, "pending\t1");
        let name = format!("pool-{number}");
        let example = example.waiter((number, &name), "Future", object, "/app/p.py");
        example.serves(number, 1, 3)
    })
}

fn of_threads(many: u64) -> Example {
    (1..=many).fold(Example::default(), |example, number| {
        let object = (number % 97 * 16, "held\t99999\t1");
        let name = format!("worker {number}");
        example.waiter((number, &name), "Lock", object, "/app/worker.py")
    })
}

/// Each view, and each thing that may lie over it.
fn each_look(state: &mut State, mut look: impl FnMut(&mut State)) {
    for view in View::ALL {
        state.show(view);
        look(state);
        for keys in [
            &[Key::Enter][..],
            &[Key::End, Key::Enter, Key::End],
            &[Key::Function(1)],
            &[Key::Function(6), Key::Down],
            &[Key::Function(4), Key::Letter('日'), Key::Letter('w')],
            &[Key::Function(3), Key::Letter('x')],
            &[Key::Letter('Z')],
        ] {
            for &key in keys {
                state.press(key);
            }
            look(state);
            state.show(view);
        }
        state.press(Key::Escape);
    }
}

#[test]
fn every_process_has_a_look_on_every_screen() {
    let processes = examples().into_iter().map(|(_, example)| example);
    let more = [0, 1, 5, 1_000].map(of_threads);
    for example in processes
        .chain(more)
        .chain([starved(), super::ended::server()])
    {
        let mut state = state(&example);
        // Thousands look as hundreds do, and take long: they have a test of their own.
        let sizes = match state.table().rows.len() {
            0..100 => &SIZES[..],
            100..2_000 => &SIZES[..1],
            _ => continue,
        };
        for &size in sizes {
            each_look(&mut state, |state| {
                let plain = cells(state, size, Theme::PLAIN);
                for cell in &plain.content {
                    assert_eq!((cell.fg, cell.bg), (Color::Reset, Color::Reset));
                    assert!(!cell.symbol().contains(char::is_control));
                    assert!(!cell.symbol().contains(['\u{202e}', '\u{200f}', '\u{feff}']));
                }
            });
        }
    }
}

#[test]
fn colour_changes_no_letter() {
    let mut state = state(&Example::default().circle(1..3).crowd(5..90, 0x40));
    each_look(&mut state, |state| {
        let [plain, coloured] = [Theme::PLAIN, Theme::COLOURED].map(|theme| {
            let cells = cells(state, (120, 40), theme).content;
            cells
                .iter()
                .map(|cell| cell.symbol().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(plain, coloured);
    });
}

#[test]
fn a_deadlock_is_told_in_words() {
    let shown = text(&mut state(
        &Example::default().circle(1..3).thread(9, "main"),
    ));
    assert!(
        shown.contains("3 threads, 2 of them blocked, 1 deadlock"),
        "{shown}"
    );
    assert!(
        shown.contains("! 2 threads wait for each other: stuck-1, stuck-2"),
        "{shown}"
    );
    assert!(
        shown.contains("stuck-1          deadlock   12.0 s RLock 0x"),
        "{shown}"
    );
    assert!(shown.contains("held by stuck-2"), "{shown}");
    assert!(shown.contains("main             runs"), "{shown}");
}

#[test]
fn a_starved_pool_is_told_in_words() {
    let mut state = state(&starved());
    let shown = text(&mut state);
    assert!(shown.contains("no deadlock"), "{shown}");
    assert!(shown.contains("! pool 1 is starved"), "{shown}");
    assert!(shown.contains("pool-5           starved"), "{shown}");
    state.show(View::Pools);
    let shown = text(&mut state);
    let row = "    1       3      3      0        3 starved                pool-5, …";
    assert!(shown.contains(row), "{shown}");
}

#[test]
fn a_healthy_process_has_no_alarm() {
    let idle = Example::default()
        .waiter(
            (2, "pool_0"),
            "QueueGet",
            (0x10, "queue\t0\t0"),
            "/app/p.py",
        )
        .serves(2, 1, 0)
        .thread(1, "main");
    let mut state = state(&idle);
    let shown = lines(&mut state, (80, 24));
    assert_eq!(shown[2], "no deadlock, no starved pool, no abandoned lock");
    assert!(shown[5].contains("pool_0           idle"), "{shown:?}");
    state.show(View::Verdicts);
    assert!(text(&mut state).contains("no deadlock, no starved pool, and no lock of a thread"));
}

#[test]
fn objects_are_listed_by_contention_and_queues_by_what_is_missing() {
    let example = Example::default()
        .waiter((1, "a"), "Lock", (0x10, "held\t7\t1"), "/a.py")
        .waiter((2, "b"), "Lock", (0x20, "held\t7\t1"), "/a.py")
        .waiter((3, "c"), "Lock", (0x20, "held\t7\t1"), "/a.py")
        .waiter((4, "d"), "QueuePut", (0x30, "queue\t2\t2"), "/a.py")
        .thread(7, "owner");
    let mut state = state(&example);
    state.show(View::Objects);
    let shown = lines(&mut state, (80, 24));
    assert!(
        shown[5].contains("Lock 0x7f000020") && shown[5].contains("owner"),
        "{shown:?}"
    );
    assert!(shown[6].contains("Lock 0x7f000010"), "{shown:?}");
    state.show(View::Queues);
    let shown = lines(&mut state, (80, 24));
    assert!(shown[5].contains("full with 2 items"), "{shown:?}");
}

#[test]
fn hostile_names_stay_in_their_columns() {
    let mut example = Example::default();
    for (number, name) in (1..).zip(HOSTILE) {
        example = example.thread(number, name);
    }
    let shown = lines(&mut state(&example), (80, 24));
    let many = HOSTILE.len();
    for line in &shown[5..5 + many] {
        let at = line.find("runs").unwrap_or_else(|| panic!("{line:?}"));
        assert_eq!(crate::top::text::columns(&line[..at]), 25, "{line:?}");
    }
}

#[test]
fn the_head_tells_what_came_in_the_way() {
    let example = Example::default().circle(1..3);
    let mut state = state(&example);
    let why = "it is stopped: continue it first (kill -CONT)";
    let trouble = Some(Trouble::Unanswered(why.to_owned()));
    state.take(facts(&example, 1, trouble));
    assert!(text(&mut state).contains("NO ANSWER since") && text(&mut state).contains(why));
    state.take(facts(&example, 2, None));
    assert!(!text(&mut state).contains("NO ANSWER"));
    state.press(Key::Letter('Z'));
    assert!(text(&mut state).contains("FROZEN at the answer of"));
    state.take(facts(&example, 3, Some(Trouble::Ended)));
    assert!(text(&mut state).contains("FROZEN THE PROCESS HAS ENDED"));
    state.press(Key::Letter('Z'));
    let shown = text(&mut state);
    assert!(
        shown.contains("THE PROCESS HAS ENDED, what is here is of"),
        "{shown}"
    );
    assert!(shown.contains("stuck-1"), "its last answer stays: {shown}");
}

#[test]
fn a_silent_interpreter_is_told() {
    let mut facts = facts(&Example::default().thread(1, "main"), 0, None);
    let answer = std::sync::Arc::get_mut(&mut facts.answer).unwrap();
    answer.snapshot.stacks = weftline::watch::Stacks::Silent;
    let facts = Facts::of(crate::source::Reading {
        answer: facts.answer,
        trouble: None,
    });
    let shown = lines(&mut State::of(String::new(), facts), (160, 24));
    assert!(shown[1].contains("the interpreter is silent"), "{shown:?}");
}

#[test]
fn the_key_that_quits_is_on_every_screen() {
    let mut state = state(&Example::default());
    for width in [32, 40, 60, 80, 200] {
        let shown = lines(&mut state, (width, 10));
        assert!(shown[9].ends_with("F10Quit"), "{shown:?}");
    }
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    let mut state = state(&Example::default());
    for size in [(31, 24), (80, 7), (1, 1)] {
        let shown = lines(&mut state, size);
        assert!("weftline top needs 32 x 8".starts_with(shown[0].trim_end_matches('…')));
    }
}

/// Counts what is written to it.
#[derive(Default)]
struct Counter(usize);

impl Device for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0 += bytes.len();
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        Ok(Size::new(80, 24))
    }
}

#[test]
fn a_refresh_writes_only_what_has_changed() {
    let example = of_threads(1_000);
    let mut state = state(&example);
    let mut terminal = Terminal::new(Ansi::new(Counter::default())).unwrap();
    let mut written = |state: &mut State| {
        terminal
            .draw(|frame| draw(frame, state, Theme::COLOURED))
            .unwrap();
        std::mem::take(&mut terminal.backend_mut().device.0)
    };
    let first = written(&mut state);
    assert!(first > 1_000);
    assert_eq!(written(&mut state), 0);
    state.take(facts(&example, 1, None));
    let second = written(&mut state);
    assert!(
        (1..100).contains(&second),
        "the time of the answer: {second} bytes"
    );
}

/// The time that this thread has run. A machine that is busy with something else does not count.
fn own_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.cast_unsigned(), now.tv_nsec as u32)
}

#[test]
fn ten_thousand_threads_cost_no_more_than_a_screen() {
    let example = of_threads(10_000);
    let begun = own_time();
    let facts = facts(&example, 0, None);
    let tables = own_time() - begun;
    let mut state = State::of(String::new(), facts);
    let mut slowest = Duration::ZERO;
    for key in [
        Key::Down,
        Key::End,
        Key::PageUp,
        Key::Letter('2'),
        Key::Letter('1'),
        Key::Enter,
    ] {
        state.press(key);
        let begun = own_time();
        cells(&mut state, (200, 60), Theme::COLOURED);
        slowest = slowest.max(own_time() - begun);
    }
    println!("tables in {tables:?}, a screen in {slowest:?}");
    assert!(slowest < Duration::from_millis(50), "{slowest:?}");
}
