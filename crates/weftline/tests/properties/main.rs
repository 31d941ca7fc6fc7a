//! Every object against a model of a few lines: random programs of several users must behave on the
//! object as on its model, waits included.
//!
//! `WEFTLINE_CASES` chooses how many programs there are of each kind, `WEFTLINE_SEED` which ones:
//! `make fuzz-rust CASES=1000 SEED=7`. A program that fails is shrunk and printed as one line. Once
//! the fault is fixed the line goes into `corpus.txt`, which every run replays first.

#[path = "../support/mod.rs"]
mod support;

mod barriers;
mod conditions;
mod events;
mod futures;
mod locals;
mod locks;
mod meetings;

mod play;
#[cfg(all(target_os = "linux", target_pointer_width = "64", feature = "process"))]
mod process_values;
#[cfg(all(target_os = "linux", target_pointer_width = "64", feature = "process"))]
mod processes;
mod program;
mod queue_kinds;
mod queues;
mod rwlocks;
mod semaphores;
mod timers;
mod transfers;

use program::Kind;

/// All kinds of objects, by name.
fn kinds() -> Vec<Kind> {
    let kinds = [
        locks::kinds(),
        rwlocks::kinds(),
        conditions::kinds(),
        events::kinds(),
        semaphores::kinds(),
        barriers::kinds(),
        queue_kinds::kinds(),
        futures::kinds(),
        timers::kinds(),
        locals::kinds(),
    ];
    #[allow(unused_mut, reason = "processes are there on some systems only")]
    let mut kinds: Vec<_> = kinds.into_iter().flatten().collect();
    #[cfg(all(target_os = "linux", target_pointer_width = "64", feature = "process"))]
    kinds.extend(
        processes::kinds()
            .into_iter()
            .chain(process_values::kinds()),
    );
    kinds
}

#[test]
fn every_program_of_the_corpus_behaves_on_the_object_as_on_its_model() {
    let kinds = kinds();
    for line in include_str!("corpus.txt").lines() {
        let line = line.split('#').next().unwrap_or("").trim();
        if !line.is_empty() {
            let (kind, program) = program::parse(&kinds, line);
            if let Err(why) = play::play(kind, &program) {
                panic!("{line}: {why}");
            }
        }
    }
}
