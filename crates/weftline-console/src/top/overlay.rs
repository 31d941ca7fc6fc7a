//! What is drawn in the place of the table, or over it: a pane, the help, the choice of a column.

use super::line::write;
use super::state::{Mode, State};
use super::text::{columns, wrapped};
use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

const HELP: &str = "\
Up Down PgUp PgDn Home End   move; also k j Space g G
Tab, Left Right, 1 to 6      the next view, the one before, the view of that number
Enter                        a thread's stack, an object's waiters, a verdict's report
H                            histograms of the waits that have ended, by kind
F3 /                         search: F3 or Down finds the next one, Up the previous
F4 \\                         filter: rows that contain it; a|b: one of both; Escape: all
F6 > <                       choose the column that sorts
I                            invert the order
T N                          sort threads by time; by the first column
Z p                          freeze the view, and go on
F5 Ctrl-L                    draw the screen anew
F10 q Ctrl-C                 quit; nothing happens to the process
Ctrl-Z                       suspend; `fg` continues

The selection follows its row. At the top it stays at the top.

deadlock   waits in a circle of threads that wait for each other
starved    a worker of a pool whose workers all wait for tasks that none is left to run
abandoned  waits for a lock of a thread that has ended
waits      waits for an object of the library; TIME is how long
idle       waits for work of its pool
runs       computes, or waits for something else: a socket, a file, a process

The process is asked twice a second, which interrupts it for about a millisecond each
time. It needs no preparation but to run on weftline. The stacks come from the interpreter.
If that is silent, a line is the one at which the wait began.

Waits that have ended are counted under `weftline run --watch`, with WEFTLINE_WATCH=1 in the
environment, or from weftline.watch.start() on. Then locks and objects are sorted by TOTAL,
the locks first: the time of all waits together, with those that go on. WAITS and MEAN are of
those that have ended. A count with ≤ may have some of another object.";

/// Draws lines below a title, from the first of them on. Returns the first that is on the screen.
fn draw_lines(
    buffer: &mut Buffer,
    area: Rect,
    title: &str,
    lines: &[String],
    first: usize,
    theme: Theme,
) -> usize {
    let height = usize::from(area.height - 1);
    let first = first.min(lines.len().saturating_sub(height));
    let top = Rect::new(area.x, area.y, area.width, 1);
    buffer.set_style(top, theme.titles());
    write(buffer, top, title, theme.titles());
    if lines.len() > height {
        let last = (first + height).min(lines.len());
        let place = format!(" lines {} to {last} of {} ", first + 1, lines.len());
        let x = area.right().saturating_sub(columns(&place) as u16);
        write(
            buffer,
            Rect::new(x, area.y, area.right() - x, 1),
            &place,
            theme.label(),
        );
    }
    for (y, line) in (area.y + 1..).zip(lines.iter().skip(first).take(height)) {
        write(
            buffer,
            Rect::new(area.x, y, area.width, 1),
            line,
            Style::new(),
        );
    }
    first
}

fn fitted<'a>(lines: impl Iterator<Item = &'a str>, width: u16) -> Vec<String> {
    lines.flat_map(|line| wrapped(line, width.into())).collect()
}

pub(crate) fn draw_help(buffer: &mut Buffer, area: Rect, state: &mut State, theme: Theme) {
    if let Mode::Help(first) = &mut state.mode {
        let lines = fitted(HELP.lines(), area.width);
        *first = draw_lines(buffer, area, "help", &lines, *first, theme);
    }
}

pub(crate) fn draw_pane(buffer: &mut Buffer, area: Rect, state: &mut State, theme: Theme) {
    if let Mode::Pane(pane) = &mut state.mode {
        let lines = fitted(pane.lines.iter().map(String::as_str), area.width);
        let title = match pane.is_gone {
            true => format!("{} (no longer there; this was the last of it)", pane.title),
            false => pane.title.clone(),
        };
        pane.first = draw_lines(buffer, area, &title, &lines, pane.first, theme);
    }
}

pub(crate) fn draw_sort(buffer: &mut Buffer, area: Rect, state: &State, theme: Theme) {
    const WIDTH: u16 = 14;
    let Mode::Sort(chosen) = state.mode else {
        return;
    };
    let lines = usize::from(area.height - 1);
    // The chosen column is always there.
    let first = (chosen + 1).saturating_sub(lines);
    let column = |y| Rect::new(area.x, y, WIDTH.min(area.width), 1);
    write(
        buffer,
        column(area.y),
        &format!("{:14}", "Sort by"),
        theme.titles(),
    );
    let titles = state.table().columns.iter().enumerate().skip(first);
    let mut y = area.y + 1;
    for (at, it) in titles.take(lines) {
        let style = match at == chosen {
            true => theme.label(),
            false => Style::reset(),
        };
        let text = format!("{:14}", it.title);
        write(buffer, column(y), &text, style);
        y += 1;
    }
    while y < area.bottom() {
        write(buffer, column(y), &format!("{:14}", ""), Style::reset());
        y += 1;
    }
}
