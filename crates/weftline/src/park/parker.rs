//! [`Parker`]: how one thread sleeps until another wakes it, its deadline passes, or a signal
//! arrives.
//!
//! # Implementation
//!
//! A parker holds at most one *token*. `unpark` leaves one; `park` takes it, sleeping until there
//! is one. The states of the futex word:
//!
//! | word | meaning | leaves by |
//! |---|---|---|
//! | `EMPTY` (0) | no token, no sleeper | `unpark` → `TOKEN`; `park` → `PARKED` |
//! | `TOKEN` (1) | a token waits | `park` → `EMPTY`, at once |
//! | `PARKED` (2³²-1) | the thread sleeps or is about to | `unpark` → `TOKEN` and a futex wake; timeout or signal → `EMPTY` |
//!
//! `unpark` is a release and taking the token an acquire: the woken thread sees what the waker
//! wrote before. The protocol is that of the standard library's own futex parker. Deadlines are
//! absolute (`FUTEX_WAIT_BITSET`) and always given, a far one when the wait has none: the kernel
//! restarts an untimed wait behind the caller's back under `SA_RESTART`, while a timed one always
//! shows `EINTR`.

use super::wake::Wake;
use crate::park::Deadline;

#[cfg(weftline_model)]
pub use modelled::Parker;

#[cfg(all(
    not(weftline_model),
    target_os = "linux",
    not(feature = "portable-parker")
))]
pub use futex::Parker;

#[cfg(all(
    not(weftline_model),
    any(not(target_os = "linux"), feature = "portable-parker")
))]
pub use super::portable::Parker;

#[cfg(all(
    not(weftline_model),
    target_os = "linux",
    not(feature = "portable-parker")
))]
mod futex {
    use super::Wake;
    use crate::park::Deadline;
    use crate::park::adaptive_spin::{AdaptiveSpin, SpinLength};
    use crate::park::blocked::{Blocked, Shown};
    use crate::park::clock::now;
    use crate::park::relay_place::Place;
    use crate::park::stir::{answer_if_asked, lasts, next_look};
    use rustix::io::Errno;
    use rustix::thread::{Timespec, futex};
    use std::num::NonZeroU32;
    use std::sync::atomic::{AtomicU32, Ordering};

    const EMPTY: u32 = 0;
    const TOKEN: u32 = 1;
    const PARKED: u32 = u32::MAX;

    /// Sleeps and wakes one thread; see the module's table.
    #[derive(Debug)]
    pub struct Parker {
        word: AtomicU32,
        adaptive_spin: AdaptiveSpin,
        pub(in crate::park) place: Place<Parker>,
        pub(in crate::park) blocked: Blocked,
    }

    impl Parker {
        pub(crate) const fn new() -> Self {
            Self {
                word: AtomicU32::new(EMPTY),
                adaptive_spin: AdaptiveSpin::new(),
                place: Place::new(),
                blocked: Blocked::new(),
            }
        }

        /// Spins, if that has paid lately, until there is a token and `and` holds; returns whether
        /// they do. Does not take the token and does not see signals. Only the thread that the
        /// parker belongs to may call this.
        pub fn spin(&'static self, and: impl Fn() -> bool) -> bool {
            self.adaptive_spin
                .try_spin(SpinLength::Wake, || self.has_token() && and())
        }

        /// Whether this wait calls [`spin_until`](Self::spin_until). Only the thread that the
        /// parker belongs to may call this.
        pub(crate) fn should_spin(&'static self) -> bool {
            self.adaptive_spin.should_spin(SpinLength::Wake)
        }

        /// Spins until `is_done` or there is a token, which it does not take; returns whether it is
        /// done. Only the thread that the parker belongs to may call this.
        pub(crate) fn spin_until(&'static self, is_done: impl Fn() -> bool) -> bool {
            self.adaptive_spin
                .spin(SpinLength::Wake, || is_done() || self.has_token());
            is_done()
        }

        pub(in crate::park) fn has_token(&self) -> bool {
            self.word.load(Ordering::Relaxed) == TOKEN
        }

        /// Spins, if that has paid lately, until there is a token, which it does not take: for a
        /// lock's waiter. Only the thread that the parker belongs to may call this.
        pub(crate) fn spin_for_lock(&'static self) {
            self.adaptive_spin
                .try_spin(SpinLength::Lock, || self.has_token());
        }

        /// Sleeps until there is a token, and takes it. Only the thread that the parker belongs to
        /// may call this.
        pub fn park(&'static self, deadline: Deadline) -> Wake {
            // TOKEN → EMPTY, or EMPTY → PARKED.
            if self.word.fetch_sub(1, Ordering::Acquire) == TOKEN {
                return Wake::Woken;
            }
            self.sleep(deadline)
        }

        /// As [`park`](Self::park), after a spin. The length of the sleep sets that of the next
        /// spins.
        pub(crate) fn park_adaptively(&'static self, deadline: Deadline) -> Wake {
            if self.word.fetch_sub(1, Ordering::Acquire) == TOKEN {
                return Wake::Woken;
            }
            let begun = now();
            let wake = self.sleep(deadline);
            self.adaptive_spin.note_sleep(now() - begun);
            wake
        }

