"""CPython's own tests of multiprocessing, for one start method at a time.

The tests lie in one module of the interpreter. The modules that make suites of it differ between
versions, and are not always installed. `by_fork`, `by_spawn` and `by_forkserver` have the tests
that use processes. `as_threads` has the tests of `multiprocessing.dummy`, which uses threads alone,
so the start method does not matter.

The sets below say which classes run when; `test_suites.py` and `whole_suites.py` choose them by
name.
"""

import unittest

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

# The classes that take about a second by any start method. A few slower ones test the parts of
# their processes that run on weftline: a queue's feeder thread, a pool's handlers, a manager's
# server.
SOON = {
    "ChallengeResponseTest",
    "OtherTest",
    "SemLockTests",
    "TestCloseFds",
    "TestFlags",
    "TestForkAwareThreadLock",
    "TestInitializers",
    "TestInternalDecorators",
    "TestInvalidFamily",
    "TestInvalidHandle",
    "TestManagerExceptions",
    "TestNamedResource",
    "TestNoForkBomb",
    "TestPoolNotLeakOnFailure",
    "TestSimpleQueue",
    "WithManagerTestContainers",
    "WithManagerTestEvent",
    "WithManagerTestLock",
    "WithManagerTestPoolWorkerErrors",
    "WithManagerTestQueue",
    "WithManagerTestSemaphore",
    "WithProcessesTestArray",
    "WithProcessesTestAtExit",
    "WithProcessesTestConnection",
    "WithProcessesTestEvent",
    "WithProcessesTestFinalize",
    "WithProcessesTestHeap",
    "WithProcessesTestListener",
    "WithProcessesTestLock",
    "WithProcessesTestLogging",
    "WithProcessesTestPicklingConnections",
    "WithProcessesTestPoolWorkerErrors",
    "WithProcessesTestPoolWorkerLifetime",
    "WithProcessesTestQueue",
    "WithProcessesTestSemaphore",
    "WithProcessesTestSharedCTypes",
    "WithProcessesTestSubclassingProcess",
    "WithProcessesTestValue",
    "_TestImportStar",
}

# The classes that take about a second when the processes are forked.
SOON_BY_FORK = SOON | {
    "MiscTestCase",
    "TestIgnoreEINTR",
    "TestStartMethod",
    "TestStdinBadfiledescriptor",
    "TestSyncManagerTypes",
    "TestTimeouts",
    "TestWait",
    "WithManagerTestBarrier",
    "WithManagerTestCondition",
    "WithManagerTestManagerRestart",
    "WithManagerTestMyManager",
    "WithManagerTestPool",
    "WithManagerTestRemoteManager",
    "WithProcessesTestBarrier",
    "WithProcessesTestCondition",
    "WithProcessesTestListenerClient",
    "WithProcessesTestManagerRestart",
    "WithProcessesTestPool",
    "WithProcessesTestSharedMemory",
}


def install(namespace, start_method, kept=None):
    """Puts the tests into a module's `namespace`, from which a spawned child can import them.

    `kept` names the classes to take; without it these are all classes that start processes.
    """
    from test import _test_multiprocessing

    _test_multiprocessing.install_tests_in_module_dict(namespace, start_method)
    for name, thing in list(namespace.items()):
        is_case = isinstance(thing, type) and issubclass(thing, unittest.TestCase)
        keep = name in kept if kept else not name.startswith("WithThreads")
        if is_case and not keep:
            del namespace[name]
