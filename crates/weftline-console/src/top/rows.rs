//! How a table looks: the titles of its columns, and the rows that are on the screen.

use super::line::write;
use super::model::{Column, Width};
use super::state::State;
use super::text::{columns, cut};
use super::theme::Theme;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// The columns that the screen has room for: the place of each, where it begins, and its width.
fn layout(table: &[Column], screen: u16) -> Vec<(usize, u16, u16)> {
    let shown = || table.iter().enumerate().filter(|(_, it)| it.from <= screen);
    let (mut fixed, mut shares) = (0, 0);
    for (_, column) in shown() {
        match column.width {
            Width::Of(width) => fixed += width + 1,
            Width::Share(share) => (fixed, shares) = (fixed + 1, shares + share),
        }
    }
    let left = u32::from((screen + 1).saturating_sub(fixed));
    let mut x = 0;
    let mut given = (0, 0);
    shown()
        .map(|(at, column)| {
            let width = match column.width {
                Width::Of(width) => width,
                // What rounding leaves goes to the last.
                Width::Share(share) => {
                    let upto = given.0 + u32::from(share);
                    let end = left * upto / u32::from(shares);
                    let width = end - given.1;
                    given = (upto, end);
                    width as u16
                }
            };
            let begin = x;
            x += width + 1;
            (at, begin, width.min(screen.saturating_sub(begin)))
        })
        .collect()
}

/// Draws the table of the view.
pub(crate) fn draw(buffer: &mut Buffer, area: Rect, state: &mut State, theme: Theme) {
    let filter = state.filter.clone();
    let (list, table) = state.listed();
    let layout = layout(table.columns, area.width);
    let titles = Rect::new(area.x, area.y, area.width, 1);
    buffer.set_style(titles, theme.titles());
    for &(at, begin, width) in &layout {
        let column = &table.columns[at];
        let title = match at == list.sort {
            true => {
                let falls = column.falls != list.is_inverted;
                format!("{}{}", column.title, if falls { "▽" } else { "△" })
            }
            false => column.title.to_owned(),
        };
        write_cell(
            buffer,
            (begin, area.y, width),
            &title,
            column,
            theme.titles(),
        );
    }
    let place = format!(" {}/{} ", list.place(), list.len());
    let note = match filter.trim().is_empty() {
        true => place,
        false => format!(" filter: {filter}{place}"),
    };
    // The rows need the line more if there are few.
    let note_below = table.note.filter(|_| area.height > 4);
    let height = usize::from(area.height - 1) - usize::from(note_below.is_some());
    if let Some(text) = note_below {
        let line = Rect::new(area.x, area.bottom() - 1, area.width, 1);
        write(buffer, line, text, theme.quiet());
    }
    let is_needed = list.len() > height || !filter.trim().is_empty();
    if is_needed && columns(&note) < usize::from(area.width) {
        let x = area.right() - columns(&note) as u16;
        let right = Rect::new(x, area.y, area.right() - x, 1);
        write(buffer, right, &note, theme.label());
    }
    let rows: Vec<_> = list.on_screen(height).collect();
    if rows.is_empty() && height > 0 {
        let text = match table.rows.is_empty() {
            true => table.empty.to_owned(),
            false => format!("no row contains {filter:?}: Escape shows all"),
        };
        let line = Rect::new(area.x, area.y + 1, area.width, 1);
        write(buffer, line, &text, theme.quiet());
    }
    for (y, (at, is_selected)) in (area.y + 1..).zip(rows) {
        let row = &table.rows[at];
        let style = theme.row(row.mark, is_selected);
        if is_selected {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), style);
        }
        for &(at, begin, width) in &layout {
            let column = &table.columns[at];
            write_cell(
                buffer,
                (begin, y, width),
                &row.cells[at].text,
                column,
                style,
            );
        }
    }
}

fn write_cell(
    buffer: &mut Buffer,
    (x, y, width): (u16, u16, u16),
    text: &str,
    column: &Column,
    style: Style,
) {
    let text = cut(text, width.into());
    let blank = match column.is_number {
        true => width.saturating_sub(columns(&text) as u16),
        false => 0,
    };
    buffer.set_stringn(x + blank, y, text, width.into(), style);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fill_any_screen_and_never_leave_it() {
        let table = [
            Column::number("TID", 7, 50),
            Column::text("NAME", Width::Share(4), 0),
            Column::number("TIME", 10, 0),
            Column::text("WHAT", Width::Share(9), 0),
            Column::text("AT", Width::Share(7), 100),
        ];
        for screen in 20..300 {
            let layout = layout(&table, screen);
            let many = if screen < 50 { 3 } else { 4 } + usize::from(screen >= 100);
            assert_eq!(layout.len(), many);
            for pair in layout.windows(2) {
                assert_eq!(
                    pair[0].1 + pair[0].2 + 1,
                    pair[1].1,
                    "a blank between columns"
                );
            }
            let &(_, begin, width) = layout.last().unwrap();
            assert_eq!(begin + width, screen);
        }
    }
}
