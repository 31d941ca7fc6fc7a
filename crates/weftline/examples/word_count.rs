//! Counts the words of a source tree with a pipeline of threads: the Rust twin of
//! `examples/word_count.py`.
//!
//! ```console
//! cargo run --release --example word_count [-- PATH ...]
//! ```
//!
//! Without a path it counts the `.py` files of the standard library of `$PYTHON`, or of `python3`.
//! Its standard output is that of the Python program for the same files. The time, and on a
//! terminal a progress bar, go to standard error.
//!
//! A reader puts every line into a bounded [`Queue`] and shuts it down. Each worker counts by
//! itself. At a [`Barrier`] the workers wait for each other. Then each merges its share of the
//! words into a [`PriorityQueue`], from which the main thread takes the ranking. An [`Event`] ends
//! the progress bar, and the whole program when a file cannot be read.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use weftline::{Barrier, Event, Lock, PriorityQueue, Queue};

const WORKERS: usize = 4;
const TOP: usize = 10;

type Counts = HashMap<Vec<u8>, u64>;

/// The state that the threads of one count share.
struct WordCount {
    files: Vec<PathBuf>,
    files_read: AtomicUsize,
    lines_read: AtomicUsize,
    lines: Queue<Vec<u8>>,
    counts: Vec<Lock<Counts>>,
    all_is_counted: Barrier,
    ranking: PriorityQueue<(Reverse<u64>, Vec<u8>)>,
    stop: Event,
}

impl WordCount {
    fn new(files: Vec<PathBuf>) -> Self {
        Self {
            files,
            files_read: AtomicUsize::new(0),
            lines_read: AtomicUsize::new(0),
            lines: Queue::bounded(1000),
            counts: (0..WORKERS).map(|_| Lock::new(Counts::new())).collect(),
            all_is_counted: Barrier::new(WORKERS),
            ranking: PriorityQueue::unbounded(),
            stop: Event::new(),
        }
    }

    /// Counts everything; afterwards `ranking` holds the words.
    fn run(&self) -> io::Result<()> {
        thread::scope(|scope| {
            let reader = scope.spawn(|| self.read());
            let workers: Vec<_> = (0..WORKERS)
                .map(|share| scope.spawn(move || self.work(share)))
                .collect();
            if io::stderr().is_terminal() {
                scope.spawn(|| self.show_progress());
            }
            let read = reader.join().expect("the reader does not panic");
            for worker in workers {
                worker.join().expect("a worker does not panic");
            }
            self.stop.set();
            read
        })
    }

    /// Puts every line of every file into the queue. In any case it shuts the queue down at the
    /// end.
    fn read(&self) -> io::Result<()> {
        let read = self.files.iter().try_for_each(|file| {
            let text = std::fs::read(file).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", file.display()))
            })?;
            for line in text.split(|&byte| byte == b'\n') {
                self.lines
                    .put(line.to_vec())
                    .expect("only the reader shuts the queue down");
                self.lines_read.fetch_add(1, Ordering::Relaxed);
            }
            self.files_read.fetch_add(1, Ordering::Relaxed);
            Ok(())
        });
        if read.is_err() {
            self.stop.set();
        }
        self.lines.shutdown(read.is_err());
        read
    }

    /// Counts lines until the queue is shut down, meets the other workers, then merges this
    /// worker's share of the words.
    fn work(&self, share: usize) {
        {
            let mut counts = self.counts[share].lock();
            for line in &self.lines {
                for word in words(&line) {
                    match counts.get_mut(word) {
                        Some(count) => *count += 1,
                        None => drop(counts.insert(word.to_vec(), 1)),
                    }
                }
            }
        }
        self.all_is_counted
            .wait()
            .expect("no thread aborts the barrier");
        if self.stop.is_set() {
            return;
        }
        let mut total = Counts::new();
        for counts in &self.counts {
            for (word, count) in counts.lock().iter() {
                if crc32(0, word) as usize % WORKERS == share {
                    *total.entry(word.clone()).or_default() += count;
                }
            }
        }
        for (word, count) in total {
            self.ranking
                .put((Reverse(count), word))
                .expect("the ranking is never shut down");
        }
    }

    /// Draws a bar on the terminal until the count stops.
    fn show_progress(&self) {
        while self.stop.try_wait_for(Duration::from_millis(100)).is_err() {
            let done = self.files_read.load(Ordering::Relaxed) * 100 / self.files.len().max(1);
            let lines = grouped(self.lines_read.load(Ordering::Relaxed) as u64);
            eprint!(
                "\r[{:40}] {done:3}%  {lines} lines",
                "#".repeat(done * 40 / 100)
            );
            io::stderr().flush().ok();
        }
        eprint!("\r\x1b[K");
    }
}

/// The words of a line, as the Python twin's expression `[A-Za-z_][A-Za-z_0-9]*` finds them.
fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))
        .map(|run| &run[run.iter().take_while(|byte| byte.is_ascii_digit()).count()..])
        .filter(|word| !word.is_empty())
}

/// `zlib.crc32(bytes, before)`.
fn crc32(before: u32, bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!before, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// `1234567` as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

/// The `.py` files under `path`, without packages that were installed later; or `path` itself if it
/// is a file.
fn source_files(path: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != "site-packages" && name != "dist-packages" {
                source_files(&entry.path(), found)?;
            }
        } else if Path::new(&name)
            .extension()
            .is_some_and(|extension| extension == "py")
        {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// Where the standard library of `$PYTHON`, or of `python3`, is.
fn standard_library() -> Result<PathBuf, String> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let asked = Command::new(&python)
        .args([
            "-c",
            "import sysconfig; print(sysconfig.get_path('stdlib'))",
        ])
        .output();
    match asked {
        Ok(answer) if answer.status.success() => {
            Ok(String::from_utf8_lossy(&answer.stdout).trim_end().into())
        }
        Ok(answer) => Err(format!("{python} ended with {}", answer.status)),
        Err(error) => Err(format!("{python}: {error}")),
    }
}

fn files_to_count() -> Result<Vec<PathBuf>, String> {
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        let library = standard_library().map_err(|why| {
            format!("cannot ask Python for its standard library ({why}); name the folder to count: word_count PATH")
        })?;
        paths.push(library);
    }
    let mut files = Vec::new();
    for path in &paths {
        source_files(path, &mut files).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    files.sort();
    Ok(files)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program may look at the clock; the library's own floors may not"
)]
fn now() -> Instant {
    Instant::now()
}

fn main() -> ExitCode {
    let files = match files_to_count() {
        Ok(files) => files,
        Err(problem) => {
            eprintln!("word_count: {problem}");
            return ExitCode::from(2);
        }
    };
    let count = WordCount::new(files);
    let begin = now();
    if let Err(error) = count.run() {
        eprintln!("word_count: {error}");
        return ExitCode::FAILURE;
    }
    let (mut checksum, mut different, mut total) = (0, 0, 0);
    while let Ok((Reverse(times), word)) = count.ranking.try_get() {
        let word = String::from_utf8_lossy(&word);
        if different < TOP {
            println!("{:>9}  {word}", grouped(times));
        }
        checksum = crc32(checksum, format!("{word} {times}\n").as_bytes());
        different += 1;
        total += times;
    }
    let took = begin.elapsed();
    let [files, lines, different] = [count.files.len(), count.lines_read.into_inner(), different]
        .map(|number| grouped(number as u64));
    println!(
        "{files} files, {lines} lines, {} words, {different} different",
        grouped(total)
    );
    println!("checksum {checksum:08x}");
    eprintln!("took {:.2} s", took.as_secs_f64());
    ExitCode::SUCCESS
}
