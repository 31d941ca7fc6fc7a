//! Measured waits in words: what they were for, how long they took, and which objects cost most.

use crate::graph::words::{has_address, visible};
use std::cmp::Reverse;
use std::time::Duration;
use weftline::park::Kind;
use weftline::watch::{Contended, Measured};

/// How to have ended waits counted, where they are not.
pub(crate) const HOW_TO_MEASURE: &str =
    "to count waits: weftline run --watch, WEFTLINE_WATCH=1 or weftline.watch.start()";

/// What waits of a kind are for.
pub(crate) fn title_of(kind: Kind) -> String {
    match kind.purpose() {
        "" => kind.class().to_owned(),
        purpose => format!("{} {purpose}", kind.class()),
    }
}

/// The waits for one object that have ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contention {
    pub(crate) address: u64,
    pub(crate) kind: Kind,
    /// What to call the object: its class, and its name or address.
    pub(crate) title: String,
    /// How many there were at most.
    pub(crate) count: u64,
    /// How many there were at least: `total` is of these.
    pub(crate) least: u64,
    pub(crate) total: Duration,
}

impl Contention {
    fn of(row: &Contended) -> Self {
        let name = row.name.as_deref().filter(|name| !name.trim().is_empty());
        let class = row.kind.class();
        Self {
            address: row.address,
            kind: row.kind,
            title: match name {
                Some(name) => format!("{class} {}", visible(name)),
                None if has_address(row.kind) => format!("{class} {:#x}", row.address),
                None => class.to_owned(),
            },
            count: row.count,
            least: row.count.saturating_sub(row.overestimate),
            total: row.total,
        }
    }

    /// How many there were, in digits. Those that are not certain are told by a sign.
    pub(crate) fn count_text(&self) -> String {
        match self.least == self.count {
            true => self.count.to_string(),
            false => format!("≤{}", self.count),
        }
    }

    /// How long one took on average.
    pub(crate) fn mean(&self) -> Option<Duration> {
        mean(self.total, self.least)
    }
}

/// The objects that were waited for, the locks first, and of these the one that cost most.
///
/// An object has one row, also if threads waited for it to different ends.
pub(crate) fn contention(measured: &Measured) -> Vec<Contention> {
    let mut found: Vec<Contention> = Vec::new();
    for row in measured.contended.iter().map(Contention::of) {
        let is_same =
            |it: &&mut Contention| it.address == row.address && it.kind.class() == row.kind.class();
        match found.iter_mut().find(is_same) {
            Some(known) => {
                known.count += row.count;
                known.least += row.least;
                known.total += row.total;
            }
            None => found.push(row),
        }
    }
    found.sort_by_key(|it| (!it.kind.is_lock(), Reverse(it.total), it.address));
    found
}

/// How long each of so many took on average.
pub(crate) fn mean(total: Duration, count: u64) -> Option<Duration> {
    let nanos = total.as_nanos().checked_div(count.into())?;
    Some(Duration::from_nanos(nanos.try_into().unwrap_or(u64::MAX)))
}

/// The longest duration that an entry of a histogram has. The last entry has no longest.
pub(crate) fn bound(entry: usize, entries: usize) -> Option<Duration> {
    let micros = 1_u64.checked_shl(entry.try_into().ok()?)?;
    (entry + 1 < entries).then(|| Duration::from_micros(micros))
}

/// A duration in seven letters at most: `640 µs`, `1.2 ms`, `340 ms`, `12.3 s`, `5m 02s`, `3h 07m`.
pub(crate) fn briefly(duration: Duration) -> String {
    let (micros, seconds) = (duration.as_micros(), duration.as_secs());
    match seconds {
        0 if micros < 1_000 => format!("{micros} µs"),
        0 if micros < 10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        0 => format!("{} ms", micros / 1_000),
        1..60 => format!("{seconds}.{} s", duration.subsec_millis() / 100),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::Example;

    fn contention_of(example: &Example) -> Vec<Contention> {
        contention(&example.snapshot().measured.expect("it measures"))
    }

    #[test]
    fn locks_come_first_and_of_these_the_one_that_cost_most() {
        let found = contention_of(
            &Example::default()
                .measures(true)
                .contended("Event", 0x10, (9, 0), 9_000, "stop")
                .contended("Lock", 0x20, (50, 10), 400, "-")
                .contended("Semaphore", 0x30, (2, 0), 500, "slots"),
        );
        let titles: Vec<&str> = found.iter().map(|it| it.title.as_str()).collect();
        assert_eq!(titles, ["Semaphore slots", "Lock 0x7f000020", "Event stop"]);
        let lock = &found[1];
        assert_eq!((lock.count_text().as_str(), lock.least), ("≤50", 40));
        assert_eq!(lock.mean(), Some(Duration::from_millis(10)));
    }

    #[test]
    fn readers_and_writers_of_a_lock_are_one_row() {
        let found = contention_of(
            &Example::default()
                .measures(true)
                .contended("RwLockRead", 0x10, (5, 0), 100, "-")
                .contended("RwLockWrite", 0x10, (2, 1), 70, "-"),
        );
        assert_eq!((found.len(), found[0].count, found[0].least), (1, 7, 6));
        assert_eq!(found[0].total, Duration::from_millis(170));
    }

    #[test]
    fn the_last_entry_of_a_histogram_has_no_bound() {
        assert_eq!(bound(0, 27), Some(Duration::from_micros(1)));
        assert_eq!(bound(10, 27), Some(Duration::from_micros(1_024)));
        assert_eq!(bound(26, 27), None);
        assert_eq!(bound(64, 100), None);
    }

    #[test]
    fn a_brief_duration_has_seven_letters_at_most() {
        let told = |micros| briefly(Duration::from_micros(micros));
        assert_eq!(
            [told(0), told(999), told(1_250)],
            ["0 µs", "999 µs", "1.2 ms"]
        );
        assert_eq!([told(340_000), told(12_345_678)], ["340 ms", "12.3 s"]);
        for power in 0..43 {
            let text = told((1 << power) - 1);
            assert!(text.chars().count() <= 7, "{text}");
        }
    }

    #[test]
    fn a_wait_that_was_not_counted_has_no_mean() {
        assert_eq!(mean(Duration::ZERO, 0), None);
        assert_eq!(
            mean(Duration::from_secs(3), 2),
            Some(Duration::from_millis(1_500))
        );
    }
}
