//! The packets of a trace.

use super::*;

fn written(write: impl FnOnce(&mut Trace<&mut Vec<u8>>) -> io::Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut trace = Trace::new(&mut bytes);
    write(&mut trace).unwrap();
    assert_eq!(trace.packets(), 1);
    let said = trace.bytes();
    assert_eq!(said, bytes.len() as u64);
    bytes
}

fn event(what: What) -> Vec<u8> {
    let (at, track) = (300, TrackId(7));
    let event = Event { at, track, what };
    written(|trace| trace.write(&Entry::Event(event)))
}

// Perfetto's own classes write these bytes. `tests/support/traces.py` decodes whole traces by them.
#[test]
fn an_event_has_its_time_its_clock_and_its_track() {
    let before = [0x50, 1, 0x40, 0xac, 2, 0xd0, 3, 3];
    let whole = |body: &[u8]| {
        let mut inner = before.to_vec();
        inner.extend([0x5a, body.len() as u8]);
        inner.extend(body);
        let mut packet = vec![0x0a, inner.len() as u8];
        packet.extend(inner);
        packet
    };
    assert_eq!(event(What::End), whole(&[0x48, 2, 0x58, 7]));
    assert_eq!(
        event(What::Count(5)),
        whole(&[0x48, 4, 0x58, 7, 0xf0, 1, 5])
    );
    let described = What::Begin(Description {
        category: "w",
        name: "n".to_owned(),
        notes: vec![("k", Value::Text("v".to_owned())), ("i", Value::Number(9))],
        flows: vec![Flow::From(1), Flow::To(2)],
    });
    #[rustfmt::skip]
    let body = [
        0x48, 1, 0x58, 7,
        0xb2, 1, 1, b'w',
        0xba, 1, 1, b'n',
        0x22, 6, 0x52, 1, b'k', 0x32, 1, b'v',
        0x22, 5, 0x52, 1, b'i', 0x20, 9,
        0xf9, 2, 1, 0, 0, 0, 0, 0, 0, 0,
        0x81, 3, 2, 0, 0, 0, 0, 0, 0, 0,
    ];
    assert_eq!(event(described), whole(&body));
}

#[test]
fn a_recording_has_a_beginning_and_an_end() {
    assert_eq!(
        written(|trace| trace.write(&Entry::Started(300))),
        [
            0x0a, 13, 0x50, 1, 0x40, 0xac, 2, 0xd0, 3, 3, 0xaa, 4, 2, 0x10, 1
        ]
    );
    assert_eq!(
        written(|trace| trace.write(&Entry::Stopped(300))),
        [
            0x0a, 13, 0x50, 1, 0x40, 0xac, 2, 0xd0, 3, 3, 0xaa, 4, 2, 0x28, 1
        ]
    );
}

#[test]
fn a_track_has_its_place() {
    let track = |place| {
        let (id, name) = (TrackId(7), "ab".to_owned());
        written(|trace| trace.write(&Entry::Track(Track { id, name, place })))
    };
    #[rustfmt::skip]
    let process = [
        0x0a, 15, 0x50, 1, 0xe2, 3, 10,
        0x08, 7, 0x1a, 6, 0x08, 9, 0x32, 2, b'a', b'b',
    ];
    assert_eq!(track(Place::Process { pid: 9 }), process);
    #[rustfmt::skip]
    let thread = [
        0x0a, 17, 0x50, 1, 0xe2, 3, 12,
        0x08, 7, 0x22, 8, 0x08, 9, 0x10, 5, 0x2a, 2, b'a', b'b',
    ];
    assert_eq!(track(Place::Thread { pid: 9, tid: 5 }), thread);
    #[rustfmt::skip]
    let counter = [
        0x0a, 17, 0x50, 1, 0xe2, 3, 12,
        0x08, 7, 0x12, 2, b'a', b'b', 0x28, 3, 0x42, 0, 0x78, 2,
    ];
    assert_eq!(track(Place::Counter { under: TrackId(3) }), counter);
    #[rustfmt::skip]
    let under = [
        0x0a, 15, 0x50, 1, 0xe2, 3, 10,
        0x08, 7, 0x12, 2, b'a', b'b', 0x28, 3, 0x78, 2,
    ];
    assert_eq!(track(Place::Under(TrackId(3))), under);
}

#[test]
fn the_monotonic_clock_is_that_of_the_trace() {
    let clocks = Clocks {
        monotonic: 5,
        boottime: 6,
        realtime: 7,
    };
    #[rustfmt::skip]
    let expected = [
        0x0a, 26, 0x50, 1, 0x68, 1, 0x32, 20,
        0x0a, 4, 0x08, 3, 0x10, 5,
        0x0a, 4, 0x08, 6, 0x10, 6,
        0x0a, 4, 0x08, 1, 0x10, 7,
        0x10, 3,
    ];
    assert_eq!(written(|trace| trace.clocks(&clocks)), expected);
}

#[test]
fn the_same_words_name_the_same_track() {
    let thread = TrackId::of(7, "thread 3");
    assert_eq!(thread, TrackId::of(7, "thread 3"));
    assert_ne!(thread, TrackId::of(8, "thread 3"));
    assert_ne!(thread, TrackId::of(7, "thread 4"));
}
