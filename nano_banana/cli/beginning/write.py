"""A project's first files, written; nothing that is there is lost."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.modes import as_user
from nano_banana.core.replacing import replacing

IGNORED = ".gitignore"


def check_free(files: Mapping[str, str], folder: Path) -> None:
    """Raise Invalid (`already_there`) with every file that is there already; a `.gitignore` is only added to."""
    there = [folder / name for name in files if name != IGNORED and os.path.lexists(folder / name)]
    if there:
        raise Invalid([trouble("already_there", file=str(path)) for path in there])


def write(files: Mapping[str, str], folder: Path) -> list[Path]:
    """Write texts by their names in `folder`; return their paths. Raises Unusable (`unwritable`)."""
    for name, text in files.items():
        path = folder / name
        try:
            with as_user():
                path.parent.mkdir(parents=True, exist_ok=True)
                if name == IGNORED and path.is_file():
                    _add_lines(path, text)
                    continue
                with replacing(path) as fresh:
                    fresh.write_text(text, "utf-8")
        except OSError as error:
            raise Unusable([trouble("unwritable", file=str(path), why=error.strerror or "")]) from error
    return [folder / name for name in files]


def _add_lines(path: Path, text: str) -> None:
    """Add those lines of `text` to the file that it lacks."""
    there = path.read_bytes()
    lines = [line for line in text.encode().splitlines() if line not in there.splitlines()]
    with path.open("ab") as file:
        file.write(b"" if not there or there.endswith(b"\n") else b"\n")
        file.writelines(line + b"\n" for line in lines)


def make_folder(folder: Path) -> None:
    """Make the folder unless it is there. Raises Unusable (`unwritable`)."""
    try:
        with as_user():
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable([trouble("unwritable", file=str(folder), why=error.strerror or "")]) from error
