//! The emergency call: a process tells what its threads wait for, whatever it is doing.
//!
//! A program of its own, because each process that is asked is this program again: a *scenario*,
//! which an environment variable names. Cases whose names begin with `long` are run only if an
//! argument asks for them: `cargo test --test watch -- long`.

#[cfg(target_os = "linux")]
#[path = "../support/mod.rs"]
mod support;

#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod confined;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod deadlocks;
#[cfg(target_os = "linux")]
mod forks;
#[cfg(target_os = "linux")]
mod order;
#[cfg(target_os = "linux")]
mod readers;
#[cfg(target_os = "linux")]
mod refusals;
#[cfg(target_os = "linux")]
mod stacks;
#[cfg(target_os = "linux")]
mod storm;
#[cfg(target_os = "linux")]
mod text;
#[cfg(target_os = "linux")]
mod waits;

/// A test, or what a child does, by name.
#[cfg(target_os = "linux")]
type Named = (&'static str, fn());

#[cfg(target_os = "linux")]
fn main() {
    let scenarios: [&[Named]; 11] = [
        waits::SCENARIOS,
        deadlocks::SCENARIOS,
        order::SCENARIOS,
        refusals::SCENARIOS,
        text::SCENARIOS,
        forks::SCENARIOS,
        confined::SCENARIOS,
        stacks::SCENARIOS,
        storm::SCENARIOS,
        readers::SCENARIOS,
        crowd::SCENARIOS,
    ];
    if let Some(name) = child::scenario() {
        let found = scenarios
            .iter()
            .copied()
            .flatten()
            .find(|(of, _)| *of == name);
        found.expect("a scenario of that name").1();
        return;
    }
    // The harness asks for the list of tests. No test can run alone.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    // These mostly wait, until their children are old enough to be asked.
    let waiting: [&[Named]; 6] = [
        waits::CASES,
        deadlocks::CASES,
        refusals::CASES,
        text::CASES,
        forks::CASES,
        confined::CASES,
    ];
    let failed: usize = std::thread::scope(|scope| {
        let groups = waiting.map(|cases| scope.spawn(|| run(cases)));
        groups.map(|group| group.join().unwrap()).into_iter().sum()
    });
    let working = [
        order::CASES,
        stacks::CASES,
        storm::CASES,
        readers::CASES,
        crowd::CASES,
    ];
    let failed = failed + working.map(run).into_iter().sum::<usize>();
    assert_eq!(failed, 0, "cases have failed");
}

/// Runs those of the cases that are chosen; returns how many have failed.
#[cfg(target_os = "linux")]
fn run(cases: &[Named]) -> usize {
    let asks_for_long = std::env::args().any(|argument| argument.starts_with("long"));
    let mut failed = 0;
    for (name, case) in cases {
        if !support::is_chosen(name) || (name.starts_with("long") && !asks_for_long) {
            continue;
        }
        let start = support::now();
        let _limit = support::limit();
        let outcome = std::panic::catch_unwind(case);
        failed += usize::from(outcome.is_err());
        let outcome = if outcome.is_ok() { "ok" } else { "FAILED" };
        println!("{name}: {outcome} ({:.1?})", start.elapsed());
    }
    failed
}

#[cfg(not(target_os = "linux"))]
fn main() {}
