"""`weftline run --children`: the Python programs that a program starts run on weftline, too, and so
do those that they start in turn.

The environment carries the request, since nothing else reaches a new process: a folder of weftline
comes first in `PYTHONPATH`. An interpreter that is told to ignore the environment (`-E`, `-I`) or
to leave out `site` (`-S`) runs without weftline.
"""

import os

from weftline import legacy

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "everywhere")
"""The folder on the children's path until their `sitecustomize` has been imported."""


def follow():
    """Makes the children of this process run on weftline, with the old names if they are provided
    here.
    """
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    others = [entry for entry in path if entry not in ("", FOLDER)]
    os.environ["PYTHONPATH"] = os.pathsep.join([FOLDER, *others])
    if legacy.provided():
        os.environ["WEFTLINE_LEGACY"] = "1"
