"""The methods of weftline's classes have the signatures of the standard ones, and mocks of them
refuse the same calls.
"""

import functools
import inspect
import types
from unittest import mock

import pytest
from classes import CLASSES, standard
from support.alike import classes, objects, public
from support.differ import outcome
from support.target import STANDARD

OBJECTS = standard("parts")
IN_PYTHON = [name for name, row in standard().items() if row.in_python]


def signature(function):
    """Names, kinds and defaults. A method in C differs only in how `self` may be passed."""
    parameters = [*inspect.signature(function).parameters.values()]
    return [
        (p.name, p.kind if p.name != "self" else None, p.default) for p in parameters
    ]


METHODS = sorted(
    (name, method)
    for name in [*OBJECTS, *IN_PYTHON]
    for method, value in vars(classes(name)[0]).items()
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


@pytest.mark.parametrize("name", OBJECTS)
def test_a_class_and_its_objects_methods_have_the_standard_signatures(name):
    theirs, mine = classes(name)
    assert signature(mine) == signature(theirs)
    assert signature(type("Sub", (mine,), {})) == signature(theirs)
    theirs, mine = objects(name)
    for method, bound in inspect.getmembers(theirs, inspect.ismethod):
        if method != "__class_getitem__":
            assert signature(getattr(mine, method)) == signature(bound), method


@pytest.mark.parametrize("name", OBJECTS)
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


MOCKS = {
    "of the class, as an instance": lambda cls, one: mock.create_autospec(
        cls, instance=True
    ),
    "of the class, called": lambda cls, one: mock.create_autospec(cls)(
        *CLASSES[cls.__name__].arguments
    ),
    "of an object": lambda cls, one: mock.create_autospec(one),
    "strict": lambda cls, one: mock.create_autospec(cls, instance=True, spec_set=True),
}


@pytest.mark.parametrize("how", MOCKS)
@pytest.mark.parametrize("name", standard("calls"))
def test_a_mock_with_a_specification_refuses_the_same_calls(name, how):
    theirs, mine = (
        MOCKS[how](cls, one) for cls, one in zip(classes(name), objects(name))
    )
    for number, call in enumerate(CLASSES[name].calls):
        (kind, _, text), (kind_of_mine, _, text_of_mine) = (
            outcome(call, subject)[0] for subject in (theirs, mine)
        )
        assert kind_of_mine == kind, number
        if kind == "raised":
            assert text_of_mine == text, number


@pytest.mark.parametrize("name", OBJECTS)
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
