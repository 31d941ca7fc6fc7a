"""CPython's tests of multiprocessing, its processes started by `spawn`."""

from processes import install

install(globals(), "spawn")
