"""The sources of packages, from their source distributions."""

import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path

DOWNLOADS = Path(__file__).resolve().parents[2] / "target" / "packages"


def source(package):
    """The folder with the sources of the installed version of `package`.

    They are downloaded once into `target/packages`.
    """
    name = f"{package}-{version(package)}"
    # For a function without a file, joblib takes the text after a dot in the path for a suffix.
    folder = DOWNLOADS / name.replace(".", "_")
    if not folder.exists():
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        # Otherwise a package without settings for pytest would find weftline's further up.
        (DOWNLOADS / "pytest.ini").touch()
        command = [
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            # Only of this package: what builds it comes as a wheel.
            "--no-binary",
            package,
        ]
        subprocess.run(
            [sys.executable, *command, f"{package}=={version(package)}"],
            cwd=DOWNLOADS,
            timeout=300,
            check=True,
        )
        with tarfile.open(DOWNLOADS / f"{name}.tar.gz") as archive:
            archive.extractall(DOWNLOADS, filter="data")
        (DOWNLOADS / name).rename(folder)
    return folder
