//! A program that ends well on SIGINT (Ctrl-C) and SIGTERM. It takes no more work, finishes the
//! work that it has, and says so.
//!
//! A thread of its own waits for the signals, as for any other event. It shuts down the queue, and
//! that ends the workers.

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    unix::main()
}

#[cfg(not(unix))]
fn main() {
    println!("signals of this kind are there on Unix only");
}

#[cfg(unix)]
mod unix {
    use signal_hook::consts::{SIGINT, SIGTERM};
    use signal_hook::iterator::Signals;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use weftline::{Builder, Event, Queue, spawn};

    static JOBS: Queue<usize> = Queue::bounded(16);
    static STOP: Event = Event::new();
    static DONE: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn main() -> std::io::Result<()> {
        // Before any thread is started, so that a signal finds its handler from the beginning.
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        weftline::run(|| {
            // A daemon: the end of the program does not wait for one more signal.
            let waits = Builder::new().name("signals").daemon(true).spawn(move || {
                for signal in &mut signals {
                    if STOP.is_set() {
                        // The second signal ends the program without finishing the work.
                        std::process::exit(128 + signal);
                    }
                    println!("signal {signal}: finishing");
                    STOP.set();
                    JOBS.shutdown(false);
                }
            });
            drop(waits?);
            let workers = [(); 2].map(|()| {
                spawn(|| {
                    for _job in &JOBS {
                        DONE.fetch_add(1, Ordering::Relaxed);
                    }
                })
            });
            let mut accepted = 0;
            println!("ready");
            // Puts work until the queue refuses it. The wait ends early when the program is to
            // stop.
            while STOP.try_wait_for(Duration::from_millis(1)).is_err() {
                if JOBS.put(accepted).is_ok() {
                    accepted += 1;
                }
            }
            for worker in workers {
                worker.join().expect("a worker does not panic");
            }
            assert_eq!(DONE.load(Ordering::Relaxed), accepted);
            println!("everything that was accepted is done");
            Ok(())
        })
    }
}
