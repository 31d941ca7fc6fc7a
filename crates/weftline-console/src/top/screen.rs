//! How a [`State`] looks: a head, the views, a table or a pane, and the keys.
//!
//! Only what is on the screen is drawn, so a process of ten thousand threads costs no more than one
//! of fifty.

use super::clock::time_of_day;
use super::line::{write, write_all};
use super::model::View;
use super::overlay;
use super::rows;
use super::state::{Mode, State};
use super::text::{columns, cut};
use super::theme::Theme;
use crate::source::Trouble;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use weftline::watch::Span;

/// The smallest screen on which there is something to see.
const SMALLEST: (u16, u16) = (32, 8);
/// The lines above the table: three of the head, and the views.
const HEAD: u16 = 4;

/// Draws the state.
pub(crate) fn draw(frame: &mut Frame<'_>, state: &mut State, theme: Theme) {
    let area = frame.area();
    let buffer = frame.buffer_mut();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let text = format!("weftline top needs {} x {}", SMALLEST.0, SMALLEST.1);
        write(buffer, area, &text, Style::new());
        return;
    }
    let [first, second, third, views] = [0, 1, 2, 3].map(|y| Rect::new(0, y, area.width, 1));
    let body = Rect::new(0, HEAD, area.width, area.height - HEAD - 1);
    let foot = Rect::new(0, area.height - 1, area.width, 1);
    draw_process(buffer, first, state, theme);
    draw_watch(buffer, second, state, theme);
    draw_worst(buffer, third, state, theme);
    draw_views(buffer, views, state, theme);
    state.page = usize::from(body.height - 1);
    match state.mode {
        Mode::Help(_) => overlay::draw_help(buffer, body, state, theme),
        Mode::Pane(_) => overlay::draw_pane(buffer, body, state, theme),
        Mode::Sort(_) => {
            rows::draw(buffer, body, state, theme);
            overlay::draw_sort(buffer, body, state, theme);
        }
        Mode::Table | Mode::Filter | Mode::Search { .. } => {
            rows::draw(buffer, body, state, theme);
        }
    }
    let cursor = draw_foot(buffer, foot, state, theme);
    if let Some(cursor) = cursor {
        frame.set_cursor_position(cursor);
    }
}

fn draw_process(buffer: &mut Buffer, line: Rect, state: &State, theme: Theme) {
    let texts = [
        ("weftline top ", theme.name()),
        (&state.facts.summary, Style::new()),
        ("  ", Style::new()),
        (&state.name, theme.quiet()),
    ];
    write_all(buffer, line, &texts);
}

fn draw_watch(buffer: &mut Buffer, line: Rect, state: &State, theme: Theme) {
    let mut rest = line;
    if state.is_frozen {
        rest = write_all(
            buffer,
            rest,
            &[("FROZEN", theme.notice()), (" ", Style::new())],
        );
    }
    let facts = &state.facts;
    let answer = &facts.answer;
    let taken = time_of_day(answer.taken);
    let trouble = match &facts.trouble {
        None if state.has_ended() => Some(("THE PROCESS HAS ENDED", String::new())),
        None => None,
        Some(Trouble::Ended) => {
            let text = format!(", what is here is of {taken}");
            Some(("THE PROCESS HAS ENDED", text))
        }
        Some(Trouble::Unanswered(why)) => Some(("NO ANSWER", format!(" since {taken}: {why}"))),
    };
    if let Some((what, more)) = trouble {
        write_all(
            buffer,
            rest,
            &[(what, theme.notice()), (&more, Style::new())],
        );
        return;
    }
    let took = match answer.took.as_millis() {
        0..1_000 => format!("{:.1} ms", answer.took.as_secs_f64() * 1e3),
        _ => Span(answer.took).to_string(),
    };
    let asked = match state.is_frozen {
        true => format!("at the answer of {taken}: Z goes on"),
        false => format!("asked twice a second, answered {taken} in {took}"),
    };
    rest = write(buffer, rest, &asked, theme.quiet());
    for note in &facts.notes {
        let texts = [("; ", theme.quiet()), (*note, theme.notice())];
        rest = write_all(buffer, rest, &texts);
    }
}

fn draw_worst(buffer: &mut Buffer, line: Rect, state: &State, theme: Theme) {
    let more = state.facts.findings.len().saturating_sub(1);
    match &state.facts.worst {
        None => {
            write(
                buffer,
                line,
                "no deadlock, no starved pool, no abandoned lock",
                theme.quiet(),
            );
        }
        Some(worst) => {
            let more = match more {
                0 => String::new(),
                more => format!(" (and {more} more: key 5)"),
            };
            let room = usize::from(line.width).saturating_sub(columns(&more) + 2);
            let worst = cut(worst, room);
            write_all(
                buffer,
                line,
                &[
                    ("! ", theme.alarm()),
                    (&worst, theme.alarm()),
                    (&more, Style::new()),
                ],
            );
        }
    }
}

