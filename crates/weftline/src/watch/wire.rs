//! How a process tells of itself: lines of text, which a signal handler can write.
//!
//! # Implementation
//!
//! A line is fields between tabs; the first is its kind. In a field, `%` and control characters
//! stand as `%` and two hexadecimal digits; a field without a value is `-`. A reader skips lines
//! and further fields that it does not know. The writer and the reader of these lines stand in one
//! file, which is long for that; those of `measured`, `waits`, `contended`, `past` and the states
//! of objects have files of their own.
//!
//! | line | fields |
//! |---|---|
//! | `weftline` | version, process, whether locks are free, nanoseconds of the clock |
//! | `thread` | number, `pthread_self`, kernel's identifier, name |
//! | `serves` | number, pool, its waiting tasks |
//! | `wait` | number, sequence, kind, object, since, deadline, function, file, line: in the first pass |
//! | `object` | address, state, its numbers: in the second pass |
//! | `title` | address, the name of the object |
//! | `reads` | number, address of a read-write lock: in the second pass |
//! | `queue` | address, its items, its capacity, the name of the queue |
//! | `again` | number, sequence: of a wait, in the third pass |
//! | `measured` | since when waits are measured, whether they still are |
//! | `waits` | kind, count, nanoseconds, timed out, interrupted, the buckets of the histogram |
//! | `contended` | kind, address, count, nanoseconds, by how much the count may be too high, name |
//! | `past` | ring, number, kind, end, thread, its kernel's identifier, object, begun, ended, waker, woken at, name |
//! | `unkept` | how many waits of threads without a ring have ended |
//! | `end` | |
//! | `stacks` | version, process: the answer of the interpreter begins |
//! | `name` | `pthread_self`, name |
//! | `frame` | `pthread_self`, function, file, line |
//! | `cut` | `pthread_self`: there are further frames |
//!
//! The writer neither allocates nor waits, and goes through the threads three times. A wait is
//! *steady* if the first and the third pass have found the same one, which no waker has ended. Its
//! thread has slept all through the second pass. So that thread took, released and joined nothing
//! while the objects and the holds of the threads were read: what they say of it was true
//! throughout, and all that was true of steady threads was true at the same time.

use super::field::{Fields, Maybe, Text};
use super::measure::write_measured;
use super::measured::{read_counted, read_measured};
use super::names::name_at;
use super::past_wait::read_past;
use super::queue_depth::{read_queue, write_queues};
use super::snapshot::{Frame, Object, Party, Pool, Snapshot, Stacks, VERSION, Wait};
use super::wait_ring;
use super::wire_state::{encode, read_state};
use crate::park::{
    BlockedThread, Kind, ObjectState, SeenThread, ThreadNumber, lasting_now, now, objects_now,
    threads_now,
};
use std::collections::HashMap;
use std::fmt::{self, Write};
use std::mem;
use std::time::Duration;

/// Writes what this process knows of itself, and the waits that ended since `past_since`. Safe in
/// a signal handler if `out` is.
pub(super) fn write_process(
    out: &mut impl Write,
    locks_are_free: bool,
    past_since: Option<u64>,
) -> fmt::Result {
    write_first(out, locks_are_free)?;
    // First, so that a wait which ends meanwhile is told by the next answer, and not as one that
    // has ended before it began.
    if let Some(since) = past_since {
        wait_ring::write_past(out, since)?;
    }
    for thread in threads_now() {
        write_thread(out, thread)?;
        let (pool, waiting) = thread.pool();
        if pool != 0 {
            let number = thread.number().map_or(0, ThreadNumber::get);
            writeln!(out, "serves\t{number}\t{pool}\t{}", Maybe(waiting))?;
        }
        if let Some(blocked) = thread.blocked() {
            write_wait(out, &blocked)?;
        }
    }
    for thread in threads_now() {
        write_reads(out, thread)?;
    }
    objects_now(|object, state| write_object(out, object, state))?;
    lasting_now(|blocked| write_again(out, blocked))?;
    write_queues(out)?;
    write_measured(out)?;
    writeln!(out, "end")
}

