"""Shows how many of CPython's own tests ran, so that no suite passes by not running."""


def pytest_terminal_summary(terminalreporter):
    """Prints the counts that the suites have recorded."""
    lines = [
        f"{name}: {told}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        for name, told in report.user_properties
        if name.startswith("CPython's ")
    ]
    if lines:
        terminalreporter.section("CPython's own tests, on weftline")
        for line in lines:
            terminalreporter.line(line)
