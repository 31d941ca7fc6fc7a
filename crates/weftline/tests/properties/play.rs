//! [`play`]: one program on an object and on its model.
//!
//! Each user is a thread. After a step the model gives the steps that end by it, its own or blocked
//! ones of others, with their results. On the object exactly these must end. A user whose step does
//! not end is blocked, on the object too: its thread sleeps. Its further steps are left out until
//! another step ends its wait.

use crate::program::{Kind, Program, Step};
use crate::support::{ThreadId, thread_id, until_asleep};
use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Scope;
use std::time::Duration;

/// One user's operations on an object: a step's verb and number → its result as text.
pub(crate) type User<'a> = Box<dyn FnMut(&str, u8) -> String + 'a>;

/// The steps that have ended, each with its user and its result.
pub(crate) type Told = Vec<(usize, String)>;

/// An object that threads use.
pub(crate) trait Object: Sync {
    /// A user, created on its thread.
    fn user(&self, user: usize) -> User<'_>;

    /// Ends the waits of all blocked users, as far as it can now. Called until no user is blocked.
    fn unblock(&self) {}
}

/// The promised behaviour of an object.
pub(crate) trait Model {
    /// The steps that end by this one.
    fn step(&mut self, user: usize, verb: &str, number: u8) -> Told;
}

/// Longer than any step takes, on a machine that is busy with other work. The second is for
/// shrinking a program that fails: most of its awaited steps never end.
const STEP_TIMEOUTS: [Duration; 2] = [Duration::from_secs(10), Duration::from_millis(500)];

static HAS_FAILED: AtomicBool = AtomicBool::new(false);

struct Player {
    steps: Sender<(&'static str, u8)>,
    id: ThreadId,
    /// How many steps it has begun.
    begun: Arc<AtomicUsize>,
    sent: usize,
}

/// Plays a program on a fresh object and on its model; returns where they differ.
pub(crate) fn play(kind: &Kind, program: &Program) -> Result<(), String> {
    let object = (kind.object)(program.parameter);
    let mut model = (kind.model)(program.parameter);
    std::thread::scope(|scope| {
        let (tell, told) = channel();
        let object = &*object;
        let started = (0..kind.users).map(|user| start(scope, object, user, tell.clone()));
        let (mut players, threads): (Vec<_>, Vec<_>) = started.unzip();
        let outcome = steps(&mut players, &told, &mut *model, program);
        // The users that wait for a step end, and release what they hold.
        drop(players);
        let mut rounds = 0_u32;
        while threads.iter().any(|thread| !thread.is_finished()) {
            object.unblock();
            std::thread::sleep(Duration::from_micros(100));
            rounds += 1;
            if rounds > 200_000 {
                eprintln!("{}: never ends: {outcome:?}", program.line(kind));
                std::process::abort();
            }
        }
        outcome
    })
}

fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    object: &'scope dyn Object,
    user: usize,
    tell: Sender<(usize, String)>,
) -> (Player, std::thread::ScopedJoinHandle<'scope, ()>) {
    let (steps, to_do) = channel::<(&'static str, u8)>();
    let (announce, announced) = channel();
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let thread = scope.spawn(move || {
        announce.send(thread_id()).expect("the starter waits");
        let mut call = object.user(user);
        for (verb, number) in to_do {
            counted.fetch_add(1, Ordering::Release);
            let told = catch_unwind(AssertUnwindSafe(|| call(verb, number)));
            let told = told.unwrap_or_else(|payload| format!("panic: {}", message(&*payload)));
            // A program that has failed no longer receives.
            let _ = tell.send((user, told));
        }
    });
    let id = announced.recv().expect("the user starts");
    let player = Player {
        steps,
        id,
        begun,
        sent: 0,
    };
    (player, thread)
}

fn message(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("not text")
}

fn steps(
    players: &mut [Player],
    told: &Receiver<(usize, String)>,
    model: &mut dyn Model,
    program: &Program,
) -> Result<(), String> {
    let mut blocked = BTreeSet::new();
    for (place, &Step { user, verb, number }) in program.steps.iter().enumerate() {
        if !blocked.insert(user) {
            continue;
        }
        let mut expected = model.step(user, verb, number);
        expected.sort();
        let player = &mut players[user];
        player.steps.send((verb, number)).expect("the user listens");
        player.sent += 1;
        let mut seen = Vec::new();
        while seen.len() < expected.len() {
            let timeout = STEP_TIMEOUTS[usize::from(HAS_FAILED.load(Ordering::Relaxed))];
            match told.recv_timeout(timeout) {
                Ok(one) => seen.push(one),
                Err(_) => break,
            }
        }
        for (user, _) in &expected {
            blocked.remove(user);
        }
        if blocked.contains(&user) {
            // A thread that has not begun yet sleeps, too.
            while player.begun.load(Ordering::Acquire) < player.sent {
                std::thread::yield_now();
            }
            until_asleep(player.id);
        }
        seen.extend(told.try_iter());
        seen.sort();
        if seen != expected {
            HAS_FAILED.store(true, Ordering::Relaxed);
            return Err(format!(
                "step {place}, {user}.{verb}({number}): the object returned {seen:?}, the model {expected:?}"
            ));
        }
    }
    Ok(())
}
