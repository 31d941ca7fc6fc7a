"""`weftline.threading` and `weftline.queue` are the standard modules, except for weftline's own
names.
"""

import inspect
import queue as std_queue
import subprocess
import sys
import threading as std_threading
import unittest.mock

import pytest
from classes import CLASSES
from weftline import _mirror, queue, threading

OURS = {
    module: {name for name, row in CLASSES.items() if row.module == home}
    for home, module in (("threading", threading), ("queue", queue))
}
STANDARD = {threading: std_threading, queue: std_queue}
MODULES = pytest.mark.parametrize(
    "module", [threading, queue], ids=["threading", "queue"]
)


@MODULES
def test_every_name_of_the_standard_module_is_there(module):
    for name in dir(STANDARD[module]):
        assert hasattr(module, name), name
        assert name in dir(module), name


@MODULES
def test_what_is_ours_is_not_the_standard_object(module):
    for name in OURS[module]:
        assert getattr(module, name) is not getattr(STANDARD[module], name), name


@MODULES
def test_what_is_not_ours_is_the_standard_object_itself(module):
    private = {name for name in dir(module) if name.startswith("_")}
    for name in set(STANDARD[module].__all__) - OURS[module] - private:
        assert getattr(module, name) is getattr(STANDARD[module], name), name


@MODULES
def test_a_star_import_takes_the_public_names(module):
    namespace = {}
    exec(f"from {module.__name__} import *", namespace)  # noqa: S102 - a star is for modules only
    del namespace["__builtins__"]
    expected = set(STANDARD[module].__all__) | (
        {"ShutDown"} if module is queue else set()
    )
    assert set(namespace) == expected
    assert all(namespace[name] is getattr(module, name) for name in namespace)


@MODULES
def test_a_missing_name_is_refused_in_the_name_of_our_module(module):
    with pytest.raises(
        AttributeError, match=f"module '{module.__name__}' has no attribute 'Lokc'"
    ):
        module.Lokc  # noqa: B018 - looking it up is the test


def test_what_a_program_sets_here_is_set_where_the_interpreter_looks(monkeypatch):
    def report(args):
        raise AssertionError(args)

    monkeypatch.setattr(threading, "excepthook", report)
    assert std_threading.excepthook is report
    monkeypatch.undo()
    assert std_threading.excepthook is threading.excepthook is not report


def test_a_patch_for_a_while_leaves_no_trace():
    before = std_threading.settrace
    with unittest.mock.patch("weftline.threading.settrace", object):
        assert std_threading.settrace is threading.settrace is object
    assert std_threading.settrace is threading.settrace is before


def test_what_a_program_changes_in_the_standard_module_is_seen_here(monkeypatch):
    monkeypatch.setattr(std_threading, "Thread", object)
    assert threading.Thread is object


def test_a_name_of_ours_can_be_replaced_here_without_touching_the_standard_module(
    monkeypatch,
):
    standard = std_threading.Event
    monkeypatch.setattr(threading, "Event", object)
    assert std_threading.Event is standard


def test_a_name_that_is_new_can_be_set_and_deleted_here():
    threading.favourite = 1
    assert not hasattr(std_threading, "favourite")
    del threading.favourite
    assert not hasattr(threading, "favourite")


def test_rlock_is_a_function_with_the_code_of_the_standard_one():
    assert inspect.isfunction(threading.RLock)
    assert threading.RLock.__code__ is std_threading.RLock.__code__
    assert inspect.signature(threading.RLock) == inspect.signature(std_threading.RLock)
    assert threading.RLock.__doc__ == std_threading.RLock.__doc__
    assert type(threading.RLock()) is threading._CRLock
    assert type(threading.RLock()) is not type(std_threading.RLock())


def test_the_lock_is_a_function_or_a_type_as_in_the_running_version():
    assert inspect.isclass(threading.Lock) == inspect.isclass(std_threading.Lock)
    assert inspect.isbuiltin(threading.Lock) == inspect.isbuiltin(std_threading.Lock)
    assert inspect.isbuiltin(threading._allocate_lock)


def test_the_exceptions_are_the_standard_ones():
    assert queue.Empty is std_queue.Empty
    assert queue.Full is std_queue.Full
    assert threading.BrokenBarrierError is std_threading.BrokenBarrierError
    assert queue.ShutDown is getattr(std_queue, "ShutDown", queue.ShutDown)
    assert (
        f"{queue.ShutDown.__module__}.{queue.ShutDown.__qualname__}" == "queue.ShutDown"
    )
    assert queue.ShutDown.__mro__[1:] == std_queue.Empty.__mro__[1:]


def test_a_mirror_is_a_module_like_any_other():
    assert isinstance(threading, _mirror.Mirror)
    assert inspect.ismodule(threading)
    assert threading.__name__ == "weftline.threading"
    assert threading.__spec__.name == "weftline.threading"
    assert threading.__doc__.startswith("`threading` of the running Python")


@pytest.mark.parametrize(
    ("pretence", "version"),
    [
        ("sys.implementation.name = 'pypy'", "this is pypy"),
        (
            "sys.version_info = (3, 10, 4, 'final', 0); sys.version = '3.10.4 (main)'",
            "this is cpython 3.10.4",
        ),
    ],
)
def test_an_interpreter_that_cannot_work_is_refused_in_one_sentence(pretence, version):
    program = f"import sys; {pretence}\ntry:\n    import weftline\nexcept ImportError as error:\n    print(error)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (
        done.stdout
        == f"weftline needs CPython 3.11 or newer; {version}{done.stdout.partition(version)[2]}"
    )
    assert "\n" not in done.stdout.strip()
