"""No tool can tell weftline's classes from the standard ones by introspection: `dir`, `vars`,
`inspect`, `pydoc`, mocks and dispatch agree on both.

The differences stand in the tables below, and in docs/compatibility.md.
"""

import concurrent.futures as std_futures
import functools
import inspect
import pydoc
import sys
import types
import weakref
from abc import ABC, abstractmethod
from unittest import mock

import pytest
import weftline.concurrent.futures as our_futures
from support.differ import outcome, shape
from support.target import (
    INSTALLED,
    STANDARD,
    ours_only,
    queue,
    std_queue,
    std_threading,
    threading,
)

futures = std_futures if STANDARD or INSTALLED else our_futures

# Each class with how an object of it is made.
MADE = {
    "Queue": lambda m: m.Queue(3),
    "LifoQueue": lambda m: m.LifoQueue(),
    "PriorityQueue": lambda m: m.PriorityQueue(),
    "Event": lambda m: m.Event(),
    "Condition": lambda m: m.Condition(),
    "Semaphore": lambda m: m.Semaphore(2),
    "BoundedSemaphore": lambda m: m.BoundedSemaphore(2),
    "Barrier": lambda m: m.Barrier(2, None, 5),
    "Future": lambda m: m.Future(),
}
IN_C = {
    "SimpleQueue": lambda m: m.SimpleQueue(),
    "Lock": lambda m: m.Lock(),
    "RLock": lambda m: m.RLock(),
}
IN_PYTHON = ["Timer", "ThreadPoolExecutor"]
CLASSES = [*MADE, *IN_PYTHON]

# Attributes that the standard class has in the `__dict__` of its instances, and weftline's in the
# class.
PARTS = {
    "Queue": {
        "maxsize",
        "mutex",
        "queue",
        "not_empty",
        "not_full",
        "all_tasks_done",
        "unfinished_tasks",
        "is_shutdown",
    },
    "Event": {"_cond", "_flag"},
    "Condition": {"_lock", "acquire", "release", "_waiters", "locked"},
    "Semaphore": {"_cond", "_value"},
    "BoundedSemaphore": {"_cond", "_value", "_initial_value"},
    "Barrier": {"_cond", "_action", "_timeout", "_parties", "_state", "_count"},
    "Future": {
        *("_condition", "_state", "_result", "_exception"),
        *("_waiters", "_done_callbacks"),
    },
}
PARTS["LifoQueue"] = PARTS["PriorityQueue"] = PARTS["Queue"]

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


def standard(name):
    for module in (std_queue, std_threading, std_futures):
        if hasattr(module, name):
            return module
    raise LookupError(name)


def ours(name):
    return {std_queue: queue, std_threading: threading, std_futures: futures}[
        standard(name)
    ]


def classes(name):
    return getattr(standard(name), name), getattr(ours(name), name)


def objects(name):
    make = {**MADE, **IN_C}[name]
    return make(standard(name)), make(ours(name))


def public(names):
    return {n for n in names if not (n.startswith("__") and n.endswith("__"))}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_names_what_the_standard_one_does(name):
    theirs, mine = classes(name)
    assert set(dir(theirs)) - set(dir(mine)) == set()
    extra = set(dir(mine)) - set(dir(theirs))
    assert extra <= BEYOND | PARTS.get(name, set())


@pytest.mark.parametrize("name", [*CLASSES, "SimpleQueue"])
def test_every_name_that_a_class_lists_can_be_read_from_it(name):
    cls = classes(name)[1]
    for attribute in dir(cls):
        getattr(cls, attribute)
    assert dict(inspect.getmembers(cls)).keys() >= public(dir(cls))
    assert {kind.name for kind in inspect.classify_class_attrs(cls)} >= public(dir(cls))


@pytest.mark.parametrize("name", MADE)
def test_an_object_names_what_the_standard_one_does(name):
    theirs, mine = objects(name)
    extra = set(dir(mine)) - set(dir(theirs))
    assert set(dir(theirs)) - set(dir(mine)) == set()
    assert extra <= BEYOND | (PARTS[name] - public(vars(theirs)))


@pytest.mark.parametrize("name", MADE)
def test_naming_does_not_inflate(name):
    mine = objects(name)[1]
    before = sys.getsizeof(mine)
    dir(mine)
    repr(mine)
    assert sys.getsizeof(mine) == before


@pytest.mark.parametrize("name", MADE)
def test_an_object_has_the_standard_attributes_in_its_dict(name):
    theirs, mine = objects(name)
    mine.note = theirs.note = "mine"
    assert vars(mine).keys() == vars(theirs).keys()
    assert vars(mine) is mine.__dict__
    for key, value in vars(theirs).items():
        kind = type(value).__name__
        if kind not in ("builtin_function_or_method", "deque", "Condition"):
            assert type(vars(mine)[key]).__name__ == kind, key
        if kind in ("int", "bool", "str", "NoneType", "list"):
            assert vars(mine)[key] == value, key


