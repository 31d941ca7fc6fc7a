//! [`Timeline`]: snapshots, one after the other, as tracks and events.

use super::counters::Counters;
use super::holds::Locks;
use super::past::Past;
use super::trace::{
    Description, Entry, Event, Flow, Nanos, Place, Track, TrackId, Value, What, nanos,
};
use super::waits::Threads;
use super::words;
use crate::findings::{Finding, findings};
use std::collections::BTreeSet;
use weftline::watch::{PastWait, Snapshot, Verdict};

/// So many threads of a finding are named.
const TOLD: usize = 16;

/// What has been seen of a process, and is not yet written.
#[derive(Debug)]
pub(crate) struct Timeline {
    pid: u32,
    /// The track on which the recorder tells of itself.
    recorder: TrackId,
    threads: Threads,
    locks: Locks,
    counters: Counters,
    past: Past,
    unwritten: Vec<PastWait>,
    /// How many waits were lost when that was last told.
    lost: u64,
    /// What was wrong in the last snapshot: the threads.
    stuck: BTreeSet<Vec<u64>>,
    flows: u64,
}

impl Timeline {
    /// The timeline of a process that is called so, recorded from then on.
    pub(crate) fn begin(pid: u32, name: &str, at: Nanos, out: &mut Vec<Entry>) -> Self {
        let process = TrackId::of(pid, "process");
        let recorder = TrackId::of(pid, "recorder");
        let track = |id, name: &str, place| {
            let name = name.to_owned();
            Entry::Track(Track { id, name, place })
        };
        out.push(Entry::Started(at));
        out.push(track(process, name, Place::Process { pid }));
        out.push(track(recorder, "weftline record", Place::Under(process)));
        out.push(instant(
            at,
            recorder,
            Description {
                category: "record",
                name: "the process records its waits, and is asked twice a second".to_owned(),
                notes: [
                    ("waits", "that begin and end during the recording are exact"),
                    ("holds", "are as long as snapshots saw the same holder"),
                    ("counters", "are of the moments of snapshots"),
                ]
                .map(|(of, told)| (of, Value::Text(told.to_owned())))
                .to_vec(),
                flows: Vec::new(),
            },
        ));
        Self {
            pid,
            recorder,
            threads: Threads::new(pid, process),
            locks: Locks::new(pid, process),
            counters: Counters::new(pid, process),
            past: Past::default(),
            unwritten: Vec::new(),
            lost: 0,
            stuck: BTreeSet::new(),
            flows: 0,
        }
    }

    /// Adds the waits that have ended. They are written with the next snapshot, which may tell what
    /// their threads are called.
    pub(crate) fn add_past(&mut self, snapshot: &Snapshot, out: &mut Vec<Entry>) {
        let new = self.past.new_of(snapshot);
        self.unwritten.extend(new.into_iter().cloned());
        let lost = self.past.lost();
        if lost > self.lost {
            let more = lost - std::mem::replace(&mut self.lost, lost);
            let why = format!("{more} were overwritten before they were read, or have no place");
            self.tell(nanos(snapshot.taken), "waits are missing", &why, out);
        }
    }

    fn write_past(&mut self, out: &mut Vec<Entry>) {
        let mut waits = std::mem::take(&mut self.unwritten);
        waits.sort_by_key(|wait| wait.ended);
        for wait in &waits {
            self.flows += 1;
            let flow = self.flow();
            self.threads.add_past(wait, flow, out);
            let title = |number| self.threads.title(number);
            self.locks.add_past(wait, title, out);
        }
    }

    /// How many waits have been told to their end, and how many are missing.
    pub(crate) fn past(&self) -> (u64, u64) {
        (self.past.told(), self.past.lost())
    }

