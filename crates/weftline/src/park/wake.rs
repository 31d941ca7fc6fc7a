//! [`Wake`]: why a park ended.

/// Why [`Parker::park`](super::Parker::park) returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// A token was there. Its meaning stands elsewhere: the caller looks at its waiter.
    Woken,
    /// The deadline passed and no token was there.
    TimedOut,
    /// A signal handler of the operating system ran on this thread.
    Interrupted,
}