@pytest.mark.parametrize("name", MADE)
def test_attribute_and_entry_of_the_dict_are_one(name):
    for subject in objects(name):
        for key in list(vars(subject)):
            assert getattr(subject, key) is vars(subject)[key]
            vars(subject)[key] = "by the dict"
            assert getattr(subject, key) == "by the dict"
            setattr(subject, key, "by name")
            assert vars(subject)[key] == "by name"
            delattr(subject, key)
            assert key not in vars(subject)


@pytest.mark.parametrize("name", MADE)
def test_a_missing_attribute_is_reported_as_by_the_standard_object(name):
    theirs, mine = objects(name)
    for key in sorted(vars(theirs)):
        if key in ("_release_save", "_acquire_restore", "_is_owned"):
            continue  # there are methods of these names
        delattr(theirs, key)
        delattr(mine, key)
        for act in (getattr, delattr):
            assert outcome(act, mine, key) == outcome(act, theirs, key), key
        with pytest.raises(AttributeError) as caught:
            getattr(mine, key)
        assert caught.value.name == key and caught.value.obj is mine


@pytest.mark.parametrize("name", MADE)
def test_the_dict_can_be_replaced(name):
    for subject in objects(name):
        subject.__dict__ = {"note": 1}
        assert vars(subject) == {"note": 1}
        key = min(PARTS[name])
        with pytest.raises(AttributeError):
            getattr(subject, key)
    theirs, mine = objects(name)
    assert outcome(setattr, mine, "__dict__", 5) == outcome(
        setattr, theirs, "__dict__", 5
    )


def signature(function):
    """Names, kinds and defaults. A method in C differs only in how `self` may be passed."""
    parameters = [*inspect.signature(function).parameters.values()]
    return [
        (p.name, p.kind if p.name != "self" else None, p.default) for p in parameters
    ]


METHODS = sorted(
    (name, method)
    for name in CLASSES
    for method, value in vars(getattr(standard(name), name)).items()
    if isinstance(value, types.FunctionType)
)


@pytest.mark.parametrize("name, method", METHODS)
def test_a_method_has_the_signature_of_the_standard_one(name, method):
    theirs, mine = (getattr(cls, method) for cls in classes(name))
    expected = signature(theirs)
    if (name, method) == ("ThreadPoolExecutor", "__init__") and not STANDARD:
        expected = [*expected[:5], ("context", inspect.Parameter.KEYWORD_ONLY, False)]
        expected += signature(theirs)[5:]
    assert signature(mine) == expected
    assert inspect.getfullargspec(mine).args == inspect.getfullargspec(theirs).args
    if not method.startswith("_Future__"):
        assert mine.__name__ == theirs.__name__


@pytest.mark.parametrize("name", MADE)
def test_a_class_and_its_objects_methods_have_the_standard_signatures(name):
    theirs, mine = classes(name)
    assert signature(mine) == signature(theirs)
    assert signature(type("Sub", (mine,), {})) == signature(theirs)
    theirs, mine = objects(name)
    for method, bound in inspect.getmembers(theirs, inspect.ismethod):
        if method != "__class_getitem__":
            assert signature(getattr(mine, method)) == signature(bound), method


# Calls that the standard methods refuse, beside some that they take.
CALLS = {
    "Queue": [
        lambda q: q.get(1, 2, 3),
        lambda q: q.get(True, timeout=1),
        lambda q: q.put(),
        lambda q: q.put(1, colour=2),
        lambda q: q.put(item=1, block=False),
        lambda q: q.qsize(1),
        lambda q: q._init(maxsize=3),
        lambda q: q._init(),
    ],
    "Event": [
        lambda e: e.wait(1, 2),
        lambda e: e.wait(timeout=1),
        lambda e: e.set(True),
        lambda e: e.is_set(),
    ],
    "Condition": [
        lambda c: c.wait(1, 2),
        lambda c: c.wait_for(),
        lambda c: c.wait_for(predicate=len, timeout=1),
        lambda c: c.notify(1, 2),
        lambda c: c.notify_all(1),
    ],
    "Semaphore": [
        lambda s: s.acquire(1, 2, 3),
        lambda s: s.acquire(blocking=False, timeout=None),
        lambda s: s.release(1, 2),
        lambda s: s.release(n=2),
    ],
    "Barrier": [
        lambda b: b.wait(1, 2),
        lambda b: b.abort(1),
        lambda b: b._wait(),
        lambda b: b._wait(timeout=1),
    ],
    "Future": [
        lambda f: f.result(1, 2),
        lambda f: f.result(timeout=1),
        lambda f: f.set_result(),
        lambda f: f.set_exception(exception=None),
        lambda f: f.add_done_callback(fn=len),
        lambda f: f.add_done_callback(),
    ],
}
CALLS["LifoQueue"] = CALLS["PriorityQueue"] = CALLS["Queue"]
CALLS["BoundedSemaphore"] = CALLS["Semaphore"]

MOCKS = {
    "of the class, as an instance": lambda cls, one: mock.create_autospec(
        cls, instance=True
    ),
    "of the class, called": lambda cls, one: mock.create_autospec(cls)(
        *([2] if cls.__name__ == "Barrier" else [])
    ),
    "of an object": lambda cls, one: mock.create_autospec(one),
    "strict": lambda cls, one: mock.create_autospec(cls, instance=True, spec_set=True),
}


