//! [`Inversion`]: locks that threads take in different orders, as a value and as text.

use super::classes;
use super::lock_use::{EdgeLock, Use};
use super::search::Circle;
use super::writers::Writer;
use crate::park::{Access, LockClass, Site};
use crate::watch::snapshot::Frame;
use std::fmt::{self, Display};

/// How many frames of a stack are shown.
const FRAMES: usize = 12;

/// A potential deadlock: each thread took a lock, while it held one that the next of them wants.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inversion {
    /// What each thread did, in a circle.
    pub links: Vec<Link>,
    /// The report, as text.
    pub text: String,
}

/// A thread took one lock while it held another one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Link {
    /// The thread.
    pub thread: String,
    /// The lock that it held.
    pub held: OrderedLock,
    /// How it held that one.
    pub held_to: Access,
    /// Where it had taken that one.
    pub held_since: Option<Frame>,
    /// The lock that it took then.
    pub wanted: OrderedLock,
    /// How it took that one.
    pub wanted_to: Access,
    /// Where, the innermost frame first.
    pub stack: Vec<Frame>,
    /// Where it reads what the next one only reads: a thread that waits to write meanwhile, and so
    /// stops later readers.
    pub behind: Option<OtherWriter>,
}

/// A thread that takes a read-write lock to write.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OtherWriter {
    /// The thread.
    pub thread: String,
    /// Where it took the lock.
    pub at: Option<Frame>,
}

/// A lock, as the order of locks knows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OrderedLock {
    /// Its address.
    pub address: usize,
    /// The name that the program gave it.
    pub name: Option<String>,
    /// Where locks of its class are made. A lock of Rust is made where it is first taken, as far as
    /// the order of locks knows.
    pub made_at: Frame,
    pub(super) class: LockClass,
}

impl OrderedLock {
    fn title(&self, told_apart: bool) -> String {
        let title = match &self.name {
            Some(name) => format!("{name:?}"),
            None => format!("the lock of {}", self.made_at),
        };
        match told_apart {
            true => format!("{title} ({:#x})", self.address),
            false => title,
        }
    }

    /// A pattern that suppresses its inversions.
    fn pattern(&self) -> String {
        match &self.name {
            Some(name) => format!("{name:?}"),
            None => format!("\"{}:{}\"", self.made_at.file, self.made_at.line),
        }
    }
}

/// A lock, which may have got its name since that of `new`.
fn told(lock: &EdgeLock, new: &[&EdgeLock]) -> OrderedLock {
    let now = new.iter().find(|it| it.is(lock.address, lock.class));
    let name = now.and_then(|it| it.name.as_ref()).or(lock.name.as_ref());
    OrderedLock {
        address: lock.address,
        name: name.cloned(),
        made_at: classes::place(lock.class),
        class: lock.class,
    }
}

fn link(it: &Use, new: &[&EdgeLock], behind: Option<&Writer>) -> Link {
    Link {
        thread: it.thread_title.clone(),
        held: told(&it.held, new),
        held_to: it.manner.held,
        held_since: frame_of(&it.held_since),
        wanted: told(&it.wanted, new),
        wanted_to: it.manner.wanted,
        stack: it.stack.frames(),
        behind: behind.map(|writer| OtherWriter {
            thread: writer.thread_title.clone(),
            at: writer.at.clone(),
        }),
    }
}

fn frame_of(site: &Site) -> Option<Frame> {
    let function = site.function().map(str::to_owned);
    Some(Frame::new(function, site.file()?.to_owned(), site.line()?))
}

impl Inversion {
    /// That of a circle, whose first use is the one that closes it: its locks are there now.
    pub(super) fn new(circle: &Circle) -> Self {
        let new: Vec<_> = circle
            .uses
            .iter()
            .take(1)
            .flat_map(|it| [&it.held, &it.wanted])
            .collect();
        let links = circle.uses.iter().zip(&circle.behind);
        let mut inversion = Self {
            links: links
                .map(|(it, behind)| link(it, &new, behind.as_deref()))
                .collect(),
            text: String::new(),
        };
        inversion.text = inversion.to_string();
        inversion
    }
}

impl Display for Inversion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "weftline: process {}: potential deadlock: {} threads took {} locks in different orders",
            std::process::id(),
            self.links.len(),
            self.links.len(),
        )?;
        for link in &self.links {
            write_link(f, link)?;
        }
        writeln!(
            f,
            "  = nothing hangs yet: threads that do this at one time wait for each other for ever"
        )?;
        let mut patterns: Vec<String> = Vec::new();
        for link in &self.links {
            let pattern = link.wanted.pattern();
            if !patterns.contains(&pattern) {
                patterns.push(pattern);
            }
        }
        writeln!(
            f,
            "  = help: take these locks in one order everywhere. If these threads never meet, suppress \
             it by\n          {}",
            patterns.join(" or ")
        )
    }
}

fn write_link(f: &mut fmt::Formatter<'_>, link: &Link) -> fmt::Result {
    let is_nested = link.held.class == link.wanted.class;
    let held = link.held.title(is_nested);
    writeln!(f, "  {} held {held}{}", link.thread, purpose(link.held_to))?;
    if let Some(frame) = &link.held_since {
        writeln!(f, "      since {frame}")?;
    }
    let wanted = link.wanted.title(is_nested);
    writeln!(f, "    and took {wanted}{}", purpose(link.wanted_to))?;
    for frame in link.stack.iter().take(FRAMES) {
        writeln!(f, "      at {frame}")?;
    }
    if let Some(writer) = &link.behind {
        let at = writer.at.as_ref().map(|frame| format!(" at {frame}"));
        writeln!(
            f,
            "    behind a thread that waits to write, as {} did{}",
            writer.thread,
            at.unwrap_or_default()
        )?;
    }
    Ok(())
}

/// What a thread holds a read-write lock for.
fn purpose(access: Access) -> &'static str {
    match access {
        Access::Read => " to read",
        Access::Upgradable => " to read and perhaps write",
        Access::Write => " to write",
        Access::Exclusive => "",
    }
}
