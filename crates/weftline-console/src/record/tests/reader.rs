//! Timelines as their reader finds them. Reading fails if the entries are not well-formed.

use super::moments::Moment;
use crate::record::timeline::Timeline;
use crate::record::trace::{Description, Entry, Event, Nanos, Place, TrackId, Value, What};
use std::collections::{BTreeMap, HashMap};

/// A slice, as it is found in the entries.
#[derive(Debug, PartialEq)]
pub(super) struct Slice {
    pub(super) track: String,
    pub(super) name: String,
    pub(super) from: Nanos,
    pub(super) to: Nanos,
    pub(super) notes: Vec<(&'static str, Value)>,
}

impl Slice {
    /// The note of that name, or an empty text.
    pub(super) fn note(&self, name: &str) -> String {
        let mut notes = self.notes.iter().filter(|(of, _)| *of == name);
        match notes.next() {
            Some((_, Value::Text(text))) => text.clone(),
            Some((_, Value::Number(number))) => number.to_string(),
            None => String::new(),
        }
    }
}

/// A timeline as its reader finds it.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) tracks: BTreeMap<TrackId, (String, Place)>,
    pub(super) slices: Vec<Slice>,
    pub(super) instants: Vec<(String, Nanos, Description)>,
    pub(super) counts: HashMap<String, Vec<(Nanos, i64)>>,
}

impl Read {
    pub(super) fn slices_of(&self, track: &str) -> Vec<(&str, Nanos, Nanos)> {
        let own = self.slices.iter().filter(|slice| slice.track == track);
        own.map(|slice| (slice.name.as_str(), slice.from, slice.to))
            .collect()
    }

    /// The only slice of that track.
    pub(super) fn slice(&self, track: &str) -> &Slice {
        let mut own = self.slices.iter().filter(|slice| slice.track == track);
        let slice = own.next().expect("the track has a slice");
        assert!(own.next().is_none());
        slice
    }
}

/// Reads entries. Fails if they are not a well-formed timeline.
pub(super) fn read(entries: &[Entry]) -> Read {
    let mut read = Read::default();
    let mut events: Vec<&Event> = Vec::new();
    for entry in entries {
        match entry {
            Entry::Track(track) => {
                if let Place::Under(parent) | Place::Counter { under: parent } = track.place {
                    assert!(read.tracks.contains_key(&parent), "{track:?}");
                }
                let told = (track.name.clone(), track.place.clone());
                read.tracks.insert(track.id, told);
            }
            Entry::Event(event) => {
                assert!(read.tracks.contains_key(&event.track), "{event:?}");
                events.push(event);
            }
            Entry::Started(_) | Entry::Stopped(_) => {}
        }
    }
    assert!(matches!(entries[0], Entry::Started(_)));
    assert!(matches!(entries[entries.len() - 1], Entry::Stopped(_)));
    // As Perfetto does: those of one time stay in their order.
    events.sort_by_key(|event| event.at);
    let mut open: HashMap<TrackId, (&Description, Nanos)> = HashMap::new();
    for event in events {
        let (name, place) = &read.tracks[&event.track];
        let is_counter = matches!(place, Place::Counter { .. });
        assert_eq!(is_counter, matches!(event.what, What::Count(_)));
        match &event.what {
            What::Begin(description) => {
                let before = open.insert(event.track, (description, event.at));
                assert_eq!(before, None, "slices of a track do not overlap");
            }
            What::End => {
                let (description, from) = open.remove(&event.track).expect("a slice is open");
                read.slices.push(Slice {
                    track: name.clone(),
                    name: description.name.clone(),
                    from,
                    to: event.at,
                    notes: description.notes.clone(),
                });
            }
            What::Instant(description) => {
                let instant = (name.clone(), event.at, description.clone());
                read.instants.push(instant);
            }
            What::Count(value) => {
                let counts = read.counts.entry(name.clone()).or_default();
                counts.push((event.at, *value));
            }
        }
    }
    assert!(open.is_empty(), "each slice ends: {open:?}");
    read
}

/// The timeline of a process that was seen in these moments, and runs on.
pub(super) fn timeline(moments: &[Moment]) -> Read {
    let mut entries = Vec::new();
    let mut timeline = Timeline::begin(7, "app", moments[0].taken, &mut entries);
    for moment in moments {
        timeline.add(&moment.snapshot(), &mut entries);
    }
    timeline.finish(moments[moments.len() - 1].taken, false, &mut entries);
    read(&entries)
}
