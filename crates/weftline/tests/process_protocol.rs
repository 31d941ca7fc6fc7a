//! The protocol of a lock between processes (`process/shared/robust.rs`), in all orders of its
//! steps, with threads that die at each of them.
//!
//! loom models neither deaths nor the kernel's reaction to them, so this is a model checker of its
//! own: it walks through all states. A step is one atomic operation of the source, or one call of
//! the system. The walk checks for three faults: two threads inside; a thread that gets a wrong
//! report of a death, or no report; threads that sleep for ever.
//!
//! Each part of the protocol is then left out in turn, and the walk has to find a fault.

mod support;

use std::collections::HashSet;
use support::count;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
struct Word {
    holder: Option<u8>,
    waiters: bool,
    died: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum At {
    /// The one compare-exchange from free. From here until `Done` the cell is pending for the
    /// kernel.
    Try,
    /// Reads the word, and takes it if no thread holds it.
    Look,
    /// Marks the word, if it is still this one.
    Mark(Word),
    /// Calls the system, to sleep while the word is this.
    Sleep(Word),
    Asleep,
    /// Has the cell; the process's number is not written yet.
    Entering,
    Inside,
    /// The number is erased.
    Leaving,
    /// The word is free; a sleeper is to be woken.
    Waking,
    /// Has given up, at its deadline: the holder has to know of the threads that still sleep.
    GivingUp,
    Done,
    Dead,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Thread {
    at: At,
    has_slept: bool,
    rounds: u8,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct State {
    word: Word,
    /// Whether the number of the holder's process is written.
    pid: bool,
    /// Whether a thread died inside, and no thread has got the report yet.
    is_to_be_told: bool,
    threads: Vec<Thread>,
    /// The sleeping threads, in the kernel's order.
    asleep: Vec<u8>,
    deaths: u8,
}

/// The protocol, with the parts that can be left out.
#[derive(Clone, Copy)]
struct Protocol {
    /// A thread that has slept sets the mark when it takes the cell.
    marks_for_others: bool,
    /// The kernel knows a cell that is about to be taken or freed.
    is_pending: bool,
    /// A thread that gives up after it was woken tells the holder of the other sleepers.
    marks_when_giving_up: bool,
    /// Freeing wakes a sleeper.
    wakes: bool,
    /// The number is erased before the word is free.
    erases_first: bool,
    /// Each sleep ends after a while.
    insurance: bool,
}

const WHOLE: Protocol = Protocol {
    marks_for_others: true,
    is_pending: true,
    marks_when_giving_up: true,
    wakes: true,
    erases_first: true,
    insurance: false,
};

impl State {
    fn new(threads: usize, rounds: u8, deaths: u8) -> Self {
        let thread = Thread {
            at: At::Try,
            has_slept: false,
            rounds,
        };
        Self {
            word: Word::default(),
            pid: false,
            is_to_be_told: false,
            threads: vec![thread; threads],
            asleep: Vec::new(),
            deaths,
        }
    }

    fn wake_one(&mut self) {
        if !self.asleep.is_empty() {
            let woken = self.asleep.remove(0);
            self.threads[usize::from(woken)].at = At::Look;
        }
    }

    /// The next steps of thread `n`; an error is a fault.
    fn steps(&self, n: u8, protocol: Protocol) -> Result<Vec<Self>, String> {
        let mut next = self.clone();
        let me = usize::from(n);
        let set = |state: &mut Self, at: At| state.threads[me].at = at;
        match self.threads[me].at {
            At::Try if self.word == Word::default() => {
                next.word.holder = Some(n);
                set(&mut next, At::Entering);
            }
            At::Try => set(&mut next, At::Look),
            At::Look if self.word.holder.is_none() => {
                let others = self.threads[me].has_slept && protocol.marks_for_others;
                next.word = Word {
                    holder: Some(n),
                    waiters: self.word.waiters || others,
                    died: false,
                };
                let is_told = self.word.died && self.pid;
                if is_told != self.is_to_be_told {
                    return Err(format!("told of a death: {is_told}"));
                }
                next.is_to_be_told = false;
                next.pid = false;
                set(&mut next, At::Entering);
            }
            At::Look => {
                let mut gives_up = self.clone();
                set(&mut gives_up, At::GivingUp);
                set(&mut next, At::Mark(self.word));
                // The first thread has a deadline, which may pass whenever it reads the word.
                return Ok(if n == 0 {
                    vec![next, gives_up]
                } else {
                    vec![next]
                });
            }
            At::GivingUp => {
                let tells = self.threads[me].has_slept && protocol.marks_when_giving_up;
                if tells && self.word.holder.is_none() {
                    set(&mut next, At::Look);
                } else {
                    next.word.waiters |= tells;
                    next.threads[me].rounds = 0;
                    set(&mut next, At::Done);
                }
            }
            At::Mark(seen) if self.word == seen => {
                next.word.waiters = true;
                let marked = next.word;
                set(&mut next, At::Sleep(marked));
            }
            At::Mark(_) => set(&mut next, At::Look),
            At::Sleep(seen) => {
                next.threads[me].has_slept = true;
                if self.word == seen {
                    next.asleep.push(n);
                    set(&mut next, At::Asleep);
                } else {
                    set(&mut next, At::Look);
                }
            }
            At::Asleep if protocol.insurance => {
                next.asleep.retain(|other| *other != n);
                set(&mut next, At::Look);
            }
            At::Asleep | At::Done | At::Dead => return Ok(Vec::new()),
            At::Entering => {
                next.pid = true;
                set(&mut next, At::Inside);
            }
            At::Inside => {
                next.pid = !protocol.erases_first;
                set(&mut next, At::Leaving);
            }
            At::Leaving => {
                next.word = Word::default();
                let wakes = self.word.waiters && protocol.wakes;
                set(&mut next, if wakes { At::Waking } else { At::Done });
            }
            At::Waking => {
                set(&mut next, At::Done);
                next.wake_one();
            }
        }
        if next.threads[me].at == At::Done && next.threads[me].rounds > 0 {
            next.threads[me] = Thread {
                at: At::Try,
                has_slept: false,
                rounds: next.threads[me].rounds - 1,
            };
        }
        Ok(vec![next])
    }

    /// Thread `n` dies where it is, and the kernel walks through the words that it held.
    fn death(&self, n: u8, protocol: Protocol) -> Option<Self> {
        let at = self.threads[usize::from(n)].at;
        if self.deaths == 0 || matches!(at, At::Done | At::Dead) {
            return None;
        }
        let mut next = self.clone();
        next.deaths -= 1;
        next.threads[usize::from(n)].at = At::Dead;
        next.asleep.retain(|other| *other != n);
        next.is_to_be_told |= at == At::Inside;
        // Just before the cell is in the list, and just after, it is pending.
        let is_known = match at {
            At::Inside => true,
            _ => protocol.is_pending,
        };
        if self.word.holder == Some(n) && is_known {
            next.word.holder = None;
            next.word.died = true;
            if self.word.waiters {
                next.wake_one();
            }
        } else if self.word.holder.is_none() && protocol.is_pending {
            next.wake_one();
        }
        Some(next)
    }

    fn check(&self) -> Result<(), String> {
        let is_inside =
            |thread: &&Thread| matches!(thread.at, At::Entering | At::Inside | At::Leaving);
        match self.threads.iter().filter(is_inside).count() {
            0 | 1 => Ok(()),
            _ => Err("two are inside".to_owned()),
        }
    }
}

/// Walks through all states; returns their number, or the fault of one of them.
fn walk(protocol: Protocol, threads: usize, rounds: u8, deaths: u8) -> Result<usize, String> {
    let first = State::new(threads, rounds, deaths);
    let mut seen = HashSet::from([first.clone()]);
    let mut ahead = vec![first];
    while let Some(state) = ahead.pop() {
        let wrong = |what| format!("{what}: {state:?}");
        state.check().map_err(wrong)?;
        let mut can_go_on = false;
        let mut next = Vec::new();
        for n in 0..threads as u8 {
            let steps = state.steps(n, protocol).map_err(wrong)?;
            can_go_on |= !steps.is_empty();
            next.extend(steps);
            next.extend(state.death(n, protocol));
        }
        if !can_go_on && !state.asleep.is_empty() {
            return Err(wrong("for ever asleep".to_owned()));
        }
        for state in next {
            if seen.insert(state.clone()) {
                ahead.push(state);
            }
        }
    }
    Ok(seen.len())
}

#[test]
fn no_thread_sleeps_for_ever() {
    let insured = Protocol {
        insurance: true,
        ..WHOLE
    };
    let cases = [
        (WHOLE, 2, 2, 0),
        (WHOLE, 3, 1, 0),
        (WHOLE, 4, 0, 0),
        // With two threads no third can barge in.
        (WHOLE, 2, 2, 2),
        (insured, 3, 1, 1),
        (insured, 4, 0, 2),
    ];
    // Under a tool that is dozens of times slower: fewer threads, which have fewer states.
    let most = if count(10) < 10 { 3 } else { 4 };
    for (protocol, threads, rounds, deaths) in cases {
        let threads = threads.min(most);
        let states = walk(protocol, threads, rounds, deaths).unwrap();
        println!(
            "{threads} threads, {} rounds, {deaths} deaths: {states} states",
            rounds + 1
        );
        assert!(states > 50);
    }
}

/// A thread dies that had to wake, or had been woken, and a third thread has barged in: see the
/// source's header.
#[test]
fn a_wake_up_that_the_kernel_cannot_pass_on_is_recovered_by_reading_again() {
    let stuck = walk(WHOLE, 3, 1, 1).unwrap_err();
    assert!(stuck.starts_with("for ever asleep"), "{stuck}");
}

/// Each part is left out in a case where the whole protocol needs no insurance.
#[test]
fn each_part_of_the_protocol_is_needed() {
    let most = if count(10) < 10 { 3 } else { 4 };
    let check = |what: &str, threads, rounds, deaths, protocol| {
        // The walk through all states of the whole protocol is the long one.
        if threads <= most {
            walk(WHOLE, threads, rounds, deaths).unwrap();
        }
        let found = walk(protocol, threads, rounds, deaths).unwrap_err();
        assert!(found.starts_with(what), "{what}: {found}");
    };
    let without_marks_for_others = Protocol {
        marks_for_others: false,
        ..WHOLE
    };
    check("for ever asleep", 4, 0, 0, without_marks_for_others);
    let without_pending = Protocol {
        is_pending: false,
        ..WHOLE
    };
    check("for ever asleep", 2, 1, 1, without_pending);
    let without_marks_when_giving_up = Protocol {
        marks_when_giving_up: false,
        ..WHOLE
    };
    check("for ever asleep", 4, 0, 0, without_marks_when_giving_up);
    let without_wakes = Protocol {
        wakes: false,
        ..WHOLE
    };
    check("for ever asleep", 2, 0, 0, without_wakes);
    let with_the_number_left = Protocol {
        erases_first: false,
        ..WHOLE
    };
    check("told of a death", 2, 1, 1, with_the_number_left);
}
