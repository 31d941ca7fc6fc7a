"""Sets `not_done` as `wait` returns them, in each of their states."""

import pytest

from support.pools import futures


def pending(count):
    """That number of pending futures."""
    return [futures.Future() for _ in range(count)]


def made(some):
    """A newest version that contains these pending futures. If there are several, the last was
    added to it.
    """
    extra = futures.Future()
    extra.set_result(None)
    first, added = (some[:-1], some[-1:]) if len(some) > 1 else (some, [])
    done, left = futures.wait([*first, extra], 0, futures.FIRST_COMPLETED)
    assert done == {extra}
    for future in added:
        left.add(future)
    return left


def settle_and_wait(left, future):
    """The version after `left`, without that future."""
    future.set_result(None)
    done, later = futures.wait(left, 0, futures.FIRST_COMPLETED)
    assert done == {future} and len(later) == len(left) - 1
    return later


def _newest(left, some):
    pass


def _older(left, some):
    settle_and_wait(left, some[0])


def _much_older(left, some):
    later = left
    for future in some:
        later = settle_and_wait(later, future)


def _older_than_a_changed_one(left, some):
    later = settle_and_wait(left, some[0])
    later.clear()
    later.add(futures.Future())


def _read(left, some):
    assert set(left) == set(some)


def _read_and_then_older(left, some):
    _read(left, some)
    settle_and_wait(left, some[0])


def _older_and_then_read(left, some):
    settle_and_wait(left, some[0])
    _read(left, some)


def _changed(left, some):
    left.add(extra := futures.Future())
    left.remove(extra)


def _handed_in_in_vain(left, some):
    with pytest.raises(ValueError):
        futures.wait(left, 0, "SOON")


def _out_of_time(left, some):
    later = futures.wait(left, 0).not_done
    assert len(later) == len(some)
    settle_and_wait(later, some[0])


FATES = {
    fate.__name__[1:].replace("_", " "): fate
    for fate in [
        _newest,
        _older,
        _much_older,
        _older_than_a_changed_one,
        _read,
        _read_and_then_older,
        _older_and_then_read,
        _changed,
        _handed_in_in_vain,
        _out_of_time,
    ]
}
"""The fates of a version since `wait` returned it; none changes its contents."""


def beside_a_real_one(size):
    """A newest version, a real set with the same contents, and the futures in both."""
    some = [futures.Future() for _ in range(size)]
    return made(some), set(some), some
