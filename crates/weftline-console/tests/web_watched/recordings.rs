//! Recordings that a page asks for.

use crate::client::{LONG, Web, status};
use crate::program;
use crate::wire::{fields, number, text};
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::time::Duration;

/// A recording that has begun, and its trace so far.
struct Download {
    stream: BufReader<TcpStream>,
    trace: Vec<u8>,
}

impl Download {
    /// Begins it, and waits until the process has told of its threads.
    fn begin(web: &Web, seconds: u32) -> Self {
        let mut stream = BufReader::new(web.open(&format!("record?seconds={seconds}")));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(stream.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert_eq!(status(head.as_bytes()), "200", "{head}");
        assert!(head.contains("Content-Disposition: attachment; filename=\"process-"));
        let trace = Vec::new();
        let mut download = Self { stream, trace };
        let thread = b"worker-0";
        // A packet may be in two chunks.
        while !download.trace.windows(thread.len()).any(|it| it == thread) {
            assert!(download.chunk() > 0);
        }
        download
    }

    /// Reads a chunk. Returns its length; zero is that of the last.
    fn chunk(&mut self) -> usize {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        let length = usize::from_str_radix(line.trim_end(), 16).expect(&line);
        let mut chunk = vec![0; length + 2];
        self.stream.read_exact(&mut chunk).unwrap();
        assert!(chunk.ends_with(b"\r\n"));
        self.trace.extend_from_slice(&chunk[..length]);
        length
    }

    /// The trace, once its last chunk has come.
    fn whole(mut self) -> Vec<u8> {
        while self.chunk() > 0 {}
        self.trace
    }
}

/// How long the trace is, from its first packet with a time to its last. Fails if it is no trace.
fn length_of(trace: &[u8]) -> Duration {
    let times = fields(trace).filter_map(|(field, packet)| {
        assert_eq!(field, 1, "a trace is packets");
        let packet: Vec<_> = fields(packet.bytes()).collect();
        assert_eq!(number(&packet, 10), Some(1), "all are of one sequence");
        number(&packet, 8)
    });
    let times: Vec<u64> = times.collect();
    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    Duration::from_nanos(last - first)
}

/// Whether the trace has a track of that name.
fn has_track(trace: &[u8], name: &str) -> bool {
    let mut tracks = fields(trace).filter_map(|(_, packet)| {
        let packet: Vec<_> = fields(packet.bytes()).collect();
        text(&packet, 60)
    });
    tracks.any(|track| track.windows(name.len()).any(|it| it == name.as_bytes()))
}

pub(crate) fn a_recording_is_a_whole_trace() {
    let watched = program::start();
    let web = Web::of(watched.0.id());
    let trace = Download::begin(&web, 1).whole();
    assert!(length_of(&trace) >= Duration::from_secs(1));
    assert!(has_track(&trace, "worker-0") && has_track(&trace, "Lock \"cache\""));
}

pub(crate) fn there_is_one_recording_until_its_client_goes() {
    let watched = program::start();
    let web = Web::of(watched.0.id());
    let first = Download::begin(&web, 60);
    let second = web.get("record?seconds=1");
    let second = String::from_utf8(second).unwrap();
    assert_eq!(status(second.as_bytes()), "409", "{second}");
    assert!(second.contains("A recording goes on already"), "{second}");
    drop(first);
    assert_eq!(status(&web.get("record?seconds=1")), "200");
}

pub(crate) fn the_end_of_the_process_ends_a_recording() {
    let mut watched = program::start();
    let web = Web::of(watched.0.id());
    let download = Download::begin(&web, 60);
    watched.0.kill().unwrap();
    watched.0.wait().unwrap();
    let trace = download.whole();
    assert!(length_of(&trace) < LONG / 2);
    assert!(has_track(&trace, "worker-0"));
    let late = String::from_utf8(web.get("record?seconds=1")).unwrap();
    assert_eq!(status(late.as_bytes()), "410", "{late}");
    assert!(
        late.contains("has ended: there is nothing to record"),
        "{late}"
    );
}

pub(crate) fn the_end_of_the_command_ends_a_recording() {
    let watched = program::start();
    let mut web = Web::of(watched.0.id());
    let download = Download::begin(&web, 60);
    web.send("-TERM");
    assert!(has_track(&download.whole(), "worker-0"));
    assert_eq!(web.child.wait().unwrap().code(), Some(0));
}
