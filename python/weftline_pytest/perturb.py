"""`--weftline-perturb=SEED`: each operation of weftline pauses at random while a test runs.

A race is in many programs for years and shows once a month, because its threads do not meet in the
window of microseconds that it needs. Here they do. The seed and the test's node id choose every
pause, so a test that fails can be run again, alone too.
"""

import argparse
import random
import shlex

import pytest

OPTION = "--weftline-perturb"

# What the option has when it is given without a seed.
_CHOOSE = -1

# By this name a worker is told it.
_SEED = "weftline_perturb"


def add_option(group):
    group.addoption(
        OPTION,
        metavar="SEED",
        nargs="?",
        const=_CHOOSE,
        type=_seed,
        dest="weftline_perturb",
        help="pause at random at each operation of weftline, the same for the same SEED, so that races show; "
        "without a SEED one is chosen and printed. Implies --weftline",
    )


def _seed(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number: write {OPTION}=SEED, or {OPTION} alone at the end"
        )
    return int(text)


def is_on(options):
    return getattr(options, "weftline_perturb", None) is not None


def register(config):
    """Has the tests perturbed, if the option says so."""
    if not is_on(config.option):
        return
    seed = config.option.weftline_perturb
    if seed == _CHOOSE:
        # A worker of pytest-xdist has that of the process that starts it.
        told = getattr(config, "workerinput", {})
        seed = told.get(_SEED) or random.SystemRandom().randrange(10**6)
    config.pluginmanager.register(Perturbed(seed), "weftline-perturb")


class Perturbed:
    """Perturbs each test, while the plugin is on."""

    def __init__(self, seed):
        from weftline import _perturb

        self._seed, self._perturb = str(seed), _perturb
        _perturb.begin()

    def pytest_unconfigure(self):
        self._perturb.end()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node):
        node.workerinput[_SEED] = self._seed

    def pytest_report_header(self):
        return f"weftline: perturbed, seed {self._seed}"

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        self._perturb.begin_test(self._seed, item.nodeid)
        try:
            return (yield)
        finally:
            self._perturb.end_test()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item):
        report = yield
        if report.failed:
            again = f"pytest {OPTION}={self._seed} {shlex.quote(item.nodeid)}"
            _add(report, f"perturbed with seed {self._seed}; once more: {again}")
        return report


def _add(report, line):
    """Adds the line to what is told of a failure, also in a file of results."""
    if hasattr(report.longrepr, "addsection"):
        report.longrepr.addsection("weftline", line)
    else:
        report.longrepr = f"{report.longreprtext}\nweftline: {line}"
