"""Copies that are handed out, as the store remembers them."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.known_folders import REHEARSAL
from nano_banana.session.exported_files import exported_paths, write_copies
from nano_banana.store.local_store import Store


@pytest.mark.parametrize("place", [".nano-banana", f".nano-banana/{REHEARSAL}"])
def test_a_moved_project_knows_its_copies(tmp_path: Path, place: str) -> None:
    first, moved = tmp_path / "first", tmp_path / "elsewhere/moved"
    (first / place).mkdir(parents=True)
    (first / "picture.png").write_bytes(b"a picture")
    with Store.open(first / place) as store:
        write_copies(store, "set", {"ana.png": first / "picture.png"}, folder=first / "to", packed=None, whole=True)
        assert exported_paths(store, "set") == [first / "to/ana.png"]
    moved.parent.mkdir()
    first.rename(moved)
    with Store.open(moved / place) as store:
        assert exported_paths(store, "set") == [moved / "to/ana.png"]
