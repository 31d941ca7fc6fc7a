//! Texts that are written into a line of the screen, one after the other.

use super::text::cut;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Writes a text into a line, cut to it. Returns what is left of the line.
pub(crate) fn write(buffer: &mut Buffer, line: Rect, text: &str, style: Style) -> Rect {
    let room = usize::from(line.width);
    let (x, _) = buffer.set_stringn(line.x, line.y, cut(text, room), room, style);
    Rect::new(x, line.y, line.right() - x, 1)
}

/// Writes texts into a line, each after the other. Returns what is left of the line.
pub(crate) fn write_all(buffer: &mut Buffer, line: Rect, texts: &[(&str, Style)]) -> Rect {
    let write = |rest, &(text, style): &(&str, Style)| write(buffer, rest, text, style);
    texts.iter().fold(line, write)
}
