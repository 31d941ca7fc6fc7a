"""A class under test: templates of steps, whose holes `{…}` are filled later.

`{v}` is the object, `{w}` another variable or itself, `{name}` one of the class's attributes,
`{method}` one of its methods.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    """A class, as programs meet it."""

    cls: str
    """How a program names the class."""
    make: tuple
    """Templates of the arguments that make one; common ones several times."""
    steps: tuple
    """Templates of what is done with one."""
    seen: tuple
    """What is looked at when the program has ended."""
    methods: tuple
    """What a subclass overrides."""
    names: tuple
    """Attributes, public and private."""
    base: bool = True
    """Whether a class can be derived from it."""
    threaded: bool = False
    """Whether threads of its own run the program's functions."""
