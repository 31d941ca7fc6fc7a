"""The crate's tests under sanitizers, Miri and valgrind.

A report of a tool is a failure, also that of a child process whose output is not read: each process
writes its reports into a folder, which is empty at the end. `known.toml` beside this file names the
reports that are no fault and the tests that a tool cannot run, each with the reason.
"""

import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "sanitizers"
NIGHTLY = os.environ.get("NIGHTLY") or "nightly"
TIMEOUT = 1_800
# A test of many steps does one in this many of them, so that each part takes minutes. `count` in
# the tests' support reads it.
SHARES = {"address": 4, "thread": 10, "miri": 100, "valgrind": 50}
# The end of a log that is shown: a line of the test harness or of a test program names the fault.
SHOWN = 8_000


class Failed(Exception):
    pass


class Missing(Failed):
    pass


def output(*command):
    """The output of a command; nothing if it does not exist or fails."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, check=False
        )
    except FileNotFoundError:
        return ""
    return ended.stdout if ended.returncode == 0 else ""


def need_nightly(component, why):
    if not output("cargo", f"+{NIGHTLY}", "--version"):
        raise Missing(
            f"there is no toolchain {NIGHTLY!r}: install it with `rustup toolchain install nightly`, "
            "or name an installed one by NIGHTLY=…"
        )
    components = output("rustup", "component", "list", "--toolchain", NIGHTLY)
    installed = [line for line in components.splitlines() if "(installed)" in line]
    if not any(line.startswith(component) for line in installed):
        raise Missing(
            f"the toolchain {NIGHTLY!r} has no {component}, {why}: install it with "
            f"`rustup component add {component} --toolchain {NIGHTLY}`"
        )


def need_valgrind():
    if not shutil.which("valgrind"):
        raise Missing(
            "there is no valgrind: install it with `apt-get install valgrind`"
        )


def host():
    (line,) = (
        line
        for line in output("rustc", "-vV").splitlines()
        if line.startswith("host: ")
    )
    return line.removeprefix("host: ")


class Known:
    """The entries of `known.toml` for one tool."""

    def __init__(self, tool):
        known = tomllib.loads((HERE / "known.toml").read_text())
        for entry in known.get("report", []) + known.get("left-out", []):
            if not entry.get("reason", "").strip():
                raise Failed(f"known.toml: an entry has no reason: {entry}")
        self.reports = [e for e in known.get("report", []) if e["tool"] == tool]
        self.left_out = [e for e in known.get("left-out", []) if tool in e["tools"]]

    def write_suppressions(self, folder):
        file = folder / "suppressions"
        file.write_text(
            "".join(entry["pattern"].strip() + "\n" for entry in self.reports)
        )
        return file

    def runs(self, program):
        """Whether the tool runs this test program at all."""
        return all(
            entry["program"] != program or "test" in entry for entry in self.left_out
        )

    def skips(self, program):
        """The harness's arguments that leave out single tests."""
        for entry in self.left_out:
            if entry["program"] == program and "test" in entry:
                yield from ("--skip", entry["test"])


def fresh(tool):
    folder = TARGET / tool / "reports"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def shared(tool):
    return {"WEFTLINE_TEST_SHARE": str(SHARES[tool])}


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if name != "RUSTFLAGS"}
    # A tool takes minutes to read the debug information for each panic that asks for a backtrace.
    return {**kept, "CARGO_TERM_COLOR": "never", "RUST_BACKTRACE": "0", **more}


def build(arguments, **variables):
    """Builds the test programs; returns them by name."""
    command = [
        "cargo",
        *arguments,
        "--package",
        "weftline",
        "--lib",
        "--tests",
        "--no-run",
    ]
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(**variables),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{' '.join(command)} took more than {TIMEOUT} s") from late
    if ended.returncode != 0:
        raise Failed(f"{' '.join(command)}:\n{ended.stderr[-SHOWN:]}")
    programs = {}
    for line in ended.stderr.splitlines():
        # "  Executable tests/queue.rs (/…/debug/deps/queue-0123456789abcdef)"
        if line.strip().startswith("Executable") and line.endswith(")"):
            path = Path(line.rpartition("(")[2][:-1])
            programs[path.name.rpartition("-")[0]] = ROOT / path
    return programs


# LeakSanitizer's warning in a child that may not be traced. It then goes on, without a report.
HARMLESS = ("ptrace appears to be blocked", "Child exited with signal")


def reports_of(folder):
    for file in sorted(folder.glob("report*")):
        lines = file.read_text(errors="replace").splitlines()
        told = [line for line in lines if not any(part in line for part in HARMLESS)]
        if text := "\n".join(told).strip():
            yield f"{file.name}:\n{text}"


