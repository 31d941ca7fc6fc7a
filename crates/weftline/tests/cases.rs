//! The table of cases in `tests/cases`, from Rust; `tests/test_cases.py` runs it from Python.
//!
//! Each object of the library is a [`Subject`]: it answers the verbs of the table through its own
//! methods. A step runs in the thread that it names. The thread keeps each guard until it releases
//! it.

#[path = "cases/subjects.rs"]
mod subjects;
mod support;

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;
use subjects::{Subject, create};
use support::{LONG, limit, thread_id, until_asleep};

/// A call of the table: its verb and its options.
pub(crate) struct Call {
    pub(crate) verb: String,
    pub(crate) options: HashMap<String, String>,
}

impl Call {
    pub(crate) fn number(&self, option: &str) -> i64 {
        self.options[option].parse().expect("a number")
    }

    pub(crate) fn count(&self, option: &str) -> usize {
        self.options[option].parse().expect("a count")
    }

    pub(crate) fn is(&self, option: &str) -> bool {
        self.options
            .get(option)
            .is_some_and(|value| value == "true")
    }

    /// The time limit of the call: none, zero, or a duration.
    pub(crate) fn within(&self) -> Within {
        match self
            .options
            .get("within")
            .map(|value| value.parse::<f64>().expect("seconds"))
        {
            None => Within::Forever,
            Some(0.0) => Within::AtOnce,
            Some(seconds) => Within::Limit(Duration::from_secs_f64(seconds)),
        }
    }
}

pub(crate) enum Within {
    Forever,
    AtOnce,
    Limit(Duration),
}

/// A thread of a case.
struct Worker {
    calls: Sender<Call>,
    begun: Receiver<()>,
    results: Receiver<String>,
    id: support::ThreadId,
}

impl Worker {
    fn new(subject: &'static dyn Subject) -> Self {
        let (calls, todo) = channel::<Call>();
        let (tell, results) = channel();
        let (begin, begun) = channel();
        let (tell_id, id) = channel();
        std::thread::spawn(move || {
            tell_id.send(thread_id()).expect("the starter waits");
            let mut user = subject.user();
            while let Ok(call) = todo.recv() {
                begin.send(()).expect("the case goes on");
                tell.send(user(&call)).expect("the case goes on");
            }
        });
        let id = id.recv().expect("the thread starts");
        Self {
            calls,
            begun,
            results,
            id,
        }
    }

    /// Starts a call and returns once the thread is in it.
    fn call(&self, call: Call) {
        self.calls.send(call).expect("the thread is there");
        self.begun.recv().expect("the thread is there");
    }

    /// The result of the call; `waits` if it sleeps and the table expects that.
    fn result(&self, expected: &str) -> String {
        if expected != "waits" {
            return match self.results.recv_timeout(LONG) {
                Ok(result) => result,
                Err(RecvTimeoutError::Timeout) => "waits".into(),
                Err(RecvTimeoutError::Disconnected) => "panicked".into(),
            };
        }
        until_asleep(self.id);
        self.results.try_recv().unwrap_or("waits".into())
    }
}

fn run(object: &str, case: &toml::Table) {
    let empty = toml::Table::new();
    let name = case["name"].as_str().expect("a name");
    let with = case
        .get("with")
        .and_then(toml::Value::as_table)
        .unwrap_or(&empty);
    let subject = create(object, with);
    let mut workers = HashMap::new();
    for step in case["steps"].as_str().expect("steps").trim().lines() {
        let (call, expected) = step.split_once("->").expect("`thread: verb -> result`");
        let (thread, call) = call.split_once(':').expect("`thread: verb -> result`");
        let worker = workers
            .entry(thread)
            .or_insert_with(|| Worker::new(subject));
        let mut words = call.split_whitespace();
        if let Some(verb) = words.next() {
            let options = words.map(|word| word.split_once('=').expect("`key=value`"));
            let options = options.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let verb = verb.to_owned();
            let call = Call {
                verb,
                options: options.collect(),
            };
            worker.call(call);
        }
        let expected = expected.trim();
        assert_eq!(
            worker.result(expected),
            expected,
            "{object}, {name}: {step}"
        );
    }
}

#[test]
fn every_case_of_the_table_holds() {
    let _limit = limit();
    let mut ran = HashMap::new();
    let table = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases");
    for file in std::fs::read_dir(table).expect("the table") {
        let path = file.expect("a file").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a text");
        let file: toml::Table = text
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for object in file["objects"].as_array().expect("objects") {
            let object = object.as_str().expect("a name");
            for case in file["case"].as_array().expect("cases") {
                run(object, case.as_table().expect("a case"));
                *ran.entry(object.to_owned()).or_insert(0) += 1;
            }
        }
    }
    assert_eq!(ran.len(), 11, "{ran:?}");
    assert!(ran.values().sum::<i32>() >= 60, "{ran:?}");
}
