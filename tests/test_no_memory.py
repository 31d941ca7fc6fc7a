"""One failed allocation in an operation is a MemoryError, or makes no difference, and the object is
sound afterwards: no item is lost or doubled, a lock is free, and threads can still be woken.
"""

import pytest
from classes import having
from support.no_memory import needs_failures, walk
from support.target import MODULES, STANDARD

pytestmark = needs_failures

OPERATIONS = [
    pytest.param(*columns, id=f"{name} {operation}")
    for name, row in having("no_memory").items()
    if not STANDARD
    for operation, *columns in row.no_memory(MODULES)
]


@pytest.mark.parametrize(("make", "operation", "check"), OPERATIONS)
def test_an_object_is_sound_after_an_operation_without_memory(make, operation, check):
    walk(make, operation, check)
