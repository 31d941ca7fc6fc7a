"""Conditions over every kind of lock, and how the tests wait for one."""

from support.foreign import OwnedLock, PlainLock
from support.target import std_threading

LOCKS = {
    "its own": lambda module: module.Condition(),
    "None": lambda module: module.Condition(None),
    "a Lock": lambda module: module.Condition(module.Lock()),
    "an RLock": lambda module: module.Condition(module.RLock()),
    "a standard Lock": lambda module: module.Condition(std_threading.Lock()),
    "a standard RLock": lambda module: module.Condition(std_threading.RLock()),
    "a plain foreign lock": lambda module: module.Condition(PlainLock()),
    "a foreign lock that knows its owner": lambda module: module.Condition(
        lock=OwnedLock()
    ),
}


def wait_once(condition, timeout=None):
    with condition:
        return condition.wait(timeout)
