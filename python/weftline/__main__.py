"""`python -m weftline`: the same as the command `weftline`."""

from weftline.cli import main


def _run():
    # No exception if the interpreter is to show a prompt next: it would count as an error of the
    # program.
    status = main()
    if status is not None:
        raise SystemExit(status)


if __name__ == "__main__":
    _run()
