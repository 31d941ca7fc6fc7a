//! [`Sleeper`]: what the parker of a model sleeps on. A model's [`Alarm`](super::Alarm) ends that
//! sleep without the parker.

use super::model::{Condvar, Mutex};

/// The mutex and condition variable of the model checker on which one thread sleeps.
pub(super) struct Sleeper {
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) token: bool,
    pub(super) is_parked: bool,
    pub(super) interrupted: bool,
}

impl Sleeper {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
        }
    }

    /// What a clock does: the thread looks at its deadline again.
    pub(super) fn check_again(&self) {
        drop(self.state.lock().unwrap());
        self.changed.notify_one();
    }
}
