"""The machine of a run: without it a figure means nothing."""

import os
import platform
import sys
import time
from collections.abc import Sequence

from .contestants import PEERS, STANDARD, Contestant


def describe(taking_part: Sequence[Contestant]) -> dict[str, object]:
    """The interpreter, the machine, the versions and the date, in the form of the JSON file."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "compiler": platform.python_compiler(),
            "gil": gil(),
            "switch_interval": sys.getswitchinterval(),
        },
        "machine": {
            "system": platform.platform(),
            "architecture": platform.machine(),
            "processor": _processor(),
            "processors": processors(),
            "load_before": list(os.getloadavg()) if hasattr(os, "getloadavg") else None,
        },
        "versions": dict.fromkeys(PEERS)
        | {one.name: one.version for one in taking_part if one.name != STANDARD},
    }


def gil() -> bool:
    """Whether this interpreter runs with its global lock."""
    return getattr(sys, "_is_gil_enabled", lambda: True)()


def processors() -> int | None:
    """The number of processors that this process may use."""
    return (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count()
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [
                line.split(":", 1)[1].strip()
                for line in file
                if line.startswith("model name")
            ]
    except OSError:
        names = []
    return names[0] if names else platform.processor()
