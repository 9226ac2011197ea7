"""The preloaded library, built once, and programs that run under it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fal.forks import Forks

SOURCE = Path(__file__).with_name("record_writes.c")


@pytest.fixture(scope="session")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`record_writes.c`, compiled."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    library = tmp_path_factory.mktemp("recorder") / "record_writes.so"
    warnings = ["-Wall", "-Wextra", "-Werror"]
    subprocess.run([compiler, *warnings, "-O1", "-shared", "-fPIC", "-o", library, SOURCE], check=True)
    return library


@pytest.fixture(scope="session")
def recorded(recorder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Starts the program in a moment, and records what it writes once `CRASH_JOURNAL` says where to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LD_PRELOAD", str(recorder))
        ready = Forks(tmp_path_factory.mktemp("recorded")).__enter__()
    yield ready
    ready.__exit__()
