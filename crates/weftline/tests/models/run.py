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

from mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[4]
CRATE = Path("crates/weftline")
COPY = ROOT / "target" / "mutants"
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

    Each kind has its own target folder: cargo takes a copy of a package for the package itself.
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
    environment = {
        **os.environ,
        "CARGO_TARGET_DIR": str(ROOT / "target" / "models" / kind),
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
    show = ["--nocapture"] if checker == "loom" else []
    try:
        ended = subprocess.run(
            [executable, *show, *names],
            env=MODELS_ENVIRONMENT,
            timeout=MODELS_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"the models took more than {MODELS_TIMEOUT} s")
        return False
    if ended.returncode != 0:
        print(AGAIN[checker])
    return ended.returncode == 0


def copy_workspace() -> None:
    """Copies the files that cargo needs to build the crate and its models."""
    shutil.rmtree(COPY, ignore_errors=True)
    COPY.mkdir(parents=True)
    manifest = (ROOT / "Cargo.toml").read_text()
    manifest, count = re.subn(
        r"^members = .*$", 'members = ["crates/weftline"]', manifest, flags=re.MULTILINE
    )
    assert count == 1, "the workspace's members stand elsewhere"
    (COPY / "Cargo.toml").write_text(manifest)
    shutil.copy(ROOT / "Cargo.lock", COPY)
    for folder in ("src", "tests/models"):
        # New files, so that cargo does not take an earlier mutant's build for theirs.
        shutil.copytree(
            ROOT / CRATE / folder, COPY / CRATE / folder, copy_function=shutil.copy
        )
    manifest = (ROOT / CRATE / "Cargo.toml").read_text()
    # Benchmarks, examples, other tests and their dependencies are not copied.
    others = r"^(\[\[|\[dev-dependencies\]).*?(?=^\[[^\[]|\Z)"
    kept = re.sub(others, "", manifest, flags=re.MULTILINE | re.DOTALL)
    (COPY / CRATE / "Cargo.toml").write_text(kept)


def build_mutant(mutant: Mutant, executable: Path) -> str | None:
    """Builds the models on the broken core; returns an error message if that fails."""
    source = COPY / CRATE / "src" / mutant.file
    whole = source.read_text()
    if whole.count(mutant.before) != 1:
        return f"its text is found {whole.count(mutant.before)} times in {mutant.file}"
    source.write_text(whole.replace(mutant.before, mutant.after))
    try:
        built = build("mutants", COPY)
    finally:
        source.write_text(whole)
    if isinstance(built, str):
        return f"it does not build:\n{built}"
    shutil.copy(built, executable)
    return None


def run_mutant(mutant: Mutant, executable: Path, *, shows: bool) -> str | None:
    """Runs the model that must fail, and `shows` how it does; returns a message if it does not."""
    try:
        ended = subprocess.run(
            [executable, "--exact", mutant.model],
            env=MODELS_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=MUTANT_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{mutant.model} did not end within {MUTANT_TIMEOUT} s"
    finally:
        executable.unlink()
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
    copy_workspace()
    not_caught = []

    def report(mutant: Mutant, reason: str | None) -> None:
        if reason is not None:
            not_caught.append(mutant)
        verdict = "caught" if reason is None else f"NOT CAUGHT: {reason}"
        print(f"{mutant.name}: {verdict}", flush=True)

    # One mutant runs while the next is built.
    with ThreadPoolExecutor(1) as pool:
        for number, mutant in enumerate(chosen):
            executable = COPY / f"models-{number}"
            reason = build_mutant(mutant, executable)
            if reason is not None:
                report(mutant, reason)
                continue
            pool.submit(
                lambda m=mutant, e=executable: report(
                    m, run_mutant(m, e, shows=bool(names))
                )
            )
    caught = len(chosen) - len(not_caught)
    print(f"{caught} of {len(chosen)} mutants caught")
    return bool(chosen) and not not_caught


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
