//! [`Ansi`]: cells as the control sequences that every terminal of today knows.
//!
//! ratatui finds the cells that have changed. They are written at once, as one synchronized update
//! (`CSI ? 2026 h`), so no half of a screen is ever seen. A terminal that does not know this mode
//! ignores it, as ECMA-48 demands. A screen that has not changed writes no byte.
//!
//! The widths of emoji and combined letters differ among terminals. So the cell after one that is
//! not ASCII is addressed anew: what a terminal draws wider or narrower shifts nothing.
//!
//! The alternative, the backend of `crossterm`, brings two dozen crates, a handler of signals that
//! stays in a Python process, and a reader of keys that no other thread can wake.

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::{Cell, CellWidth};
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use std::io::{self, Write};

/// A terminal, or what takes its place in tests.
pub(crate) trait Device {
    /// Writes all of the bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Its size in letters.
    fn size(&self) -> io::Result<Size>;
}

/// The style of a cell.
type Look = (Color, Color, Modifier);

const PLAIN: Look = (Color::Reset, Color::Reset, Modifier::empty());

/// A backend of ratatui.
pub(crate) struct Ansi<D> {
    pub(crate) device: D,
    /// What is not written yet.
    out: Vec<u8>,
    /// The look in which the terminal writes.
    look: Look,
    /// Where it writes, if that is known.
    at: Option<Position>,
    shows_cursor: bool,
}

impl<D: Device> Ansi<D> {
    /// For a terminal that shows no cursor.
    pub(crate) fn new(device: D) -> Self {
        Self {
            device,
            out: Vec::new(),
            look: PLAIN,
            at: None,
            shows_cursor: false,
        }
    }

    /// What the terminal shows and how it writes is unknown.
    pub(crate) fn forget(&mut self) {
        // Before the next cell, whatever its look.
        self.out.extend_from_slice(b"\x1b[0m\x1b[?25l");
        self.look = PLAIN;
        self.at = None;
        self.shows_cursor = false;
    }

    fn move_to(&mut self, to: Position) {
        match self.at {
            Some(at) if at == to => {}
            Some(at) if at.y == to.y && at.x + 1 == to.x => self.out.extend_from_slice(b"\x1b[C"),
            Some(at) if at.y == to.y && at.x < to.x => {
                self.put(format_args!("\x1b[{}C", to.x - at.x));
            }
            _ => self.put(format_args!("\x1b[{};{}H", to.y + 1, to.x + 1)),
        }
    }

    fn set_look(&mut self, look: Look) {
        if self.look == look {
            return;
        }
        let (text, ground, modifier) = look;
        let modifiers = [
            (Modifier::BOLD, 1),
            (Modifier::DIM, 2),
            (Modifier::ITALIC, 3),
            (Modifier::UNDERLINED, 4),
            (Modifier::REVERSED, 7),
        ];
        self.out.extend_from_slice(b"\x1b[0");
        let on = modifiers.iter().filter(|(it, _)| modifier.contains(*it));
        let colours = [colour(text, 30), colour(ground, 40)];
        for code in on
            .map(|&(_, code)| code)
            .chain(colours.into_iter().flatten())
        {
            self.put(format_args!(";{code}"));
        }
        self.out.push(b'm');
        self.look = look;
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a vector does not fail.
        let _ = self.out.write_fmt(text);
    }
}

/// The code of one of the 16 colours, which begin at this one.
fn colour(colour: Color, first: u8) -> Option<u8> {
    let (bright, number) = match colour {
        Color::Black => (0, 0),
        Color::Red => (0, 1),
        Color::Green => (0, 2),
        Color::Yellow => (0, 3),
        Color::Blue => (0, 4),
        Color::Magenta => (0, 5),
        Color::Cyan => (0, 6),
        Color::Gray => (0, 7),
        Color::DarkGray => (60, 0),
        Color::LightRed => (60, 1),
        Color::LightGreen => (60, 2),
        Color::LightYellow => (60, 3),
        Color::LightBlue => (60, 4),
        Color::LightMagenta => (60, 5),
        Color::LightCyan => (60, 6),
        Color::White => (60, 7),
        // `theme.rs` has no others.
        Color::Reset | Color::Rgb(..) | Color::Indexed(_) => return None,
    };
    Some(first + bright + number)
}

impl<D: Device> Backend for Ansi<D> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, cells: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        for (x, y, cell) in cells {
            let position = Position::new(x, y);
            self.move_to(position);
            self.set_look((cell.fg, cell.bg, cell.modifier));
            let symbol = cell.symbol();
            self.out.extend_from_slice(symbol.as_bytes());
            let next = Position::new(x + symbol.cell_width(), y);
            self.at = symbol.is_ascii().then_some(next);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.shows_cursor) {
            self.out.extend_from_slice(b"\x1b[?25l");
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.shows_cursor, true) {
            self.out.extend_from_slice(b"\x1b[?25h");
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        self.move_to(position);
        self.at = Some(position);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.set_look(PLAIN);
        self.out.extend_from_slice(b"\x1b[2J");
        Ok(())
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.set_look(PLAIN);
        let code: &[u8] = match region {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        };
        self.out.extend_from_slice(code);
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        self.device.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.device.size()?,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.out.is_empty() {
            return Ok(());
        }
        let mut update = b"\x1b[?2026h".to_vec();
        update.append(&mut self.out);
        update.extend_from_slice(b"\x1b[?2026l");
        self.device.write(&update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::Terminal;
    use ratatui::style::Style;

    #[derive(Default)]
    struct Written(Vec<u8>);

    impl Device for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }

        fn size(&self) -> io::Result<Size> {
            Ok(Size::new(20, 2))
        }
    }

    /// What is written when these texts are drawn after each other.
    fn written(texts: &[(&str, Style)]) -> Vec<String> {
        let mut terminal = Terminal::new(Ansi::new(Written::default())).unwrap();
        let draw = |(text, style): &(&str, Style)| {
            terminal
                .draw(|frame| {
                    frame.buffer_mut().set_string(0, 0, text, *style);
                })
                .unwrap();
            let written = std::mem::take(&mut terminal.backend_mut().device.0);
            String::from_utf8(written).unwrap()
        };
        texts.iter().map(draw).collect()
    }

    const BEGIN: &str = "\u{1b}[?2026h";
    const END: &str = "\u{1b}[?2026l";

    #[test]
    fn only_what_has_changed_is_written_as_one_update() {
        let plain = Style::new();
        let written = written(&[("abc 1 s", plain), ("abc 2 s", plain), ("abc 2 s", plain)]);
        assert_eq!(
            written[0],
            format!("{BEGIN}\u{1b}[1;1Habc\u{1b}[C1\u{1b}[Cs{END}")
        );
        assert_eq!(written[1], format!("{BEGIN}\u{1b}[1;5H2{END}"));
        assert_eq!(
            written[2], "",
            "a screen that stays the same writes nothing"
        );
    }

    #[test]
    fn the_cell_after_a_wide_letter_is_addressed_anew() {
        let written = written(&[("日ab", Style::new())]);
        assert_eq!(
            written[0],
            format!("{BEGIN}\u{1b}[1;1H日\u{1b}[1;3Hab{END}")
        );
    }

    #[test]
    fn a_look_is_set_whole() {
        let alarm = Style::new().fg(Color::LightRed).bg(Color::Black);
        let written = written(&[("x", alarm.add_modifier(Modifier::BOLD))]);
        assert_eq!(
            written[0],
            format!("{BEGIN}\u{1b}[1;1H\u{1b}[0;1;91;40mx{END}")
        );
    }
}
