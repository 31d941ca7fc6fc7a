"""CPython's tests of multiprocessing, its processes started by `fork`."""

from processes import install

install(globals(), "fork")
