//! The classes of locks: each place of the program at which locks are made is one.
//!
//! They outlive every fork, and the graph as well: locks carry their numbers.

use super::forever::Forever;
use crate::park::LockClass;
use crate::watch::snapshot::Frame;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicU32, Ordering};

struct Known {
    function: Option<String>,
    file: String,
    line: u32,
    class: LockClass,
}

const BUCKETS: usize = 1_024;

/// By file and line.
static KNOWN: [Forever<Known>; BUCKETS] = [const { Forever::new() }; BUCKETS];

/// The number of the next class. The first number is that of unknown places.
static NEXT: AtomicU32 = AtomicU32::new(2);

/// The class of the locks that are made there. Beyond 65,534 places, all others are
/// [`LockClass::FIRST`].
pub(super) fn of(function: Option<&str>, file: &str, line: u32) -> LockClass {
    let mut hasher = DefaultHasher::new();
    (file, line).hash(&mut hasher);
    let bucket = &KNOWN[hasher.finish() as usize % BUCKETS];
    let is = |known: &Known| known.line == line && known.file == file;
    if let Some(known) = bucket.iter().find(|known| is(known)) {
        return known.class;
    }
    let next = |next: u32| (next <= u16::MAX.into()).then_some(next + 1);
    // Relaxed: a number by itself, each given once.
    let Ok(number) = NEXT.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next) else {
        return LockClass::FIRST;
    };
    let number = u16::try_from(number).ok().and_then(NonZeroU16::new);
    let class = number.map_or(LockClass::FIRST, LockClass);
    let make = || Known {
        function: function.map(str::to_owned),
        file: file.to_owned(),
        line,
        class,
    };
    bucket.find_or_add(is, make).class
}

/// Where its locks are made.
pub(super) fn place(class: LockClass) -> Frame {
    let mut all = KNOWN.iter().flat_map(Forever::iter);
    match all.find(|known| known.class == class) {
        Some(known) => Frame::new(known.function.clone(), known.file.clone(), known.line),
        None => Frame::new(None, "an unknown place".to_owned(), 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_one_class() {
        let class = of(Some("f"), "classes.py", 1);
        assert_eq!(of(None, "classes.py", 1), class);
        assert_ne!(of(Some("f"), "classes.py", 2), class);
        assert_eq!(place(class).to_string(), "classes.py:1 in f");
        assert_eq!(place(LockClass::FIRST).line, 0);
    }
}
