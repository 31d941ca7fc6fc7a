"""CPython's tests of multiprocessing, its processes started by `fork`."""

from processes import PROCESSES, install

install(globals(), PROCESSES, "fork")
