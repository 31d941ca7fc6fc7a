"""`not_done`, as `wait` returns it, passes for a set, in every later state.

Each operation runs on such a set and on a real set of the same futures. Both must have the same
outcome.
"""

import collections.abc
import copy
import functools
import io
import operator
import pickle
import sys
import weakref

import pytest
from support.differ import assert_same_face
from support.not_done import FATES, beside_a_real_one, made
from support.pools import futures
from support.target import ours_only

SIZES = [1, 6]


class OwnSet(set):
    """A subclass."""


class AbstractSet(collections.abc.Set):
    """A set that is written in Python."""

    def __init__(self, contents):
        self.contents = list(contents)

    def __contains__(self, one):
        return one in self.contents

    def __iter__(self):
        return iter(self.contents)

    def __len__(self):
        return len(self.contents)


class Polite:
    """An operand to which a set's operators leave the answer."""

    def answer(self, other):
        return type(self).__name__, type(other).__name__, len(other)

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = answer
    __and__ = __or__ = __sub__ = __xor__ = answer
    __rand__ = __ror__ = __rsub__ = __rxor__ = answer
    __hash__ = object.__hash__


class Failing:
    """An iterable that raises before its end."""

    def __iter__(self):
        yield _ANOTHER
        raise ZeroDivisionError("halfway")


def _keys(some):
    return dict.fromkeys(some).keys()


def _not_done(some):
    return made(some) if some else futures.wait(some).not_done


_ANOTHER, _THIRD = futures.Future(), futures.Future()
_POLITE, _FAILING = Polite(), Failing()
CHOICES = {
    "none": lambda some: [],
    "some": lambda some: some[::2],
    "all": lambda some: some,
    "more": lambda some: [*some, _ANOTHER],
    "another": lambda some: [_ANOTHER],
}
KINDS = [set, frozenset, OwnSet, list, _keys, AbstractSet, _not_done]
OTHERS = {
    f"{kind.__name__} of {choice}": lambda some, s, kind=kind, of=of: kind(of(some))
    for kind in KINDS
    for choice, of in CHOICES.items()
}
# Beside a real set, the other operand is a real set too.
OTHERS |= {
    name: lambda some, s, make=OTHERS[name]: (
        set(make(some, s)) if type(s) is set else make(some, s)
    )
    for name in OTHERS
    if name.startswith("_not_done")
}
OTHERS |= {
    "itself": lambda some, s: s,
    "a dict": lambda some, s: dict.fromkeys(some),
    "polite": lambda some, s: _POLITE,
    "a number": lambda some, s: 3,
    "None": lambda some, s: None,
    "one of them": lambda some, s: some[-1],
    "unhashable": lambda some, s: [some[-1], []],
    "failing": lambda some, s: _FAILING,
}
"""The second operands of an operation, each made from the futures and the first operand."""

_OPERATORS = ["and_", "or_", "sub", "xor", "eq", "ne", "lt", "le", "gt", "ge"]
_IN_PLACE = ["iand", "ior", "isub", "ixor"]
_METHODS = [
    *("add", "difference", "difference_update", "discard", "intersection"),
    *("intersection_update", "isdisjoint", "issubset", "issuperset", "remove"),
    *("symmetric_difference", "symmetric_difference_update", "union", "update"),
    *("__init__", "__contains__"),
]

BINARY = {
    **{f"s {name} other": getattr(operator, name) for name in _OPERATORS + _IN_PLACE},
    **{
        f"other {name} s": lambda s, other, name=name: getattr(operator, name)(other, s)
        for name in _OPERATORS
    },
    **{
        f"s.{name}(other)": lambda s, other, name=name: getattr(s, name)(other)
        for name in _METHODS
    },
    "s.union(other, s, other)": lambda s, other: s.union(other, s, other),
    "s.difference(s, other)": lambda s, other: s.difference(s, other),
    "s.update(other, s)": lambda s, other: s.update(other, s),
    "s.add(element=other)": lambda s, other: s.add(element=other),
    "set().union(other, s)": lambda s, other: set().union(other, s),
    "frozenset(other) | s": lambda s, other: frozenset(other) | s,
    "frozenset(other) >= s": lambda s, other: frozenset(other) >= s,
}


def _told(value, s):
    if value is s:
        return "itself"
    if isinstance(value, set | frozenset | AbstractSet):
        return type(value).__name__, frozenset(value)
    return type(value).__name__, value


def told(operation, s, *others):
    """The result or exception of the operation, and the contents of the set afterwards, without
    their order, which a set does not define.
    """
    try:
        what = _told(operation(s, *others), s)
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        # A KeyError shows the set that was not found.
        what = type(error), type(error) is KeyError or str(error)
    return what, len(s), frozenset(s)


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", BINARY)
def test_an_operation_with_something_else_is_that_of_a_set(name, fate):
    for size in SIZES:
        for which, make in OTHERS.items():
            left, model, some = beside_a_real_one(size)
            pairs = [(s, make(some, s)) for s in (left, model)]
            FATES[fate](left, some)
            ours, expected = [told(BINARY[name], *pair) for pair in pairs]
            assert ours == expected, which


def _in_its_words(s):
    # Two equal sets may have their elements in another order.
    return sorted(repr(s).strip("{}").split(", "))


class _ByNumber(pickle.Pickler):
    def persistent_id(self, thing):
        return 1 if isinstance(thing, futures.Future) else None


