"""`@pytest.mark.weftline(deadlock="ignore", threads="ignore")`: what a test may do."""

import pytest

_LINE = "weftline(deadlock='ignore', threads='ignore'): let the test deadlock, or leave threads running"

_KNOWN = {"deadlock": "ignore", "threads": "ignore"}


def add_line(config):
    config.addinivalue_line("markers", _LINE)


def ignores(item, option):
    """Whether a mark of the item has the option, "deadlock" or "threads"."""
    return any(option in mark.kwargs for mark in item.iter_markers("weftline"))


class Marks:
    """Fails a test whose mark says something else, while the plugin is on."""

    @staticmethod
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(item):
        for mark in item.iter_markers("weftline"):
            if mark.args or not mark.kwargs.items() <= _KNOWN.items():
                told = mark.args or mark.kwargs
                pytest.fail(
                    f"@pytest.mark.weftline takes deadlock='ignore' and threads='ignore', not {told}",
                    pytrace=False,
                )
