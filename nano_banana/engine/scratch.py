"""Folders for files on their way, beside the store's own; gone once used."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from nano_banana.core.modes import follow
from nano_banana.store.wall import wall

STALE = 86_400.0
"""Seconds after which a folder belongs to a process that was killed."""


class Scratch:
    """Makes folders below one that is on the store's disk."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "scratch"

    def make(self) -> Path:
        """A new, empty folder. Raises Unusable where the store's disk refuses."""
        with wall(self._root.parent):
            if not self._root.is_dir():
                self._root.mkdir(exist_ok=True)
                follow(self._root, self._root.parent)
            return Path(tempfile.mkdtemp(dir=self._root))

    def remove(self, folder: Path) -> None:
        """Remove one, with what is in it."""
        shutil.rmtree(folder, ignore_errors=True)

    def clean(self) -> None:
        """Remove what processes left that were killed."""
        with suppress(OSError):
            for folder in self._root.iterdir():
                if time.time() - folder.stat().st_mtime > STALE:
                    self.remove(folder)
