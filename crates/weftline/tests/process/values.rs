//! Arguments and results of processes.

use crate::Case;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write, pipe};
use weftline::process::{self, Descriptor, Process, ProcessError, StartError, register};

pub(crate) const CASES: &[Case] = &[
    ("arguments and results", arguments_and_results),
    ("a function by its registered name", by_name),
    ("panics", panics),
    ("large values", large_values),
    ("descriptors", descriptors),
    ("more descriptors than a message takes", many_descriptors),
    ("arguments that cannot be read", undecodable_arguments),
    ("results that cannot be sent", unencodable_results),
    ("panics in serde", panics_in_serde),
];

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Circle { radius: f64 },
    Polygon(Vec<(f64, f64)>),
}

fn nothing() {}
fn one(text: String) -> usize {
    text.len()
}
fn three(shape: Shape, known: BTreeMap<String, u8>, last: Option<char>) -> (Shape, u8, String) {
    let sum = known.values().sum();
    (shape, sum, last.into_iter().collect())
}
fn six(a: u8, b: u16, c: u32, d: u64, e: i64, f: bool) -> Vec<i64> {
    vec![a.into(), b.into(), c.into(), d as i64, e, f.into()]
}
fn fallible(divisor: u32) -> Result<u32, String> {
    100_u32
        .checked_div(divisor)
        .ok_or_else(|| "by zero".to_owned())
}
fn largest<T: Ord>(all: Vec<T>) -> Option<T> {
    all.into_iter().max()
}

register!(nothing);
register!(one);
register!(three);
register!(six);
register!(fallible);
register!("the largest number", largest::<u64>);
register!("the largest number, again", largest::<u64>);
register!("doubled", |number: u32| number * 2);

fn arguments_and_results() {
    process::spawn(nothing, ()).unwrap().join().unwrap();
    let said = "grüße".to_owned();
    assert_eq!(process::spawn(one, (said,)).unwrap().join(), Ok(7));
    let known = BTreeMap::from([("a".to_owned(), 3), ("b".to_owned(), 4)]);
    for shape in [
        Shape::Circle { radius: 1.5 },
        Shape::Polygon(vec![(0.0, f64::MIN), (1.0, 2.0)]),
    ] {
        let child = process::spawn(three, (shape.clone(), known.clone(), Some('x'))).unwrap();
        assert_eq!(child.join(), Ok((shape, 7, "x".to_owned())));
    }
    let child = process::spawn(six, (1, 2, 3, 4, -5, true)).unwrap();
    assert_eq!(child.join(), Ok(vec![1, 2, 3, 4, -5, 1]));
    assert_eq!(process::spawn(fallible, (8,)).unwrap().join(), Ok(Ok(12)));
    // An error that the function returns is a value.
    let by_zero = process::spawn(fallible, (0,)).unwrap().join();
    assert_eq!(by_zero, Ok(Err("by zero".to_owned())));
    let child = process::spawn(largest::<u64>, (vec![3, 9, 4],)).unwrap();
    assert_eq!(child.join(), Ok(Some(9)));
}

fn by_name() {
    for name in ["the largest number", "the largest number, again"] {
        let child = Process::<Option<u64>>::named(name, (&[7_u64, 8][..],)).start();
        assert_eq!(child.unwrap().join(), Ok(Some(8)));
    }
    // By the path of the function, without an explicit name; and a text is read as a `String`.
    let path = concat!(module_path!(), "::one");
    let child = Process::<usize>::named(path, ("four",)).start();
    assert_eq!(child.unwrap().join(), Ok(4));
    let child = Process::<u32>::named("doubled", (21_u32,)).start();
    assert_eq!(child.unwrap().join(), Ok(42));
    let refused = Process::<String>::named(path, ("four",))
        .start()
        .unwrap_err();
    assert!(matches!(refused, StartError::ReturnsOther { .. }));
    let told = refused.to_string();
    assert!(
        told.ends_with("values::one` returns usize, not alloc::string::String"),
        "{told}"
    );
}

fn breaks(text: String) -> u32 {
    if text.is_empty() {
        std::panic::panic_any(17_u8);
    }
    panic!("no {text} left");
}
register!(breaks);

fn panics() {
    let (mut reader, stderr) = pipe().unwrap();
    let child = Process::new(breaks, ("paper".to_owned(),))
        .name("printer")
        .stderr(stderr)
        .env("RUST_BACKTRACE", "0")
        .start()
        .unwrap();
    let (process, pid) = (child.process().clone(), child.pid());
    let error = child.join().unwrap_err();
    assert_eq!(process.exitcode(), Some(101));
    let told = error.to_string();
    let begin = format!("process 'printer' (pid {pid}) panicked at ");
    assert!(
        told.starts_with(&begin) && told.ends_with(": no paper left"),
        "{told}"
    );
    let ProcessError::Panicked { process, panic } = error else {
        panic!("{error:?}");
    };
    assert_eq!((process.name(), process.pid()), ("printer", pid));
    assert_eq!(
        (panic.message(), panic.thread_name()),
        ("no paper left", "MainThread")
    );
    let location = panic.location().unwrap();
    assert!(location.contains("values.rs:"), "{location}");
    assert_eq!(panic.backtrace(), None);
    // The panic is also printed, as any panic of a main thread.
    let mut printed = String::new();
    reader.read_to_string(&mut printed).unwrap();
    assert!(
        printed.contains("thread 'main'")
            && printed.contains(location)
            && printed.contains("no paper left"),
        "{printed}"
    );

    let child = Process::new(breaks, (String::new(),))
        .stderr(process::Stdio::null())
        .env("RUST_BACKTRACE", "1")
        .start();
    match child.unwrap().join() {
        Err(ProcessError::Panicked { panic, .. }) => {
            assert_eq!(panic.message(), "Box<dyn Any>");
            assert!(panic.backtrace().unwrap().contains("breaks"));
        }
        other => panic!("{other:?}"),
    }
}

