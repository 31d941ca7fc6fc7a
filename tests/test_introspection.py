"""No tool can tell weftline's classes from the standard ones by introspection: `dir`, `inspect` and
`pydoc` agree on both.

The differences stand in the tables below, and in docs/compatibility.md.
"""

import inspect
import pydoc
import sys

import pytest
from classes import CLASSES, standard
from support.alike import classes, objects, public
from support.differ import outcome, shape

OBJECTS = standard("parts")
IN_PYTHON = [name for name, row in standard().items() if row.in_python]
IN_C = [name for name, row in standard().items() if row.in_c]

# Names that weftline's classes have on every version, and the standard ones on some or none.
BEYOND = {
    *("shutdown", "isSet", "notifyAll", "_at_fork_reinit", "_get_snapshot"),
    # Methods of weftline's timer and pool, which are written in Python.
    *("_pending", "start", "is_alive", "join", "_can_be_pending", "_undo_start"),
    *("_withdraw", "_end", "_forget_pending", "_fire", "_begin", "_give_up", "_lose"),
    *("_retries", "_start_thread", "_try_again_later"),
    *("_set_up", "_submit_and_count", "_start_worker", "_submitter"),
    *("_shutdown", "_broken", "_max_workers"),
}


def names_of(thing):
    """What `dir` names, without what `copy` and `pickle` leave in the class of an object that they
    have seen.
    """
    return {*dir(thing)} - {"__slotnames__"}


@pytest.mark.parametrize("name", [*OBJECTS, *IN_PYTHON])
def test_a_class_names_what_the_standard_one_does(name):
    theirs, mine = map(names_of, classes(name))
    assert theirs - mine == set()
    extra = mine - theirs
    assert extra <= BEYOND | (CLASSES[name].parts or set())


@pytest.mark.parametrize("name", [*OBJECTS, *IN_PYTHON, "SimpleQueue"])
def test_every_name_that_a_class_lists_can_be_read_from_it(name):
    cls = classes(name)[1]
    for attribute in dir(cls):
        getattr(cls, attribute)
    assert dict(inspect.getmembers(cls)).keys() >= public(dir(cls))
    assert {kind.name for kind in inspect.classify_class_attrs(cls)} >= public(dir(cls))


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_names_what_the_standard_one_does(name):
    theirs, mine = objects(name)
    extra = names_of(mine) - names_of(theirs)
    assert names_of(theirs) - names_of(mine) == set()
    assert extra <= BEYOND | (CLASSES[name].parts - public(vars(theirs)))


@pytest.mark.parametrize("name", OBJECTS)
def test_naming_does_not_inflate(name):
    mine = objects(name)[1]
    before = sys.getsizeof(mine)
    dir(mine)
    repr(mine)
    assert sys.getsizeof(mine) == before


@pytest.mark.parametrize("name", [*OBJECTS, *IN_PYTHON, "SimpleQueue"])
def test_help_can_be_read(name):
    text = pydoc.render_doc(classes(name)[1], renderer=pydoc.plaintext)
    for method in public(vars(classes(name)[0])):
        if not method.startswith("_"):
            assert method in text
    assert "_attribute object" not in text


@pytest.mark.parametrize("name", [*OBJECTS, *IN_PYTHON, *IN_C])
def test_a_class_has_the_standard_names(name):
    theirs, mine = classes(name)
    if isinstance(theirs, type):
        assert (mine.__name__, mine.__qualname__) == (
            theirs.__name__,
            theirs.__qualname__,
        )
        assert mine.__module__ == theirs.__module__
        assert shape(mine) == shape(theirs)
        assert type(mine) is type
    if name in OBJECTS and name != "Future":
        assert [c.__name__ for c in mine.__mro__] == [
            c.__name__ for c in theirs.__mro__
        ]


@pytest.mark.parametrize("name", OBJECTS)
def test_docstrings_are_where_the_standard_ones_are(name):
    theirs, mine = classes(name)
    assert mine.__doc__ and theirs.__doc__
    for method in public(vars(theirs)):
        if getattr(theirs, method).__doc__:
            assert getattr(mine, method).__doc__, method


def test_a_barriers_properties_are_properties():
    theirs, mine = objects("Barrier")
    for name in ("parties", "n_waiting", "broken"):
        assert type(getattr(type(mine), name)) is property
        assert outcome(setattr, mine, name, 1) == outcome(setattr, theirs, name, 1)
        assert outcome(delattr, mine, name) == outcome(delattr, theirs, name)
        assert getattr(mine, name) == getattr(theirs, name)


@pytest.mark.parametrize("name", OBJECTS)
def test_the_source_shown_is_that_of_the_standard_class(name):
    theirs, mine = classes(name)
    assert inspect.getsource(mine) == inspect.getsource(theirs)
