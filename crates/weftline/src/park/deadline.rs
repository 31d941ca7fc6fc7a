//! [`Deadline`]: a point on the monotonic clock at which a wait times out, or never.

#[cfg(not(weftline_model))]
pub use real::Deadline;

#[cfg(weftline_model)]
pub use modelled::{Alarm, Deadline};

#[cfg(not(weftline_model))]
mod real {
    use crate::park::clock::now;
    use std::time::{Duration, Instant};

    /// When a wait times out: at a point of the monotonic clock, or never.
    ///
    /// The clock counts nanoseconds in 64 bits: 584 years. A timeout that ends later than that
    /// never ends; it cannot wrap.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Deadline(u64);

    impl Deadline {
        /// Waits as long as it takes.
        pub const NEVER: Self = Self(u64::MAX);
        /// Has passed already: a call that would wait fails at once.
        pub const PASSED: Self = Self(0);

        /// The point `timeout` from now.
        #[must_use]
        pub fn after(timeout: Duration) -> Self {
            match u64::try_from(timeout.as_nanos()) {
                Ok(nanos) => Self(now().saturating_add(nanos)),
                Err(_) => Self::NEVER,
            }
        }

        /// The same point as `instant`. With a point in the past a wait times out at once.
        #[must_use]
        #[allow(
            clippy::disallowed_methods,
            reason = "this is where the standard clock is converted"
        )]
        pub fn at(instant: Instant) -> Self {
            match instant.checked_duration_since(Instant::now()) {
                Some(left) => Self::after(left),
                None => Self::PASSED,
            }
        }

        /// Whether the wait never sleeps.
        #[inline]
        pub(crate) fn is_at_once(self) -> bool {
            self == Self::PASSED
        }

        /// Whether the wait ends with a grant only.
        #[inline]
        pub(crate) fn is_never(self) -> bool {
            self == Self::NEVER
        }

        /// Whether a wait that is about to sleep should rather time out.
        #[must_use]
        pub fn has_passed(self) -> bool {
            self == Self::PASSED || (self != Self::NEVER && now() >= self.0)
        }

        /// How long until the deadline; `None` means for ever, zero that it has passed.
        #[must_use]
        pub fn remaining(self) -> Option<Duration> {
            (self != Self::NEVER).then(|| Duration::from_nanos(self.0.saturating_sub(now())))
        }

        /// The point at that many nanoseconds of the monotonic clock; the largest number is never.
        pub(crate) const fn from_nanos(nanos: u64) -> Self {
            Self(nanos)
        }

        /// Nanoseconds of the monotonic clock, or `None` for never.
        pub(crate) fn nanos(self) -> Option<u64> {
            (self != Self::NEVER).then_some(self.0)
        }
    }

    /// When a waiter joined its list, for the bound on starvation.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Since(u64);

    impl Since {
        /// Not recorded; never starved.
        pub(crate) const UNKNOWN: Self = Self(u64::MAX);

        pub(crate) fn now() -> Self {
            Self(now())
        }

        /// Nanoseconds of the monotonic clock, unless unknown.
        pub(in crate::park) fn nanos(self) -> Option<u64> {
            (self.0 != Self::UNKNOWN.0).then_some(self.0)
        }

        /// Whether a waiter of this age gets a handoff instead of a wake without one.
        pub(crate) fn is_starved(self) -> bool {
            const BOUND_NANOS: u64 = 1_000_000;
            now().saturating_sub(self.0) > BOUND_NANOS
        }
    }
}

#[cfg(not(weftline_model))]
pub(crate) use real::Since;

/// Under a model checker time is one more thread: it fires an [`Alarm`] at any point it likes.
#[cfg(weftline_model)]
mod modelled {
    use crate::park::model::{AtomicU32, Mutex, Ordering};
    use crate::park::sleeper::Sleeper;

    /// A timeout that a model's clock thread lets expire.
    pub struct Alarm {
        fired: AtomicU32,
        sleeper: Mutex<Option<&'static Sleeper>>,
    }

    impl Alarm {
        /// An alarm that has not gone off. It is leaked: a model's threads share it freely.
        #[must_use]
        pub fn leak() -> &'static Self {
            Box::leak(Box::new(Self {
                fired: AtomicU32::new(0),
                sleeper: Mutex::new(None),
            }))
        }

        /// Goes off: the wait that has this deadline times out, unless it settles first.
        pub fn fire(&self) {
            let sleeper = self.sleeper.lock().unwrap();
            self.fired.store(1, Ordering::SeqCst);
            if let Some(sleeper) = *sleeper {
                sleeper.check_again();
            }
        }

        pub(in crate::park) fn watch(&self, sleeper: &'static Sleeper) {
            *self.sleeper.lock().unwrap() = Some(sleeper);
        }
    }

    /// When a wait times out: when its alarm fires, never, or at once.
    #[derive(Clone, Copy)]
    pub enum Deadline {
        /// Waits as long as it takes.
        Never,
        /// Has passed already.
        Passed,
        /// Passes when the model's clock says so.
        At(&'static Alarm),
    }

    impl Deadline {
        /// Waits as long as it takes.
        pub const NEVER: Self = Self::Never;
        /// Has passed already.
        pub const PASSED: Self = Self::Passed;

        pub(crate) fn is_at_once(self) -> bool {
            matches!(self, Self::Passed)
        }

        pub(crate) fn is_never(self) -> bool {
            matches!(self, Self::Never)
        }

        /// Whether a wait should time out.
        #[must_use]
        pub fn has_passed(self) -> bool {
            match self {
                Self::Never => false,
                Self::Passed => true,
                Self::At(alarm) => alarm.fired.load(Ordering::SeqCst) == 1,
            }
        }
    }

    impl std::fmt::Debug for Deadline {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Deadline")
        }
    }

    // The standard thread-local: a checker runs all threads of a model on the one that started it,
    // and other models on others.
    thread_local! {
        static EVERYONE_STARVES: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    }

    /// Age is not modelled: a model sets whether all waiters count as starved (releases hand off)
    /// or none does (releases barge).
    pub fn all_starve(yes: bool) {
        EVERYONE_STARVES.set(yes);
    }

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Since;

    impl Since {
        pub(crate) const UNKNOWN: Self = Self;

        pub(crate) fn now() -> Self {
            Self
        }

        pub(crate) fn is_starved(self) -> bool {
            EVERYONE_STARVES.get()
        }
    }
}

#[cfg(weftline_model)]
pub(crate) use modelled::Since;
#[cfg(weftline_model)]
pub use modelled::all_starve;
