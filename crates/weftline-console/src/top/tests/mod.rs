//! What the view shows of made-up processes, and what its keys do.
//!
//! | file | what it holds |
//! |---|---|
//! | `looks.rs` | how processes of every form look, on screens of every size |
//! | `keys.rs` | what the keys do |
//! | `ended.rs` | how waits look that have ended |

mod ended;
mod keys;
mod looks;

use super::facts::Facts;
use super::screen::draw;
use super::state::State;
use super::theme::Theme;
use crate::example::Example;
use crate::source::{Answer, Reading, Trouble};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

/// What a process told at that second.
fn facts(example: &Example, second: u64, trouble: Option<Trouble>) -> Facts {
    Facts::of(Reading {
        answer: Arc::new(Answer {
            snapshot: example.snapshot(),
            taken: UNIX_EPOCH + Duration::from_secs(second),
            took: Duration::from_micros(1_200),
        }),
        trouble,
    })
}

fn state(example: &Example) -> State {
    State::of("python bank.py".to_owned(), facts(example, 0, None))
}

/// The cells of a screen of that size.
fn cells(state: &mut State, (width, height): (u16, u16), theme: Theme) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let drawn = terminal.draw(|frame| draw(frame, state, theme)).unwrap();
    drawn.buffer.clone()
}

/// The lines of a screen of that size.
fn lines(state: &mut State, size: (u16, u16)) -> Vec<String> {
    let cells = cells(state, size, Theme::COLOURED);
    let line = |y| {
        let mut line = String::new();
        let mut x = 0;
        while x < size.0 {
            let symbol = cells[(x, y)].symbol();
            line += symbol;
            x += (super::text::columns(symbol) as u16).max(1);
        }
        line.trim_end().to_owned()
    };
    (0..size.1).map(line).collect()
}

/// The screen of 80 columns as one text.
fn text(state: &mut State) -> String {
    lines(state, (80, 24)).join("\n")
}
