//! The time from a deadlock to its report on standard error.

use crate::child::{Child, end_with_parent, ready, say, start, stay};
use crate::support::{leak, now};
use crate::{Options, print};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use weftline::{Barrier, Lock};

/// The scenario: two threads, beside so many that wait for something else. Tells when the second
/// one is about to wait.
pub(crate) fn deadlock(others: usize) {
    weftline::run(|| {
        end_with_parent();
        for at in 0..others {
            start(&format!("other {at}"), stay);
        }
        let locks: &[Lock<()>; 2] = leak([Lock::new(()), Lock::new(())]);
        let both_hold: &Barrier = leak(Barrier::new(2));
        ready();
        for at in 0..2 {
            start(&format!("thread {at}"), move || {
                let _held = locks[at].lock();
                both_hold.wait().unwrap();
                if at == 0 {
                    say("closed");
                }
                drop(locks[1 - at].lock());
            });
        }
        stay();
    });
}

pub(crate) fn measure(options: &Options) {
    let sizes: &[usize] = if options.quick { &[0] } else { &[0, 1_000] };
    for &others in sizes {
        let row = format!("deadlock to report, beside {others} other threads");
        if !options.wants(&row) {
            continue;
        }
        let times = if options.quick { 3 } else { 20 };
        let mut millis: Vec<f64> = (0..times).map(|_| once(others)).collect();
        millis.sort_by(f64::total_cmp);
        let at = |part: f64| millis[(part * (times - 1) as f64) as usize];
        let [least, middle, most] = [0.0, 0.5, 1.0].map(at);
        print(
            &row,
            format_args!("{middle:.0} ms (least of {times}: {least:.0}, largest: {most:.0})"),
        );
    }
}

/// Milliseconds.
fn once(others: usize) -> f64 {
    let mut child = Child::start_as(&format!("found {others}"), |command| {
        command.stderr(Stdio::piped());
    });
    assert_eq!(child.hear(), "closed");
    let start = now();
    let mut line = String::new();
    let mut errors = BufReader::new(child.errors());
    errors.read_line(&mut line).expect("a line");
    let took = start.elapsed();
    assert!(line.contains("deadlock: 2 threads"), "{line}");
    child.end();
    took.as_secs_f64() * 1e3
}
