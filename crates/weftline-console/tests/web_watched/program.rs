//! The process under watch: two threads that wait for each other's lock again and again.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;
use weftline::{Builder, Lock, watch};

pub(crate) const WATCHED: &str = "WEFTLINE_TEST_WATCHED";

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
        println!("ready");
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(0);
    });
}

/// The process, until it is dropped.
pub(crate) struct Watched(pub(crate) Child);

impl Watched {
    /// Starts this program again. It measures its waits.
    pub(crate) fn start() -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(WATCHED, "1")
            .env("WEFTLINE_WATCH", "1")
            .env_remove("WEFTLINE_SIGNAL")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(process)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