def run_each(tool, programs, known, folder, prefix=(), **variables):
    """Runs each program in turn; raises `Failed` with the names of those that failed."""
    failures = []
    for name, program in sorted(programs.items()):
        if not known.runs(name):
            print(f"{tool}: {name}: left out", flush=True)
            continue
        began = time.monotonic()
        try:
            ended = subprocess.run(
                [*prefix, str(program), *known.skips(name)],
                cwd=ROOT / "crates" / "weftline",
                env=environment(**shared(tool), **variables),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
            )
            status, said = ended.returncode, ended.stdout + ended.stderr
        except subprocess.TimeoutExpired:
            status, said = "none in time", ""
        reports = "\n\n".join(reports_of(folder))
        for file in folder.glob("report*"):
            file.unlink()
        verdict = "ok"
        if status != 0 or reports:
            verdict = f"FAILED, status {status}"
            failures.append(name)
            (folder / f"{name}.log").write_text(f"{said}\n\n{reports}\n")
            print(f"{said[-SHOWN:]}\n{reports[:SHOWN]}", flush=True)
        print(
            f"{tool}: {name}: {verdict} ({time.monotonic() - began:.0f} s)", flush=True
        )
    if failures:
        raise Failed(f"{tool}: {', '.join(failures)} failed; the logs are in {folder}")
    print(f"{tool}: no report", flush=True)


def sanitize(tool, options):
    need_nightly("rust-src", "from which the standard library is built anew")
    known, folder, target = Known(tool), fresh(tool), host()
    programs = build(
        [f"+{NIGHTLY}", "test", "-Zbuild-std", "--target", target],
        CARGO_TARGET_DIR=str(TARGET / tool),
        # The tools see the mappings of memory that the C library makes, and rustix makes its own
        # otherwise. Then an address that is mapped anew would be taken for the previous object
        # there.
        RUSTFLAGS=f"-Zsanitizer={tool} --cfg weftline_sanitizer --cfg rustix_use_libc",
    )
    # Children that the tests start inherit the options, and write reports of their own. One of them
    # ends itself by SIGFPE, of which a test learns only if the tool does not catch it.
    common = f"log_path={folder}/report:handle_sigfpe=0"
    suppressions = f"suppressions={known.write_suppressions(folder)}"
    variables = {
        name: ":".join([common, *(o.format(suppressions=suppressions) for o in chosen)])
        for name, chosen in options.items()
    }
    run_each(tool, chosen_of(programs), known, folder, **variables)


def chosen_of(programs):
    """The programs that PROGRAMS names, to check one alone; without it, all."""
    chosen = os.environ.get("PROGRAMS", "").split()
    return {
        name: path for name, path in programs.items() if not chosen or name in chosen
    }


def address():
    sanitize(
        "address",
        {
            "ASAN_OPTIONS": ["detect_leaks=1", "detect_stack_use_after_return=1"],
            "LSAN_OPTIONS": ["{suppressions}", "print_suppressions=0"],
        },
    )


def thread():
    # A child of a fork goes on: the tests fork while other threads run.
    sanitize("thread", {"TSAN_OPTIONS": ["{suppressions}", "die_after_fork=0"]})


def valgrind():
    need_valgrind()
    known, folder = Known("valgrind"), fresh("valgrind")
    # The programs of `make test`, so that they need not be built again.
    programs = build(["test"])
    # Child processes run natively: a fork stays with valgrind, a process that is started leaves it.
    prefix = [
        "valgrind",
        "--quiet",
        "--error-exitcode=99",
        "--fair-sched=yes",
        # The address sanitizer checks leaks. Here the child of a fork has lost the allocations of
        # its other threads.
        "--leak-check=no",
        "--max-threads=5000",
        f"--suppressions={known.write_suppressions(folder)}",
        f"--log-file={folder}/report.%p",
    ]
    run_each("valgrind", chosen_of(programs), known, folder, prefix)


# The programs that Miri runs in minutes: threads, locks and queues. Miri has no processes, no forks
# and no signals.
INTERPRETED = (
    "lock",
    "rlock",
    "event",
    "semaphore",
    "barrier",
    "condition",
    "queue",
    "queue_raw",
    "simple_queue",
)


def miri():
    need_nightly("miri", "which interprets the tests")
    need_nightly("rust-src", "from which the standard library is built anew")
    known = Known("miri")
    tests = [argument for name in INTERPRETED for argument in ("--test", name)]
    skipped = [
        argument
        for name in ("weftline", *INTERPRETED)
        for argument in known.skips(name)
    ]
    command = ["cargo", f"+{NIGHTLY}", "miri", "test", "--package", "weftline"]
    command += [
        "--no-default-features",
        "--no-fail-fast",
        "--lib",
        *tests,
        "--",
        *skipped,
    ]
    flags = (
        # Tests leak objects that threads may use for ever.
        "-Zmiri-ignore-leaks",
        # A system call of rustix passes a number in the place of a pointer.
        "-Zmiri-permissive-provenance",
        "-Zmiri-env-forward=WEFTLINE_TEST_SHARE",
    )
    variables = {
        **shared("miri"),
        "CARGO_TARGET_DIR": str(TARGET / "miri"),
        "MIRIFLAGS": " ".join(flags),
    }
    try:
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(**variables),
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{' '.join(command)} took more than {TIMEOUT} s") from late
    if ended.returncode != 0:
        raise Failed(f"{' '.join(command)} failed")


def main(arguments):
    parts = {"address": address, "thread": thread, "miri": miri, "valgrind": valgrind}
    wrong = []
    for part in arguments or list(parts):
        try:
            parts[part]()
        except Failed as why:
            wrong.append(f"{part}: {why}")
    for why in wrong:
        print(why, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
