"""A `threading.Timer` on whose thread the program relies is a thread from its start."""

import threading as std

import pytest
from support.target import threading
from support.workers import LIMIT

FAR = 3600


class Repeat(threading.Timer):
    """As many programs write it."""

    def run(self):
        while not self.finished.wait(self.interval):
            self.function(*self.args, **self.kwargs)


def test_a_subclass_with_a_run_of_its_own_is_a_thread_from_the_start():
    calls, thrice = [], std.Event()

    def function():
        calls.append(std.current_thread())
        if len(calls) == 3:
            thrice.set()

    timer = Repeat(0.001, function)
    timer.start()
    assert timer.ident is not None
    assert thrice.wait(LIMIT)
    timer.cancel()
    timer.join(LIMIT)
    assert not timer.is_alive()
    assert set(calls) == {timer}


def test_a_run_set_on_the_instance_is_honoured():
    seen = std.Event()
    timer = threading.Timer(FAR, print)
    timer.run = seen.set
    timer.start()
    assert seen.wait(LIMIT)
    timer.join(LIMIT)


@pytest.mark.parametrize("name", ["start", "run", "_bootstrap", "_bootstrap_inner"])
def test_a_patch_of_thread_is_called(name, monkeypatch):
    seen, original = [], getattr(std.Thread, name)

    def patched(self, *args):
        seen.append(self)
        return original(self, *args)

    monkeypatch.setattr(std.Thread, name, patched)
    timer = threading.Timer(FAR, print)
    timer.start()
    assert timer.ident is not None
    timer.cancel()
    timer.join(LIMIT)
    assert not timer.is_alive()
    if name != "run":  # a timer's own covers it
        assert timer in seen


def test_a_subclass_may_have_an_event_of_its_own():
    class Own(threading.Timer):
        def __init__(self):
            super().__init__(FAR, print)
            self.finished = std.Event()

    timer = Own()
    timer.start()
    timer.finished.set()
    timer.join(LIMIT)
    assert not timer.is_alive()


def test_a_subclass_that_does_not_call_our_constructor_gets_an_error_that_says_so():
    class Careless(threading.Timer):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"thread\.__init__\(\) not called"):
        Careless().start()


def test_a_subclass_may_make_only_the_thread():
    seen = std.Event()

    class Bare(threading.Timer):
        def __init__(self):
            std.Thread.__init__(self)

        def run(self):
            seen.set()

    timer = Bare()
    timer.start()
    assert seen.wait(LIMIT)
    timer.join(LIMIT)
