"""Objects that answer oddly, for programs of the fuzzer. `LOG` lists the calls that they received.

An answer that is an exception class is raised. This file stands in front of each program that is
printed.
"""

import threading

LOG = []


def answer(name, value):
    """Logs the call, and returns `value` or raises it."""
    LOG.append(name)
    if isinstance(value, type) and issubclass(value, BaseException):
        raise value("odd")
    return value


class Odd:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"{type(self).__name__}({getattr(self.value, '__name__', self.value)})"


class Truth(Odd):
    def __bool__(self):
        return answer("bool", self.value)


class Size(Odd):
    def __len__(self):
        return answer("len", self.value)


class Index(Odd):
    def __index__(self):
        return answer("index", self.value)


class Float(Odd):
    def __float__(self):
        return answer("float", self.value)


class Number(float):
    pass


class Whole(int):
    pass


class Order(Odd):
    """Answers every `<` alike."""

    def __lt__(self, other):
        return answer("lt", self.value)


class Ranked(Odd):
    """Compares by its value, and only through `>`."""

    def __gt__(self, other):
        LOG.append("gt")
        return self.value > other.value


class Equal(Odd):
    """Answers every `==` alike, and has no hash."""

    def __eq__(self, other):
        return answer("eq", self.value)


class Hash(Odd):
    def __hash__(self):
        return answer("hash", self.value)

    def __eq__(self, other):
        return answer("eq", True)


class Called(Odd):
    """A callable that takes anything."""

    def __call__(self, *args, **kwargs):
        return answer("call", self.value)


class Attributes(Odd):
    """An object all of whose attributes are callables that answer alike."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        LOG.append(f"get {name}")
        return Called(self.value)


class Duck:
    """A lock as programs write them: two methods and a count."""

    def __init__(self, says=True):
        self.says, self.held = says, 0

    def acquire(self, *args, **kwargs):
        self.held += 1
        return answer(f"acquire{args}{kwargs or ''}", self.says)

    def release(self):
        self.held -= 1
        return answer("release", None)

    def __repr__(self):
        return f"Duck({self.held})"


class ManagedDuck(Duck):
    def __enter__(self):
        return self.acquire()

    def __exit__(self, *args):
        self.release()


class Own(Exception):
    """An exception of the program's."""


class Cancelling(Odd):
    """A callback that cancels or reads the future that is its argument."""

    def __call__(self, future):
        LOG.append(f"callback {future._state}")
        return getattr(future, self.value)()


def give(*args, **kwargs):
    return args[0] if args else kwargs


def fail(*args, **kwargs):
    raise Own(*args)


def leave(*args, **kwargs):
    raise SystemExit(*args)


def stop(*args, **kwargs):
    raise StopIteration(*args)


def note(*args, **kwargs):
    LOG.append(f"note{len(args)}")
    return len(args)


def inside(manager, body=give):
    """Runs `body` with the manager entered, and returns the value of `with`."""
    with manager as entered:
        body(Own("body"))
        return entered


def several(*actions):
    """The answers of actions, in turn."""
    return [action() for action in actions]


_JOIN = threading.Timer.join


def joined(timer, *actions):
    """Starts the timer and waits for its end; then the answers of actions, in turn."""
    return [timer.start(), _JOIN(timer, 9), *several(*actions)]


def gone(reference):
    """Whether the referent is gone."""
    return reference() is None