/// Writes no more than the waits that ended since then. Safe in a signal handler if `out` is.
#[cfg(target_os = "linux")]
pub(super) fn write_past_alone(out: &mut impl Write, since: u64) -> fmt::Result {
    write_first(out, false)?;
    wait_ring::write_past(out, since)?;
    writeln!(out, "end")
}

fn write_first(out: &mut impl Write, locks_are_free: bool) -> fmt::Result {
    let (pid, free) = (std::process::id(), u8::from(locks_are_free));
    writeln!(out, "weftline\t{VERSION}\t{pid}\t{free}\t{}", now())
}

/// Writes a wait that is known to last, whatever the thread showed when the process told.
pub(super) fn write_known_wait(out: &mut impl Write, blocked: &BlockedThread) -> fmt::Result {
    write_wait(out, blocked)?;
    write_object(out, blocked.object, blocked.look())?;
    write_again(out, blocked)
}

/// The read-write locks that the thread reads, each once if it holds one again right away.
fn write_reads(out: &mut impl Write, thread: SeenThread) -> fmt::Result {
    let number = thread.number().map_or(0, ThreadNumber::get);
    let mut last = 0;
    for lock in thread.read_locks() {
        if lock != mem::replace(&mut last, lock) {
            writeln!(out, "reads\t{number}\t{lock}")?;
        }
    }
    Ok(())
}

fn write_thread(out: &mut impl Write, thread: SeenThread) -> fmt::Result {
    let number = thread.number().map_or(0, ThreadNumber::get);
    let name = thread.name();
    let name = name.as_ref().and_then(|name| name.as_str()).map(Text);
    let (os_ident, native_id) = (thread.os_ident(), thread.native_id());
    writeln!(
        out,
        "thread\t{number}\t{os_ident}\t{native_id}\t{}",
        Maybe(name)
    )
}

fn write_wait(out: &mut impl Write, blocked: &BlockedThread) -> fmt::Result {
    let site = &blocked.site;
    writeln!(
        out,
        "wait\t{}\t{}\t{:?}\t{}\t{}\t{}\t{}\t{}\t{}",
        blocked.thread.get(),
        blocked.sequence,
        blocked.kind,
        blocked.object,
        blocked.since(),
        Maybe(blocked.deadline.nanos()),
        Maybe(site.function().map(Text)),
        Maybe(site.file().map(Text)),
        site.line().unwrap_or(0),
    )
}

fn write_again(out: &mut impl Write, blocked: &BlockedThread) -> fmt::Result {
    let (number, sequence) = (blocked.thread.get(), blocked.sequence);
    writeln!(out, "again\t{number}\t{sequence}")
}

fn write_object(out: &mut impl Write, address: usize, state: Option<ObjectState>) -> fmt::Result {
    if let Some(name) = name_at(address) {
        let name = name.as_str().map(Text);
        writeln!(out, "title\t{address}\t{}", Maybe(name))?;
    }
    let Some(state) = state else {
        return writeln!(out, "object\t{address}\t-");
    };
    let (word, numbers) = encode(state);
    write!(out, "object\t{address}\t{word}")?;
    numbers
        .into_iter()
        .flatten()
        .try_for_each(|number| write!(out, "\t{number}"))?;
    writeln!(out)
}

/// The party without which the object does not become free.
fn owner(state: ObjectState) -> Option<u64> {
    match state {
        ObjectState::Held { by, .. } => Some(by.get()),
        ObjectState::Thread { number } => Some(number.get()),
        _ => None,
    }
}

impl Fields<'_> {
    fn frame(&mut self) -> Option<Frame> {
        let (function, file) = (self.text(), self.text());
        let line = self.number()?.try_into().ok()?;
        Some(Frame::new(function, file?, line))
    }
}

