//! The process under watch: two threads that contend for a lock.

use crate::again::{self, Again};
use std::thread::sleep;
use std::time::Duration;
use weftline::{Builder, Lock, watch};

static CACHE: Lock<()> = Lock::new(());

/// Runs until its standard input ends.
pub(crate) fn run() {
    weftline::run(|| {
        watch::name(&CACHE, "cache").for_good();
        for number in 0..2 {
            let builder = Builder::new().name(format!("worker-{number}")).daemon(true);
            let works = || {
                loop {
                    let _held = CACHE.lock();
                    sleep(Duration::from_millis(5));
                }
            };
            builder.spawn(works).expect("a thread");
        }
        again::until_input_ends();
    });
}

/// Starts the process. It measures its waits.
pub(crate) fn start() -> Again {
    Again::start(&[("WEFTLINE_WATCH", "1")])
}
