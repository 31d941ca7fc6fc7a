"""A plugin for pytest: the tests run on weftline, and one that deadlocks fails alone.

`pytest --weftline` or `pytest -p weftline` switches it on. Without either it does nothing, and does
not import weftline.

- `weftline.install()` is called before the tests are imported.
- A test that deadlocks fails with the report, and the other tests go on (`deadlocks.py`).
- A test that leaves threads running which it has started is told by a warning (`left.py`).
- Locks that threads take in different orders are listed at the end (`order.py`).
- `--weftline-perturb=SEED` has each operation pause at random, so that races show (`perturb.py`).

`@pytest.mark.weftline(deadlock="ignore")` lets a test deadlock: nothing is raised or told.
`@pytest.mark.weftline(threads="ignore")` lets it leave threads.
"""

import pytest

from weftline_pytest import marks, order, perturb
from weftline_pytest.bystanders import Bystanders
from weftline_pytest.deadlocks import Deadlocks, EarlierDeadlock
from weftline_pytest.left import LeftRunning, LeftThreads

__all__ = ["EarlierDeadlock", "LeftRunning"]


def pytest_addoption(parser):
    group = parser.getgroup("weftline")
    group.addoption(
        "--weftline",
        action="store_true",
        help="run the tests on weftline: a test that deadlocks fails alone, with a report",
    )
    order.add_option(group)
    perturb.add_option(group)


def _is_on(options):
    # Also `-p weftline`, by which pytest finds this plugin's name among those that it has loaded.
    return (
        options.weftline
        or perturb.is_on(options)
        or "weftline" in (options.plugins or ())
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    if _is_on(early_config.known_args_namespace):
        # Before the test modules take names of the standard library.
        import weftline

        if order.is_on(early_config.known_args_namespace):
            order.begin()
        weftline.install()


def pytest_configure(config):
    marks.add_line(config)
    if _is_on(config.option):
        import weftline

        weftline.install()
        left = LeftThreads()
        for name, plugin in (
            ("deadlocks", Deadlocks(left.strays)),
            ("left", left),
            ("bystanders", Bystanders()),
            ("marks", marks.Marks()),
        ):
            config.pluginmanager.register(plugin, f"weftline-{name}")
        if order.is_on(config.option):
            config.pluginmanager.register(order.LockOrder(config), "weftline-order")
        perturb.register(config)
