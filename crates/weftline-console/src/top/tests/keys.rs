//! What the keys do, as far as it is seen on the screen.

use super::{facts, lines, state, text};
use crate::example::Example;
use crate::top::keys::{Decoder, Key};
use crate::top::model::View;
use crate::top::press::Action;
use crate::top::state::{Mode, State};

fn crowd() -> Example {
    Example::default().crowd(10..60, 0x40).thread(1, "main")
}

fn press(state: &mut State, bytes: &str) -> Option<Action> {
    let mut decoder = Decoder::default();
    let mut keys = decoder.take(bytes.as_bytes());
    keys.extend(decoder.end());
    keys.into_iter().filter_map(|key| state.press(key)).last()
}

/// The name of the selected thread.
fn selected(state: &State) -> String {
    let key = state.list().key(state.table()).expect("there are rows");
    let mut rows = state.table().rows.iter();
    rows.find(|row| row.key == key).unwrap().cells[1]
        .text
        .clone()
}

#[test]
fn quitting_has_the_keys_of_htop() {
    for bytes in ["q", "\u{3}", "\u{1b}[21~"] {
        assert_eq!(
            press(&mut state(&crowd()), bytes),
            Some(Action::Quit),
            "{bytes:?}"
        );
    }
    // In a prompt the letter is a letter.
    let mut state = state(&crowd());
    assert_eq!(press(&mut state, "/q"), None);
    assert_eq!(press(&mut state, "\u{3}"), Some(Action::Quit));
    assert_eq!(press(&mut state, "\u{1a}"), Some(Action::Suspend));
    assert_eq!(press(&mut state, "\u{c}"), Some(Action::Redraw));
}

#[test]
fn a_filter_lists_what_contains_it_until_escape() {
    let mut state = state(&crowd());
    press(&mut state, "\\POOL_1");
    let shown = text(&mut state);
    assert!(
        shown.contains("Filter: POOL_1") && shown.contains("filter: POOL_1 1/10"),
        "{shown}"
    );
    press(&mut state, "\r");
    assert_eq!(state.mode, Mode::Table);
    assert!(text(&mut state).contains("filter: POOL_1"));
    press(&mut state, "\u{1b}");
    assert_eq!(state.list().len(), 51);
    press(&mut state, "\\pool_11 | main");
    assert_eq!(state.list().len(), 2);
    press(&mut state, "\u{15}nothing is called so\r");
    let shown = text(&mut state);
    assert!(
        shown.contains("no row contains \"nothing is called so\""),
        "{shown}"
    );
}

#[test]
fn a_search_goes_to_the_next_row() {
    let mut state = state(&crowd());
    text(&mut state);
    press(&mut state, "/pool_5");
    assert_eq!(selected(&state), "pool_50");
    press(&mut state, "\u{1b}[13~");
    assert_eq!(selected(&state), "pool_51");
    press(&mut state, "\u{1b}[A");
    assert_eq!(selected(&state), "pool_50");
    assert!(text(&mut state).contains("Search: pool_5"));
    press(&mut state, "x");
    assert!(text(&mut state).contains("not found"));
    press(&mut state, "\r");
    assert_eq!(
        (&state.mode, selected(&state).as_str()),
        (&Mode::Table, "pool_50")
    );
}

#[test]
fn columns_sort_and_their_order_inverts() {
    let mut state = state(&crowd());
    let first = |state: &mut State| lines(state, (80, 24))[5].clone();
    assert!(first(&mut state).contains("pool_10"));
    // The chosen column is the third, STATE; one up is THREAD.
    press(&mut state, ">\u{1b}[A");
    assert!(text(&mut state).contains("Sort by"));
    press(&mut state, "\r");
    assert!(first(&mut state).contains("main"));
    press(&mut state, "I");
    assert!(first(&mut state).contains("pool_59"));
    press(&mut state, "N");
    assert!(first(&mut state).contains("main"), "the smallest tid");
    press(&mut state, "T");
    assert!(first(&mut state).contains("pool_10"), "the longest wait");
}

#[test]
fn views_are_turned_and_chosen() {
    let mut state = state(&crowd());
    press(&mut state, "\t");
    assert_eq!(state.view, View::Objects);
    press(&mut state, "\u{1b}[Z\u{1b}[Z");
    assert_eq!(state.view, View::Waits);
    press(&mut state, "\t");
    assert_eq!(state.view, View::Threads);
    for (digit, view) in ('1'..).zip(View::ALL) {
        press(&mut state, &digit.to_string());
        assert_eq!(state.view, view);
    }
}

