"""Other people's clients of fal, installed once as they are pinned, and an emulator for them to ask."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject

HERE = Path(__file__).parent
PYTHON, JS = HERE / "python", HERE / "js"
CACHE = Path(os.environ.get("NANO_BANANA_CLIENTS") or Path(sys.prefix) / "clients")
"""Where installed clients are kept: in the virtual environment, unless told otherwise."""

PIP = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]

Ask = Callable[[list[str], dict[str, str]], JSONObject]
"""Runs a command with some variables, and returns what its last line of output says."""


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("emulator"), EmulatorOptions(pictures="plain", proxy_port=0)) as server:
        yield server


@pytest.fixture
def ask(emulator: Emulator, tmp_path: Path) -> Ask:
    """Run a client that knows fal's own host names only."""

    def run(command: list[str], variables: dict[str, str]) -> JSONObject:
        ca = str(emulator.ca)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "FAL_KEY": "id:secret",
            "HTTPS_PROXY": str(emulator.proxy),
            "NO_PROXY": "127.0.0.1",
            "SSL_CERT_FILE": ca,
            "NODE_EXTRA_CA_CERTS": ca,
            "EMULATOR": emulator.url,
            **variables,
        }
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return cast(JSONObject, json.loads(done.stdout.splitlines()[-1]))

    emulator.control("POST", "reset")
    return run


def pip_installed(name: str, *wanted: str) -> Path:
    """A folder with these packages, and no others."""
    return _installed(name, " ".join(wanted).encode(), lambda folder: [*PIP, "--target", str(folder), *wanted])


def pinned(file: str) -> list[str]:
    """The packages that a file of ours names."""
    return (PYTHON / file).read_text(encoding="utf-8").split()


def npm_installed(source: Path = JS, name: str = "npm") -> Path:
    """A folder with the packages that the lock file in `source` names, and the scripts beside it."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("no Node.js with npm here")
    files = [source / file for file in ("package.json", "package-lock.json", ".npmrc")]

    def command(folder: Path) -> list[str]:
        for file in files:
            shutil.copy(file, folder)
        return ["npm", "ci", "--prefix", str(folder), "--loglevel=error"]

    folder = _installed(name, b"".join(file.read_bytes() for file in files), command)
    for script in source.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


def _installed(name: str, wanted: bytes, command: Callable[[Path], list[str]]) -> Path:
    """What the command puts into a folder, which is kept for as long as the same is wanted."""
    target = CACHE / f"{name}-{hashlib.sha256(wanted + sys.version.encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            return target
        folder = Path(tempfile.mkdtemp(prefix=f"{name}.", dir=CACHE))
        done = subprocess.run(command(folder), cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(folder)
            pytest.skip(f"{name} can't be installed here: {done.stderr.strip()[-500:]}")
        folder.rename(target)
    return target
