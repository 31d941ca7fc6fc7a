"""CPython's tests of multiprocessing's interface to threads."""

from processes import THREADS, install

install(globals(), "spawn", THREADS)

# Some versions ask threads to sleep five minutes, and wait for those that have begun. A thread
# cannot be terminated.
WithThreadsTestPool.test_terminate = None  # noqa: F821 - just installed
