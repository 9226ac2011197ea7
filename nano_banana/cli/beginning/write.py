"""A project's first files, written; nothing that is there is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nano_banana.core.errors import Invalid
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble
from nano_banana.core.modes import as_user
from nano_banana.core.replacing import replacing


def check_free(files: Mapping[str, str], folder: Path) -> None:
    """Raise Invalid (`already_there`) with every file that is there already."""
    there = [folder / name for name in files if os.path.lexists(folder / name)]
    if there:
        raise Invalid([trouble("already_there", file=str(path)) for path in there])


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by their names in `folder`; return their paths. Raises Unusable (`unwritable`)."""
    for name, text in files.items():
        path = folder / name
        try:
            with as_user():
                path.parent.mkdir(parents=True, exist_ok=True)
                with replacing(path) as fresh:
                    fresh.write_text(text, "utf-8")
        except OSError as error:
            raise Unusable([trouble("unwritable", file=str(path), why=error.strerror or "")]) from error
    return [folder / name for name in files]


def make_folder(folder: Path) -> None:
    """Make the folder unless it is there. Raises Unusable (`unwritable`)."""
    try:
        with as_user():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(folder), why=error.strerror or "")]) from error