@pytest.mark.parametrize("how", MOCKS)
@pytest.mark.parametrize("name", CALLS)
def test_a_mock_with_a_specification_refuses_the_same_calls(name, how):
    theirs, mine = (
        MOCKS[how](cls, one) for cls, one in zip(classes(name), objects(name))
    )
    for number, call in enumerate(CALLS[name]):
        (kind, _, text), (kind_of_mine, _, text_of_mine) = (
            outcome(call, subject)[0] for subject in (theirs, mine)
        )
        assert kind_of_mine == kind, number
        if kind == "raised":
            assert text_of_mine == text, number


@pytest.mark.parametrize("name", MADE)
def test_a_mocked_class_refuses_the_same_arguments(name):
    theirs, mine = (mock.create_autospec(cls) for cls in classes(name))
    for arguments in ((), (1,), (1, 2, 3, 4)):
        kinds = [outcome(m, *arguments)[0][0] for m in (theirs, mine)]
        assert kinds[0] == kinds[1], arguments


def test_mocks_of_other_classes_are_as_before():
    assert isinstance(len, mock.FunctionTypes) is False
    assert isinstance(dict.get, mock.FunctionTypes) is False
    assert isinstance({}.get, mock.FunctionTypes) is False
    mock.create_autospec(dict, instance=True).get(1, 2, 3, 4)


@pytest.mark.parametrize("name", [*CLASSES, "SimpleQueue"])
def test_help_can_be_read(name):
    text = pydoc.render_doc(classes(name)[1], renderer=pydoc.plaintext)
    for method in public(vars(getattr(standard(name), name))):
        if not method.startswith("_"):
            assert method in text
    assert "_attribute object" not in text


@pytest.mark.parametrize("name", [*CLASSES, *IN_C])
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
    if name in MADE and name != "Future":
        assert [c.__name__ for c in mine.__mro__] == [
            c.__name__ for c in theirs.__mro__
        ]


@pytest.mark.parametrize("name", MADE)
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


@pytest.mark.parametrize("name", MADE)
def test_the_source_shown_is_that_of_the_standard_class(name):
    theirs, mine = classes(name)
    assert inspect.getsource(mine) == inspect.getsource(theirs)


@pytest.mark.parametrize("name", MADE)
def test_weak_references_are_notified(name):
    for subject in objects(name):
        assert subject.__weakref__ is None
        reference = weakref.ref(subject)
        assert subject.__weakref__ is reference
        proxy = weakref.proxy(subject)
        assert subject.__weakref__ is reference
        del proxy


@pytest.mark.parametrize("name", IN_C)
def test_classes_in_c_take_no_new_attributes(name):
    theirs, mine = (type(subject) for subject in objects(name))
    for act in (
        lambda cls: setattr(cls, "note", 1),
        lambda cls: delattr(cls, "__doc__"),
        lambda cls: setattr(cls, "acquire", len),
        lambda cls: setattr(cls, "put", len),
    ):
        assert outcome(act, mine) == outcome(act, theirs)


@pytest.mark.parametrize("name", MADE)
def test_a_class_takes_attributes_as_the_standard_one_does(name):
    for cls in classes(name):
        cls.note = 1
        assert cls.note == 1 and "note" in vars(cls)
        del cls.note
        assert not hasattr(cls, "note")


@pytest.mark.parametrize("name", MADE)
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
        arguments = (2,) if name == "Barrier" else ()
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


@pytest.mark.parametrize("name", MADE)
def test_functions_that_wrap_a_method_look_like_it(name):
    theirs, mine = classes(name)
    for method in public(vars(theirs)):
        function = getattr(theirs, method)
        if not isinstance(function, types.FunctionType):
            continue

        @functools.wraps(getattr(mine, method))
        def wrapper(*args, **kwargs):
            pass

        if not method.startswith("_Future__"):
            assert wrapper.__name__ == function.__name__
        assert signature(wrapper) == signature(function)


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


@pytest.mark.parametrize("name", MADE)
def test_a_call_of_init_by_hand_begins_anew(name):
    for cls, subject in zip(classes(name), objects(name)):
        arguments = (3,) if name == "Barrier" else ()
        assert cls.__init__(subject, *arguments) is None
        with pytest.raises((TypeError, AttributeError)):
            cls.__init__(5, *arguments)
        with pytest.raises(TypeError):
            cls.__init__(subject, 1, 2, 3, 4, 5)


def test_a_constructor_replaced_in_a_class_and_put_back_works(monkeypatch):
    made = []
    for cls in classes("Event"):
        before = cls.__init__

        def init(self, before=before):
            made.append(type(self))
            before(self)

        with monkeypatch.context() as patch:
            patch.setattr(cls, "__init__", init)
            assert not cls().is_set()
        assert not cls().is_set()
        assert cls.__init__ is before
    assert made == list(classes("Event"))
