"""CPython's own tests, from the running interpreter's `test` package, pass on weftline."""

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from cpython import harness
from cpython.processes import SOON, SOON_BY_FORK


def parts_of(package):
    """The test modules of one of the interpreter's packages, such as `test.test_asyncio`."""
    folders = find_spec(package).submodule_search_locations
    return sorted(
        f"{package}.{file.stem}"
        for folder in folders
        for file in Path(folder).glob("test_*.py")
    )


# The modules of each suite, and the least number of tests that must run: a suite must not pass
# because it does not run.
SUITES = {
    "test_thread": (["test.test_thread"], 24),
    "test_threading": (["test.test_threading"], 190),
    "test_queue": (["test.test_queue"], 50),
    "test_threadsignals": (["test.test_threadsignals"], 6),
    "test_logging": (["test.test_logging"], 200),
    "test_asyncio": (parts_of("test.test_asyncio"), 2000),
    "test_threading_local": (["test.test_threading_local"], 20),
    "test_threadedtempfile": (["test.test_threadedtempfile"], 1),
    "test_sched": (["test.test_sched"], 11),
    "test_socketserver": (["test.test_socketserver"], 25),
    "test_multiprocessing by fork": (["processes.by_fork"], 220),
    "test_multiprocessing by spawn": (["processes.by_spawn"], 90),
    "test_multiprocessing by forkserver": (["processes.by_forkserver"], 90),
    "test_multiprocessing's threads": (["processes.as_threads"], 60),
    # `test_queue` imports a copy of `queue` past every installation. Here it tests weftline's.
    "test_queue, its queues being ours": (["test.test_queue"], 50),
}

OPTIONS = {
    # That test compares the size with the fields of the standard library's own C struct.
    "test_queue, its queues being ours": [
        "--queue",
        "--without",
        "test_simplequeue_sizeof",
    ],
    # Servers and clients on this machine alone.
    "test_socketserver": ["--use", "network"],
    # The others are in `whole_suites.py`.
    "test_multiprocessing by fork": ["--classes", "|".join(sorted(SOON_BY_FORK))],
    "test_multiprocessing by spawn": ["--classes", "|".join(sorted(SOON))],
    "test_multiprocessing by forkserver": ["--classes", "|".join(sorted(SOON))],
}


# The suite of executors, which some distributions of the interpreter lack. Process pools are the
# standard ones; of their classes, those run that end soon and every time on the plain interpreter
# too.
FUTURES = "test.test_concurrent_futures"
CLASSES = "FutureTests|(Thread|Interpreter)Pool.*|ProcessPoolFork(AsCompleted|Initializer|FailingInitializer)Test"

if find_spec(FUTURES):
    parts = ["future", "as_completed", "wait", "thread_pool", "init", "shutdown"]
    if find_spec("concurrent.futures.interpreter"):
        parts.append("interpreter_pool")
    is_package = find_spec(FUTURES).submodule_search_locations is not None
    modules = [f"{FUTURES}.test_{part}" for part in parts] if is_package else [FUTURES]
    SUITES["test_concurrent_futures"] = (modules, 60)
    OPTIONS["test_concurrent_futures"] = ["--classes", CLASSES]

# How many suites run at a time. They mostly wait.
AT_A_TIME = 3


@pytest.fixture(scope="module")
def runs(request, tmp_path_factory):
    """The runs of the chosen suites, as futures of their results, with the folder of each."""
    chosen = [
        item.callspec.params["name"]
        for item in request.session.items
        if item.path == request.path and hasattr(item, "callspec")
    ]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        begun = {}
        for name in sorted(chosen, key=lambda name: -len(SUITES[name][0])):
            folder = tmp_path_factory.mktemp("suite")
            options = OPTIONS.get(name, ())
            begun[name] = (
                pool.submit(harness.run_suite, SUITES[name][0], folder, options),
                folder,
            )
        yield begun
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", SUITES)
def test_the_suite_passes_on_weftline(name, runs, record_property):
    modules, at_least = SUITES[name]
    run, folder = runs[name]
    result = run.result()
    record_property(f"CPython's {name}", str(result))
    wrong = harness.judge(result, modules, folder, OPTIONS.get(name, ()))
    assert not wrong, "\n".join(wrong)
    assert len(result.ran) - len(result.skipped) >= at_least, result


def test_the_list_of_deviations_is_short_and_says_why():
    for section in ("deviation", "without_weftline"):
        for entry in harness.LIST.get(section, ()):
            assert entry.keys() == {"versions", "test", "reason"}, entry
            assert entry["reason"].strip() and entry["test"].startswith("test."), entry
    deviations = [
        version
        for entry in harness.LIST.get("deviation", ())
        for version in entry["versions"]
    ]
    assert all(deviations.count(version) <= 5 for version in deviations), deviations
