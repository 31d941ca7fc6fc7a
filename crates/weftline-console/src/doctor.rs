//! `weftline doctor`: what works on this machine, tried in this process.

use crate::status::{Status, misuse, say};
use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weftline::park::{Kind, ObjectState};
use weftline::{Builder, Lock, watch};

const USAGE: &str = "\
usage: weftline doctor

Tries what reports need, in a process of its own, and tells what works here and
what does not, and why.

status: 0 if everything works, 1 if something does not, 2 for a wrong command
        line

example: docker exec app weftline doctor
";

/// Runs the command.
pub(crate) fn doctor(mut arguments: impl Iterator<Item = OsString>) -> Status {
    match arguments.next() {
        None => {}
        Some(argument) if argument == "-h" || argument == "--help" => {
            say(USAGE);
            return Status::Done;
        }
        Some(other) => {
            return misuse(
                USAGE,
                format_args!("unexpected argument {}", other.display()),
            );
        }
    }
    let mut status = Status::Done;
    let mut tell = |what: &str, result: Result<String, String>| match result {
        Ok(how) => println!("works  {what}: {how}"),
        Err(why) => {
            println!("fails  {what}: {why}");
            status = Status::Failed;
        }
    };
    println!(
        "weftline {} on {} processors",
        env!("CARGO_PKG_VERSION"),
        processors()
    );
    tell("the signal of the emergency call", signal());
    match hung_process() {
        Ok(answer) => {
            tell("asking a process", Ok(answer.took));
            tell("reading the owners of locks", answer.owners);
            tell("finding deadlocks", answer.deadlock);
        }
        Err(why) => tell("asking a process", Err(why)),
    }
    status
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn signal() -> Result<String, String> {
    match watch::install_as_told() {
        Ok(true) => Ok(format!("signal {}", watch::answering_signal().unwrap_or(0))),
        Ok(false) => Err("WEFTLINE_SIGNAL=0 in the environment switches it off".to_owned()),
        Err(why) => Err(why.to_string()),
    }
}

struct Answer {
    took: String,
    owners: Result<String, String>,
    deadlock: Result<String, String>,
}

/// Asks this process, in which two threads are deadlocked.
fn hung_process() -> Result<Answer, String> {
    deadlock().map_err(|error| format!("no thread can be started: {error}"))?;
    let ask = || watch::request(std::process::id()).map_err(|error| error.to_string());
    // The first request waits until this process is old enough to be asked.
    ask()?;
    let begun = Instant::now();
    let snapshot = ask()?;
    let took = format!("answered in {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    let mut locks = snapshot.parties.iter().filter_map(|party| {
        let wait = party.wait.as_ref().filter(|wait| wait.kind == Kind::Lock)?;
        snapshot.object(wait.object)?.state
    });
    let owners = match locks.next() {
        Some(ObjectState::Held { .. }) => Ok("of a lock that a thread waits for".to_owned()),
        _ => Err(
            "the system forbids a process to read its own memory by process_vm_readv and by \
                  a pipe"
                .to_owned(),
        ),
    };
    let deadlock = match snapshot.deadlocks().len() {
        1 => Ok("that of two threads".to_owned()),
        many => Err(format!("{many} were found, and there is one")),
    };
    Ok(Answer {
        took,
        owners,
        deadlock,
    })
}

/// Two threads that wait for each other from now on.
fn deadlock() -> std::io::Result<()> {
    let locks = Arc::new([Lock::new(()), Lock::new(())]);
    let both = Arc::new(weftline::Barrier::new(2));
    for (own, other) in [(0, 1), (1, 0)] {
        let (locks, both) = (Arc::clone(&locks), Arc::clone(&both));
        let builder = Builder::new()
            .name(format!("deadlocked {own}"))
            .daemon(true);
        builder.spawn(move || {
            let _own = locks[own].lock();
            let _ = both.wait();
            let _other = locks[other].lock();
        })?;
    }
    let asleep = || {
        weftline::park::blocked_now()
            .filter(|blocked| blocked.kind == Kind::Lock)
            .count()
            == 2
    };
    let end = Instant::now() + Duration::from_secs(10);
    while !asleep() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
