"""CPython's tests of multiprocessing, its processes started by `forkserver`."""

from processes import install

install(globals(), "forkserver")
