"""`python -m weftline`: the same as the command `weftline`."""

from weftline.cli import main


def _run():
    # Nothing is raised where the interpreter is to show a prompt next: it would be taken for an
    # error of the program's.
    status = main()
    if status is not None:
        raise SystemExit(status)


if __name__ == "__main__":
    _run()
