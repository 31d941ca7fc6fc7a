"""Mocks with a specification check calls of our methods as they do those of the standard classes.

`unittest.mock.create_autospec` reads signatures of functions alone, by a tuple of their types.
Those of our methods it would not look at, and the mock would accept every call. So that tuple gets
one more entry, which stands for methods of our classes and of no others.
"""

from types import BuiltinMethodType, MethodDescriptorType

from weftline import _weftline

_CLASSES: tuple[type, ...] = (
    _weftline.Barrier,
    _weftline.Condition,
    _weftline.Event,
    _weftline.Future,
    _weftline.Queue,
    _weftline.Semaphore,
)


class _MethodsOfOurs(type):
    def __instancecheck__(cls, method):
        kind = type(method)
        if kind is MethodDescriptorType:
            return issubclass(method.__objclass__, _CLASSES)
        return kind is BuiltinMethodType and isinstance(method.__self__, _CLASSES)


class _Method(metaclass=_MethodsOfOurs):
    """What every method of one of the classes is an instance of, and nothing else."""


def tell(mock):
    """Tells a module of mocks, `unittest.mock` or one made after it."""
    types = mock.FunctionTypes
    if _Method not in types:
        mock.FunctionTypes = (*types, _Method)
