"""A class under test: templates of steps, whose holes `{…}` are filled later.

`{v}` is the object, `{w}` another variable or itself, `{name}` one of the class's attributes,
`{method}` one of its methods.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """A class, as programs use it."""

    cls: str
    """The name of the class in a program."""
    make: tuple
    """Templates of the constructor's arguments; common ones several times."""
    steps: tuple
    """Templates of the steps with an object."""
    seen: tuple
    """The expressions that are evaluated when the program has ended."""
    methods: tuple
    """The methods that a subclass overrides."""
    names: tuple
    """Attributes, public and private."""
    base: bool = True
    """Whether a class can be derived from it."""
    threaded: bool = False
    """Whether threads of its own run the program's functions."""
