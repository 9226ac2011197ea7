"""A store of one's own, with a clock that stands still."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.store.local_store import Store
from tests.store.tools import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "store", clock=clock, steady=clock) as opened:
        yield opened


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder that any user may look into (pytest's own are its user's alone)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
