//! [`Kind`]: the kind of object that a thread waits for.

/// The kind of object that a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Kind {
    /// A [`RawLock`](crate::sync::raw::RawLock) that another thread holds.
    Lock = 1,
    /// A [`RawRLock`](crate::sync::raw::RawRLock) that another thread holds.
    RLock,
    /// A [`RawRwLock`](crate::sync::raw::RawRwLock), to read.
    RwLockRead,
    /// The same, to write.
    RwLockWrite,
    /// A notification of a [`RawCondition`](crate::sync::raw::RawCondition).
    Condition,
    /// The flag of a [`RawEvent`](crate::sync::raw::RawEvent).
    Event,
    /// Permits of a [`RawSemaphore`](crate::sync::raw::RawSemaphore).
    Semaphore,
    /// The other parties of a [`RawBarrier`](crate::sync::raw::RawBarrier), or its action.
    Barrier,
    /// An item of a [`RawQueue`](crate::queue::raw::RawQueue).
    QueueGet,
    /// A slot of a queue.
    QueuePut,
    /// The end of all tasks of a queue.
    QueueJoin,
    /// The end of another thread's comparisons in a queue.
    QueueSort,
    /// The outcome of a [`RawFuture`](crate::executor::raw::RawFuture).
    Future,
    /// The outcomes of several futures, for a [`RawGroup`](crate::executor::raw::RawGroup).
    Futures,
    /// The start or end of a thread.
    Thread,
    /// The threads of a scope.
    Scope,
    /// The timers that the end of the program waits for.
    Timers,
    /// Work, for an idle thread of the library.
    Work,
    /// Something that this version does not know: another version told it.
    Unknown,
}

impl Kind {
    /// All that objects of this version have.
    #[cfg(not(weftline_model))]
    pub const ALL: [Self; 18] = [
        Self::Lock,
        Self::RLock,
        Self::RwLockRead,
        Self::RwLockWrite,
        Self::Condition,
        Self::Event,
        Self::Semaphore,
        Self::Barrier,
        Self::QueueGet,
        Self::QueuePut,
        Self::QueueJoin,
        Self::QueueSort,
        Self::Future,
        Self::Futures,
        Self::Thread,
        Self::Scope,
        Self::Timers,
        Self::Work,
    ];

    /// The kind that is called so.
    #[cfg(not(weftline_model))]
    pub(crate) fn of_name(name: &str) -> Self {
        let named = |kind: &Self| format!("{kind:?}") == name;
        Self::ALL.into_iter().find(named).unwrap_or(Self::Unknown)
    }
}