const LARGE: usize = 10 << 20;

fn turned_round(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.reverse();
    bytes
}
register!(turned_round);

fn large_values() {
    // Also the sizes around the limit above which values travel as a file.
    for length in [0, 1, 32_500, 32_767, 32_768, 33_000, 200_000, LARGE] {
        let bytes: Vec<u8> = (0..length).map(|it| (it % 251) as u8).collect();
        let child = process::spawn(turned_round, (bytes.clone(),)).unwrap();
        // No reader is there while it runs, and it ends all the same.
        child.process().join();
        let mut returned = child.join().unwrap();
        returned.reverse();
        assert!(returned == bytes, "{length} bytes came back changed");
    }
}

fn writes_to(place: Descriptor, text: String) -> Descriptor {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(b"and back").unwrap();
    write!(File::from(place.into_inner()), "{text}").unwrap();
    reader.into()
}
register!(writes_to);

fn descriptors() {
    let (mut reader, writer) = pipe().unwrap();
    let child = process::spawn(writes_to, (writer.into(), "there".to_owned())).unwrap();
    let mut text = String::new();
    // The end of the child closes the last writing end: this process has none.
    reader.read_to_string(&mut text).unwrap();
    let returned = child.join().unwrap();
    File::from(returned.into_inner())
        .read_to_string(&mut text)
        .unwrap();
    assert_eq!(text, "thereand back");
}

fn numbered(all: Vec<Descriptor>, ballast: Vec<u8>) -> (Vec<Descriptor>, Vec<u8>) {
    for (number, place) in all.into_iter().enumerate() {
        write!(File::from(place.into_inner()), "{number}").unwrap();
    }
    let readers = (0..MANY)
        .map(|number| {
            let (reader, mut writer) = pipe().unwrap();
            write!(writer, "{number}").unwrap();
            reader.into()
        })
        .collect();
    (readers, ballast)
}
register!(numbered);

const MANY: usize = 250;

fn many_descriptors() {
    // A message above the limit has one descriptor more.
    for length in [0, 100_000] {
        let (readers, writers): (Vec<_>, Vec<_>) = (0..MANY)
            .map(|_| {
                let (reader, writer) = pipe().unwrap();
                (Descriptor::from(reader), Descriptor::from(writer))
            })
            .unzip();
        let child = process::spawn(numbered, (writers, vec![1; length])).unwrap();
        let (returned, ballast) = child.join().unwrap();
        assert_eq!(ballast, vec![1; length]);
        for readers in [readers, returned] {
            assert_eq!(readers.len(), MANY);
            for (number, reader) in readers.into_iter().enumerate() {
                let mut text = String::new();
                let mut reader = File::from(reader.into_inner());
                reader.read_to_string(&mut text).unwrap();
                assert_eq!(text, number.to_string());
            }
        }
    }
}

fn undecodable_arguments() {
    let name = concat!(module_path!(), "::three");
    let child = Process::<(Shape, u8, String)>::named(name, (77_u8,))
        .name("odd")
        .start()
        .unwrap();
    let pid = child.pid();
    let error = child.join().unwrap_err();
    assert!(
        matches!(error, ProcessError::Undecodable { .. }),
        "{error:?}"
    );
    let told = error.to_string();
    let begin = format!("process 'odd' (pid {pid}) cannot read its arguments: ");
    assert!(told.starts_with(&begin), "{told}");
}

/// Can be decoded, but not encoded.
#[derive(Debug, Deserialize)]
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

fn stubborn() -> Stubborn {
    Stubborn
}
fn takes_stubborn(_: Stubborn) {}
register!(stubborn);
register!(takes_stubborn);

fn unencodable_results() {
    let child = process::spawn(stubborn, ()).unwrap();
    let process = child.process().clone();
    let error = child.join().unwrap_err();
    assert!(
        matches!(error, ProcessError::Undecodable { .. }),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .contains("returned a value that cannot be sent: "),
        "{error}"
    );
    assert_eq!(process.exitcode(), Some(101));
    // As an argument it is refused before the start.
    let refused = process::spawn(takes_stubborn, (Stubborn,)).unwrap_err();
    assert!(matches!(refused, StartError::Encode(_)), "{refused:?}");
}

/// Panics when a `touchy` process encodes it, and, if it holds `true`, when it is decoded.
#[derive(Debug)]
struct Touchy(bool);

impl Serialize for Touchy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(
            !process::current_name().starts_with("touchy"),
            "not to be written"
        );
        serializer.serialize_bool(self.0)
    }
}

impl<'de> Deserialize<'de> for Touchy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let panics = bool::deserialize(deserializer)?;
        assert!(!panics, "not to be read");
        Ok(Self(panics))
    }
}

fn touches(it: Touchy) -> Touchy {
    it
}
register!(touches);

fn panics_in_serde() {
    for (panics, message) in [(true, "not to be read"), (false, "not to be written")] {
        let child = Process::new(touches, (Touchy(panics),))
            .name("touchy")
            .stderr(process::Stdio::null())
            .start()
            .unwrap();
        match child.join() {
            Err(ProcessError::Panicked { panic, .. }) => assert_eq!(panic.message(), message),
            other => panic!("{other:?}"),
        }
    }
}
