"""A part of CPython's own tests of multiprocessing, for one start method at a time.

The tests lie in one module of the interpreter's; how others make suites of it differs from version to version, as does whether
these are installed. Taken here are those in whose processes our classes work: a queue's feeder thread, a pool's handlers, a
manager's server; and, apart, what `multiprocessing.dummy` makes of threads alone, for which the start method does not matter.
"""

import unittest

PROCESSES = {
    "TestForkAwareThreadLock",
    "TestInitializers",
    "TestSimpleQueue",
    "WithManagerTestEvent",
    "WithManagerTestLock",
    "WithManagerTestPoolWorkerErrors",
    "WithManagerTestQueue",
    "WithManagerTestSemaphore",
    "WithProcessesTestPoolWorkerErrors",
    "WithProcessesTestPoolWorkerLifetime",
    "WithProcessesTestQueue",
    "WithProcessesTestSubclassingProcess",
}

THREADS = {
    "WithThreadsTestBarrier",
    "WithThreadsTestCondition",
    "WithThreadsTestEvent",
    "WithThreadsTestLock",
    "WithThreadsTestPool",
    "WithThreadsTestProcess",
    "WithThreadsTestQueue",
    "WithThreadsTestSemaphore",
}


def install(namespace, kept, start_method):
    """Puts the tests in `kept` into a module's `namespace`, from which a spawned child can import them."""
    from test import _test_multiprocessing

    _test_multiprocessing.install_tests_in_module_dict(namespace, start_method)
    for name, thing in list(namespace.items()):
        is_case = isinstance(thing, type) and issubclass(thing, unittest.TestCase)
        if is_case and name not in kept:
            del namespace[name]
