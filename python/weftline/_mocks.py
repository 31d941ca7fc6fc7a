"""Mocks with a specification check calls of weftline's methods as they check those of the standard
classes.

`unittest.mock.create_autospec` reads signatures of functions alone, by a tuple of their types. It
would skip weftline's methods, and the mock would accept every call. So that tuple gets one more
entry, which matches methods of these classes and of no others.
"""

from types import BuiltinMethodType, MethodDescriptorType

from weftline import _names

# The classes that are written in Python in the standard library, and those that it lacks.
_CLASSES: tuple[type, ...] = tuple(
    cls
    for home in ("threading", "queue", "concurrent.futures._base", "weftline")
    for cls in _names.of_module(home).values()
)


class _MethodsOfOurs(type):
    def __instancecheck__(cls, method):
        kind = type(method)
        if kind is MethodDescriptorType:
            return issubclass(method.__objclass__, _CLASSES)
        return kind is BuiltinMethodType and isinstance(method.__self__, _CLASSES)


class _Method(metaclass=_MethodsOfOurs):
    """A type whose instances are the methods of these classes, and no other objects."""


def tell(mock):
    """Adds the entry to a module of mocks, `unittest.mock` or a copy of it."""
    types = mock.FunctionTypes
    if _Method not in types:
        mock.FunctionTypes = (*types, _Method)
