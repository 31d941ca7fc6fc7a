"""The command line: `weftline run` and the other commands, and `python -m weftline script.py`."""

import sys

USAGE = """\
usage: weftline run [--children] [--legacy] [--watch] [-m module | script.py | directory | archive.zip | -] [argument ...]
       weftline dump PID [option ...]
       weftline top PID
       weftline web PID [--port N]
       weftline record PID [-o FILE] [--seconds N]
       weftline doctor
       weftline bench [option ...]

Runs a Python program as `python` would, with weftline in the place of the standard library's locks, conditions, events,
semaphores, barriers, timers, queues and thread pools. `python -m weftline` does the same; the word `run` may be left out.

  run            run a program; its multiprocessing children run on weftline too
  --children     so do all Python programs that it starts, in any way: a reloading server's, pytest's workers
  --legacy       let it import Python 2's thread, Queue and SocketServer: today's _thread, queue and socketserver under the names
                 of then (the syntax of Python 2 is not translated)
  --watch        measure its waits from the start, and those of its multiprocessing children: top and web then show histograms of
                 waits and the locks with the most of them (as WEFTLINE_WATCH=1)
  dump           show what each thread of a running or hung process waits for (`weftline dump --help`)
  top            show the same in the terminal, again and again, with the keys of htop (`weftline top --help`)
  web            serve a page that shows the same while the process runs (`weftline web --help`)
  record         write a timeline of a process for Perfetto (`weftline record --help`)
  doctor         tell what works on this machine and with this interpreter
  bench          measure speed and memory beside the standard library and the peers (`weftline bench --help`)
  -h, --help     show this text
  -V, --version  show the version

With WEFTLINE=0 in the environment the program runs without weftline: for one run, without changing a command or a program.
"""


def main(arguments=None):
    """Runs the command in `arguments` (`sys.argv[1:]` by default). Returns the exit status; None
    means success.
    """
    if arguments is None:
        arguments = sys.argv[1:]
    match arguments:
        case ["-h" | "--help", *_] | ["run", "-h" | "--help", *_]:
            print(USAGE, end="")
            return None
        case ["-V" | "--version", *_]:
            from weftline._weftline import __version__

            print(f"weftline {__version__} (CPython {sys.version.split()[0]})")
            return None
        case ["bench", *options]:
            from weftline import bench

            return bench.main(options)
        case ["doctor", *_]:
            from weftline import doctor

            return doctor.main(arguments)
        case ["dump" | "top" | "web" | "record", *_]:
            from weftline._weftline import _console

            return _console(arguments)
        case ["run", *program]:
            return _run(program)
        case program:
            return _run(program)


def _run(program):
    from weftline import run

    options = set()
    while program[:1] in (["--legacy"], ["--children"], ["--watch"]):
        options.add(program[0])
        program = program[1:]
    if "--legacy" in options:
        from weftline import legacy

        legacy.provide()
    if "--watch" in options:
        run.watch()
    if "--children" in options:
        from weftline import follow

        follow.follow()
    match program:
        case ["-m", module, *arguments]:
            return run.module(module, arguments)
        case [script, *arguments] if script == "-" or not script.startswith("-"):
            return run.script(script, arguments)
        case ["-m"]:
            return _misuse("-m needs the name of a module")
        case [option, *_]:
            return _misuse(f"unknown option {option}")
    return _misuse("nothing to run")


def _misuse(what):
    print(f"{USAGE}\nweftline: {what}", file=sys.stderr)
    return 2