/// Reads what a process told, or as much of it as there is; `None` if this is no such text, or of a
/// later version.
pub(super) fn read_process(text: &str) -> Option<Snapshot> {
    let mut lines = text.lines();
    let mut first = Fields(lines.next()?.split('\t'));
    if first.0.next()? != "weftline" {
        return None;
    }
    let mut snapshot = Snapshot {
        version: first.number()?.try_into().ok()?,
        pid: first.number()?.try_into().ok()?,
        locks_are_free: first.number()? != 0,
        ..Snapshot::default()
    };
    if snapshot.version > VERSION {
        return None;
    }
    let taken = first.number()?;
    snapshot.taken = Duration::from_nanos(taken);
    let mut titles = HashMap::new();
    let mut serves = Vec::new();
    let mut waits = Vec::new();
    let mut reads = Vec::new();
    let mut again = Vec::new();
    for line in lines {
        let mut fields = Fields(line.split('\t'));
        match fields.0.next() {
            Some("thread") => snapshot
                .parties
                .extend(read_thread(&mut fields, snapshot.pid)),
            Some("serves") => serves.extend(read_serves(&mut fields)),
            Some("wait") => waits.extend(read_wait(&mut fields, taken)),
            Some("object") => snapshot.objects.extend(read_object(&mut fields)),
            Some("title") => titles.extend(fields.number().zip(fields.text())),
            Some("reads") => reads.extend(fields.number().zip(fields.number())),
            Some("queue") => snapshot.queues.extend(read_queue(&mut fields)),
            Some("measured") => snapshot.measured = read_measured(&mut fields, taken),
            Some("waits" | "contended") => {
                if let Some(measured) = &mut snapshot.measured {
                    read_counted(line, measured);
                }
            }
            Some("past") => snapshot.past.extend(read_past(&mut fields)),
            Some("unkept") => snapshot.unkept = fields.number().unwrap_or(0),
            Some("again") => again.extend(fields.number().zip(fields.number())),
            Some("end") => snapshot.is_whole = true,
            _ => {}
        }
    }
    snapshot.parties.sort_by_key(|party| party.number);
    // A record may have changed hands while the process told.
    snapshot.parties.dedup_by_key(|party| party.number);
    again.sort_unstable();
    for (number, mut wait) in waits {
        wait.is_steady = again.binary_search(&(number, wait.sequence)).is_ok();
        if let Ok(index) = snapshot
            .parties
            .binary_search_by_key(&number, |it| it.number)
        {
            snapshot.parties[index].wait = Some(wait);
        }
    }
    for (number, pool, waiting) in serves {
        let place = snapshot
            .parties
            .binary_search_by_key(&number, |it| it.number);
        if let Ok(index) = place {
            snapshot.parties[index].pool = Some(pool);
        }
        match snapshot.pools.iter_mut().find(|it| it.number == pool) {
            Some(known) => known.waiting = known.waiting.max(waiting),
            None => snapshot.pools.push(Pool {
                number: pool,
                waiting,
            }),
        }
    }
    snapshot.pools.sort_by_key(|pool| pool.number);
    snapshot
        .queues
        .sort_by_cached_key(|it| (it.name.is_none(), it.name.clone(), it.address));
    // One may have changed its place in the table while the process told.
    snapshot.queues.dedup_by_key(|queue| queue.address);
    merge_objects(&mut snapshot);
    for object in &mut snapshot.objects {
        object.name = titles.remove(&object.address);
    }
    add_readers(&mut snapshot, reads);
    if let Some(measured) = &mut snapshot.measured {
        measured
            .contended
            .sort_by_key(|it| std::cmp::Reverse(it.count));
    }
    Some(snapshot)
}

fn read_thread(fields: &mut Fields<'_>, pid: u32) -> Option<Party> {
    let mut party = Party {
        number: fields.number()?,
        os_ident: fields.number()?,
        native_id: fields.number()?,
        name: fields.text(),
        ..Party::default()
    };
    // On Linux.
    party.is_main = party.native_id == u64::from(pid);
    Some(party)
}

