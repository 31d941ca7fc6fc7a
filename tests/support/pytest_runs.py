"""Runs of pytest with the plugin, on a suite that is written for it."""

import os
import subprocess
import sys


def run_pytest(folder, suite, *options, plugins=("weftline_pytest",), env=()):
    """Runs pytest on the text `suite` in a process of its own. Of plugins it loads these alone."""
    (folder / "test_suite.py").write_text(suite)
    chosen = [part for plugin in plugins for part in ("-p", plugin)]
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            *chosen,
            "-p",
            "no:cacheprovider",
            *options,
            *(
                []
                if any("test_suite.py" in option for option in options)
                else ["test_suite.py"]
            ),
        ],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            **dict(env),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
