//! [`Folding`]: which threads of a process are alike enough to be shown as one.
//!
//! # Implementation
//!
//! A thread that holds something for which another waits, or is part of a deadlock, stands alone.
//! The others fold in these steps:
//!
//! | step | threads | become |
//! |---|---|---|
//! | 1 | that neither wait nor hold | one crowd |
//! | 2 | that wait in the same way for the same object | one crowd, if there are more than [`FEW`] |
//! | 3 | that wait at the same line for objects alike, of the same holders | one crowd, and their objects one node, if there are more than [`FEW`] objects |
//! | 4 | beyond [`ROOM`] crowds | a number |
//!
//! Objects have room in the order of the number of their waiters. Those that threads of a deadlock
//! hold come first.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::mem::{Discriminant, discriminant};
use weftline::park::{Kind, ObjectState};
use weftline::watch::{Deadlock, Frame, Object, Party, Snapshot};

/// So many that are alike are shown each.
pub(crate) const FEW: usize = 3;
/// So many crowds and threads are shown, and those of deadlocks.
pub(crate) const ROOM: usize = 60;

/// Threads that are one node. A single thread is a crowd, too.
#[derive(Debug)]
pub(crate) struct Crowd<'a> {
    /// The threads.
    pub(crate) parties: Vec<&'a Party>,
    /// The objects for which they wait, if these are one node.
    pub(crate) objects: Vec<&'a Object>,
    /// Whether the object for which they wait is shown.
    pub(crate) shows_wait: bool,
}

/// The threads of a process, in crowds.
#[derive(Debug, Default)]
pub(crate) struct Folding<'a> {
    /// The crowds.
    pub(crate) crowds: Vec<Crowd<'a>>,
    /// How many threads are in none.
    pub(crate) more: usize,
}

/// What objects have in common that fold.
#[derive(PartialEq, Eq, Hash)]
struct Likeness<'a> {
    kind: Kind,
    site: Option<(&'a str, u32)>,
    holders: &'a [u64],
    state: Option<Discriminant<ObjectState>>,
}

/// The waiters of an object, or of objects that fold.
#[derive(Default)]
struct Waiters<'a> {
    /// Those that stand alone.
    singles: Vec<&'a Party>,
    /// Those that fold.
    crowds: Vec<(Kind, Vec<&'a Party>)>,
    objects: Vec<&'a Object>,
    comes_first: bool,
}

impl Waiters<'_> {
    fn count(&self) -> usize {
        let folded: usize = self.crowds.iter().map(|(_, crowd)| crowd.len()).sum();
        self.singles.len() + folded
    }

    /// How many nodes its threads become.
    fn size(&self) -> usize {
        let crowds = self.crowds.iter().map(|(_, crowd)| shown(crowd.len()));
        self.singles.len() + crowds.sum::<usize>()
    }
}

fn shown(count: usize) -> usize {
    if count > FEW { 1 } else { count }
}

fn site(party: &Party) -> Option<(&str, u32)> {
    let site = place_of(party)?;
    Some((&site.file, site.line))
}

/// The line of the program at which a thread is, or that of the interpreter's own library.
pub(crate) fn place_of(party: &Party) -> Option<&Frame> {
    let wait = party.wait.as_ref();
    let own = || party.stack.iter().find(|frame| !is_of_library(frame));
    wait.and_then(|wait| wait.site.as_ref())
        .or_else(own)
        .or(party.stack.first())
}

/// Whether a line is one of the interpreter's own library.
pub(crate) fn is_of_library(frame: &Frame) -> bool {
    let file = &frame.file;
    let is_installed = file.contains("site-packages") || file.contains("dist-packages");
    file.starts_with("<frozen") || file.contains("/lib/python") && !is_installed
}

