"""The corpus: programs that once differed, in `corpus/*.json`, which the tests replay.

A file is a list of programs: a sequential one has `steps`, a concurrent one `shape` and `settings`.
`since` is the first version that has the names of the program. `python -m fuzz.corpus FILE` reads
programs from standard input, one a line, and adds those that do not differ any more.
"""

import json
import sys
from pathlib import Path

from fuzz.generate import Program
from fuzz.pair import Pair
from fuzz.shrink import differs

FOLDER = Path(__file__).resolve().parent / "corpus"


def files():
    return sorted(FOLDER.glob("*.json"))


def programs(file):
    """The programs of a file that this version can run."""
    told = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return [
        Program.from_json(one)
        for one in told
        if tuple(one.get("since", (3, 11))) <= sys.version_info
    ]


def add(file, found):
    """Adds to `file` those of `found` that do not differ any more, and returns their number."""
    told = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    new = [one for one in found if one not in told]
    with Pair() as pair:
        kept = [one for one in new if differs(pair, Program.from_json(one)) is None]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in [*told, *kept])
    file.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    return len(kept)


if __name__ == "__main__":
    print(add(FOLDER / sys.argv[1], [json.loads(line) for line in sys.stdin]))
