"""CPython's tests of multiprocessing's interface to threads."""

from processes import THREADS, install

install(globals(), THREADS, "spawn")
