"""Methods that are read from the class and called without `self`, over and over.

CPython up to 3.13 specialises such a call of a method written in C without a check for `self`: it
calls the method with the contents of the stack, as -1 arguments. (`list.index()` ends the process.)
"""

import sys

import pytest
from classes import CLASSES
from support import programs

SOURCE = """
import sys
from classes import CLASSES
from support.target import MODULES

a = CLASSES[sys.argv[1]].new(MODULES)
made_anew = ("__class__", "__new__", "__init_subclass__", "__subclasshook__")
for method in set(dir(a)) - set(made_anew):
    code = compile(f"type(a).{method}()", "a call", "eval")
    for _ in range(50):
        try:
            eval(code)
        except (TypeError, AttributeError, RuntimeError):
            pass
print("done")
"""


@pytest.mark.skipif(
    sys.version_info < (3, 12),
    reason="the interpreter itself lets go of the self that was not there",
)
@pytest.mark.parametrize(
    "name", [name for name, row in CLASSES.items() if not row.in_python]
)
def test_a_method_without_self_is_refused(name):
    assert programs.run(SOURCE, name) == "done\n"