impl<'a> Folding<'a> {
    /// The threads of a process, in crowds.
    pub(crate) fn of(snapshot: &'a Snapshot, deadlocks: &[Deadlock]) -> Self {
        let stuck: HashSet<u64> = deadlocks
            .iter()
            .flat_map(|deadlock| deadlock.circle.iter().copied())
            .collect();
        let holding: HashSet<u64> = snapshot
            .objects
            .iter()
            .flat_map(|object| object.holders.iter().copied())
            .collect();
        let mut by_object: BTreeMap<u64, Waiters<'a>> = BTreeMap::new();
        let (mut idle, mut running) = (Vec::new(), Vec::new());
        for party in &snapshot.parties {
            let stands_alone = stuck.contains(&party.number) || holding.contains(&party.number);
            let Some(wait) = &party.wait else {
                let group = if stands_alone {
                    &mut running
                } else {
                    &mut idle
                };
                group.push(party);
                continue;
            };
            let waiters = by_object.entry(wait.object).or_default();
            waiters.comes_first |= stuck.contains(&party.number);
            if stands_alone {
                waiters.singles.push(party);
                continue;
            }
            match waiters
                .crowds
                .iter_mut()
                .find(|(kind, _)| *kind == wait.kind)
            {
                Some((_, crowd)) => crowd.push(party),
                None => waiters.crowds.push((wait.kind, vec![party])),
            }
        }
        let mut groups = fold_objects(snapshot, by_object);
        groups.sort_by_key(|waiters| (!waiters.comes_first, std::cmp::Reverse(waiters.count())));
        let mut folding = Self::default();
        let mut known: HashSet<u64> = stuck;
        let mut room = ROOM;
        let groups: Vec<_> = groups
            .into_iter()
            .map(|waiters| {
                let has_room = waiters.comes_first || room >= waiters.size().max(1);
                if has_room {
                    room = room.saturating_sub(waiters.size());
                    known.extend(waiters.objects.iter().flat_map(|object| &object.holders));
                }
                (waiters, has_room)
            })
            .collect();
        for (waiters, has_room) in groups {
            folding.add(waiters, has_room, &known);
        }
        for party in running {
            if known.contains(&party.number) {
                folding.push(vec![party], Vec::new(), false);
            } else {
                folding.more += 1;
            }
        }
        if !idle.is_empty() {
            folding.push(idle, Vec::new(), false);
        }
        folding
    }

    /// Has the crowds in an order in which they stay when they grow and shrink.
    pub(crate) fn keep_order(&mut self) {
        let object = |crowd: &Crowd<'_>| {
            let waits = crowd.parties.iter().filter_map(|party| party.wait.as_ref());
            waits.map(|wait| wait.object).min()
        };
        self.crowds.sort_by_cached_key(|crowd| {
            let object = object(crowd);
            let first = crowd.parties.iter().map(|party| party.number).min();
            (object.is_none(), object, first)
        });
    }

    /// Adds the waiters of an object if there is room. A holder of what is shown is shown.
    fn add(&mut self, waiters: Waiters<'a>, has_room: bool, known: &HashSet<u64>) {
        for party in waiters.singles {
            if has_room || known.contains(&party.number) {
                self.push(vec![party], Vec::new(), has_room);
            } else {
                self.more += 1;
            }
        }
        for (_, crowd) in waiters.crowds {
            if !has_room {
                self.more += crowd.len();
            } else if waiters.objects.len() > 1 || crowd.len() > FEW {
                let objects = match waiters.objects.len() {
                    0 | 1 => Vec::new(),
                    _ => waiters.objects.clone(),
                };
                self.push(crowd, objects, true);
            } else {
                for party in crowd {
                    self.push(vec![party], Vec::new(), true);
                }
            }
        }
    }

    fn push(&mut self, parties: Vec<&'a Party>, objects: Vec<&'a Object>, shows_wait: bool) {
        self.crowds.push(Crowd {
            parties,
            objects,
            shows_wait,
        });
    }
}

/// Step 3. An object folds if all of its waiters do, and wait at the same line.
fn fold_objects<'a>(
    snapshot: &'a Snapshot,
    by_object: BTreeMap<u64, Waiters<'a>>,
) -> Vec<Waiters<'a>> {
    let mut alike: HashMap<Likeness<'a>, usize> = HashMap::new();
    let mut folded: Vec<Waiters<'a>> = Vec::new();
    let mut groups: Vec<Vec<Waiters<'a>>> = Vec::new();
    for (address, mut waiters) in by_object {
        let object = snapshot.object(address);
        waiters.objects.extend(object);
        match object.and_then(|object| likeness(object, &waiters)) {
            Some(likeness) => {
                let at = *alike.entry(likeness).or_insert(groups.len());
                if at == groups.len() {
                    groups.push(Vec::new());
                }
                groups[at].push(waiters);
            }
            None => folded.push(waiters),
        }
    }
    for group in groups {
        if group.len() <= FEW {
            folded.extend(group);
            continue;
        }
        let mut all = Waiters::default();
        for waiters in group {
            all.objects.extend(waiters.objects);
            for (kind, crowd) in waiters.crowds {
                match all.crowds.first_mut() {
                    Some((_, known)) => known.extend(crowd),
                    None => all.crowds.push((kind, crowd)),
                }
            }
        }
        folded.push(all);
    }
    folded
}

fn likeness<'a>(object: &'a Object, waiters: &Waiters<'a>) -> Option<Likeness<'a>> {
    let [(kind, crowd)] = &waiters.crowds[..] else {
        return None;
    };
    let site = site(crowd[0]);
    let is_thread = matches!(object.state, Some(ObjectState::Thread { .. }));
    let differs = crowd.iter().any(|party| self::site(party) != site);
    if !waiters.singles.is_empty() || object.name.is_some() || is_thread || differs {
        return None;
    }
    Some(Likeness {
        kind: *kind,
        site,
        holders: &object.holders,
        state: object.state.as_ref().map(discriminant),
    })
}
