//! What each key does: those of `htop`, where the view has what they do there.

use super::keys::Key;
use super::model::View;
use super::state::{Mode, State};
use super::{threads, waits};

/// What the view does beyond changing its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Quit,
    /// Stops as `Ctrl-Z` has other programs stop.
    Suspend,
    /// Draws the whole screen, over what others have written there.
    Redraw,
}

impl State {
    /// A key is pressed.
    pub(crate) fn press(&mut self, key: Key) -> Option<Action> {
        match key {
            Key::Control('c') | Key::Function(10) => return Some(Action::Quit),
            Key::Control('z') => return Some(Action::Suspend),
            Key::Control('l') | Key::Function(5) => return Some(Action::Redraw),
            _ => {}
        }
        match &mut self.mode {
            Mode::Table => return self.press_in_table(key),
            Mode::Filter => self.press_in_filter(key),
            Mode::Search { .. } => self.press_in_search(key),
            Mode::Sort(_) => self.press_in_sort(key),
            Mode::Pane(_) => return self.press_in_pane(key),
            Mode::Help(first) => match (key, step(key, self.page)) {
                (Key::Letter('q') | Key::Escape | Key::Enter | Key::Function(1), _)
                | (Key::Letter('h' | '?'), _) => self.mode = Mode::Table,
                (_, Some(by)) => *first = first.saturating_add_signed(by),
                _ => {}
            },
        }
        None
    }

    fn press_in_table(&mut self, key: Key) -> Option<Action> {
        if let Some(by) = step(key, self.page) {
            let (list, table) = self.listed();
            list.step(table, by);
            return None;
        }
        match key {
            Key::Letter('q') => return Some(Action::Quit),
            Key::Function(1) | Key::Letter('h' | '?') => self.mode = Mode::Help(0),
            Key::Function(3) | Key::Letter('/') => {
                self.mode = Mode::Search {
                    text: String::new(),
                    is_found: true,
                };
            }
            Key::Function(4) | Key::Letter('\\') => self.mode = Mode::Filter,
            Key::Function(6) | Key::Letter('>' | '<') => self.mode = Mode::Sort(self.list().sort),
            Key::Letter('I') => self.invert(),
            Key::Letter('T') if self.view == View::Threads => self.sort_by(threads::TIME),
            Key::Letter('N') => self.sort_by(0),
            Key::Letter('Z' | 'z' | 'p') => self.toggle_frozen(),
            Key::Enter => self.open_pane(),
            Key::Tab | Key::Right => self.turn(1),
            Key::BackTab | Key::Left => self.turn(View::ALL.len() - 1),
            Key::Letter('H') => self.open_pane_of(View::Waits, waits::ALL),
            Key::Letter(digit @ '1'..='6') => {
                self.show(View::ALL[digit as usize - '1' as usize]);
            }
            Key::Escape => {
                self.filter.clear();
                self.arrange();
            }
            _ => {}
        }
        None
    }

    /// Shows the view that is so many further.
    fn turn(&mut self, by: usize) {
        self.show(View::ALL[(self.view as usize + by) % View::ALL.len()]);
    }

    fn press_in_filter(&mut self, key: Key) {
        match key {
            Key::Enter | Key::Function(4) => self.mode = Mode::Table,
            Key::Escape => {
                self.filter.clear();
                self.mode = Mode::Table;
            }
            _ if write(&mut self.filter, key) => {}
            _ => return self.step_below_prompt(key),
        }
        self.arrange();
    }

    fn press_in_search(&mut self, key: Key) {
        let (Mode::Search { text, is_found }, list, table) = self.parts() else {
            return;
        };
        match key {
            Key::Enter | Key::Escape => self.mode = Mode::Table,
            Key::Function(3) | Key::Down => *is_found = list.search(table, text, false, false),
            Key::Up => *is_found = list.search(table, text, false, true),
            _ if write(text, key) => {
                *is_found = text.is_empty() || list.search(table, text, true, false);
            }
            _ => self.step_below_prompt(key),
        }
    }

    /// Moves the selection while a prompt is open.
    fn step_below_prompt(&mut self, key: Key) {
        if let Some(by) = step(key, self.page) {
            let (list, table) = self.listed();
            list.step(table, by);
        }
    }

    fn press_in_sort(&mut self, key: Key) {
        let last = self.table().columns.len() - 1;
        let Mode::Sort(chosen) = &mut self.mode else {
            return;
        };
        match (key, step(key, last)) {
            (Key::Enter | Key::Function(6), _) => {
                let column = *chosen;
                self.mode = Mode::Table;
                if self.list().sort != column {
                    self.sort_by(column);
                }
            }
            (Key::Letter('I'), _) => self.invert(),
            (Key::Escape | Key::Letter('q'), _) => self.mode = Mode::Table,
            (_, Some(by)) => *chosen = chosen.saturating_add_signed(by).min(last),
            _ => {}
        }
    }

    fn press_in_pane(&mut self, key: Key) -> Option<Action> {
        let page = self.page;
        let Mode::Pane(pane) = &mut self.mode else {
            return None;
        };
        match (key, step(key, page)) {
            (Key::Letter('q') | Key::Escape | Key::Enter, _) => self.mode = Mode::Table,
            (Key::Function(1) | Key::Letter('h' | '?'), _) => self.mode = Mode::Help(0),
            (Key::Letter('H'), _) if pane.view == View::Waits => self.mode = Mode::Table,
            (Key::Letter('Z' | 'z' | 'p'), _) => self.toggle_frozen(),
            (Key::Tab | Key::BackTab, _) => {
                self.mode = Mode::Table;
                return self.press_in_table(key);
            }
            // Drawing finds the last line: only there it is known how the lines wrap.
            (_, Some(by)) => pane.first = pane.first.saturating_add_signed(by),
            _ => {}
        }
        None
    }
}

/// How far a key moves.
fn step(key: Key, page: usize) -> Option<isize> {
    let page = page.max(1).cast_signed();
    Some(match key {
        Key::Up | Key::Letter('k') => -1,
        Key::Down | Key::Letter('j') => 1,
        Key::PageUp => -page,
        Key::PageDown | Key::Letter(' ') => page,
        Key::Home | Key::Letter('g') => -isize::MAX,
        Key::End | Key::Letter('G') => isize::MAX,
        _ => return None,
    })
}

/// Writes a letter into a prompt. Returns whether the key is one that writes.
fn write(text: &mut String, key: Key) -> bool {
    /// What is longer is not read any more.
    const LONGEST: usize = 200;
    match key {
        Key::Letter(letter) if text.len() < LONGEST => text.push(letter),
        Key::Letter(_) => {}
        Key::Backspace => {
            text.pop();
        }
        Key::Control('u') => text.clear(),
        _ => return false,
    }
    true
}
