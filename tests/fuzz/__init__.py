"""A differential fuzzer: a random program must do the same on the standard library and on weftline.

`python -m fuzz` (with `tests` on the path) is the command, `make fuzz` calls it. A program is a
list of steps, each a piece of source text, so that every finding prints as a script. The parts:

- `values`: objects that answer oddly, which the programs of both sides use.
- `operations`, `arguments`, `generate`: sequential programs from a seed.
- `concurrent`, `shapes`: concurrent programs whose outcome no schedule changes.
- `execute`, `describe`: runs a program on this process's library and reports what it did.
- `worker`, `pair`: two child processes, one on each side, and their batches.
- `allowed`: the differences that docs/compatibility.md names.
- `shrink`, `script`, `command`: the smallest program that still differs, printed as a script.
"""