fn read_wait(fields: &mut Fields<'_>, taken: u64) -> Option<(u64, Wait)> {
    let number = fields.number()?;
    let sequence = fields.number()?;
    let kind = Kind::of_name(fields.0.next()?);
    let object = fields.number()?;
    let since = fields.number()?;
    let deadline = fields.number();
    let wait = Wait {
        object,
        kind,
        since: Duration::from_nanos(since),
        waited: Duration::from_nanos(taken.saturating_sub(since)),
        times_out_in: deadline.map(|at| Duration::from_nanos(at.saturating_sub(taken))),
        site: fields.frame(),
        is_steady: false,
        sequence,
    };
    Some((number, wait))
}

fn read_serves(fields: &mut Fields<'_>) -> Option<(u64, u32, Option<u64>)> {
    let (number, pool) = (fields.number()?, fields.number()?);
    Some((number, pool.try_into().ok()?, fields.number()))
}

fn read_object(fields: &mut Fields<'_>) -> Option<Object> {
    let address = fields.number()?;
    let state = read_state(fields);
    Some(Object {
        address,
        state,
        holders: state.and_then(owner).into_iter().collect(),
        name: None,
    })
}

/// Each object once: each of its waiters has told it. What differs belongs to different moments, so
/// that which was told last counts.
fn merge_objects(snapshot: &mut Snapshot) {
    snapshot.objects.sort_by_key(|object| object.address);
    let mut merged: Vec<Object> = Vec::with_capacity(snapshot.objects.len());
    for object in snapshot.objects.drain(..) {
        match merged.last_mut() {
            Some(last) if last.address == object.address => {
                if object.state.is_some() {
                    *last = object;
                }
            }
            _ => merged.push(object),
        }
    }
    snapshot.objects = merged;
}

/// The holders of the locks that are read.
fn add_readers(snapshot: &mut Snapshot, mut reads: Vec<(u64, u64)>) {
    reads.sort_unstable();
    reads.dedup();
    for (reader, lock) in reads {
        if let Ok(index) = snapshot
            .objects
            .binary_search_by_key(&lock, |it| it.address)
        {
            let object = &mut snapshot.objects[index];
            if matches!(object.state, Some(ObjectState::Read { .. })) {
                object.holders.push(reader);
            }
        }
    }
}

/// Adds the answer of the interpreter to a snapshot.
pub(super) fn read_stacks(text: &str, snapshot: &mut Snapshot) {
    let mut by_ident: Vec<(u64, usize)> = snapshot
        .parties
        .iter()
        .enumerate()
        .map(|(index, party)| (party.os_ident, index))
        .collect();
    by_ident.sort_unstable();
    for line in text.lines() {
        let mut fields = Fields(line.split('\t'));
        let kind = fields.0.next();
        if kind == Some("end") {
            snapshot.stacks = Stacks::Told;
        }
        let Some(os_ident) = fields
            .number()
            .filter(|_| matches!(kind, Some("name" | "frame" | "cut")))
        else {
            continue;
        };
        let index = match by_ident.binary_search_by_key(&os_ident, |&(ident, _)| ident) {
            Ok(found) => by_ident[found].1,
            Err(place) => {
                by_ident.insert(place, (os_ident, snapshot.parties.len()));
                snapshot.parties.push(Party {
                    os_ident,
                    ..Party::default()
                });
                snapshot.parties.len() - 1
            }
        };
        let party = &mut snapshot.parties[index];
        match kind {
            Some("name") => party.name = fields.text().filter(|name| !name.is_empty()),
            Some("cut") => party.stack_is_cut = true,
            _ => party.stack.extend(fields.frame()),
        }
    }
    snapshot.parties.sort_by_key(|party| party.number);
}

/// The name in lines of an interpreter, of whatever thread.
pub(super) fn read_name(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| line.strip_prefix("name\t"))?;
    let mut fields = Fields(line.split('\t'));
    fields.number()?;
    fields.text()
}

