//! What a node of a graph is called, and what is said of it.

use super::folding::{is_of_library, place_of};
use super::model::{Node, Sort};
use crate::starvation::StarvedPool;
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Frame, Object, Party, QueueDepth, Snapshot, Span, Wait};

/// So many threads of a crowd are named in its description.
const NAMED: usize = 40;

/// What there is in a snapshot, in a line.
pub(crate) fn summary(snapshot: &Snapshot, deadlocks: usize) -> String {
    let waiting = snapshot
        .parties
        .iter()
        .filter(|party| party.wait.is_some())
        .count();
    format!(
        "process {}: {}, {waiting} of them blocked, {}",
        snapshot.pid,
        counted(snapshot.parties.len(), "thread"),
        match deadlocks {
            0 => "no deadlock".to_owned(),
            many => counted(many, "deadlock"),
        }
    )
}

/// Text that is one line and shows as it is: what has no look of its own, or changes that of its
/// neighbours, stands as an escape.
pub(crate) fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let is_format = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
            // The last two of each plane are no characters.
            || c as u32 & 0xfffe == 0xfffe;
        match c.is_control() || is_format {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// A node of one thread.
pub(crate) fn thread(party: &Party) -> Node {
    let title = name_of(party);
    let mut details = Vec::new();
    let state = if party.wait.is_some() {
        ""
    } else {
        "runs or sleeps"
    };
    match party.native_id {
        0 => details.extend((!state.is_empty()).then(|| state.to_owned())),
        tid if state.is_empty() => details.push(format!("tid {tid}")),
        tid => details.push(format!("tid {tid}, {state}")),
    }
    details.extend(short_place(party));
    Node {
        sort: Sort::Thread,
        count: 1,
        about: about(party),
        title,
        details,
        ring: None,
        parties: Vec::new(),
    }
}

/// A node of a thread that no longer is, and holds something.
pub(crate) fn ended_thread(number: u64) -> Node {
    Node {
        sort: Sort::Thread,
        count: 0,
        title: format!("thread {number}"),
        details: vec!["has ended".to_owned()],
        about: format!("thread {number}, which has ended"),
        ring: None,
        parties: Vec::new(),
    }
}

/// A node of several threads.
pub(crate) fn crowd(parties: &[&Party]) -> Node {
    let many = parties.len();
    let waits = parties.iter().any(|party| party.wait.is_some());
    let title = match waits {
        true => format!("{many} threads"),
        false => format!("{many} threads run or sleep"),
    };
    // The main thread is like no other.
    let example = parties.iter().find(|party| !party.is_main);
    let example = example.unwrap_or(&parties[0]);
    let mut details = vec![format!("like {}", name_of(example))];
    let place = short_place(example);
    if parties.iter().all(|party| short_place(party) == place) {
        details.extend(place);
    }
    let mut about = title.clone();
    if !waits {
        about += ", for something else than an object of the library";
    }
    for party in parties.iter().take(NAMED) {
        about = about + "\n" + &self::about(party);
    }
    if many > NAMED {
        about = about + &format!("\nand {} more", many - NAMED);
    }
    Node {
        sort: Sort::Thread,
        count: many,
        title,
        details,
        about,
        ring: None,
        parties: Vec::new(),
    }
}

/// A node of the object of a wait.
pub(crate) fn object(wait: &Wait, object: Option<&Object>) -> Node {
    let class = wait.kind.class();
    let name = object.and_then(given_name);
    let (title, mut details) = match name {
        Some(name) => (visible(name), vec![class.to_owned()]),
        None => (class.to_owned(), Vec::new()),
    };
    if has_address(wait.kind) {
        details.push(format!("{:#x}", wait.object));
    }
    details.extend(object.and_then(|object| state(wait.kind, object)));
    Node {
        sort: sort(wait.kind),
        count: 1,
        about: [&[title.clone()][..], &details].concat().join("\n"),
        title,
        details,
        ring: None,
        parties: Vec::new(),
    }
}

/// A node of a starved pool.
pub(crate) fn pool(pool: &StarvedPool) -> Node {
    let mut details = vec![format!(
        "{}, all busy",
        counted(pool.workers.len(), "worker")
    )];
    details.extend(pool.waiting.map(|tasks| match tasks {
        1 => "1 task waits".to_owned(),
        _ => format!("{tasks} tasks wait"),
    }));
    let title = format!("pool {}", pool.number);
    Node {
        sort: Sort::Object,
        count: 1,
        about: [&[title.clone()][..], &details].concat().join("\n"),
        title,
        details,
        ring: None,
        parties: Vec::new(),
    }
}

/// A node of several objects of waits like that of this thread.
pub(crate) fn objects(objects: &[&Object], first: &Party) -> Node {
    let kind = first.wait.as_ref().map_or(Kind::Unknown, |wait| wait.kind);
    let title = match kind.class() {
        class if class.ends_with('s') => format!("{} times {class}", objects.len()),
        class => format!("{} {class}s", objects.len()),
    };
    let mut about = title.clone();
    for object in objects.iter().take(NAMED) {
        about = about + &format!("\n{:#x}", object.address);
    }
    if objects.len() > NAMED {
        about = about + &format!("\nand {} more", objects.len() - NAMED);
    }
    Node {
        sort: sort(kind),
        count: objects.len(),
        title,
        details: vec![format!("like {:#x}", objects[0].address)],
        about,
        ring: None,
        parties: Vec::new(),
    }
}

/// The name that the program gave to an object.
fn given_name(object: &Object) -> Option<&str> {
    let name = object.name.as_deref();
    name.filter(|name| !name.trim().is_empty())
}

/// What to call an object, beside its class: its name, or its address.
pub(crate) fn object_title(object: &Object) -> String {
    match given_name(object) {
        Some(name) => visible(name),
        None => format!("{:#x}", object.address),
    }
}

/// What to call a queue that the process follows, as the object of a wait: its class, and its name
/// in quotes or its address.
pub(crate) fn queue_title(queue: &QueueDepth) -> String {
    let class = Kind::QueueGet.class();
    match queue.name.as_deref() {
        Some(name) if !name.trim().is_empty() => format!("{class} {name:?}"),
        _ => format!("{class} {:#x}", queue.address),
    }
}

/// What a thread is called, in a line.
pub(crate) fn name_of(party: &Party) -> String {
    match &party.name {
        Some(name) if !name.trim().is_empty() => visible(name),
        Some(_) => "\"\"".to_owned(),
        None => party.title(),
    }
}

/// All that is known of a thread.
fn about(party: &Party) -> String {
    let mut about = name_of(party);
    if party.native_id != 0 {
        about += &format!(" (tid {})", party.native_id);
    }
    match &party.wait {
        Some(wait) => {
            about += &format!(" waits for {} {:#x}", wait.kind.class(), wait.object);
            about += &format!(", for {}", Span(wait.waited));
        }
        None => about += " runs, or waits for something else",
    }
    match place_of(party) {
        Some(place) => about + ", at " + &visible(&place.to_string()),
        None => about,
    }
}

/// The line at which a thread is, unless that is one of the interpreter's own library, which says
/// little.
pub(crate) fn short_place(party: &Party) -> Option<String> {
    let place = place_of(party).filter(|place| !is_of_library(place));
    place.map(short)
}

/// The line at which a thread is, with the file's last name only.
pub(crate) fn place_in_short(party: &Party) -> Option<String> {
    place_of(party).map(short)
}

/// A line of the program, with the file's last name only.
fn short(frame: &Frame) -> String {
    let file = frame.file.rsplit(['/', '\\']).next().unwrap_or_default();
    let place = format!("{file}:{}", frame.line);
    visible(&match &frame.function {
        Some(function) => format!("{place} in {function}"),
        None => place,
    })
}

/// Whether an address says more of the object than its class.
pub(crate) fn has_address(kind: Kind) -> bool {
    !matches!(kind, Kind::Timers | Kind::Work)
}

fn sort(kind: Kind) -> Sort {
    match kind {
        Kind::QueueGet | Kind::QueuePut | Kind::QueueJoin | Kind::QueueSort => Sort::Queue,
        _ => Sort::Object,
    }
}

/// The state of an object, as a waiter of that kind sees it; its holder is not in it.
pub(crate) fn state(kind: Kind, object: &Object) -> Option<String> {
    Some(match object.state? {
        ObjectState::Free => "free".to_owned(),
        ObjectState::Held { times, .. } if times > 1 => format!("held {times} times"),
        ObjectState::Read { readers } => format!("held by {}", counted(readers as usize, "reader")),
        ObjectState::Permits { free, .. } => format!("{} free", counted(free as usize, "permit")),
        ObjectState::Flag { is_set } => if is_set { "set" } else { "not set" }.to_owned(),
        ObjectState::Parties { arrived, parties } => format!("{arrived} of {parties} there"),
        ObjectState::Queue { capacity, .. } if kind == Kind::QueuePut => {
            format!("full with {}", counted(capacity as usize, "item"))
        }
        ObjectState::Queue { unfinished, .. } if kind == Kind::QueueJoin => {
            format!("{} not done", counted(unfinished as usize, "item"))
        }
        ObjectState::Queue { .. } if kind == Kind::QueueGet => "empty".to_owned(),
        ObjectState::Pending { .. } => "not begun".to_owned(),
        ObjectState::Running { .. } => "running".to_owned(),
        ObjectState::Finished => "done".to_owned(),
        ObjectState::Awaits { count } => format!("{count} to come"),
        _ => return None,
    })
}

/// A number and its noun.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    }
}
