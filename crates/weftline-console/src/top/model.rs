//! What the view shows, as tables of text: independent of snapshots, keys and the terminal.

use std::cmp::Ordering;

/// A table of the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Threads,
    Objects,
    Queues,
    Pools,
    Verdicts,
    Waits,
}

impl View {
    pub(crate) const ALL: [Self; 6] = [
        Self::Threads,
        Self::Objects,
        Self::Queues,
        Self::Pools,
        Self::Verdicts,
        Self::Waits,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Threads => "Threads",
            Self::Objects => "Locks and objects",
            Self::Queues => "Queues",
            Self::Pools => "Pools",
            Self::Verdicts => "Verdicts",
            Self::Waits => "Ended waits",
        }
    }
}

/// How wide a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// So many columns of the terminal.
    Of(u16),
    /// So many shares of what the others leave.
    Share(u16),
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) width: Width,
    /// The narrowest screen that has it.
    pub(crate) from: u16,
    /// Whether it is aligned to the right.
    pub(crate) is_number: bool,
    /// Whether it is sorted with the greatest first.
    pub(crate) falls: bool,
}

impl Column {
    pub(crate) const fn text(title: &'static str, width: Width, from: u16) -> Self {
        Self {
            title,
            width,
            from,
            is_number: false,
            falls: false,
        }
    }

    pub(crate) const fn number(title: &'static str, width: u16, from: u16) -> Self {
        Self {
            title,
            width: Width::Of(width),
            from,
            is_number: true,
            falls: true,
        }
    }

    /// A column of numbers that are names, sorted with the smallest first.
    pub(crate) const fn identifier(title: &'static str, width: u16, from: u16) -> Self {
        Self {
            falls: false,
            ..Self::number(title, width, from)
        }
    }
}

/// A place in a table: its text, and its rank where that is not alphabetical.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) text: String,
    rank: u64,
}

impl Cell {
    pub(crate) fn ranked(rank: u64, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            rank,
        }
    }

    /// Ranks it above all that are not raised.
    pub(crate) fn raised(mut self, is_raised: bool) -> Self {
        self.rank |= u64::from(is_raised) << 63;
        self
    }

    pub(crate) fn number(number: u64) -> Self {
        Self::ranked(number, number.to_string())
    }

    /// The order of two cells of a column, the smaller first.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let texts = || self.text.cmp(&other.text);
        self.rank.cmp(&other.rank).then_with(texts)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::ranked(0, text)
    }
}

/// How much a row stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A part of a deadlock, or of what is like one.
    Alarm,
    Plain,
    /// Nothing to see here: it is idle.
    Quiet,
}

/// A row of a table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What it is about. A row keeps its key from answer to answer.
    pub(crate) key: u64,
    pub(crate) mark: Mark,
    /// One for each column.
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    /// Whether one of the words is in one of the cells, whatever their case.
    pub(crate) fn contains(&self, words: &[String]) -> bool {
        self.cells.iter().any(|cell| {
            let text = cell.text.to_lowercase();
            words.iter().any(|word| text.contains(word))
        })
    }
}

/// The rows of a view, in an order that changes only where the process has.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) columns: &'static [Column],
    pub(crate) rows: Vec<Row>,
    /// What stands in the place of rows if there are none.
    pub(crate) empty: &'static str,
    /// What stands below the rows.
    pub(crate) note: Option<&'static str>,
}

impl Table {
    pub(crate) fn of(columns: &'static [Column], rows: Vec<Row>, empty: &'static str) -> Self {
        Self {
            columns,
            rows,
            empty,
            note: None,
        }
    }
}
