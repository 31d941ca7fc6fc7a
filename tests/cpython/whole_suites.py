"""All of CPython's own tests that start processes, by each start method.
`make test-multiprocessing` runs them; they take minutes.

`make test` runs the short ones of them (`test_suites.py`).
"""

from importlib.util import find_spec

import pytest
from cpython import harness

METHODS = {"fork": "Fork(?!server)", "spawn": "Spawn", "forkserver": "Forkserver"}


def passes(name, modules, at_least, options, folder, record_property):
    """Runs the modules on weftline and judges them by the list of deviations."""
    result = harness.run_suite(modules, folder, options)
    record_property(f"CPython's {name}", str(result))
    wrong = harness.judge(result, modules, folder, options)
    assert not wrong, "\n".join(wrong)
    assert len(result.ran) - len(result.skipped) >= at_least, result


@pytest.mark.parametrize("method", METHODS)
def test_all_tests_of_multiprocessing_pass_on_weftline(
    method, tmp_path, record_property
):
    name = f"test_multiprocessing by {method}, all of it"
    modules = [f"processes.by_{method}"]
    passes(name, modules, 240, [], tmp_path, record_property)


FUTURES = "test.test_concurrent_futures"
if find_spec(FUTURES):

    @pytest.mark.parametrize("method", METHODS)
    def test_all_tests_of_process_pools_pass_on_weftline(
        method, tmp_path, record_property
    ):
        whole = find_spec(FUTURES).submodule_search_locations is None
        parts = ["as_completed", "deadlock", "init", "process_pool", "shutdown", "wait"]
        modules = [FUTURES] if whole else [f"{FUTURES}.test_{part}" for part in parts]
        options = ["--classes", f"ProcessPool{METHODS[method]}.*"]
        name = f"test_concurrent_futures, its pools of processes by {method}"
        passes(name, modules, 45, options, tmp_path, record_property)
