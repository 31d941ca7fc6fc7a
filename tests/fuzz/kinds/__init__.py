"""The classes under test, and the steps of programs with their objects."""

from classes import CLASSES

from fuzz.kinds import futures, locks, queues, threads

KINDS = (
    *(locks.LOCK, locks.RLOCK, locks.CONDITION, locks.EVENT, locks.SEMAPHORE),
    *(locks.BOUNDED, locks.BARRIER, queues.QUEUE, queues.LIFO, queues.PRIORITY),
    *(
        queues.SIMPLE,
        futures.FUTURE,
        futures.POOL,
        threads.TIMER,
        threads.FAR_TIMER,
        threads.LOCAL,
    ),
    *(row.fuzzed for row in CLASSES.values() if row.fuzzed),
)
