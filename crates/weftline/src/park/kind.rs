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

    /// The class of the object.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Lock => "Lock",
            Self::RLock => "RLock",
            Self::RwLockRead | Self::RwLockWrite => "RWLock",
            Self::Condition => "Condition",
            Self::Event => "Event",
            Self::Semaphore => "Semaphore",
            Self::Barrier => "Barrier",
            Self::QueueGet | Self::QueuePut | Self::QueueJoin | Self::QueueSort => "Queue",
            Self::Future => "Future",
            Self::Futures => "several Futures",
            Self::Thread => "Thread",
            Self::Scope => "threads of a scope",
            Self::Timers => "pending timers",
            Self::Work => "work",
            Self::Unknown => "object",
        }
    }

    /// What a waiter wants of the object, where the object's class does not say it.
    #[must_use]
    pub fn purpose(self) -> &'static str {
        match self {
            Self::RwLockRead => "to read",
            Self::RwLockWrite => "to write",
            Self::QueueGet => "to get",
            Self::QueuePut => "to put",
            Self::QueueJoin | Self::Thread => "to join",
            Self::QueueSort => "to compare",
            _ => "",
        }
    }

    /// What a thread waits for, in a sentence.
    #[cfg(not(weftline_model))]
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::Lock => "a Lock",
            Self::RLock => "an RLock",
            Self::RwLockRead => "an RWLock, to read,",
            Self::RwLockWrite => "an RWLock, to write,",
            Self::Condition => "a notification of a Condition",
            Self::Event => "an Event",
            Self::Semaphore => "a permit of a Semaphore",
            Self::Barrier => "the other parties of a Barrier",
            Self::QueueGet => "an item of a Queue",
            Self::QueuePut => "a slot of a Queue",
            Self::QueueJoin => "the end of the tasks of a Queue",
            Self::QueueSort => "the comparisons of another thread in a Queue",
            Self::Future => "the outcome of a Future",
            Self::Futures => "several Futures",
            Self::Thread => "the end of a thread",
            Self::Scope => "the threads of a scope",
            Self::Timers => "the pending timers",
            Self::Work => "work",
            Self::Unknown => "an object",
        }
    }

    /// Whether threads wait for the object because others have it, and not because something has
    /// not happened.
    #[must_use]
    pub fn is_lock(self) -> bool {
        matches!(
            self,
            Self::Lock | Self::RLock | Self::RwLockRead | Self::RwLockWrite | Self::Semaphore
        )
    }
}
