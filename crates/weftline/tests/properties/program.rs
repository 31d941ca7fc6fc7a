//! [`Program`]: the steps of an object's users, one after the other; [`check`] plays random
//! programs.
//!
//! A program is written as one line, `queue(2): 0.put(5) 1.get() 0.len()`: the kind of object and
//! its parameter, then each step as user, verb and number. The corpus holds such lines instead of
//! the seeds that `proptest` would write, because a seed names another program as soon as a verb is
//! added.

use crate::play::{Model, Object, play};
use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use std::fmt;
use std::ops::RangeInclusive;

/// A kind of object: its constructor, its users, and its model.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// How many threads use one object.
    pub(crate) users: usize,
    /// The parameter of its constructor: a capacity, a number of permits or of parties.
    pub(crate) parameter: RangeInclusive<u8>,
    /// The verbs of its steps. A verb that is listed twice comes twice as often.
    pub(crate) verbs: &'static [&'static str],
    /// The numbers of its steps are below this.
    pub(crate) numbers: u8,
    pub(crate) object: fn(u8) -> Box<dyn Object>,
    pub(crate) model: fn(u8) -> Box<dyn Model>,
}

pub(crate) struct Step {
    pub(crate) user: usize,
    pub(crate) verb: &'static str,
    pub(crate) number: u8,
}

pub(crate) struct Program {
    pub(crate) parameter: u8,
    pub(crate) steps: Vec<Step>,
}

impl Program {
    pub(crate) fn line(&self, kind: &Kind) -> String {
        use fmt::Write as _;
        let mut line = format!("{}({}):", kind.name, self.parameter);
        for step in &self.steps {
            let _ = write!(line, " {}.{}({})", step.user, step.verb, step.number);
        }
        line
    }
}

/// The program of a line of the corpus.
#[track_caller]
pub(crate) fn parse<'a>(kinds: &'a [Kind], line: &str) -> (&'a Kind, Program) {
    let call = |text: &str| {
        let (verb, number) = text.strip_suffix(')')?.split_once('(')?;
        Some((verb.to_owned(), number.parse().ok()?))
    };
    let parsed = || {
        let (head, steps) = line.split_once(':')?;
        let (name, parameter) = call(head)?;
        let kind = kinds.iter().find(|kind| kind.name == name)?;
        let steps = steps.split_whitespace().map(|step| {
            let (user, step) = step.split_once('.')?;
            let (verb, number) = call(step)?;
            Some(Step {
                user: user.parse().ok().filter(|&user| user < kind.users)?,
                verb: kind.verbs.iter().find(|&&known| known == verb)?,
                number,
            })
        });
        let steps = steps.collect::<Option<_>>()?;
        Some((kind, Program { parameter, steps }))
    };
    parsed().unwrap_or_else(|| panic!("no line of a corpus: {line}"))
}

fn number_of(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().expect("a number"))
}

/// The number of cases for a property.
pub(crate) fn cases(few: u32) -> u32 {
    number_of("WEFTLINE_CASES").map_or(few, |cases| cases as u32)
}

/// A test runner for that many cases. The same seed gives the same cases on every machine.
pub(crate) fn runner(few: u32) -> TestRunner {
    let config = Config {
        cases: cases(few),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number_of("WEFTLINE_SEED").unwrap_or(0).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed))
}

/// Plays random programs of a kind.
#[track_caller]
pub(crate) fn check(kind: &Kind) {
    const LONGEST: usize = 40;
    // Raw numbers, of which each choice is the remainder, so that smaller numbers are simpler.
    let step = (0..kind.users, 0..kind.verbs.len(), 0..kind.numbers);
    let programs = (kind.parameter.clone(), vec(step, 1..LONGEST));
    let programs = programs.prop_map(|(parameter, steps)| {
        let steps = steps.into_iter().map(|(user, verb, number)| Step {
            user,
            verb: kind.verbs[verb],
            number,
        });
        let steps = steps.collect();
        Program { parameter, steps }.line(kind)
    });
    let kinds = std::slice::from_ref(kind);
    let played = runner(48).run(&programs, |line| {
        let (kind, program) = parse(kinds, &line);
        play(kind, &program).map_err(proptest::test_runner::TestCaseError::fail)
    });
    match played {
        Ok(()) => {}
        Err(TestError::Fail(why, line)) => panic!("{line}\n  {why}"),
        Err(TestError::Abort(why)) => panic!("{}: {why}", kind.name),
    }
}
