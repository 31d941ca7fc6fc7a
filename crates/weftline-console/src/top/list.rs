//! [`List`]: which rows of a table are shown, in which order, and which of them is selected.

use super::model::Table;

/// The rows of a table as they are listed.
#[derive(Debug, Default)]
pub(crate) struct List {
    /// The column by which it is sorted.
    pub(crate) sort: usize,
    /// Whether the order is the inverse of the column's own.
    pub(crate) is_inverted: bool,
    /// The places of the rows in the table.
    order: Vec<usize>,
    /// The key of the selected row, which is found again in every answer. `None`: whichever is at
    /// the top.
    selected: Option<u64>,
    /// The place of the selected row.
    at: usize,
    /// The place of the first row on the screen.
    first: usize,
}

impl List {
    pub(crate) fn sorted_by(sort: usize) -> Self {
        Self {
            sort,
            ..Self::default()
        }
    }

    /// Lists the rows of the table that have one of the words. Without words, all.
    pub(crate) fn arrange(&mut self, table: &Table, words: &[String]) {
        let rows = &table.rows;
        // A table may lose columns, when a process has told only a part.
        self.sort = self.sort.min(table.columns.len() - 1);
        self.order.clear();
        let is_listed = |&at: &usize| words.is_empty() || rows[at].contains(words);
        self.order.extend((0..rows.len()).filter(is_listed));
        // Rows that are equal stay in the order of the table.
        let falls = table.columns[self.sort].falls != self.is_inverted;
        self.order.sort_by(|&a, &b| {
            let order = rows[a].cells[self.sort].compare(&rows[b].cells[self.sort]);
            if falls { order.reverse() } else { order }
        });
        let found = self.selected.and_then(|key| {
            let mut listed = self.order.iter();
            listed.position(|&at| rows[at].key == key)
        });
        match found {
            Some(at) => self.at = at,
            None if self.selected.is_some() => self.select(table, self.at),
            None => self.at = 0,
        }
    }

    /// Selects the row at that place, or the nearest.
    pub(crate) fn select(&mut self, table: &Table, at: usize) {
        self.at = at.min(self.order.len().saturating_sub(1));
        self.selected = match self.at {
            0 => None,
            at => Some(table.rows[self.order[at]].key),
        };
    }

    /// Selects the row that is so many places below, or above if negative.
    pub(crate) fn step(&mut self, table: &Table, by: isize) {
        self.select(table, self.at.saturating_add_signed(by));
    }

    /// Selects the next row that contains the word, in this direction: from the selected row on, or
    /// from the one after it. Returns whether there is one.
    pub(crate) fn search(&mut self, table: &Table, word: &str, from_here: bool, up: bool) -> bool {
        let words = [word.to_lowercase()];
        let many = self.order.len();
        let steps = usize::from(!from_here)..usize::from(!from_here) + many;
        let mut places = steps.map(|step| match up {
            true => (self.at + 2 * many - step) % many,
            false => (self.at + step) % many,
        });
        let found = places.find(|&place| table.rows[self.order[place]].contains(&words));
        if let Some(at) = found {
            self.select(table, at);
        }
        found.is_some()
    }

    /// The key of the selected row.
    pub(crate) fn key(&self, table: &Table) -> Option<u64> {
        Some(table.rows[*self.order.get(self.at)?].key)
    }

    /// How many rows are listed.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// The rows for a screen of that height, with the selected one among them: the place of each in
    /// the table, and whether it is selected.
    pub(crate) fn on_screen(&mut self, height: usize) -> impl Iterator<Item = (usize, bool)> {
        let last = self.len().saturating_sub(height);
        let lowest = (self.at + 1).saturating_sub(height);
        self.first = self.first.clamp(lowest, lowest.max(self.at)).min(last);
        let shown = self.order.iter().enumerate().skip(self.first).take(height);
        shown.map(|(place, &row)| (row, place == self.at))
    }

