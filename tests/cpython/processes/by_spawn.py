"""CPython's tests of multiprocessing, its processes started by `spawn`."""

from processes import PROCESSES, install

install(globals(), PROCESSES, "spawn")
