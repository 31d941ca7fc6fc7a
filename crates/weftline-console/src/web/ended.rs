//! The waits that have ended, as JSON: histograms by kind, and the objects that cost most.

use crate::measured::{Contention, contention, title_of};
use serde_json::{Value, json};
use std::time::Duration;
use weftline::watch::{Measured, Waits};

/// So many objects have rows.
const MOST_OBJECTS: usize = 16;

/// When a process began to count, on the clock of the poller. It begins once.
#[derive(Default)]
pub(super) struct Since(Option<i64>);

impl Since {
    /// What the process has counted. `None`: it does not measure, and never did.
    pub(super) fn ended(&mut self, measured: Option<&Measured>, at: Duration) -> Value {
        let Some(measured) = measured else {
            return Value::Null;
        };
        // An answer takes some time, which is not always the same. The first one settles it.
        let told = at.as_millis() as i64 - measured.duration.as_millis() as i64;
        let since = *self.0.get_or_insert(told);
        let objects = contention(measured);
        json!({
            "since": since,
            "goes_on": measured.goes_on,
            "kinds": measured.waits.iter().map(kind).collect::<Value>(),
            "contended": {
                "rows": objects.iter().take(MOST_OBJECTS).map(object).collect::<Value>(),
                "more": objects.len().saturating_sub(MOST_OBJECTS),
            },
        })
    }
}

fn kind(waits: &Waits) -> Value {
    json!({
        "title": title_of(waits.kind),
        "count": waits.count,
        "micros": micros(waits.total),
        "timed_out": waits.timed_out,
        "interrupted": waits.interrupted,
        "histogram": waits.histogram,
    })
}

fn object(object: &Contention) -> Value {
    json!({
        "id": format!("{:?} {:#x}", object.kind, object.address),
        "title": object.title,
        "count": object.count,
        "least": object.least,
        "micros": micros(object.total),
    })
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example::Example;

    fn ended(since: &mut Since, example: &Example, second: u64) -> Value {
        let measured = example.snapshot().measured;
        since.ended(measured.as_ref(), Duration::from_secs(second))
    }

    #[test]
    fn a_process_that_does_not_measure_has_nothing() {
        assert_eq!(
            ended(&mut Since::default(), &Example::default(), 0),
            Value::Null
        );
    }

    #[test]
    fn what_a_process_has_counted_changes_only_with_its_counts() {
        let example = Example::default()
            .measures(true)
            .ended("QueueGet", (7, 900), (2, 1), &[(0, 3), (12, 4)])
            .contended("Lock", 0x10, (5, 1), 800, "cache");
        let mut since = Since::default();
        let told = ended(&mut since, &example, 20);
        assert_eq!(
            (&told["since"], &told["goes_on"]),
            (&json!(10_000), &json!(true))
        );
        let kind = &told["kinds"][0];
        assert_eq!(
            (&kind["title"], &kind["micros"]),
            (&json!("Queue to get"), &json!(900_000))
        );
        assert_eq!(
            (&kind["histogram"][0], &kind["histogram"][12]),
            (&json!(3), &json!(4))
        );
        let row = &told["contended"]["rows"][0];
        assert_eq!(
            (&row["title"], &row["least"]),
            (&json!("Lock cache"), &json!(4))
        );
        assert_eq!(ended(&mut since, &example, 21), told);
    }

    #[test]
    fn the_number_of_objects_is_bounded() {
        let many = (0..50).fold(Example::default().measures(false), |example, number| {
            example.contended("Lock", number * 8, (1, 0), number, "-")
        });
        let told = ended(&mut Since::default(), &many, 0);
        assert_eq!(told["contended"]["more"], 34);
        assert_eq!(told["contended"]["rows"][0]["micros"], 49_000);
    }
}
