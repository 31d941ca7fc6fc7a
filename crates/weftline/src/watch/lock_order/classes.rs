//! The classes of locks: each place of the program at which locks are made is one.

use crate::park::LockClass;
use crate::watch::snapshot::Frame;
use std::collections::BTreeMap;
use std::num::NonZeroU16;

/// All classes so far.
pub(super) struct Classes {
    by_place: BTreeMap<(String, u32), LockClass>,
    /// Where the locks of each are made; that of the first class is unknown.
    places: Vec<Frame>,
}

impl Classes {
    pub(super) const fn new() -> Self {
        Self {
            by_place: BTreeMap::new(),
            places: Vec::new(),
        }
    }

    /// The class of the locks that are made there. Beyond 65,534 places, all others are
    /// [`LockClass::FIRST`].
    pub(super) fn of(&mut self, function: Option<&str>, file: &str, line: u32) -> LockClass {
        let key = (file.to_owned(), line);
        if let Some(known) = self.by_place.get(&key) {
            return *known;
        }
        // The first number is that of unknown places.
        let number = u16::try_from(self.places.len() + 2)
            .ok()
            .and_then(NonZeroU16::new);
        let Some(class) = number.map(LockClass) else {
            return LockClass::FIRST;
        };
        let function = function.map(str::to_owned);
        self.places
            .push(Frame::new(function, file.to_owned(), line));
        self.by_place.insert(key, class);
        class
    }

    /// Where its locks are made.
    pub(super) fn place(&self, class: LockClass) -> Frame {
        let index = usize::from(class.0.get()).checked_sub(2);
        match index.and_then(|index| self.places.get(index)) {
            Some(place) => place.clone(),
            None => Frame::new(None, "an unknown place".to_owned(), 0),
        }
    }
}
