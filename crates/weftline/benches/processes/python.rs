//! The time that Python's own modules take. A Python program reads a number of operations, measures
//! a round, and answers with the nanoseconds for each.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// `multiprocessing.Queue`, as in the row of queues.
pub(crate) const QUEUE: &str = r#"
import multiprocessing, sys, time
def reader(items, done):
    while (item := items.get()) is not None:
        if not item:
            done.release()
if __name__ == "__main__":
    items, done = multiprocessing.Queue(1024), multiprocessing.Semaphore(0)
    process = multiprocessing.Process(target=reader, args=(items, done), daemon=True)
    process.start()
    item = b"x" * 64
    for line in sys.stdin:
        n = int(line)
        start = time.perf_counter()
        for _ in range(n):
            items.put(item)
        items.put(b"")
        done.acquire()
        print((time.perf_counter() - start) / n * 1e9, flush=True)
"#;

/// `concurrent.futures.ProcessPoolExecutor`, as in the row of pools.
pub(crate) const POOL: &str = r#"
import concurrent.futures, sys, time
def square(n):
    return n * n
if __name__ == "__main__":
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for line in sys.stdin:
            n = int(line)
            start = time.perf_counter()
            futures = [pool.submit(square, i) for i in range(n)]
            concurrent.futures.wait(futures)
            for future in futures:
                future.result()
            print((time.perf_counter() - start) / n * 1e9, flush=True)
"#;

pub(crate) struct Script {
    process: Child,
    /// Closed before the wait for the process.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Script {
    /// `None` when there is no Python.
    pub(crate) fn start(text: &str) -> Option<Self> {
        let python = std::env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
        let mut process = Command::new(python)
            .args(["-c", text])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        Some(Self {
            stdin: process.stdin.take(),
            stdout: BufReader::new(process.stdout.take()?),
            process,
        })
    }

    pub(crate) fn run(&mut self, n: usize) -> f64 {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{n}").expect("Python runs");
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("Python answers");
        line.trim().parse().expect("a number")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.process.wait();
    }
}
