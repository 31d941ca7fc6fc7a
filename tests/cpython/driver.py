"""Runs one of CPython's own test modules in this process and writes the outcome of each test to a
file, as JSON.

`python -m weftline run driver.py REPORT MODULE` runs it on weftline; without `weftline run` it is
the plain interpreter's own run. As under `python -m test`, tests that need a resource (the network,
say) skip themselves by default, and the current folder is a temporary one. `--queue` replaces the
two copies of `queue` that `test_queue` imports afresh, past any installation, by weftline's.
`--only ID` runs a single test, `--classes PATTERN` the test classes whose whole name matches.
`--without NAME` leaves out the tests of that name; `--use RESOURCE` lets the tests have one.

The scripts that the tests start in interpreters of their own run on weftline too when this one
does.
"""

import argparse
import faulthandler
import importlib
import json
import os
import re
import subprocess
import sys
import textwrap
import time
import types
import unittest

import weftline

PRELUDE = "import weftline; weftline.install()\n"


class Record(unittest.TestResult):
    """The outcome of each test: which ran and for how long, which were skipped and why, which
    failed and how.
    """

    def __init__(self):
        super().__init__()
        self.ran, self.skipped_because, self.failed = {}, {}, {}

    def startTest(self, test):
        super().startTest(test)
        print(test.id(), flush=True)
        self.ran[test.id()] = time.monotonic()

    def stopTest(self, test):
        # 3.12.1 stops tests that it skips without having started them.
        if test.id() in self.ran:
            self.ran[test.id()] = time.monotonic() - self.ran[test.id()]
        super().stopTest(test)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skipped_because[test.id()] = reason

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self._note(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._note(test, err)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.failed[test.id()] = "succeeded, though it is marked as failing"

    def _note(self, test, err):
        self.failed[test.id()] = self._exc_info_to_string(err, test)


def let_children_follow():
    """Starts the scripts of `test.support.script_helper` with weftline installed."""
    from test.support import script_helper

    class Popen(subprocess.Popen):
        def __init__(self, command, *args, **keywords):
            super().__init__(with_prelude(command), *args, **keywords)

    script_helper.subprocess = types.SimpleNamespace(**vars(subprocess))
    script_helper.subprocess.Popen = Popen


def with_prelude(command):
    """`command` with the prelude before a script that follows `-c`."""
    command = list(command)
    if "-c" in command:
        script = command.index("-c") + 1
        # A script that tests whether `threading` has been imported is about the interpreter's
        # start, not about weftline's. Without `site` there are no installed packages.
        if "in sys.modules" not in command[script] and "-S" not in command:
            source = command[script]
            # Since 3.13 a script may be indented as a whole.
            if sys.version_info >= (3, 13):
                source = textwrap.dedent(source)
            command[script] = PRELUDE + source
    return command


def put_queues_of_ours(module):
    """Makes the test classes of `test_queue` use weftline.queue."""
    theirs = (module.py_queue, module.c_queue)
    module.py_queue = module.c_queue = weftline.queue
    for thing in vars(module).values():
        if isinstance(thing, type) and thing.__dict__.get("queue") in theirs:
            thing.queue = weftline.queue


def check_that_ours_are_tested(module):
    """Raises AssertionError if a test class of `module` tests another class than weftline's."""
    ours = weftline.threading
    under_test = {
        "test.test_thread": {("LockTests", "locktype"): ours._allocate_lock},
        "test.test_threading": {
            ("LockTests", "locktype"): ours.Lock,
            ("CRLockTests", "locktype"): ours._CRLock,
            ("EventTests", "eventtype"): ours.Event,
            ("ConditionAsRLockTests", "locktype"): ours.Condition,
            ("ConditionTests", "condtype"): ours.Condition,
            ("SemaphoreTests", "semtype"): ours.Semaphore,
            ("BoundedSemaphoreTests", "semtype"): ours.BoundedSemaphore,
            ("BarrierTests", "barriertype"): ours.Barrier,
        },
        "processes.as_threads": {
            ("WithThreadsTestBarrier", "Barrier"): ours.Barrier,
            ("WithThreadsTestEvent", "Event"): ours.Event,
            ("WithThreadsTestLock", "Lock"): ours.Lock,
            ("WithThreadsTestQueue", "Queue"): weftline.queue.Queue,
            ("WithThreadsTestSemaphore", "Semaphore"): ours.Semaphore,
        },
    }
    if module.__name__.startswith("test.test_concurrent_futures"):
        from weftline.concurrent import futures

        for name in {"Future", "futures", "ThreadPoolMixin"} & vars(module).keys():
            tested, mine = {
                "Future": lambda: (module.Future, futures.Future),
                "futures": lambda: (module.futures.wait, futures.wait),
                "ThreadPoolMixin": lambda: (
                    module.ThreadPoolMixin.executor_type,
                    futures.ThreadPoolExecutor,
                ),
            }[name]()
            assert tested is mine, f"{name}: {tested}, not {mine}"
    for (case, attribute), mine in under_test.get(module.__name__, {}).items():
        tested = getattr(getattr(module, case), attribute)
        assert tested is mine, f"{case}.{attribute} is {tested}, not {mine}"


def flatten(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flatten(test)
        else:
            yield test


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("report")
    parser.add_argument("module")
    parser.add_argument("--queue", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--classes", type=re.compile, default=re.compile(".*"))
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--use", action="append", default=[])
    options = parser.parse_args()
    report = os.path.abspath(options.report)

    # On a timeout the harness asks for every thread's stack with SIGABRT.
    faulthandler.enable()
    from test import support
    from test.support import os_helper

    support.use_resources = tuple(options.use)
    # The tests of threads count the address space of the stacks as memory.
    support.set_memlimit("4G")
    if weftline.installed():
        let_children_follow()
    with os_helper.temp_cwd():
        record = Record()
        try:
            if options.queue:
                # Before the suite makes copies of `queue`: weftline's queues raise the exceptions
                # of the module itself.
                importlib.import_module("weftline.queue")
            module = importlib.import_module(options.module)
        except unittest.SkipTest as skip:
            record.skipped_because[options.module] = str(skip)
        else:
            if weftline.installed():
                check_that_ours_are_tested(module)
            if options.queue:
                put_queues_of_ours(module)
            tests = unittest.defaultTestLoader.loadTestsFromModule(module)
            chosen = [
                t
                for t in flatten(tests)
                if options.only in (None, t.id())
                and options.classes.fullmatch(type(t).__name__)
                and t.id().rpartition(".")[2] not in options.without
            ]
            unittest.TestSuite(chosen).run(record)
    with open(report, "w", encoding="utf-8") as file:
        json.dump(
            {
                "installed": weftline.installed(),
                "ran": record.ran,
                "skipped": record.skipped_because,
                "failed": record.failed,
            },
            file,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
