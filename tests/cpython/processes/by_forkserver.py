"""CPython's tests of multiprocessing, its processes started by `forkserver`."""

from processes import PROCESSES, install

install(globals(), PROCESSES, "forkserver")