    /// Adds what a snapshot tells.
    pub(crate) fn add(&mut self, snapshot: &Snapshot, out: &mut Vec<Entry>) {
        self.add_past(snapshot, out);
        self.threads.know(snapshot, out);
        self.write_past(out);
        self.threads.add(snapshot, out);
        self.locks.add(snapshot, out);
        self.counters.add(snapshot, out);
        let before = std::mem::take(&mut self.stuck);
        for finding in findings(snapshot) {
            let mut threads = finding.threads.clone();
            threads.sort_unstable();
            if !before.contains(&threads) {
                self.tell_finding(snapshot, &finding, out);
            }
            self.stuck.insert(threads);
        }
    }

    /// There is no snapshot at that time, for this reason.
    pub(crate) fn miss(&mut self, at: Nanos, why: &str, out: &mut Vec<Entry>) {
        // What a lock did meanwhile is not known.
        self.locks.finish(out);
        self.tell(at, "no snapshot", why, out);
    }

    /// Ends the recording at that time. The process runs on, or has ended by then.
    pub(crate) fn finish(mut self, at: Nanos, has_ended: bool, out: &mut Vec<Entry>) {
        self.write_past(out);
        if has_ended {
            self.tell(at, "the process has ended", "", out);
        }
        self.threads.finish(Some(at).filter(|_| has_ended), out);
        self.locks.finish(out);
        self.counters.finish(out);
        out.push(Entry::Stopped(at));
    }

    /// How many threads, locks, counters and deadlocks are kept in memory.
    #[cfg(test)]
    pub(crate) fn remembers(&self) -> usize {
        let things = [self.threads.len(), self.locks.len(), self.counters.len()];
        things.iter().sum::<usize>() + self.stuck.len() + self.past.len()
    }

    fn tell(&self, at: Nanos, name: &str, why: &str, out: &mut Vec<Entry>) {
        let why = Some(("why", Value::Text(why.to_owned()))).filter(|_| !why.is_empty());
        let description = Description {
            category: "record",
            name: name.to_owned(),
            notes: why.into_iter().collect(),
            flows: Vec::new(),
        };
        out.push(instant(at, self.recorder, description));
    }

    /// An instant on the track of each of the threads. In a deadlock, arrows lead from each to the
    /// one for which it waits; one that closes the circle would lead back in the order of events.
    fn tell_finding(&mut self, snapshot: &Snapshot, finding: &Finding, out: &mut Vec<Entry>) {
        let (name, is_circle) = match finding.verdict {
            Verdict::Likely => ("likely deadlock", true),
            Verdict::UntilTimeout => ("deadlock until a timeout", true),
            Verdict::PoolStarved => ("starved pool", false),
            Verdict::Abandoned => ("waits for a thread that has ended", false),
            _ => ("deadlock", true),
        };
        let told = finding.threads.iter().take(TOLD);
        let mut titles: Vec<String> = told.map(|&it| words::thread(snapshot, it)).collect();
        if finding.threads.len() > TOLD {
            titles.push("…".to_owned());
        }
        let threads = match is_circle {
            true => ("circle", Value::Text(titles.join(" waits for "))),
            false => ("threads", Value::Text(titles.join(", "))),
        };
        let tracks = finding.threads.iter();
        let tracks: Vec<TrackId> = tracks.filter_map(|&it| self.threads.track(it)).collect();
        for (index, &track) in tracks.iter().enumerate() {
            let mut flows = Vec::new();
            if is_circle && index > 0 {
                flows.push(Flow::To(self.flow()));
            }
            if is_circle && index + 1 < tracks.len() {
                self.flows += 1;
                flows.push(Flow::From(self.flow()));
            }
            let description = Description {
                category: "deadlock",
                name: name.to_owned(),
                notes: vec![
                    ("verdict", Value::Text(finding.verdict.name().to_owned())),
                    threads.clone(),
                ],
                flows,
            };
            out.push(instant(nanos(snapshot.taken), track, description));
        }
    }

    /// The last arrow.
    fn flow(&self) -> u64 {
        u64::from(self.pid) << 32 | self.flows
    }
}

fn instant(at: Nanos, track: TrackId, description: Description) -> Entry {
    let what = What::Instant(description);
    Entry::Event(Event { at, track, what })
}