    /// The place of the selected row, from 1 on; zero if there is none.
    pub(crate) fn place(&self) -> usize {
        (self.at + 1).min(self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::top::model::{Cell, Column, Mark, Row, Width};

    const COLUMNS: &[Column] = &[
        Column::text("NAME", Width::Share(1), 0),
        Column::number("COUNT", 5, 0),
    ];

    fn table(rows: &[(u64, &str, u64)]) -> Table {
        let row = |&(key, name, count): &(u64, &str, u64)| Row {
            key,
            mark: Mark::Plain,
            cells: vec![name.to_owned().into(), Cell::number(count)],
        };
        Table::of(COLUMNS, rows.iter().map(row).collect(), "")
    }

    fn keys(list: &mut List, table: &Table) -> Vec<u64> {
        let shown = list.on_screen(100);
        shown.map(|(at, _)| table.rows[at].key).collect()
    }

    #[test]
    fn numbers_fall_and_names_rise_unless_inverted() {
        let table = table(&[(1, "b", 5), (2, "a", 100), (3, "c", 5)]);
        let mut list = List::default();
        let mut order = |sort, is_inverted| {
            (list.sort, list.is_inverted) = (sort, is_inverted);
            list.arrange(&table, &[]);
            keys(&mut list, &table)
        };
        assert_eq!(order(0, false), [2, 1, 3]);
        assert_eq!(order(0, true), [3, 1, 2]);
        assert_eq!(order(1, false), [2, 1, 3]);
        assert_eq!(order(1, true), [1, 3, 2], "equal ones keep their order");
    }

    #[test]
    fn the_selection_follows_its_row_and_then_stays_where_it_was() {
        let before = table(&[(1, "a", 1), (2, "b", 1), (3, "c", 1)]);
        let mut list = List::default();
        list.arrange(&before, &[]);
        list.step(&before, 1);
        assert_eq!(list.key(&before), Some(2));
        let moved = table(&[(2, "z", 1), (1, "a", 1), (3, "c", 1)]);
        list.arrange(&moved, &[]);
        assert_eq!((list.key(&moved), list.place()), (Some(2), 3));
        let gone = table(&[(1, "a", 1), (3, "c", 1)]);
        list.arrange(&gone, &[]);
        assert_eq!((list.key(&gone), list.place()), (Some(3), 2));
        list.arrange(&table(&[]), &[]);
        assert_eq!((list.key(&table(&[])), list.place()), (None, 0));
    }

    #[test]
    fn the_top_stays_selected_until_another_row_is() {
        let mut list = List::default();
        list.arrange(&table(&[(1, "b", 1)]), &[]);
        let new = table(&[(2, "a", 1), (1, "b", 1)]);
        list.arrange(&new, &[]);
        assert_eq!(list.key(&new), Some(2));
    }

    #[test]
    fn words_choose_rows_whatever_their_case() {
        let table = table(&[(1, "Worker-1", 1), (2, "reader", 1), (3, "WRITER", 1)]);
        let mut list = List::default();
        let mut listed = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|&it| it.to_owned()).collect();
            list.arrange(&table, &words);
            keys(&mut list, &table)
        };
        assert_eq!(listed(&[]).len(), 3);
        assert_eq!(listed(&["work"]), [1]);
        assert_eq!(listed(&["er"]).len(), 3);
        assert_eq!(listed(&["reader", "writer"]), [3, 2]);
        assert_eq!(listed(&["none"]), [0; 0]);
    }

    #[test]
    fn a_search_goes_round_in_both_directions() {
        let table = table(&[(1, "a1", 1), (2, "b", 1), (3, "a2", 1), (4, "c", 1)]);
        let mut list = List::default();
        list.arrange(&table, &[]);
        let mut found = |from_here, up| {
            let found = list.search(&table, "A", from_here, up);
            found.then(|| list.key(&table).unwrap())
        };
        assert_eq!(found(true, false), Some(1));
        assert_eq!(found(false, false), Some(3));
        assert_eq!(found(false, false), Some(1));
        assert_eq!(found(false, true), Some(3));
        assert_eq!(found(true, true), Some(3));
        assert!(!list.search(&table, "none", true, false));
        assert!(!List::default().search(&table, "a", true, false));
    }

    #[test]
    fn the_selected_row_is_always_on_the_screen() {
        let rows: Vec<_> = (0..1000).map(|key| (key, "x", 1)).collect();
        let table = table(&rows);
        let mut list = List::default();
        list.arrange(&table, &[]);
        for (step, height) in [(1, 10), (500, 10), (-7, 3), (900, 20), (-2000, 1), (30, 40)] {
            list.step(&table, step);
            let shown: Vec<_> = list.on_screen(height).collect();
            assert_eq!(shown.len(), height);
            assert_eq!(shown.iter().filter(|(_, selected)| *selected).count(), 1);
        }
        assert_eq!(list.on_screen(0).count(), 0);
        assert_eq!(list.on_screen(5000).count(), 1000, "no line is left empty");
    }
}
