"""A limit of the process's own memory, for programs that use it up. Needs RLIMIT_AS."""

import resource

_BEFORE = resource.getrlimit(resource.RLIMIT_AS)

# What a program can still take. It is little, so that the test is short.
_ROOM = 8 << 20


def limit():
    """Limits the process to what it has now, and some more."""
    with open("/proc/self/statm") as sizes:
        pages = int(sizes.read().split()[0])
    most = pages * resource.getpagesize() + _ROOM
    resource.setrlimit(resource.RLIMIT_AS, (most, _BEFORE[1]))


def unlimit():
    """Ends the limit."""
    resource.setrlimit(resource.RLIMIT_AS, _BEFORE)