        /// Shows the thread's wait to reports until the result is dropped; a park alone shows it
        /// while it sleeps. Only the thread that the parker belongs to may call this.
        pub fn show(&'static self) -> Option<Shown<'static>> {
            self.blocked.show()
        }

        fn sleep(&'static self, deadline: Deadline) -> Wake {
            let _shown = self.blocked.show();
            let mut look = next_look(self.blocked.since());
            let mut until = timespec(deadline.min(look));
            loop {
                if answer_if_asked() {
                    return self.leave(Wake::Interrupted);
                }
                let slept = futex::wait_bitset(
                    &self.word,
                    futex::Flags::PRIVATE,
                    PARKED,
                    Some(&until),
                    NonZeroU32::MAX,
                );
                match slept {
                    Err(Errno::INTR) => {
                        answer_if_asked();
                        return self.leave(Wake::Interrupted);
                    }
                    // A signal that came meanwhile has interrupted no sleep: the blocker asks.
                    Err(Errno::TIMEDOUT) if look < deadline => {
                        if lasts() || self.blocked.handles_signals() {
                            return self.leave(Wake::Interrupted);
                        }
                        look = next_look(self.blocked.since());
                        until = timespec(deadline.min(look));
                    }
                    Err(Errno::TIMEDOUT) => return self.leave(Wake::TimedOut),
                    // Woken, or the token came before the sleep, or stirred, or a stray wake of a
                    // recycled address.
                    _ => {
                        if self
                            .word
                            .compare_exchange(TOKEN, EMPTY, Ordering::Acquire, Ordering::Relaxed)
                            .is_ok()
                        {
                            return Wake::Woken;
                        }
                    }
                }
            }
        }

        /// Wakes the thread if it sleeps, without a token: it calls the function of `stir.rs`, and
        /// its sleep counts as interrupted. Returns whether it slept. A signal handler may call
        /// this.
        pub(in crate::park) fn stir(&self) -> bool {
            futex::wake(&self.word, futex::Flags::PRIVATE, 1).is_ok_and(|woken| woken > 0)
        }

        /// PARKED → EMPTY because of `wake`, unless a token has come meanwhile: then that is taken.
        fn leave(&self, wake: Wake) -> Wake {
            match self.word.swap(EMPTY, Ordering::Acquire) {
                TOKEN => Wake::Woken,
                _ => wake,
            }
        }

        /// Leaves a token and wakes the thread if it sleeps; says whether it did, or was about to.
        /// Any thread may call this, at any time.
        pub fn unpark(&self) -> bool {
            let was_parked = self.word.swap(TOKEN, Ordering::Release) == PARKED;
            if was_parked {
                // An error can only mean that the address is gone, and parkers are never freed.
                let _ = futex::wake(&self.word, futex::Flags::PRIVATE, 1);
            }
            was_parked
        }
    }

    /// A far point rather than none, so that signals show: see the module's text.
    fn timespec(deadline: Deadline) -> Timespec {
        let nanos = deadline.nanos().unwrap_or(u64::MAX / 2);
        Timespec {
            tv_sec: (nanos / 1_000_000_000) as i64,
            tv_nsec: (nanos % 1_000_000_000) as _,
        }
    }
}

/// On the model checker's own mutex and condition variable; timeouts and interrupts are fired by
/// other threads of the model.
#[cfg(weftline_model)]
mod modelled {
    use super::Wake;
    use crate::park::Deadline;
    use crate::park::relay_place::Place;
    use crate::park::sleeper::Sleeper;
    use crate::park::steps::record;

    /// Sleeps and wakes one thread of a model.
    pub struct Parker {
        sleeper: Sleeper,
        pub(in crate::park) place: Place<Parker>,
    }

    impl Parker {
        pub(crate) fn new() -> Self {
            Self {
                sleeper: Sleeper::new(),
                place: Place::new(),
            }
        }

        /// In models, a blocker that spins on its waiter does so in each wait.
        pub(crate) fn should_spin(&'static self) -> bool {
            true
        }

        /// Looks once: the sleep finds what a later look would.
        pub(crate) fn spin_until(&'static self, is_done: impl Fn() -> bool) -> bool {
            is_done()
        }

        /// Sleeps until there is a token, and takes it.
        #[track_caller]
        pub fn park(&'static self, deadline: Deadline) -> Wake {
            if let Deadline::At(alarm) = deadline {
                alarm.watch(&self.sleeper);
            }
            record("parks", None, None);
            let mut state = self.sleeper.state.lock().unwrap();
            loop {
                state.is_parked = false;
                if std::mem::take(&mut state.token) {
                    record("is woken", None, None);
                    return Wake::Woken;
                }
                if std::mem::take(&mut state.interrupted) {
                    record("is interrupted", None, None);
                    return Wake::Interrupted;
                }
                if deadline.has_passed() {
                    record("times out", None, None);
                    return Wake::TimedOut;
                }
                state.is_parked = true;
                state = self.sleeper.changed.wait(state).unwrap();
            }
        }

        /// As [`park`](Self::park): models have no policy for spins.
        #[track_caller]
        pub(crate) fn park_adaptively(&'static self, deadline: Deadline) -> Wake {
            self.park(deadline)
        }

        /// Leaves a token and wakes the thread if it sleeps; says whether it did.
        #[track_caller]
        pub fn unpark(&self) -> bool {
            record("unparks", None, None);
            let was_parked = {
                let mut state = self.sleeper.state.lock().unwrap();
                state.token = true;
                state.is_parked
            };
            self.sleeper.changed.notify_one();
            was_parked
        }

        /// What a signal does.
        pub fn interrupt(&self) {
            self.sleeper.state.lock().unwrap().interrupted = true;
            self.sleeper.changed.notify_one();
        }
    }
}

const _: fn(&'static Parker, Deadline) -> Wake = Parker::park;
