"""Builds the core for the model checkers, runs the models, and runs them again on a core with one
line broken.

A mutant is caught when the broken core builds and the model named with it fails within its time.
The run fails if a mutant is not caught, or if its text is not found exactly once: the model or the
list has fallen behind the core.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[4]
CRATE = Path("crates/weftline")
PROCESSORS = (
    len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
)
# Each of these builds what the core depends on, too.
BUILDERS = min(PROCESSORS, 4)
# Each builder of mutants has a copy of the core in this folder.
COPIES = ROOT / "target" / "mutants"
# For one model of loom, and for all of shuttle.
MODELS_TIMEOUT = 900
# On a machine that builds something else at the same time a build takes many times as long.
BUILD_TIMEOUT = 1_800
MUTANT_TIMEOUT = 180
# A model that fails prints its interleaving. Above it a backtrace would show the checker's frames.
MODELS_ENVIRONMENT = {**os.environ, "RUST_BACKTRACE": "0"}
# The checkers are optimised, since models are computation. The core is optimised where it is built
# once, not where it is built for each mutant.
OPTIMISED_CORE = {"loom": 1, "shuttle": 1, "mutants": 0}

AGAIN = {
    "loom": "A model fails in the same interleaving again: make model NAME=its_name",
    "shuttle": "A model fails in the same schedule again with the seed that it has printed:\n"
    "WEFTLINE_MODEL_SEED=seed make model CHECKER=shuttle NAME=its_name",
}


def build(kind: str, workspace: Path) -> Path | str:
    """Builds the models; returns the path of the executable, or an error message.

    Each workspace has its own target folder: cargo takes a copy of a package for the package
    itself.
    """
    settings = [
        f"profile.dev.opt-level={OPTIMISED_CORE[kind]}",
        "profile.dev.debug=false",
        'profile.dev.package."*".opt-level=3',
    ]
    command = ["cargo"]
    for setting in settings:
        command += ["--config", setting]
    command += ["test", "--quiet", "--package", "weftline", "--test", "models"]
    command += ["--no-run", "--message-format=json-render-diagnostics"]
    checker = "loom" if kind == "mutants" else kind
    target = ROOT / "target" / "models" / kind
    if workspace != ROOT:
        target /= workspace.name
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(target),
        "RUSTFLAGS": f'--cfg weftline_model --cfg weftline_model="{checker}"',
    }
    try:
        built = subprocess.run(
            command,
            cwd=workspace,
            env=environment,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"the build of the models took more than {BUILD_TIMEOUT} s"
    if built.returncode != 0:
        return built.stderr
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    executables = [
        message["executable"]
        for message in messages
        if message["reason"] == "compiler-artifact"
        and message["target"]["name"] == "models"
    ]
    return Path(executables[0])


def run_models(checker: str, names: list[str]) -> bool:
    print(f"== models under {checker}; the first build takes minutes", flush=True)
    executable = build(checker, ROOT)
    if isinstance(executable, str):
        print(executable)
        return False
    if checker == "loom":
        done = run_apart(executable, names)
    else:
        done = run_process(executable, names)
    if not done:
        print(AGAIN[checker])
    return done


def run_process(executable: Path, names: list[str]) -> bool:
    """Runs all models in one process."""
    try:
        ended = subprocess.run(
            [executable, *names],
            env=MODELS_ENVIRONMENT,
            timeout=MODELS_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"the models took more than {MODELS_TIMEOUT} s")
        return False
    return ended.returncode == 0


def run_apart(executable: Path, names: list[str]) -> bool:
    """Runs each model in a process of its own, one for each processor at a time.

    loom maps the stacks of each interleaving anew. In one process its threads would wait for each
    other in these system calls, which takes twice as long.
    """
    listed = subprocess.run(
        [executable, "--list", "--format=terse", *names],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    suffix = ": test"
    models = [
        line.removesuffix(suffix)
        for line in listed.stdout.splitlines()
        if line.endswith(suffix)
    ]

    def run(model: str) -> str | None:
        begun = time.monotonic()
        try:
            ended = run_model(executable, model, MODELS_TIMEOUT)
        except subprocess.TimeoutExpired:
            print(f"{model}: took more than {MODELS_TIMEOUT} s", flush=True)
            return model
        if ended.returncode != 0:
            print(f"{model}: FAILED\n{ended.stdout}", flush=True)
            return model
        print(f"{model}: ok, {time.monotonic() - begun:.1f} s", flush=True)
        return None

    with ThreadPoolExecutor(PROCESSORS) as pool:
        failed = [model for model in pool.map(run, models) if model is not None]
    if not models:
        print("no model has such a name")
    print(f"{len(models) - len(failed)} of {len(models)} models passed")
    for model in failed:
        print(f"failed: {model}")
    return bool(models) and not failed


def run_model(
    executable: Path, model: str, timeout: float
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [executable, "--exact", "--nocapture", model],
        env=MODELS_ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=timeout,
        check=False,
    )


def copy_workspace(copy: Path) -> None:
    """Copies the files that cargo needs to build the crate and its models."""
    copy.mkdir(parents=True)
    manifest = (ROOT / "Cargo.toml").read_text()
    manifest, count = re.subn(
        r"^members = .*$", 'members = ["crates/weftline"]', manifest, flags=re.MULTILINE
    )
    assert count == 1, "the workspace's members stand elsewhere"
    (copy / "Cargo.toml").write_text(manifest)
    shutil.copy(ROOT / "Cargo.lock", copy)
    for folder in ("src", "tests/models"):
        # New files, so that cargo does not take an earlier mutant's build for theirs.
        shutil.copytree(
            ROOT / CRATE / folder, copy / CRATE / folder, copy_function=shutil.copy
        )
    manifest = (ROOT / CRATE / "Cargo.toml").read_text()
    # Benchmarks, examples, other tests and their dependencies are not copied.
    others = r"^(\[\[|\[dev-dependencies\]).*?(?=^\[[^\[]|\Z)"
    kept = re.sub(others, "", manifest, flags=re.MULTILINE | re.DOTALL)
    (copy / CRATE / "Cargo.toml").write_text(kept)


def build_mutant(mutant: Mutant, copy: Path, executable: Path) -> str | None:
    """Builds the models on the broken core; returns an error message if that fails."""
    source = copy / CRATE / "src" / mutant.file
    whole = source.read_text()
    if whole.count(mutant.before) != 1:
        return f"its text is found {whole.count(mutant.before)} times in {mutant.file}"
    source.write_text(whole.replace(mutant.before, mutant.after))
    try:
        built = build("mutants", copy)
    finally:
        source.write_text(whole)
    if isinstance(built, str):
        return f"it does not build:\n{built}"
    shutil.copy(built, executable)
    return None


def run_mutant(mutant: Mutant, executable: Path, *, shows: bool) -> str | None:
    """Runs the model that must fail, and `shows` how it does; returns a message if it does not."""
    try:
        ended = run_model(executable, mutant.model, MUTANT_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"{mutant.model} did not end within {MUTANT_TIMEOUT} s"
    if ended.returncode == 0:
        return f"{mutant.model} passes:\n{ended.stdout}"
    if shows:
        print(f"{mutant.file}, which the steps below show whole, had")
        print(f"    {mutant.before}\nbroken to\n    {mutant.after or '(nothing)'}")
        print(ended.stdout, flush=True)
    return None


def run_mutants(names: list[str]) -> bool:
    chosen = [
        mutant
        for mutant in MUTANTS
        if not names or any(name in mutant.name for name in names)
    ]
    print(f"== {len(chosen)} mutants", flush=True)
    shutil.rmtree(COPIES, ignore_errors=True)
    copies = SimpleQueue()
    for number in range(BUILDERS):
        copy = COPIES / str(number)
        copy_workspace(copy)
        copies.put(copy)

    def catch(mutant: Mutant) -> bool:
        copy = copies.get()
        try:
            executable = copy / "models"
            reason = build_mutant(mutant, copy, executable)
            if reason is None:
                reason = run_mutant(mutant, executable, shows=bool(names))
        finally:
            copies.put(copy)
        verdict = "caught" if reason is None else f"NOT CAUGHT: {reason}"
        print(f"{mutant.name}: {verdict}", flush=True)
        return reason is None

    with ThreadPoolExecutor(BUILDERS) as pool:
        caught = sum(pool.map(catch, chosen))
    print(f"{caught} of {len(chosen)} mutants caught")
    return bool(chosen) and caught == len(chosen)


def main() -> int:
    part, *names = sys.argv[1:] or ["all"]
    begun = time.monotonic()
    done = True
    for checker in ("loom", "shuttle"):
        if part in ("all", checker):
            done = run_models(checker, names) and done
    if part in ("all", "mutants"):
        done = run_mutants(names) and done
    print(f"== {time.monotonic() - begun:.0f} s")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
