//! The time to start a process.

use crate::clock;
use crate::measure::{Contestant, Metric, Report};
use std::process::{Command, Stdio};
use weftline::process::{self, register};

register!(clock);

const MEDIAN: Metric = Metric {
    name: "median",
    unit: "ns",
    more_is_better: false,
};
const P99: Metric = Metric {
    name: "p99",
    ..MEDIAN
};

/// The median, and the 99th percentile.
pub(crate) fn spread(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    let at = |part: f64| figures[((figures.len() - 1) as f64 * part).round() as usize];
    vec![at(0.5), at(0.99)]
}

pub(crate) const SPREAD: [Metric; 2] = [MEDIAN, P99];

pub(crate) fn measure(report: &mut Report) {
    report.row(
        "start to first line",
        50,
        &SPREAD,
        vec![Contestant::new("weftline", |starts| {
            let first_line = |_| {
                let before = clock();
                let child = process::spawn(clock, ()).expect("started");
                (child.join().expect("well") - before) as f64
            };
            spread((0..starts).map(first_line).collect())
        })],
    );
    report.row(
        "start and join",
        50,
        &SPREAD,
        vec![
            Contestant::new("weftline", |starts| {
                let once = |_| {
                    let before = clock();
                    process::spawn(clock, ())
                        .expect("started")
                        .join()
                        .expect("well");
                    (clock() - before) as f64
                };
                spread((0..starts).map(once).collect())
            }),
            // The system's time for any program.
            Contestant::new("/bin/true", |starts| {
                let once = |_| {
                    let before = clock();
                    let mut command = Command::new("/bin/true");
                    command.stdin(Stdio::null()).status().expect("run");
                    (clock() - before) as f64
                };
                spread((0..starts).map(once).collect())
            }),
        ],
    );
}
