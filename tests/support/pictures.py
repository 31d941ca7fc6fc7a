"""Takes the pictures of `weftline web` that `docs/seeing.md` shows.

The argument is the folder for them, by default `docs/pictures`.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.chromium import chromium
from support.dumped import running
from support.web import WATCHED, served

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"

# For how long each program is watched, so that its lines over time show something.
PROGRAMS = ("deadlocked", False, 12), ("starved", False, 12), ("server", True, 40)


def take(name, is_dark, seconds):
    """The picture of a program after so many seconds, as PNG."""
    command = [str(Path(sys.executable).parent / "weftline"), "run", f"{name}.py"]
    quiet = {"cwd": WATCHED, "stderr": subprocess.DEVNULL}
    with (
        running("", command=command, **quiet) as program,
        served(program.pid) as (address, _),
        chromium() as page,
    ):
        page.open(address, is_dark=is_dark)
        page.until(f"model.now - model.points[0]?.t > {seconds * 1000}")
        if name == "server":
            # A moment with some waits of each kind.
            page.until(
                "model.parts.objects.rows.length > 1 && model.parts.queues.rows.length > 1"
            )
        return page.screenshot()


def with_fewer_colours(path):
    """Makes a picture a third as large, if Pillow is installed."""
    with contextlib.suppress(ImportError):
        from PIL import Image

        few = Image.open(path).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        few.save(path, optimize=True)


def main(folder=PICTURES):
    for name, is_dark, seconds in PROGRAMS:
        path = Path(folder) / f"web-{name}.png"
        path.write_bytes(take(name, is_dark, seconds))
        with_fewer_colours(path)
        print(f"{path}: {path.stat().st_size // 1000} kB")


if __name__ == "__main__":
    main(*sys.argv[1:])
