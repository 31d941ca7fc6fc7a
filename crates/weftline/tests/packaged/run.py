"""The crate as a dependant gets it: packaged, unpacked, and the only dependency of a crate.

The workspace's lock file and its other crates switch features on that a lone crate does not have,
so a build inside the workspace cannot show that the manifest asks for what the sources use.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

CRATE = Path(__file__).resolve().parents[2]
ROOT = CRATE.parents[1]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "packaged"
TIMEOUT = 1_800

FEATURES = {
    "default": "",
    "none": ", default-features = false",
    "process": ', default-features = false, features = ["process"]',
    "portable-parker": ', default-features = false, features = ["portable-parker"]',
    "all": ', features = ["process", "portable-parker"]',
}
# The flag belongs to the nightly toolchain. The variable makes the stable one accept it, only to
# choose versions. The build itself goes without.
VERSIONS = {"newest": [], "oldest": ["-Z", "minimal-versions"]}
PROGRAM = """\
//! Uses the crate as a dependant does.
pub use weftline::*;

/// Waits with a timeout.
pub fn wait(event: &Event) -> bool {
    event.try_wait_for(std::time::Duration::from_millis(1)).is_ok()
}
"""
WITH_PROCESSES = """
/// Runs elsewhere.
pub fn double(n: u32) -> u32 {
    2 * n
}
weftline::process::register!(double);

/// Starts a process, and shares something with it.
pub fn start() -> Result<weftline::process::Child<u32>, Box<dyn std::error::Error>> {
    weftline::process::Value::new(1_u32)?.set(2);
    Ok(weftline::process::spawn(double, (1,))?)
}
"""


class Failed(Exception):
    pass


def cargo(*arguments, cwd, environment=None, quiet=True):
    command = ["cargo", *arguments]
    environment = {**os.environ, **(environment or {}), "CARGO_TERM_COLOR": "never"}
    # The workspace's own flags and target directory do not apply to a dependant's build.
    environment.pop("RUSTFLAGS", None)
    environment.pop("CARGO_TARGET_DIR", None)
    ended = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        timeout=TIMEOUT,
        check=False,
        capture_output=quiet,
        text=True,
    )
    if ended.returncode != 0:
        said = (ended.stdout or "") + (ended.stderr or "")
        raise Failed(f"{' '.join(command)} in {cwd}:\n{said[-6_000:]}")
    return ended


def packaged():
    """The folder of the unpacked archive."""
    cargo(
        "package",
        "--package",
        "weftline",
        "--no-verify",
        "--allow-dirty",
        "--target-dir",
        str(TARGET),
        cwd=ROOT,
    )
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"][
        "version"
    ]
    archive = TARGET / "package" / f"weftline-{version}.crate"
    unpacked = TARGET / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    # All files of an archive have one time, by which cargo would take an earlier build for theirs.
    for path in unpacked.rglob("*"):
        path.touch()
    (folder,) = unpacked.iterdir()
    # The folder lies below this workspace, in which cargo would otherwise search for it.
    with (folder / "Cargo.toml").open("a") as manifest:
        manifest.write("\n[workspace]\n")
    return folder


def lock(folder, flags):
    """Chooses the versions; without a network, from the local copy of the index."""
    (folder / "Cargo.lock").unlink(missing_ok=True)
    bootstrap = {"RUSTC_BOOTSTRAP": "1"} if flags else {}
    try:
        cargo(*flags, "generate-lockfile", cwd=folder, environment=bootstrap)
    except Failed:
        cargo(
            *flags, "generate-lockfile", "--offline", cwd=folder, environment=bootstrap
        )


def empty(package):
    for features, asked in FEATURES.items():
        folder = TARGET / "empty" / features
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "src").mkdir(parents=True)
        has_processes = features not in ("none", "portable-parker")
        (folder / "src" / "lib.rs").write_text(PROGRAM + has_processes * WITH_PROCESSES)
        (folder / "Cargo.toml").write_text(
            '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n\n'
            f'[dependencies]\nweftline = {{ path = "{package}"{asked} }}\n\n[workspace]\n'
        )
        for versions, flags in VERSIONS.items():
            lock(folder, flags)
            cargo("check", "--target-dir", str(TARGET / "target"), cwd=folder)
            print(
                f"empty crate, features {features}, {versions} dependencies: ok",
                flush=True,
            )


def package_alone(package):
    # The dependencies are those of the workspace, which are built already.
    cargo("test", "--quiet", "--target-dir", str(TARGET.parent), cwd=package)
    print("package: its own tests pass", flush=True)


def names(package):
    has = {
        str(path.relative_to(package)) for path in package.rglob("*") if path.is_file()
    }
    for file in ("LICENSE-MIT", "LICENSE-APACHE", "README.md", "guide.md"):
        if file not in has or not (package / file).read_text().strip():
            raise Failed(f"the archive has no {file}")
    said = tomllib.loads((package / "Cargo.toml").read_text())["package"]
    for key in (
        "description",
        "license",
        "readme",
        "documentation",
        "categories",
        "keywords",
        "rust-version",
    ):
        if not said.get(key):
            raise Failed(f"the manifest has no {key}")
    if not said["metadata"]["docs"]["rs"].get("all-features"):
        raise Failed("docs.rs would document the default features alone")
    print("names: licences, texts and the manifest are there", flush=True)


def main(arguments):
    parts = {"names": names, "empty": empty, "package": package_alone}
    chosen = arguments or list(parts)
    try:
        package = packaged()
        for part in chosen:
            parts[part](package)
    except Failed as why:
        print(why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