fn draw_views(buffer: &mut Buffer, line: Rect, state: &State, theme: Theme) {
    let titles = |is_short: bool, is_narrow: bool| {
        let title = |(number, view): (usize, View)| {
            let title = match view {
                View::Objects if is_short => "Locks",
                View::Waits if is_short => "Waits",
                view => view.title(),
            };
            let count = state.facts.table(view).rows.len();
            match is_narrow {
                true => format!("{number}{title} {count}"),
                false => format!(" {number} {title} {count} "),
            }
        };
        (1..).zip(View::ALL).map(title).collect::<Vec<String>>()
    };
    let forms = [(false, false), (true, false), (true, true)].map(|(a, b)| titles(a, b));
    let fits = |titles: &&Vec<String>| {
        let width: usize = titles.iter().map(|title| columns(title) + 1).sum();
        width <= usize::from(line.width) + 1
    };
    let shown = forms.iter().find(fits).unwrap_or(&forms[2]);
    let mut rest = line;
    for (text, view) in shown.iter().zip(View::ALL) {
        rest = write(buffer, rest, text, theme.tab(view == state.view));
        rest = write(buffer, rest, " ", Style::new());
    }
}

/// The line of keys, or a prompt and the place of its cursor.
fn draw_foot(buffer: &mut Buffer, line: Rect, state: &State, theme: Theme) -> Option<Position> {
    let (keys, prompt): (&[_], _) = match &state.mode {
        Mode::Table => (
            &[
                ("F1", "Help"),
                ("F3", "Search"),
                ("F4", "Filter"),
                ("F6", "Sort"),
                ("Tab", "View"),
                ("Enter", "Stack"),
                ("Z", if state.is_frozen { "Go on" } else { "Freeze" }),
                ("F10", "Quit"),
            ],
            None,
        ),
        Mode::Filter => (
            &[("Enter", "Done"), ("Esc", "Clear")],
            Some(("Filter", state.filter.as_str(), "")),
        ),
        Mode::Search { text, is_found } => (
            &[("F3", "Next"), ("Up", "Previous"), ("Esc", "Done")],
            Some((
                "Search",
                text.as_str(),
                if *is_found { "" } else { "not found" },
            )),
        ),
        Mode::Sort(_) => (
            &[("Enter", "Sort"), ("I", "Invert"), ("Esc", "Cancel")],
            None,
        ),
        Mode::Pane(_) => (
            &[
                ("Up/Down", "Scroll"),
                ("Z", if state.is_frozen { "Go on" } else { "Freeze" }),
                ("Esc", "Close"),
                ("F10", "Quit"),
            ],
            None,
        ),
        Mode::Help(_) => (
            &[("Up/Down", "Scroll"), ("Esc", "Close"), ("F10", "Quit")],
            None,
        ),
    };
    let mut rest = draw_keys(buffer, line, keys, theme);
    let (title, text, note) = prompt?;
    rest = write_all(
        buffer,
        rest,
        &[(title, theme.notice()), (": ", Style::new())],
    );
    // The end of a long text is what is being written.
    let room = usize::from(rest.width).saturating_sub(columns(note) + 2);
    let mut shown = text;
    while columns(shown) > room {
        shown = &shown[shown.chars().next().map_or(0, char::len_utf8)..];
    }
    rest = write(buffer, rest, shown, Style::new());
    let cursor = Position::new(rest.x.min(line.right() - 1), rest.y);
    write_all(buffer, rest, &[("  ", Style::new()), (note, theme.alarm())]);
    Some(cursor)
}

/// Draws the keys for which there is room, the last of them first of all. Returns what is left.
fn draw_keys(buffer: &mut Buffer, line: Rect, keys: &[(&str, &str)], theme: Theme) -> Rect {
    let width = |(key, label): &(&str, &str)| (columns(key) + columns(label) + 1) as u16;
    let Some((last, others)) = keys.split_last() else {
        return line;
    };
    let mut room = line.width.saturating_sub(width(last));
    let fitting = others.iter().take_while(|key| {
        let left = room.checked_sub(width(key));
        room = left.unwrap_or(room);
        left.is_some()
    });
    let mut rest = line;
    for (key, label) in fitting.chain([last]) {
        let texts = [
            (*key, theme.key()),
            (*label, theme.label()),
            (" ", Style::new()),
        ];
        rest = write_all(buffer, rest, &texts);
    }
    rest
}
