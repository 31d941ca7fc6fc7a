//! Each program in `examples/` prints its expected output. The file is long because each has a test
//! here.

#[cfg(all(feature = "process", target_os = "linux", target_pointer_width = "64"))]
#[path = "examples/processes.rs"]
mod processes;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// An example as `cargo test` has built it.
fn built(name: &str) -> PathBuf {
    let this_test = std::env::current_exe().expect("a test knows its own file");
    let profile = this_test
        .ancestors()
        .nth(2)
        .expect("tests are built in target/<profile>/deps");
    let program = profile
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(
        program.exists(),
        "{} is not built: `cargo test` does, `cargo test --test examples` needs `--examples`",
        program.display()
    );
    program
}

/// Runs an example to its end.
fn run(name: &str, arguments: &[&str]) -> Output {
    let mut child = Command::new(built(name))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a built program runs");
    // The output of an example fits into a pipe, so the example ends unread.
    for _ in 0..6000 {
        if child
            .try_wait()
            .expect("a child can be waited for")
            .is_some()
        {
            return child.wait_with_output().expect("its output can be read");
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("a child can be killed");
    panic!("{name} did not end within a minute");
}

fn prints(name: &str, expected: &str) {
    let output = run(name, &[]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn lock() {
    prints("lock", "votes: 20000\n");
}

#[test]
fn lock_with() {
    prints(
        "lock_with",
        "apples: Ok(())\n\
         pears: Err(\"only 2 left\")\n\
         locked after an error: false\n\
         left: 10 apples, 2 pears\n",
    );
}

#[test]
fn lock_tries() {
    prints(
        "lock_tries",
        "try 1: taken, coming back later\n\
         try 2: cleaned\n\
         try 3: taken, coming back later\n\
         try 4: cleaned\n\
         try 5: taken, coming back later\n\
         try 6: cleaned\n\
         3 times in 6 tries\n",
    );
}

#[test]
fn rlock() {
    prints(
        "rlock",
        "a Lock, once and again: true false\nan RLock, once and again: true true\nbalance: 3100\n",
    );
}

#[test]
fn condition() {
    prints(
        "condition",
        "Ada got 2\nBen got 7\nCleo got 3\nleft on the shelf: 0\n",
    );
}

#[test]
fn periodic_timer() {
    prints("periodic_timer", "down: 5 4 3 2 1 0\nup: 1 2 3\n");
}

#[test]
fn timer() {
    prints(
        "timer",
        "the tea is ready\n\
         the tea's timer has fired: true\n\
         the eggs' timer is waiting: true\n\
         cancelled in time: true\n\
         the eggs' timer is waiting: false\n\
         the bell is silent: true\n",
    );
}

#[test]
fn event() {
    prints(
        "event",
        "given before: false\nthe patient runner: off\nthe impatient runner: off, after looking at the watch\n",
    );
}

#[test]
fn bounded_semaphore() {
    let refused = weftline::TooManyPermits.to_string();
    prints(
        "bounded_semaphore",
        &format!("served: 12\nwithin the limit: true\na place that nobody took: {refused}\n"),
    );
}

#[test]
fn barrier() {
    prints("barrier", "after 4 steps: 9 9 9 9 9 7 7 8\n");
}

#[test]
fn barrier_abort() {
    prints(
        "barrier_abort",
        "Ada was sent home: true\n\
         Ben was sent home: true\n\
         Cleo was sent home: true\n\
         broken: true\n\
         broken after a reset: false, and waiting: 0\n",
    );
}

#[test]
fn queue_pipeline() {
    prints(
        "queue_pipeline",
        "squares: [1, 4, 9, 16, 25, 36, 49, 64, 81, 100]\nall done: true, and the belt is empty: true\n",
    );
}

#[test]
fn priority_queue() {
    prints(
        "priority_queue",
        "built by hand: broken arm, burn, fever, cough, check-up\n\
         the library's: broken arm, burn, fever, cough, check-up\n",
    );
}

#[test]
fn item_with_event() {
    prints(
        "item_with_event",
        "served: hot soup\nserved: hot dumplings\nserved: hot tea\n",
    );
}

#[test]
fn countdown() {
    prints("countdown", "5\n4\n3\n2\n1\nlift-off\n");
}

#[test]
fn shared_counter() {
    prints("shared_counter", "inside: 12000\n");
}

#[test]
fn local_connections() {
    prints(
        "local_connections",
        "the same connection for both questions: true\n\
         the same connection for both questions: true\n\
         the same connection for both questions: true\n\
         connections: 3\n",
    );
}

#[test]
fn thread_names() {
    prints(
        "thread_names",
        "keeper opens\n\
         keeper closes\n\
         Thread-1 (keep_shop) opens\n\
         Thread-1 (keep_shop) closes\n\
         day watch opens\n\
         day watch closes\n\
         night watch goes round\n\
         night watch was the last\n\
         MainThread goes home\n",
    );
}

#[test]
fn daemon() {
    prints(
        "daemon",
        "the watchman sits down\n\
         main has nothing left to do\n\
         the report is written, though main has ended\n",
    );
}

#[test]
fn join_timeout() {
    prints(
        "join_timeout",
        "still in the oven: true\n\
         the bread is out, still in the oven: false\n",
    );
}

#[test]
fn enumerate() {
    prints(
        "enumerate",
        "at the table: 4\n\
         Ada has left\n\
         Ben has left\n\
         Cleo has left\n\
         at the table: 1\n",
    );
}

#[test]
fn subclass() {
    prints(
        "subclass",
        "Ada has baked: loaf 1, loaf 2\n\
         Ben has baked: loaf 1\n\
         Cleo has baked: loaf 1, loaf 2, loaf 3\n",
    );
}

#[test]
fn started_event() {
    prints(
        "started_event",
        "a customer waits\n\
         the shutters go up\n\
         the lights go on\n\
         the customer comes in\n",
    );
}

#[test]
fn many_threads() {
    prints(
        "many_threads",
        "running: 501\nsum of squares: 41791750\nrunning: 1\n",
    );
}

#[test]
fn thread_logging() {
    prints(
        "thread_logging",
        concat!(
            " INFO reader starting\n",
            " WARN reader a page is missing\n",
            " INFO writer starting\n",
            " INFO writer ending\n",
            " INFO   main done\n",
        ),
    );
}

#[test]
fn tcp_upper() {
    prints(
        "tcp_upper",
        "Ada hears: GOOD MORNING / TWO ROLLS, PLEASE\n\
         Ben hears: HELLO / IS THERE ANY CAKE?\n\
         Cleo hears: HI / GRÜSSE\n",
    );
}

#[test]
fn word_count_counts_the_words_of_a_folder() {
    let folder = std::env::temp_dir().join(format!("weftline-word-count-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("inner")).unwrap();
    std::fs::create_dir_all(folder.join("site-packages")).unwrap();
    std::fs::write(
        folder.join("a.py"),
        b"import os\nimport sys\n\nos.fork(os)\n",
    )
    .unwrap();
    std::fs::write(folder.join("inner/b.py"), b"# caf\xe9 os\nimport os").unwrap();
    std::fs::write(folder.join("site-packages/installed.py"), b"ignored").unwrap();
    std::fs::write(folder.join("notes.txt"), b"ignored too").unwrap();
    let output = run("word_count", &[folder.to_str().unwrap()]);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(output.status.success());
    // The checksum is the one that `examples/word_count.py` prints for the same files.
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "        5  os\n        3  import\n        1  caf\n        1  fork\n        1  sys\n\
         2 files, 7 lines, 11 words, 5 different\nchecksum a5cffb60\n"
    );
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("took "));
}

#[test]
fn word_count_says_which_folder_it_cannot_read() {
    let output = run("word_count", &["no such folder"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("word_count: "));
}

#[test]
fn every_example_is_tested() {
    let here = concat!(
        include_str!("examples.rs"),
        include_str!("examples/processes.rs")
    );
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(
            here.contains(&format!("(\"{name}\","))
                || here.contains(&format!("        \"{name}\",\n"))
                || here.contains(&format!("built(\"{name}\")")),
            "{name} is not tested"
        );
    }
}

#[test]
fn pool_fetch() {
    let output = run("pool_fetch", &[]);
    // The panic hook reports the one task that panics.
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("panicked at"),
        "{told}"
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "\
the first page has 100 letters
in order: 100 200 300 400 500
as they arrive: 5 pages
a page that is not there: 404
",
    );
}

#[cfg(unix)]
#[test]
fn signals() {
    use std::io::{BufRead, BufReader};
    use std::sync::mpsc::{RecvTimeoutError, channel};
    for signal in [libc::SIGTERM, libc::SIGINT] {
        let mut child = Command::new(built("signals"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("a built program runs");
        let pid = i32::try_from(child.id()).expect("a number of a process");
        // SAFETY: a child that has not been waited for.
        let send = move |signal| assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
        let (is_over, over) = channel::<()>();
        let limit = thread::spawn(move || {
            if over.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
                send(libc::SIGKILL);
            }
        });
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut line = || lines.next().expect("another line").expect("text");
        assert_eq!(line(), "ready");
        send(signal);
        assert_eq!(line(), format!("signal {signal}: finishing"));
        assert_eq!(line(), "everything that was accepted is done");
        // Its output has ended, so the process ends.
        assert_eq!(lines.next().map(Result::unwrap), None);
        drop(is_over);
        limit.join().expect("it kills nothing that has ended");
        assert!(child.wait().expect("it can be waited for").success());
    }
}
