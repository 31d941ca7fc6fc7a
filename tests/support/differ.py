"""The same call on the standard library and on the implementation under test, compared by its
outcome.

An outcome is everything that the caller can see: the value or the exception's class and message,
and the warnings. It leaves out addresses, which differ from object to object.
"""

import inspect
import re
import warnings

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


def shape(thing):
    """`repr` (or the text itself) without addresses."""
    return _ADDRESS.sub("0x", thing if isinstance(thing, str) else repr(thing))


def outcome(call, *args, **kwargs):
    """The result or exception of `call(*args, **kwargs)`, in a form that compares between
    implementations.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = call(*args, **kwargs)
        except BaseException as error:  # noqa: BLE001 - any exception is an outcome
            what = ("raised", _name(type(error)), shape(str(error)))
        else:
            what = ("returned", _name(type(value)), shape(value))
    return what, [(w.category.__name__, str(w.message)) for w in caught]


def error_class(call, *args, **kwargs):
    """The class of the exception of `call`, or None, for calls whose message is the argument
    parser's own.
    """
    try:
        call(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - any exception is an answer
        return type(error)
    return None


def assert_same_face(standard, ours):
    """Asserts that `ours` has every attribute of `standard`, with its signature, and documents the
    public ones.
    """
    missing = names(standard) - names(ours)
    assert not missing, missing
    assert type(ours).__doc__ or not type(standard).__doc__, type(ours)
    for name in names(standard):
        theirs, mine = getattr(standard, name), getattr(ours, name)
        assert callable(mine) == callable(theirs), name
        if callable(theirs) and not name.startswith("_"):
            assert mine.__doc__ or not theirs.__doc__, name
            assert _signature(theirs) in (None, _signature(mine)), name


_SEMI_PUBLIC = {
    *(
        "_at_fork_reinit",
        "_is_owned",
        "_release_save",
        "_acquire_restore",
        "_recursion_count",
    ),
    *("_lock", "_waiters", "_flag", "_value", "_initial_value"),
    *("_init", "_put", "_get", "_qsize"),
    *("__enter__", "__exit__", "__class_getitem__"),
}
"""Private names that are used all the same: by other modules, by subclasses, by programs that use
an object's parts.
"""


def names(thing):
    """The attributes that programs use."""
    return {
        name for name in dir(thing) if not name.startswith("_") or name in _SEMI_PUBLIC
    }


def _signature(function):
    try:
        return str(inspect.signature(function))
    except ValueError:
        return None


def _name(cls):
    return f"{cls.__module__}.{cls.__qualname__}"
