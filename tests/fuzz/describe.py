"""The visible properties of a value, as text that compares between processes.

Addresses, thread numbers and the counters in the names of threads are masked; sets are sorted.
"""

import re
import sys
import types

_PLAIN = (int, float, bool, type(None), bytes, complex, type(Ellipsis))

_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
# Without the interpreter lock, the allocator puts objects between 2 and 30 TiB.
_IDENTITY = re.compile(
    r"\b1[34]\d{13}\b"
    if getattr(sys, "_is_gil_enabled", lambda: True)()
    else r"\b(?:[2-9]\d{12}|[1-3]\d{13}|1[34]\d{13})\b"
)
_NUMBER = re.compile(
    r"(?<=[dr][-_])\d+|(?<=owner=)\d+|(?<=started )\d+|(?<=daemon )\d+"
)


def masked(text):
    """`text` without the parts that differ from run to run."""
    if "0x" in text:
        text = _ADDRESS.sub("", text)
    if len(text) > 12:
        text = _IDENTITY.sub("", text)
    if "hread" in text or "owner=" in text:
        text = _NUMBER.sub("", text)
    return text.replace("weftline.", "") if "weftline" in text else text


def described(value, depth=3):
    """`value` as text."""
    kind = type(value)
    if kind in _PLAIN:
        return (
            repr(value) if kind is not int or value < 1 << 32 else masked(repr(value))
        )
    if kind is str:
        return masked(repr(value))
    if depth == 0:
        return f"<{named(kind)} …>"
    if kind is tuple or kind is list:
        inner = ", ".join([described(item, depth - 1) for item in value])
        return f"{'(' if kind is tuple else '['}{inner}{')' if kind is tuple else ']'}"
    if kind is dict:
        return (
            "{"
            + ", ".join(
                f"{described(k, depth - 1)}: {described(v, depth - 1)}"
                for k, v in value.items()
            )
            + "}"
        )
    if kind is set or kind is frozenset:
        return f"{kind.__name__}{sorted(described(v, depth - 1) for v in value)}"
    return _object(value, kind, depth)


def _object(value, kind, depth):
    # By their classes: `isinstance` would ask an object of the program's for its `__class__`.
    if issubclass(kind, type):
        return f"<class {named(value)}>"
    if issubclass(kind, BaseException):
        return raised(value)
    if issubclass(kind, _CALLABLES):
        return f"<callable {getattr(value, '__name__', '')}>"
    if issubclass(kind, types.ModuleType):
        return f"<module {value.__name__}>"
    if issubclass(kind, tuple):
        return f"{named(kind)}{described(tuple(value), depth)}"
    if _is_set(value):
        name = "set" if value.__class__ is set else named(kind)
        return f"{name}{sorted(described(v, depth - 1) for v in value)}"
    try:
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 - any exception is an answer
        return f"<{named(kind)} whose repr raises {raised(error)}>"
    return f"<{named(kind)}: {masked(text)}>"


def _is_set(value):
    """Also a set that says so by its `__class__`, as the lazy sets of `futures.wait` do."""
    try:
        return isinstance(value, (set, frozenset))
    except BaseException:  # noqa: BLE001 - any exception is an answer
        return False


_CALLABLES = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
)


def named(kind):
    """A class by its module and name."""
    module = kind.__module__
    return (
        kind.__qualname__
        if module == "builtins"
        else masked(f"{module}.{kind.__qualname__}")
    )


def raised(error, depth=3):
    """An exception by everything that a handler can read, except its traceback."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001 - any exception is an answer
        text = "<no text>"
    told = f"{named(type(error))}: {masked(text)}"
    if depth:
        if error.__cause__ is not None:
            told += f" from ({raised(error.__cause__, depth - 1)})"
        if error.__context__ is not None and error.__context__ is not error.__cause__:
            told += f" within ({raised(error.__context__, depth - 1)})"
        if error.__suppress_context__ and error.__cause__ is None:
            told += " from None"
    return told
