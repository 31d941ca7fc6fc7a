"""`NotDone`: the set of futures that are not done, as `wait` returns it, in a form that a loop around `wait` need not copy each time.

A loop that goes on with `not_done` has one set of futures, out of which each call takes those that are done. What a call
returned is a *version* of that set. The newest version is what the set holds now. An older one is that and what has been taken out
since, which it finds by going from each version to the next (Baker's trick for persistent arrays).

| a version is | it has | `wait` is given it |
|---|---|---|
| the newest | the `Waiting` in `_waiting`, the set and an empty place in `_source` | takes the `Waiting`, and goes on with what it knows |
| an older one | no `Waiting`; the place in `_source` is filled in, if that call went on | begins anew, with a copy |
| read | a set of its own in `_copies`, no `_source`; a newest one keeps the `Waiting` | as the newest, or an older one |
| changed | a set of its own and nothing else | begins anew, with a copy |

A *place* is a list: empty in the newest version, afterwards with one pair, what the next call took out and the place of the version that
it made. Versions know of later places, never of earlier ones, so a future that is done goes when the last version that contains it does.

Invariant: *a version is what its set holds at any moment, and what the places from its own on name after that moment*. So what is
taken out is named first, and who reads copies the set first. Nobody needs a lock: each step is one operation of a list or a set.
"""

import functools


class Waiting:
    """Who waits for some futures, call after call: their group, those that are left, and the place of the newest version.

    Whoever holds it is the only one who waits with this group and changes the set.
    """

    __slots__ = ("_group", "_pending", "_place")

    def __init__(self, group, pending):
        self._group, self._pending, self._place = group, pending, []

    def wait(self, timeout, return_when):
        """What is done, and what is not done then. If it raises, the versions are what they were, and nobody has a group."""
        done = self._group.wait(timeout, return_when)
        pending = self._pending
        if len(done) == len(pending):
            # Nobody goes on. What the version before contains may stay where it is.
            return done, set()
        if done:
            place = []
            # A frozenset knows the hashes, so a reader of an older version calls nobody for them.
            self._place.append((frozenset(done), place))
            pending.difference_update(done)
            self._place = place
        version = object.__new__(NotDone)
        version._waiting = [self]
        version._source = pending, self._place
        version._copies = []
        version._count = len(pending)
        return done, version


class NotDone:
    # What a program sees is a set, and its documentation that of sets.
    __doc__ = set.__doc__
    __slots__ = ("__weakref__", "_copies", "_count", "_source", "_waiting")

    def __new__(cls, /, *arguments, **keywords):
        # The class that a program gets by `type` makes sets.
        return set(*arguments, **keywords)

    __class__ = property(lambda self: set)
    __class_getitem__ = set.__class_getitem__
    __hash__ = None

    @functools.wraps(set.__len__)
    def __len__(self):
        copies = self._copies
        return len(copies[0]) if copies else self._count

    # The two that loops call most are written out, which makes them three times as fast as those below.
    @functools.wraps(set.__contains__)
    def __contains__(self, one, /):
        copies = self._copies
        return _plain(one) in (copies[0] if copies else self._read())

    @functools.wraps(set.__iter__)
    def __iter__(self):
        copies = self._copies
        return iter(copies[0] if copies else self._read())

    def _take_waiting(self):
        """What the newest version goes on with, which nobody else gets then; None if there is none."""
        try:
            return self._waiting.pop()
        except IndexError:
            return None

    def _contents(self):
        """The futures, as a new set."""
        # There is a copy before there is no source.
        source = self._source
        if self._copies or source is None:
            return self._copies[0].copy()
        pending, place = source
        contents = pending.copy()
        while place:
            taken, place = place[0]
            contents.update(taken)
        return contents

    def _read(self):
        """The set that is this version's own from the first look on."""
        copies = self._copies
        if not copies:
            # Of several threads that look at once, the first to append has made the copy that counts.
            copies.append(self._contents())
            del copies[1:]
            self._source = None
        return copies[0]

    def _change(self):
        """The set of its own, for a change, after which this is not what the group knows."""
        self._waiting.clear()
        return self._read()


def _plain(argument):
    # What is written in C for sets does not take a NotDone for one.
    return argument._read() if type(argument) is NotDone else argument


def _reader(name):
    method = getattr(set, name)

    @functools.wraps(method)
    def read(self, /, *arguments, **keywords):
        return method(self._read(), *map(_plain, arguments), **keywords)

    return read


def _writer(name):
    method = getattr(set, name)

    @functools.wraps(method)
    def write(self, /, *arguments, **keywords):
        return method(self._change(), *map(_plain, arguments), **keywords)

    return write


def _in_place(name):
    method = getattr(set, name)

    @functools.wraps(method)
    def operate(self, other, /):
        result = method(self._change(), _plain(other))
        return result if result is NotImplemented else self

    return operate


def _operator(name, reflected):
    method = getattr(set, name)

    @functools.wraps(method)
    def operate(self, other, /):
        own, other = self._read(), _plain(other)
        result = method(own, other)
        if result is NotImplemented:
            # The other side's turn, and it is to see a set: the views of a dict know no other.
            cls = type(other)
            if any(reflected in vars(base) for base in cls.__mro__):
                return getattr(cls, reflected)(other, own)
        return result

    return operate


_READERS = """
    __getstate__ __reduce__ __repr__ __sizeof__ copy difference intersection isdisjoint issubset issuperset symmetric_difference union
"""
_WRITERS = """
    __init__ add clear difference_update discard intersection_update pop remove symmetric_difference_update update
"""
_COMPARISONS = {
    "__eq__": "__eq__",
    "__ne__": "__ne__",
    "__lt__": "__gt__",
    "__gt__": "__lt__",
    "__le__": "__ge__",
    "__ge__": "__le__",
}

for _name in _READERS.split():
    setattr(NotDone, _name, _reader(_name))
for _name in _WRITERS.split():
    setattr(NotDone, _name, _writer(_name))
for _name, _reflected in _COMPARISONS.items():
    setattr(NotDone, _name, _operator(_name, _reflected))
for _name in ("and", "or", "sub", "xor"):
    _plainly, _reflected = f"__{_name}__", f"__r{_name}__"
    setattr(NotDone, _plainly, _operator(_plainly, _reflected))
    setattr(NotDone, _reflected, _operator(_reflected, _plainly))
    setattr(NotDone, f"__i{_name}__", _in_place(f"__i{_name}__"))

NotDone.__name__ = NotDone.__qualname__ = "set"
NotDone.__module__ = "builtins"
