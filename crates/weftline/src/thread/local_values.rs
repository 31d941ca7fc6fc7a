//! The values that one thread has in all [`Local`](super::Local)s.
//!
//! # Implementation
//!
//! | state of the thread | what happens |
//! |---|---|
//! | `OPEN` | a first value registers the destructor of a thread-local; the map itself has none, and is there to the last |
//! | in that destructor, or in the one that announces the thread's end if that comes first | values are dropped, also those that destructors have made meanwhile, for some rounds |
//! | `CLOSED` | nothing is kept |
//!
//! The values lie in a map from a `Local`'s token to the thread's value. The key is the token's
//! address. An entry owns the token, so the address is not reused while the entry is there. Values
//! are counted, so that one in use survives being replaced.
//!
//! Invariant: *no value is made, dropped or used while the map is borrowed*. So all of these may
//! use the map again.
//!
//! A `Local` that is dropped marks its token orphaned and advances a count for all threads. A
//! thread that finds the count advanced searches its map for orphaned tokens. Happens-before: the
//! release of that increment pairs with the acquire load in `drop_orphans`, so the thread sees the
//! mark.

pub(super) use super::local_value::Value;
use super::{current, except_hook};
use crate::memory::Counted;
use crate::park::panic_without_memory;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// The identity of a [`Local`](super::Local) in the maps of all threads.
pub(super) struct Token {
    is_orphaned: AtomicBool,
}

static ORPHANED: AtomicU64 = AtomicU64::new(0);

impl Token {
    pub(super) fn new() -> Self {
        Self {
            is_orphaned: AtomicBool::new(false),
        }
    }

    /// The `Local` is dropped: no thread will ask for its values any more.
    pub(super) fn orphan(&self) {
        self.is_orphaned.store(true, Ordering::Relaxed);
        // Pairs with the acquire in `drop_orphans`: a thread that finds the count advanced sees the
        // mark.
        ORPHANED.fetch_add(1, Ordering::Release);
    }
}

struct Entry {
    token: Counted<Token>,
    value: Value,
}

type Map = HashMap<usize, Entry, BuildHasherDefault<AddressHasher>>;

thread_local! {
    static MAP: RefCell<ManuallyDrop<Map>> =
        const { RefCell::new(ManuallyDrop::new(HashMap::with_hasher(BuildHasherDefault::new()))) };
    static IS_CLOSED: Cell<bool> = const { Cell::new(false) };
    /// The value of `ORPHANED` at the thread's last check.
    static CHECKED_AT: Cell<u64> = const { Cell::new(0) };
    static AT_END: DropsValues = const { DropsValues };
}

/// `f` must run no destructor and must not come back here.
fn in_map<R>(f: impl FnOnce(&mut Map) -> R) -> R {
    MAP.with(|map| f(&mut map.borrow_mut()))
}

fn key(token: &Token) -> usize {
    ptr::from_ref(token).addr()
}

pub(super) fn find(token: &Counted<Token>) -> Option<Value> {
    drop_orphans();
    in_map(|map| map.get(&key(token)).map(|entry| entry.value.clone()))
}

/// Keeps `value`, unless there is one already; returns the kept one.
///
/// # Panics
/// When there is no memory to keep it.
pub(super) fn add(token: &Counted<Token>, value: Value) -> Value {
    match find(token) {
        Some(there) => there,
        None => {
            replace(token, Some(value.clone()));
            value
        }
    }
}

/// Stores `value`, and returns the previous one.
///
/// # Panics
/// When there is no memory to keep it.
pub(super) fn replace(token: &Counted<Token>, value: Option<Value>) -> Option<Value> {
    drop_orphans();
    let Some(value) = value else {
        return in_map(|map| map.remove(&key(token))).map(|entry| entry.value);
    };
    if IS_CLOSED.get() {
        drop(value);
        return None;
    }
    // For a thread whose guard is destroyed before `AT_END`, and for a function that is called as
    // another thread.
    current::at_end(drop_all);
    // Fails while the destructor runs, which takes all values that are added meanwhile too.
    let _ = AT_END.try_with(|_| ());
    if in_map(|map| map.try_reserve(1)).is_err() {
        panic_without_memory();
    }
    let token = token.clone();
    let entry = Entry { value, token };
    in_map(|map| map.insert(key(&entry.token), entry)).map(|entry| entry.value)
}

/// Drops the thread's values in `Local`s that were dropped.
fn drop_orphans() {
    // Pairs with the release in `orphan`.
    let orphaned = ORPHANED.load(Ordering::Acquire);
    let checked_at = CHECKED_AT.replace(orphaned);
    if checked_at == orphaned {
        return;
    }
    let is_orphaned = |entry: &Entry| entry.token.is_orphaned.load(Ordering::Relaxed);
    let mut dropped: Vec<Entry> = Vec::new();
    let is_complete = in_map(|map| {
        let count = map.values().filter(|entry| is_orphaned(entry)).count();
        // An allocator is no caller, so the borrow of the map is safe.
        let room = dropped.try_reserve_exact(count);
        if room.is_ok() {
            let orphaned = map.extract_if(|_, entry| is_orphaned(entry));
            // A token may have been orphaned since. The next check finds it.
            dropped.extend(orphaned.take(count).map(|(_, entry)| entry));
        }
        room.is_ok()
    });
    if !is_complete {
        // Without memory, the next use tries again.
        CHECKED_AT.set(checked_at);
    }
    dropped.into_iter().for_each(drop_entry);
}

/// Drops a value. A panic of its destructor is reported, because no caller expects it.
fn drop_entry(entry: Entry) {
    if let Err(panicked) = current::catch(|| drop(entry)) {
        except_hook::report(&current::current(), &panicked);
    }
}

/// Drops the values of the calling thread, which is about to end.
///
/// As POSIX has it for its own thread-locals: destructors may make values again, but not for ever.
/// The values left when the thread takes no more are leaked.
fn drop_all() {
    const ROUNDS: usize = 4;
    if IS_CLOSED.get() {
        return;
    }
    for _ in 0..ROUNDS {
        let values = in_map(std::mem::take);
        if values.is_empty() {
            return;
        }
        values.into_values().for_each(drop_entry);
    }
}

/// Drops the thread's values when it ends.
struct DropsValues;

impl Drop for DropsValues {
    fn drop(&mut self) {
        drop_all();
        IS_CLOSED.set(true);
    }
}

/// Addresses differ in their middle bits, and the map uses the first and the last ones.
#[derive(Default)]
struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn write(&mut self, bytes: &[u8]) {
        bytes
            .iter()
            .for_each(|&byte| self.write_usize(usize::from(byte)));
    }

    fn write_usize(&mut self, address: usize) {
        // The golden ratio, as in Fibonacci hashing.
        self.0 = (self.0 ^ address as u64)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(26);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
