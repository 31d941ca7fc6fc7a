//! [`State`]: what is shown, without the screen and the terminal.
//!
//! Keys change it (`press.rs`), and so do answers of the process. `screen.rs` draws it.

use super::details::details;
use super::facts::Facts;
use super::list::List;
use super::model::{Table, View};
use super::{objects, threads, waits};

/// What the keys go to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The table.
    Table,
    /// The line in which the filter is written.
    Filter,
    /// The line in which the text of a search is written, and whether it is found.
    Search { text: String, is_found: bool },
    /// The choice of a column, of which this one is chosen.
    Sort(usize),
    /// The pane that tells of a row.
    Pane(Pane),
    /// The page of help, from that line on.
    Help(usize),
}

/// What is told of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Pane {
    pub(crate) view: View,
    pub(crate) key: u64,
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    /// Whether the row is in the latest answer no longer.
    pub(crate) is_gone: bool,
    /// The first line on the screen.
    pub(crate) first: usize,
}

/// What is shown.
pub(crate) struct State {
    /// The process, by its command line.
    pub(crate) name: String,
    pub(crate) view: View,
    pub(crate) mode: Mode,
    /// Words between `|`, one of which a listed row contains.
    pub(crate) filter: String,
    /// What is shown.
    pub(crate) facts: Facts,
    pub(crate) is_frozen: bool,
    /// The latest that came while the view was frozen.
    newest: Option<Facts>,
    lists: [List; 6],
    /// How many rows or lines the screen had when it was drawn last.
    pub(crate) page: usize,
}

impl State {
    pub(crate) fn of(name: String, facts: Facts) -> Self {
        let sorts = View::ALL.map(|view| match view {
            View::Threads => threads::STATE,
            View::Objects => objects::CONTENTION,
            View::Waits => waits::TOTAL,
            _ => 0,
        });
        let mut state = Self {
            name,
            view: View::Threads,
            mode: Mode::Table,
            filter: String::new(),
            facts,
            is_frozen: false,
            newest: None,
            lists: sorts.map(List::sorted_by),
            page: 1,
        };
        state.arrange();
        state
    }

    /// Takes a newer answer. A frozen view shows it later.
    pub(crate) fn take(&mut self, facts: Facts) {
        if self.is_frozen {
            self.newest = Some(facts);
        } else {
            self.facts = facts;
            self.arrange();
            self.refresh_pane();
        }
    }

    /// Freezes the view, or shows the latest answer again.
    pub(crate) fn toggle_frozen(&mut self) {
        self.is_frozen = !self.is_frozen;
        if let Some(newest) = self.newest.take() {
            self.take(newest);
        }
    }

    /// Whether the process has ended, also behind a frozen view.
    pub(crate) fn has_ended(&self) -> bool {
        let newest = self.newest.as_ref();
        newest.unwrap_or(&self.facts).has_ended()
    }

    pub(crate) fn table(&self) -> &Table {
        self.facts.table(self.view)
    }

    pub(crate) fn list(&self) -> &List {
        &self.lists[self.view as usize]
    }

    /// The list of the view, and its table.
    pub(crate) fn listed(&mut self) -> (&mut List, &Table) {
        let (_, list, table) = self.parts();
        (list, table)
    }

    /// What the keys go to, the list of the view, and its table.
    pub(crate) fn parts(&mut self) -> (&mut Mode, &mut List, &Table) {
        let list = &mut self.lists[self.view as usize];
        (&mut self.mode, list, self.facts.table(self.view))
    }

    /// Lists the rows anew.
    pub(crate) fn arrange(&mut self) {
        let words: Vec<String> = self
            .filter
            .split('|')
            .map(|word| word.trim().to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        for view in View::ALL {
            self.lists[view as usize].arrange(self.facts.table(view), &words);
        }
    }

    pub(crate) fn show(&mut self, view: View) {
        self.view = view;
        self.mode = Mode::Table;
    }

    /// Sorts by a column. The one that sorts already is inverted.
    pub(crate) fn sort_by(&mut self, column: usize) {
        let (list, table) = self.listed();
        let column = column.min(table.columns.len() - 1);
        list.is_inverted = list.sort == column && !list.is_inverted;
        list.sort = column;
        self.arrange();
    }

    pub(crate) fn invert(&mut self) {
        let list = self.listed().0;
        list.is_inverted = !list.is_inverted;
        self.arrange();
    }

    /// Tells of the selected row.
    pub(crate) fn open_pane(&mut self) {
        if let Some(key) = self.list().key(self.table()) {
            self.open_pane_of(self.view, key);
        }
    }

    /// Tells of a row of a view.
    pub(crate) fn open_pane_of(&mut self, view: View, key: u64) {
        self.mode = Mode::Pane(Pane {
            view,
            key,
            title: String::new(),
            lines: Vec::new(),
            is_gone: false,
            first: 0,
        });
        self.refresh_pane();
    }

    /// Has the pane tell what the latest answer says. What is there no longer stays as it was.
    fn refresh_pane(&mut self) {
        let Mode::Pane(pane) = &mut self.mode else {
            return;
        };
        match details(&self.facts, pane.view, pane.key) {
            Some((title, lines)) => {
                (pane.title, pane.lines, pane.is_gone) = (title, lines, false);
            }
            None => pane.is_gone = true,
        }
    }
}
