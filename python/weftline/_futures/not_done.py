"""`NotDone`: the set of futures that are not done, as `wait` returns it, in a form that a loop
around `wait` need not copy each time.

A loop that goes on with `not_done` has one set of futures, out of which each call takes those that
are done, and to which the program may add others. What a call returned is a *version* of that set.
The newest version is what the set holds now. An older one is that and what has been taken out
since, which it finds by going from each version to the next (Baker's trick for persistent arrays).

| a version is | it has | `wait` is given it | one is added |
|---|---|---|---|
| the newest | the `Waiting` in `_waiting`, the set and its place in `_source` | takes the `Waiting`, and goes on with what it knows | in place, and the group is told, unless an older version lives; else it is changed |
| an older one | no `Waiting`; what its place names, if that call went on | begins anew, with a copy | it is changed |
| read | a set of its own in `_copies`, no `_source`; a newest one keeps the `Waiting` | as the newest, or an older one | it is changed |
| changed | a set of its own and nothing else | begins anew, with a copy | it is changed |

A *place* names nothing in the newest version, afterwards what the next call took out and the place
of the version that it made. Versions know of later places, never of earlier ones, so a future that
is done goes when the last version that contains it does. An older version learns what has been
taken out since, not what has been added; so nothing is added in place while there is one, and if
there is, it keeps the place before the newest alive.

Invariant: *a version is what its set holds at any moment, and what the places from its own on name
after that moment*. So what is taken out is named first, and who reads copies the set first. Each of
these steps is one operation of a list or a set. Those who change a version or make its copy take
turns besides; a signal's handler, which may do so in the middle of it, counts as having been there
before or after.
"""

import functools
import weakref

from weftline import _weftline

_turns = _weftline.RLock()


# A version's place in the order of versions. Its result is the futures that the next call took out,
# and the next place. It is a future because a chain of futures is freed on any stack, however long.
_Place = _weftline.Future


def _nothing():
    """Says what a weak reference says of a place that is gone."""


class Waiting:
    """Who waits for some futures, call after call: their group, those that are left, and the place
    of the newest version.

    Whoever holds it is the only one who waits with this group and changes the set.
    """

    __slots__ = ("_before", "_group", "_pending", "_place")

    def __init__(self, group, pending):
        self._group, self._pending = group, pending
        # The place before, for as long as a version is there or before.
        self._place, self._before = _Place(), _nothing

    def wait(self, timeout, return_when):
        """What is done, and what is not done then. If it raises, the versions are what they were,
        and nobody has a group.
        """
        done = self._group.wait(timeout, return_when)
        pending = self._pending
        if len(done) == len(pending):
            # Nobody goes on. What the version before contains may stay where it is.
            return done, set()
        place = _Place()
        # A frozenset knows the hashes, so a reader of an older version calls nobody for them.
        self._place._result = frozenset(done), place
        pending.difference_update(done)
        self._before = weakref.ref(self._place)
        self._place = place
        version = object.__new__(NotDone)
        version._waiting = [self]
        version._source = pending, place
        version._copies = []
        version._count = len(pending)
        return done, version

    def add(self, version, one):
        """Waits for one more, which is then in the newest version, too. Says whether it does: not
        if the group does not know such, or an older version lives.
        """
        pending = self._pending
        if self._before() is not None:
            return False
        if one not in pending:
            if not self._group.add(one):
                return False
            # Whoever asks counts them, should this be the end.
            version._count = None
            pending.add(one)
            version._count = len(pending)
        return True


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
        copies, count = self._copies, self._count
        if copies or count is None:
            return len(copies[0] if copies else self._read())
        return count

    # The two that loops call most are written out, which makes them three times as fast as those
    # below.
    @functools.wraps(set.__contains__)
    def __contains__(self, one, /):
        copies = self._copies
        return _plain(one) in (copies[0] if copies else self._read())

    @functools.wraps(set.__iter__)
    def __iter__(self):
        copies = self._copies
        return iter(copies[0] if copies else self._read())

    @functools.wraps(set.add)
    def add(self, /, *arguments, **keywords):
        if keywords or len(arguments) != 1:
            return set().add(*arguments, **keywords)
        one = _plain(*arguments)
        if not self._add_in_place(one):
            self._change().add(one)

    @functools.wraps(set.update)
    def update(self, /, *others, **keywords):
        if keywords:
            return set().update(*others, **keywords)
        for other in others:
            more = iter(_plain(other))
            # One more in place costs as much as to begin anew with a few dozen.
            most = max(4, len(self) // 16)
            for number, one in enumerate(more):
                if number == most or not self._add_in_place(one):
                    contents = self._change()
                    contents.add(one)
                    contents.update(more)

    @functools.wraps(set.__ior__)
    def __ior__(self, other, /):
        if not isinstance(other, (set, frozenset)):
            return NotImplemented
        self.update(other)
        return self

    def _add_in_place(self, one):
        """Adds to the newest version, which stays what the group knows; says whether it could."""
        with _turns:
            copies, box = self._copies, self._waiting
            if copies or self._count is None:
                return False
            waiting = self._take_waiting()
            if waiting is None or not waiting.add(self, one):
                return False
            # Not in the box of a version that has been changed meanwhile: that has another.
            box.append(waiting)
            if copies:
                copies[0].add(one)
            return True

    def _take_waiting(self):
        """What the newest version goes on with, which nobody else gets then; None if there is
        none.
        """
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
        while (step := place._result) is not None:
            taken, place = step
            contents.update(taken)
        return contents

    def _read(self):
        """The set that is this version's own from the first look on."""
        copies = self._copies
        if not copies:
            with _turns:
                # From here on nobody adds in place. Of several that look at once, the first to
                # append has made the copy that counts.
                self._count = None
                copies.append(self._contents())
                del copies[1:]
                self._source = None
        return copies[0]

    def _change(self):
        """The set of its own, for a change, after which this is not what the group knows."""
        with _turns:
            self._waiting = []
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
    __init__ clear difference_update discard intersection_update pop remove symmetric_difference_update
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
    if _name != "or":
        setattr(NotDone, f"__i{_name}__", _in_place(f"__i{_name}__"))

NotDone.__name__ = NotDone.__qualname__ = "set"
NotDone.__module__ = "builtins"