/// The frames in lines of an interpreter, of whatever thread.
pub(super) fn read_frames(text: &str) -> Vec<Frame> {
    let frames = text.lines().filter_map(|line| {
        let mut fields = Fields(line.strip_prefix("frame\t")?.split('\t'));
        fields.number()?;
        fields.frame()
    });
    frames.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through_a_field(text: &str) -> Option<String> {
        Fields(Text(text).to_string().split('\t')).text()
    }

    #[test]
    fn any_text_is_one_field() {
        for text in ["", "-", "%", "a\tb", "line\nend", "100% ä\u{7f}", "%41"] {
            assert_eq!(through_a_field(text).as_deref(), Some(text));
        }
        assert_eq!(Fields("-".split('\t')).text(), None);
    }

    #[test]
    fn what_was_cut_off_is_read_as_far_as_it_goes() {
        let text = "weftline\t1\t7\t1\t5000\nthread\t3\t9\t12\tworker\nwait\t3\t1\tLock\t64\t2000\t-\tf\ta.py\t4\nobject\t64\theld\t8\t1\nagain\t3\t1\nend\n";
        let whole = read_process(text).unwrap();
        let wait = whole.party(3).unwrap().wait.clone().unwrap();
        assert!(whole.is_whole && wait.is_steady);
        assert_eq!(whole.taken, Duration::from_nanos(5000));
        assert_eq!(wait.since, Duration::from_nanos(2000));
        assert_eq!(wait.waited, Duration::from_nanos(3000));
        assert_eq!(wait.site.unwrap().to_string(), "a.py:4 in f");
        assert_eq!(whole.object(64).unwrap().holders, [8]);
        for cut in 0..text.len() - 1 {
            if let Some(part) = read_process(&text[..cut]) {
                assert!(!part.is_whole, "{cut}");
            }
        }
        assert!(read_process(&text.replacen("\t1\t", "\t99\t", 1)).is_none());
        assert!(read_process("something else").is_none());
    }

    #[test]
    fn a_wait_that_the_third_pass_does_not_find_is_not_steady() {
        let is_steady = |again: &str| {
            let text = "weftline\t1\t7\t1\t5000\nthread\t3\t9\t12\t-\nwait\t3\t5\tLock\t64\t2000\t-\t-\t-\t0\nobject\t64\theld\t8\t1\n";
            let whole = read_process(&format!("{text}{again}end\n")).unwrap();
            whole.party(3).unwrap().wait.as_ref().unwrap().is_steady
        };
        assert!(is_steady("again\t3\t5\n"));
        assert!(!is_steady("again\t3\t7\n") && !is_steady(""));
    }

    #[test]
    fn a_lock_that_is_read_has_its_readers() {
        let text = "weftline\t1\t7\t1\t5000\nobject\t64\tread\t3\nreads\t5\t64\nreads\t5\t72\nobject\t72\theld\t8\t1\nreads\t4\t64\nreads\t5\t64\nend\n";
        let whole = read_process(text).unwrap();
        assert_eq!(whole.object(64).unwrap().holders, [4, 5]);
        assert_eq!(whole.object(72).unwrap().holders, [8]);
    }

    #[test]
    fn the_interpreters_answer_names_threads_that_the_library_does_not_know() {
        let mut snapshot =
            read_process("weftline\t1\t7\t1\t5000\nthread\t3\t9\t12\t-\nend\n").unwrap();
        read_stacks(
            "stacks\t1\t7\nname\t9\tMain\nframe\t9\tf\ta.py\t4\nname\t77\tother\nend\n",
            &mut snapshot,
        );
        assert_eq!(snapshot.stacks, Stacks::Told);
        assert_eq!(snapshot.party(3).unwrap().name.as_deref(), Some("Main"));
        assert_eq!(snapshot.party(3).unwrap().stack.len(), 1);
        assert_eq!(snapshot.party(0).unwrap().title(), "\"other\"");
    }
}
