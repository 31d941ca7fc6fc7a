"""`python -m weftline`: the same as the command `weftline`."""

from weftline.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
