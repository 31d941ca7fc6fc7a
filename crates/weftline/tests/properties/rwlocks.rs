//! `RwLock`.

use crate::play::{Model, Object, Told, User};
use crate::program::{Kind, check};
use crate::support::SHORT;
use std::collections::VecDeque;
use std::time::Duration;
use weftline::{RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard};

enum Held<'a> {
    Read(RwLockReadGuard<'a, u64>),
    Upgradable(RwLockUpgradableReadGuard<'a, u64>),
    Write(RwLockWriteGuard<'a, u64>),
    Nothing,
}

/// Before an operation that serves waiters: all are older than the starvation bound then, so that
/// their order does not depend on the speed of the test.
fn let_waiters_age() {
    std::thread::sleep(Duration::from_millis(2));
}

/// A user gets the number of writes, which is the value under the lock.
impl Object for RwLock<u64> {
    fn user(&self, _: usize) -> User<'_> {
        let mut held = Vec::new();
        Box::new(move |verb, _| {
            let writes = matches!(held[..], [Held::Write(_)]);
            let guard = match verb {
                "readers" => return self.readers().to_string(),
                "is-written" => return self.is_written().to_string(),
                "unlock" => {
                    let_waiters_age();
                    return held.pop().map_or("not held", |_| "unlocked").into();
                }
                "downgrade" => {
                    let_waiters_age();
                    let (read, told) = match held.pop() {
                        Some(Held::Write(guard)) => {
                            let read = RwLockWriteGuard::downgrade(guard);
                            (Some(Held::Read(read)), "downgraded")
                        }
                        Some(Held::Upgradable(guard)) => {
                            let read = RwLockUpgradableReadGuard::downgrade(guard);
                            (Some(Held::Read(read)), "downgraded")
                        }
                        other => (other, "no"),
                    };
                    held.extend(read);
                    return told.into();
                }
                "upgrade" | "upgrade-for" => {
                    if !matches!(held[..], [Held::Upgradable(_)]) {
                        return "no".into();
                    }
                    let Some(Held::Upgradable(guard)) = held.pop() else {
                        unreachable!("it is the only one")
                    };
                    let upgraded = if verb == "upgrade" {
                        Ok(RwLockUpgradableReadGuard::upgrade(guard))
                    } else {
                        RwLockUpgradableReadGuard::try_upgrade_for(guard, SHORT)
                    };
                    upgraded.map(Held::Write).map_err(Held::Upgradable)
                }
                "read" | "try-read" | "read-for" if writes => return "held".into(),
                "read" => Ok(Held::Read(self.read())),
                "try-read" => self.try_read().map(Held::Read).ok_or(Held::Nothing),
                "read-for" => {
                    let read = self.try_read_for(SHORT);
                    read.map(Held::Read).ok_or(Held::Nothing)
                }
                _ if !held.is_empty() => return "held".into(),
                "upgradable" => Ok(Held::Upgradable(self.upgradable_read())),
                "try-upgradable" => {
                    let read = self.try_upgradable_read();
                    read.map(Held::Upgradable).ok_or(Held::Nothing)
                }
                "write" => Ok(Held::Write(self.write())),
                _ => {
                    let write = self.try_write_for(SHORT);
                    write.map(Held::Write).ok_or(Held::Nothing)
                }
            };
            match guard {
                Ok(mut guard) => {
                    let told = match &mut guard {
                        Held::Read(value) => value.to_string(),
                        Held::Upgradable(value) => value.to_string(),
                        Held::Write(value) => {
                            **value += 1;
                            value.to_string()
                        }
                        Held::Nothing => unreachable!("a guard"),
                    };
                    held.push(guard);
                    told
                }
                Err(Held::Nothing) => "timed out".into(),
                Err(as_before) => {
                    held.push(as_before);
                    "timed out".into()
                }
            }
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    Read,
    Upgradable,
    Write,
}

/// The holds of each user, the latest last, and the waiters in the order in which they came.
#[derive(Default)]
struct RwLocks {
    holds: [Vec<Hold>; USERS],
    readers: VecDeque<usize>,
    upgradables: VecDeque<usize>,
    writers: VecDeque<usize>,
    upgrade: Option<usize>,
    written: u64,
}

impl RwLocks {
    fn count(&self, hold: Hold) -> usize {
        let all = self.holds.iter().flatten();
        all.filter(|&&it| it == hold).count()
    }

    fn readers(&self) -> usize {
        self.count(Hold::Read) + self.count(Hold::Upgradable)
    }

    fn is_free(&self) -> bool {
        self.holds.iter().all(Vec::is_empty)
    }

    /// Whether a user may take the lock now.
    fn admits(&self, user: usize, hold: Hold) -> bool {
        let writer_waits = self.upgrade.is_some() || !self.writers.is_empty();
        let may_pass = !writer_waits || !self.holds[user].is_empty();
        match hold {
            Hold::Write => self.is_free(),
            _ if self.count(Hold::Write) > 0 => false,
            Hold::Upgradable => may_pass && self.count(Hold::Upgradable) == 0,
            Hold::Read => may_pass,
        }
    }

    fn take(&mut self, user: usize, hold: Hold) -> (usize, String) {
        self.holds[user].push(hold);
        self.written += u64::from(hold == Hold::Write);
        (user, self.written.to_string())
    }

    fn upgrade(&mut self, user: usize) -> (usize, String) {
        self.holds[user].clear();
        self.take(user, Hold::Write)
    }

    /// Readers that wait, and an upgradable one.
    fn serve_readers(&mut self) -> Told {
        let mut told = Told::new();
        while let Some(reader) = self.readers.pop_front() {
            told.push(self.take(reader, Hold::Read));
        }
        if self.count(Hold::Upgradable) == 0
            && let Some(reader) = self.upgradables.pop_front()
        {
            told.push(self.take(reader, Hold::Upgradable));
        }
        told
    }

    /// The waiters that take the lock after a change. `is_read_phase`: it is a writer's.
    fn serve(&mut self, is_read_phase: bool) -> Told {
        if self.count(Hold::Write) > 0 {
            return Told::new();
        }
        if let Some(user) = self.upgrade {
            if self.readers() > 1 {
                return Told::new();
            }
            self.upgrade = None;
            return vec![self.upgrade(user)];
        }
        if is_read_phase || self.writers.is_empty() {
            let told = self.serve_readers();
            if !told.is_empty() {
                return told;
            }
        }
        if self.is_free()
            && let Some(writer) = self.writers.pop_front()
        {
            return vec![self.take(writer, Hold::Write)];
        }
        Told::new()
    }
}

impl Model for RwLocks {
    fn step(&mut self, user: usize, verb: &str, _: u8) -> Told {
        let told = |text: &str| vec![(user, text.to_owned())];
        let holds = self.holds[user].clone();
        let take = match verb {
            "readers" => return told(&self.readers().to_string()),
            "is-written" => return told(&(self.count(Hold::Write) > 0).to_string()),
            "unlock" => {
                let Some(hold) = self.holds[user].pop() else {
                    return told("not held");
                };
                let mut told = told("unlocked");
                told.extend(self.serve(hold == Hold::Write));
                return told;
            }
            "downgrade" => {
                let Some(hold) = self.holds[user].pop_if(|hold| *hold != Hold::Read) else {
                    return told("no");
                };
                self.holds[user].push(Hold::Read);
                let mut told = told("downgraded");
                told.extend(self.serve(hold == Hold::Write));
                return told;
            }
            "upgrade" | "upgrade-for" if holds != [Hold::Upgradable] => return told("no"),
            "upgrade" | "upgrade-for" if self.readers() == 1 => return vec![self.upgrade(user)],
            "upgrade" => {
                self.upgrade = Some(user);
                return Told::new();
            }
            "upgrade-for" => return told("timed out"),
            "read" | "try-read" | "read-for" if holds == [Hold::Write] => return told("held"),
            "read" | "try-read" | "read-for" => Hold::Read,
            _ if !holds.is_empty() => return told("held"),
            "upgradable" | "try-upgradable" => Hold::Upgradable,
            _ => Hold::Write,
        };
        if self.admits(user, take) {
            return vec![self.take(user, take)];
        }
        match verb {
            "read" => self.readers.push_back(user),
            "upgradable" => self.upgradables.push_back(user),
            "write" => self.writers.push_back(user),
            _ => return told("timed out"),
        }
        Told::new()
    }
}

const USERS: usize = 4;

pub(crate) const RWLOCK: Kind = Kind {
    name: "rwlock",
    users: USERS,
    parameter: 0..=0,
    verbs: &[
        "read",
        "read",
        "try-read",
        "read-for",
        "write",
        "write",
        "write-for",
        "upgradable",
        "try-upgradable",
        "upgrade",
        "upgrade-for",
        "downgrade",
        "unlock",
        "unlock",
        "unlock",
        "unlock",
        "readers",
        "is-written",
    ],
    numbers: 1,
    object: |_| Box::new(RwLock::new(0)),
    model: |_| Box::new(RwLocks::default()),
};

pub(crate) fn kinds() -> Vec<Kind> {
    vec![RWLOCK]
}

#[test]
fn a_read_write_lock_has_readers_or_one_writer_and_serves_its_waiters_in_phases() {
    check(&RWLOCK);
}
