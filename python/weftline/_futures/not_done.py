"""`NotDone`: the set of unfinished futures that `wait` returns, in a form that a loop around `wait`
need not copy each time.

A loop that continues with `not_done` has one set of futures. Each call takes the finished ones out
of it, and the program may add others. The result of a call is a *version* of that set. The newest
version is the present set. An older version is the present set and the futures taken out since. It
finds them by going from each version to the next (Baker's trick for persistent arrays).

| a version is | it has | `wait` is called with it | a future is added |
|---|---|---|---|
| the newest | the `Waiting` in `_waiting`, the set and its place in `_source` | takes the `Waiting`, and continues with its group | in place, and to the group, unless an older version lives; else it is changed |
| an older one | no `Waiting`; the futures that its place names, if that call continued | begins anew, with a copy | it is changed |
| read | a set of its own in `_copies`, no `_source`; a newest one keeps the `Waiting` | as the newest, or an older one | it is changed |
| changed | a set of its own and nothing else | begins anew, with a copy | it is changed |

A *place* names nothing in the newest version. Afterwards it names the futures that the next call
took out, and the place of the version which that call created. Versions refer to later places,
never to earlier ones, so a finished future is freed with the last version that contains it. An
older version learns which futures were taken out since, not which were added. So nothing is added
in place while an older version lives, which keeps the place before the newest alive.

Invariant: *at any moment a version equals the contents of its set, and the futures that the places
from its own on name after that moment*. So removed futures are named before they are taken out, and
a reader copies the set first. Each of these steps is one operation of a list or a set. Besides,
threads that change a version or create its copy take turns, by `_turns`. A signal handler may do so
in the middle of a turn; it counts as having run before or after.
"""

import functools
import weakref

from weftline import _weftline

_turns = _weftline.RLock()


# A version's place in the order of versions. Its result is the futures that the next call took out,
# and the next place. It is a future because a chain of futures of any length is freed on a small
# stack.
_Place = _weftline.Future


def _nothing():
    """Stands for a weak reference to a place that is gone."""


class Waiting:
    """The state that a loop of waits keeps from call to call: the group, the futures that are left,
    and the place of the newest version.

    Only its holder waits with this group and changes the set.
    """

    __slots__ = ("_before", "_group", "_pending", "_place")

    def __init__(self, group, pending):
        self._group, self._pending = group, pending
        # The place before, as long as a version lives that is there or before it.
        self._place, self._before = _Place(), _nothing

    def wait(self, timeout, return_when):
        """Returns the finished and the unfinished futures. If it raises, the versions are
        unchanged, and no version has the group.
        """
        done = self._group.wait(timeout, return_when)
        pending = self._pending
        if len(done) == len(pending):
            # No call continues. The futures of the version before may stay in the set.
            return done, set()
        place = _Place()
        # A frozenset keeps the hashes, so a reader of an older version calls no `__hash__`.
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
        """Adds a future to the group and so to the newest version. Returns whether it did: not if
        the group cannot take the future, or an older version lives.
        """
        pending = self._pending
        if self._before() is not None:
            return False
        if one not in pending:
            if not self._group.add(one):
                return False
            # Until the end of this call `len()` counts the futures itself.
            version._count = None
            pending.add(one)
            version._count = len(pending)
        return True


class NotDone:
    # To a program this is a set, with the documentation of sets.
    __doc__ = set.__doc__
    __slots__ = ("__weakref__", "_copies", "_count", "_source", "_waiting")

    def __new__(cls, /, *arguments, **keywords):
        # A program that reads the class by `type` creates sets with it.
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

    # The two methods that loops call most are written out, which makes them three times as fast as
    # those below.
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
            # Adding one in place costs as much as to begin anew with a few dozen.
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
        """Adds to the newest version and its group; returns whether it could."""
        with _turns:
            copies, box = self._copies, self._waiting
            if copies or self._count is None:
                return False
            waiting = self._take_waiting()
            if waiting is None or not waiting.add(self, one):
                return False
            # Not in the box of a version that has been changed meanwhile: that has another box.
            box.append(waiting)
            if copies:
                copies[0].add(one)
            return True

    def _take_waiting(self):
        """Takes the newest version's `Waiting`, which no other caller gets then; None if there is
        none.
        """
        try:
            return self._waiting.pop()
        except IndexError:
            return None

    def _contents(self):
        """Returns the futures as a new set."""
        # The copy exists before the source is dropped.
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
        """Returns the set that this version owns from the first read on."""
        copies = self._copies
        if not copies:
            with _turns:
                # From here on nothing is added in place. Of several concurrent readers, the first
                # to append has created the copy that counts.
                self._count = None
                copies.append(self._contents())
                del copies[1:]
                self._source = None
        return copies[0]

    def _change(self):
        """Returns the version's own set, for a change that the group does not know of."""
        with _turns:
            self._waiting = []
            return self._read()


def _plain(argument):
    # Functions of sets that are written in C do not accept a NotDone as a set.
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
            # The other operand's turn, with a set as its argument: the views of a dict accept no
            # other type.
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
