//! [`Phase`]: what has become of a task.

/// The phase of a future. `future.rs` has the table of its transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Phase {
    /// No worker has begun.
    Pending,
    /// A worker runs the task.
    Running,
    /// Cancelled before it began; groups are not told yet.
    Cancelled,
    /// Cancelled before it began, and groups are told.
    Notified,
    /// The outcome is written.
    Finished,
}

impl Phase {
    pub(super) const ALL: [Self; 5] = [
        Self::Pending,
        Self::Running,
        Self::Cancelled,
        Self::Notified,
        Self::Finished,
    ];

    /// Whether a wait for the future ends.
    #[must_use]
    pub fn is_done(self) -> bool {
        matches!(self, Self::Cancelled | Self::Notified | Self::Finished)
    }

    /// Whether groups count the future as done.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Notified | Self::Finished)
    }
}
