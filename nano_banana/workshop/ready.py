"""Whether this machine can keep what a run would pay for."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from nano_banana.core.errors import Unusable, trouble
from nano_banana.store.wall import OUTPUT, wall


def check_writable(folder: Path) -> None:
    """Raise Unusable if no file can be written into the folder, or into the nearest one above it that is there."""
    with wall(folder, OUTPUT), tempfile.TemporaryFile(dir=_nearest(folder)):
        pass


def check_space(folder: Path, needed: int) -> None:
    """Raise Unusable if the disk of the folder has fewer free bytes than are `needed`."""
    with wall(folder, OUTPUT):
        free = shutil.disk_usage(_nearest(folder)).free
    if free < needed:
        raise Unusable([trouble("disk_nearly_full", folder=str(folder), free=free, needed=needed)])


def _nearest(folder: Path) -> Path:
    """The folder, or the first above it that is there; a file in the way counts as there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