#[test]
fn the_pane_shows_a_stack_and_follows_the_thread() {
    let before = crowd()
        .frame(10, "wait", "/app/pool.py", 7)
        .frame(10, "main", "/app/main.py", 70);
    let mut state = State::of(String::new(), facts(&before, 0, None));
    text(&mut state);
    press(&mut state, "\r");
    let shown = text(&mut state);
    assert!(
        shown.contains("pool_10\" (tid 4010) waits for an Event"),
        "{shown}"
    );
    assert!(shown.contains("    since "), "{shown}");
    assert!(shown.contains("at /app/pool.py:7 in wait"), "{shown}");
    assert!(shown.contains("at /app/main.py:70 in main"), "{shown}");
    let after = crowd().frame(10, "later", "/app/later.py", 8);
    state.take(facts(&after, 1, None));
    assert!(text(&mut state).contains("at /app/later.py:8 in later"));
    state.take(facts(&Example::default().thread(1, "main"), 2, None));
    let shown = text(&mut state);
    assert!(shown.contains("no longer there"), "{shown}");
    assert!(
        shown.contains("/app/later.py:8"),
        "what it was stays: {shown}"
    );
    press(&mut state, "\u{1b}");
    assert_eq!(state.mode, Mode::Table);
}

#[test]
fn a_long_pane_scrolls_to_its_end_and_no_further() {
    let mut example = crowd();
    for line in 1..100 {
        example = example.frame(10, "deep", "/app/deep.py", line);
    }
    let mut state = state(&example);
    text(&mut state);
    press(&mut state, "\r\u{1b}[F");
    let shown = text(&mut state);
    assert!(
        shown.contains("deep.py:99") && !shown.contains("deep.py:80 "),
        "{shown}"
    );
    press(&mut state, "\u{1b}[A");
    assert!(
        !text(&mut state).contains("deep.py:99"),
        "one line up from the end"
    );
}

#[test]
fn a_frozen_view_stays_and_then_shows_the_latest() {
    let mut state = state(&crowd());
    press(&mut state, "Z");
    let before = text(&mut state);
    state.take(facts(&Example::default().circle(1..3), 1, None));
    assert_eq!(text(&mut state), before);
    press(&mut state, "Z");
    let after = text(&mut state);
    assert!(
        after.contains("1 deadlock") && !after.contains("FROZEN"),
        "{after}"
    );
}

#[test]
fn the_selection_follows_its_thread_through_answers() {
    let mut state = state(&crowd());
    text(&mut state);
    press(&mut state, "\u{1b}[B\u{1b}[B\u{1b}[B");
    assert_eq!(selected(&state), "pool_13");
    state.take(facts(&crowd().circle(70..75), 1, None));
    assert_eq!(selected(&state), "pool_13");
    press(&mut state, "\u{1b}[H");
    assert_eq!(selected(&state), "stuck-70");
}

#[test]
fn help_lists_the_keys_and_the_words() {
    let mut state = state(&crowd());
    press(&mut state, "\u{1b}[11~");
    let shown = lines(&mut state, (120, 40)).join("\n");
    for part in ["F4", "freeze", "abandoned", "runs ", "asked twice a second"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    press(&mut state, "?");
    assert_eq!(state.mode, Mode::Table);
}

#[test]
fn no_sequence_of_keys_breaks_the_view() {
    let measured = super::ended::server();
    let examples = [crowd(), Example::default(), measured];
    let mut state = state(&examples[0]);
    let keys = [
        Key::Up,
        Key::Down,
        Key::PageDown,
        Key::End,
        Key::Home,
        Key::Enter,
        Key::Escape,
        Key::Tab,
        Key::Function(1),
        Key::Function(3),
        Key::Function(4),
        Key::Function(6),
        Key::Backspace,
        Key::Letter('p'),
        Key::Letter('I'),
        Key::Letter('T'),
        Key::Letter('4'),
        Key::Letter('H'),
        Key::Letter('日'),
    ];
    let mut random = 7_u64;
    for turn in 0..1_500 {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let number = (random >> 33) as usize;
        state.press(keys[number % keys.len()]);
        if turn % 7 == 0 {
            state.take(facts(&examples[number % 3], turn, None));
        }
        lines(
            &mut state,
            [(80, 24), (32, 8), (120, 40)][turn as usize % 3],
        );
    }
}
