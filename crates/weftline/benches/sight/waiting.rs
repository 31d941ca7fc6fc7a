//! The processor time of thousands of threads that wait, over some seconds in which each looks for
//! a deadlock, as the share of a core.

use crate::child::{Child, end_with_parent, ready, start, stay};
use crate::support::{leak, now};
use crate::{Options, print};
use std::fs;
use std::time::Duration;
use weftline::{Barrier, Builder, RwLock};

/// The scenario: each holds ten locks and waits for one of the next thread's.
pub(crate) fn holders(threads: usize) {
    weftline::run(|| {
        end_with_parent();
        crate::dump::start_holders(threads);
        ready();
        stay();
    });
}

/// The scenario: half of the threads read what the others want to write.
pub(crate) fn readers(threads: usize) {
    weftline::run(|| {
        end_with_parent();
        let shared: &RwLock<()> = leak(RwLock::new(()));
        let all_read: &Barrier = leak(Barrier::new(threads / 2 + 1));
        for at in 0..threads {
            let builder = Builder::new().name(format!("reader {at}")).daemon(true);
            let waits = move || {
                if at < threads / 2 {
                    let _read = shared.read();
                    all_read.wait().unwrap();
                    stay();
                } else {
                    drop(shared.write());
                }
            };
            builder.stack_size(32 * 1024).spawn(waits).unwrap();
            if at + 1 == threads / 2 {
                all_read.wait().unwrap();
            }
        }
        start("last", stay);
        ready();
        stay();
    });
}

pub(crate) fn measure(options: &Options) {
    let threads = if options.quick { 100 } else { 10_000 };
    for (what, scenario) in [
        ("each for a lock of the next", "holders"),
        ("half of them to write", "readers"),
    ] {
        let row = format!("{threads} threads wait, {what}");
        if !options.wants(&row) {
            continue;
        }
        let child = Child::start(&format!("{scenario} {threads}"));
        std::thread::sleep(Duration::from_millis(500));
        let (before, begun) = (processor_time(child.pid()), now());
        std::thread::sleep(Duration::from_secs(if options.quick { 2 } else { 10 }));
        let used = processor_time(child.pid()) - before;
        let share = used / begun.elapsed().as_secs_f64() * 100.0;
        print(&row, format_args!("{share:.1} % of a core"));
    }
}

/// Seconds that the process has run.
fn processor_time(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("after the name");
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next().expect("many").parse::<f64>().expect("ticks");
    // SAFETY: it only reads.
    let each_second = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    (ticks() + ticks()) / each_second
}
