//! [`Theme`]: the styles of the screen, with colour and without.
//!
//! No colour says what no word says. Colours are those 16 that the terminal's user has chosen.

use super::model::Mark;
use ratatui::style::{Color, Modifier, Style};

/// The styles of the screen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    has_colour: bool,
}

impl Theme {
    pub(crate) const PLAIN: Self = Self { has_colour: false };
    pub(crate) const COLOURED: Self = Self { has_colour: true };

    /// As the environment has it: `NO_COLOR` (no-color.org), and terminals that have none.
    pub(crate) fn of(no_color: Option<&str>, term: &str) -> Self {
        let has_none = ["vt", "xterm-mono", "linux-m"];
        let is_told = no_color.is_some_and(|told| !told.is_empty());
        match is_told || has_none.iter().any(|prefix| term.starts_with(prefix)) {
            true => Self::PLAIN,
            false => Self::COLOURED,
        }
    }

    fn style(self, with: Style, without: Modifier) -> Style {
        match self.has_colour {
            true => with,
            false => Style::new().add_modifier(without),
        }
    }

    /// What the program says of itself.
    pub(crate) fn name(self) -> Style {
        let style = Style::new().fg(Color::Cyan).add_modifier(Modifier::BOLD);
        self.style(style, Modifier::BOLD)
    }

    /// What is of less interest.
    pub(crate) fn quiet(self) -> Style {
        self.style(Style::new().fg(Color::DarkGray), Modifier::empty())
    }

    /// What is wrong.
    pub(crate) fn alarm(self) -> Style {
        let style = Style::new()
            .fg(Color::LightRed)
            .add_modifier(Modifier::BOLD);
        self.style(style, Modifier::BOLD)
    }

    /// What is not wrong, but to be known.
    pub(crate) fn notice(self) -> Style {
        let style = Style::new().fg(Color::Yellow).add_modifier(Modifier::BOLD);
        self.style(style, Modifier::BOLD)
    }

    pub(crate) fn tab(self, is_shown: bool) -> Style {
        match is_shown {
            true => Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD),
            false => Style::new(),
        }
    }

    /// The titles of columns.
    pub(crate) fn titles(self) -> Style {
        let style = Style::new().fg(Color::Black).bg(Color::Green);
        self.style(style, Modifier::REVERSED)
    }

    pub(crate) fn row(self, mark: Mark, is_selected: bool) -> Style {
        let selected = Style::new().fg(Color::Black).bg(Color::Cyan);
        match (is_selected, mark) {
            (true, _) => self.style(selected, Modifier::REVERSED),
            (_, Mark::Alarm) => self.alarm(),
            (_, Mark::Plain) => Style::new(),
            (_, Mark::Quiet) => self.quiet(),
        }
    }

    /// A key in the last line.
    pub(crate) fn key(self) -> Style {
        self.style(Style::new(), Modifier::BOLD)
    }

    /// What that key does.
    pub(crate) fn label(self) -> Style {
        let style = Style::new().fg(Color::Black).bg(Color::Cyan);
        self.style(style, Modifier::REVERSED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_that_have_it_and_users_that_want_it() {
        let has_colour = |no_color, term| Theme::of(no_color, term).has_colour;
        assert!(has_colour(None, "xterm-256color"));
        assert!(
            has_colour(Some(""), "linux"),
            "an empty NO_COLOR says nothing"
        );
        assert!(!has_colour(Some("1"), "xterm-256color"));
        assert!(!has_colour(None, "vt100"));
    }
}
