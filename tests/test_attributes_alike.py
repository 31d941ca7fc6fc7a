"""The attributes of weftline's objects and classes, and their `__dict__`, are those of the standard
ones.
"""

import weakref

import pytest
from classes import CLASSES, standard
from support.alike import classes, objects
from support.differ import outcome

OBJECTS = standard("parts")
IN_C = [name for name, row in standard().items() if row.in_c]


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_the_standard_attributes_in_its_dict(name):
    theirs, mine = objects(name)
    mine.note = theirs.note = "mine"
    assert vars(mine).keys() == vars(theirs).keys()
    assert vars(mine) is mine.__dict__
    for key, value in vars(theirs).items():
        kind = type(value).__name__
        if kind not in ("builtin_function_or_method", "deque", "Condition"):
            assert type(vars(mine)[key]).__name__ == kind, key
        if kind in ("int", "bool", "str", "NoneType", "list"):
            assert vars(mine)[key] == value, key


@pytest.mark.parametrize("name", OBJECTS)
def test_attribute_and_entry_of_the_dict_are_one(name):
    for subject in objects(name):
        for key in list(vars(subject)):
            assert getattr(subject, key) is vars(subject)[key]
            vars(subject)[key] = "by the dict"
            assert getattr(subject, key) == "by the dict"
            setattr(subject, key, "by name")
            assert vars(subject)[key] == "by name"
            delattr(subject, key)
            assert key not in vars(subject)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_missing_attribute_is_reported_as_by_the_standard_object(name):
    theirs, mine = objects(name)
    for key in sorted(vars(theirs)):
        if key in ("_release_save", "_acquire_restore", "_is_owned"):
            continue  # there are methods of these names
        delattr(theirs, key)
        delattr(mine, key)
        for act in (getattr, delattr):
            assert outcome(act, mine, key) == outcome(act, theirs, key), key
        with pytest.raises(AttributeError) as caught:
            getattr(mine, key)
        assert caught.value.name == key and caught.value.obj is mine


@pytest.mark.parametrize("name", OBJECTS)
def test_the_dict_can_be_replaced(name):
    for subject in objects(name):
        subject.__dict__ = {"note": 1}
        assert vars(subject) == {"note": 1}
        key = min(CLASSES[name].parts)
        with pytest.raises(AttributeError):
            getattr(subject, key)
    theirs, mine = objects(name)
    assert outcome(setattr, mine, "__dict__", 5) == outcome(
        setattr, theirs, "__dict__", 5
    )


@pytest.mark.parametrize("name", OBJECTS)
def test_weak_references_are_notified(name):
    for subject in objects(name):
        assert subject.__weakref__ is None
        reference = weakref.ref(subject)
        assert subject.__weakref__ is reference
        proxy = weakref.proxy(subject)
        assert subject.__weakref__ is reference
        del proxy


@pytest.mark.parametrize("name", IN_C)
def test_classes_in_c_take_no_new_attributes(name):
    theirs, mine = (type(subject) for subject in objects(name))
    for act in (
        lambda cls: setattr(cls, "note", 1),
        lambda cls: delattr(cls, "__doc__"),
        lambda cls: setattr(cls, "acquire", len),
        lambda cls: setattr(cls, "put", len),
    ):
        assert outcome(act, mine) == outcome(act, theirs)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_class_takes_attributes_as_the_standard_one_does(name):
    for cls in classes(name):
        cls.note = 1
        assert cls.note == 1 and "note" in vars(cls)
        del cls.note
        assert not hasattr(cls, "note")
