//! Tasks that do nothing, in two other processes.

use crate::measure::{Contestant, NANOS, Report};
use crate::starts::{SPREAD, spread};
use crate::{clock, python};
use weftline::process::{ProcessPoolExecutor, register};
use weftline::{ReturnWhen, wait};

fn square(n: u64) -> u64 {
    n * n
}

register!(square);

pub(crate) fn measure(report: &mut Report) {
    const MANY: &str = "pool of 2 processes, many tasks";
    if report.wants(MANY) {
        let pool = ProcessPoolExecutor::new(2);
        let mut contestants = vec![Contestant::timed("weftline", move |n| {
            let submit = |n: usize| pool.submit(square, (n as u64,)).expect("open");
            let waited = wait((0..n).map(submit), ReturnWhen::AllCompleted);
            for future in waited.done {
                future.result().expect("well");
            }
        })];
        if let Some(mut python) = python::Script::start(python::POOL) {
            contestants.push(Contestant::new("ProcessPoolExecutor", move |n| {
                vec![python.run(n)]
            }));
        }
        report.row(MANY, 20_000, &[NANOS], contestants);
    }
    let pool = ProcessPoolExecutor::new(2);
    report.row(
        "pool of 2 processes, one at a time",
        2_000,
        &SPREAD,
        vec![Contestant::new("weftline", move |n| {
            let once = |n| {
                let before = clock();
                pool.submit(square, (n as u64,))
                    .expect("open")
                    .result()
                    .expect("well");
                (clock() - before) as f64
            };
            spread((0..n).map(once).collect())
        })],
    );
}
