"""Classes that are derived from weftline's, mixed with others, or found by dispatch, work as those
of the standard ones.
"""

import concurrent.futures as std_futures
import functools
from abc import ABC, abstractmethod

import pytest
from classes import CLASSES, standard
from support.alike import classes, objects
from support.pools import futures
from support.target import ours_only

OBJECTS = standard("parts")


@pytest.mark.parametrize("name", OBJECTS)
def test_a_class_can_be_mixed_and_subclassed_as_the_standard_one(name):
    for cls in classes(name):
        seen = []

        class Base(cls):
            def __init_subclass__(subclass, seen=seen, **options):
                seen.append(options)

        class Slotted(Base, colour=3):
            __slots__ = ("first", "second")

        class Abstract(ABC, cls):
            @abstractmethod
            def colour(self): ...

        class Concrete(Abstract):
            def colour(self):
                return "red"

        assert seen == [{"colour": 3}]
        arguments = CLASSES[name].arguments
        slotted = Slotted(*arguments)
        slotted.first, slotted.other = 1, 2
        assert slotted.__getstate__()[1] == {"first": 1}
        assert slotted.__getstate__()[0]["other"] == 2
        assert not hasattr(slotted, "second")
        with pytest.raises(TypeError, match="abstract"):
            Abstract(*arguments)
        assert Concrete(*arguments).colour() == "red"


@pytest.mark.parametrize("name", ["Queue", "LifoQueue", "PriorityQueue", "Future"])
def test_generic_aliases_are_made(name):
    theirs, mine = classes(name)
    assert mine[int].__origin__ is mine and mine[int].__args__ == (int,)
    assert type(mine[int]) is type(theirs[int])


def test_dispatch_by_class_finds_futures():
    @functools.singledispatch
    def show(thing):
        return "other"

    @show.register(std_futures.Future)
    def _(thing):
        return "future"

    future = futures.Future()
    assert show(future) == "future"
    assert type(future) is future.__class__ is futures.Future
    assert isinstance(future, std_futures.Future)
    assert isinstance(future.__class__(), futures.Future)
    match future:
        case futures.Future():
            pass
        case _:
            raise AssertionError

    @show.register(futures.Future)
    def _(thing):
        return "ours"

    assert show(future) == "ours"


@ours_only
def test_a_subclass_of_our_future_is_one_of_the_standard_future_too():
    class Sub(futures.Future):
        pass

    assert issubclass(Sub, std_futures.Future)
    assert isinstance(Sub(), std_futures.Future)

    class Both(futures.Future, std_futures.Executor):
        pass

    both = Both()
    both.set_result(1)
    assert both.result() == 1


@pytest.mark.parametrize("name", OBJECTS)
def test_a_call_of_init_by_hand_begins_anew(name):
    for cls, subject in zip(classes(name), objects(name)):
        arguments = CLASSES[name].arguments
        assert cls.__init__(subject, *arguments) is None
        with pytest.raises((TypeError, AttributeError)):
            cls.__init__(5, *arguments)
        with pytest.raises(TypeError):
            cls.__init__(subject, 1, 2, 3, 4, 5)


def test_a_constructor_replaced_in_a_class_and_put_back_works(monkeypatch):
    initialised = []
    for cls in classes("Event"):
        before = cls.__init__

        def init(self, before=before):
            initialised.append(type(self))
            before(self)

        with monkeypatch.context() as patch:
            patch.setattr(cls, "__init__", init)
            assert not cls().is_set()
        assert not cls().is_set()
        assert cls.__init__ is before
    assert initialised == list(classes("Event"))