class _BackAgain(pickle.Unpickler):
    def persistent_load(self, number):
        return number


def _through_a_pickle(s, protocol):
    file = io.BytesIO()
    _ByNumber(file, protocol).dump(s)
    file.seek(0)
    return _BackAgain(file).load()


@functools.singledispatch
def _dispatched(s):
    return "something"


_dispatched.register(set, lambda s: "a set")


def _matched(s):
    match s:
        case set():
            return "a set"


def _popped(s):
    size, one = len(s), s.pop()
    is_gone = one not in s and len(s) == size - 1
    s.add(one)
    return is_gone


def _popped_all(s):
    return frozenset(s.pop() for _ in range(len(s))), len(s), bool(s), s.pop()


def _changed_while_read(s):
    for one in s:
        s.clear()
        s.update([_ANOTHER, _THIRD, None, *range(len(OTHERS))])


def _read_later(s):
    """An iterator is over the set, not over its contents at that moment."""
    iterator = iter(s)
    s.clear()
    return operator.length_hint(iterator), list(iterator)


UNARY = {
    "len": len,
    "bool": bool,
    "repr": _in_its_words,
    "str": lambda s: sorted(str(s).strip("{}").split(", ")),
    "format": lambda s: format(s, "5"),
    "hash": hash,
    "in a set": lambda s: {s},
    "iter": lambda s: type(iter(s)).__name__,
    "iterated": lambda s: frozenset(iter(s)),
    "in a call": lambda s: frozenset([*s]),
    "reversed": reversed,
    "index": lambda s: s[0],
    "copy": lambda s: s.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "of its own class": lambda s: type(s)([1, 2]),
    "of its own class, empty": lambda s: type(s)(),
    "of its own class, wrongly": lambda s: type(s)(1, 2),
    "of its own class, by a name": lambda s: type(s)(iterable=[1]),
    "its own class": lambda s: (s.__class__, type(s).__name__, type(s).__module__),
    "of a kind": lambda s: (type(s)[int], s.__class_getitem__(int)),
    "pickle.dumps": pickle.dumps,
    "__reduce__": lambda s: [s.__reduce__()[0], frozenset(s.__reduce__()[1][0])],
    "__reduce_ex__": lambda s: [s.__reduce_ex__(4)[0], s.__reduce_ex__(4)[2:]],
    "__getstate__": lambda s: s.__getstate__(),
    "__dict__": lambda s: s.__dict__,
    "vars": vars,
    "dir": dir,
    "an attribute": lambda s: setattr(s, "name", 1),
    "weakref": lambda s: weakref.ref(s)() is s,
    "singledispatch": _dispatched,
    "match": _matched,
    "abstract": lambda s: [
        isinstance(s, getattr(collections.abc, name))
        for name in ("Hashable", "Collection", "Set", "MutableSet", "Sequence")
    ],
    "a set": lambda s: isinstance(s, set) and not isinstance(s, frozenset | OwnSet),
    "pop": _popped,
    "pop all": _popped_all,
    "clear": lambda s: s.clear(),
    "clear(1)": lambda s: s.clear(1),
    "__init__": lambda s: s.__init__(),
    "__init__(1, 2)": lambda s: s.__init__(1, 2),
    "__ror__": lambda s: s.__ror__([]),
    "__or__": lambda s: s.__or__([]),
    "__ior__": lambda s: s.__ior__([]),
    "__eq__": lambda s: s.__eq__([]),
    "changed while it is read": _changed_while_read,
    "read later": _read_later,
    "sized": lambda s: sys.getsizeof(s) > sys.getsizeof(object()),
    "sorted": lambda s: sorted(s, key=id),
    "sum": lambda s: sum(s),
}
UNARY |= {
    f"pickled, {protocol}": functools.partial(_through_a_pickle, protocol=protocol)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
}


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", UNARY)
def test_an_operation_on_it_alone_is_that_of_a_set(name, fate):
    for size in SIZES:
        left, model, some = beside_a_real_one(size)
        FATES[fate](left, some)
        ours, expected = [told(UNARY[name], s) for s in (left, model)]
        assert ours == expected


def test_it_has_every_attribute_of_a_set_with_its_documentation_and_signature():
    left, model, _ = beside_a_real_one(1)
    own = {name for cls in type(left).__mro__[:-1] for name in vars(cls)}
    # `__getattribute__` of a set is that of `object` in all but name.
    assert set(vars(set)) - own <= {"__getattribute__"}
    for name in dir(set):
        ours, real = getattr(left, name), getattr(model, name)
        if name not in ("__class__", "__doc__", "__hash__", "__new__"):
            assert (ours.__name__, ours.__doc__) == (real.__name__, real.__doc__)
    assert_same_face(model, left)


@ours_only
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("name", _IN_PLACE)
def test_a_real_set_is_bound_anew_by_an_operation_in_place(name, fate):
    """A difference that cannot be hidden, and that the documentation names: that operation of a
    real set takes only real sets.
    """
    left, model, some = beside_a_real_one(6)
    FATES[fate](left, some)
    real = before = {*some[::2], _ANOTHER}
    expected = getattr(operator, name)(set(real), model)
    real = getattr(operator, name)(real, left)
    assert type(real) is set and real == expected
    assert real is not before and before == {*some[::2], _ANOTHER}
