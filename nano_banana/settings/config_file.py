"""One TOML file of settings: read with positions, edited line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.known_folders import is_homeless
from nano_banana.model.problem import Invalid, Position, Unusable, problem


def read_config(path: Path) -> Mapping[str, object]:
    """The file's top-level keys; a missing file is empty.

    Raises Invalid (`config_not_toml`) with the position, Unusable (`config_unreadable`).
    """
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise Unusable([problem("config_unreadable", file=str(path), why=_why(error))]) from error
    except UnicodeDecodeError as error:
        raise Invalid([problem("config_not_utf8", position=Position(file=str(path), line=1, column=1))]) from error
    return _parse(text, path)


def edit_config(path: Path, name: str, value: str | float | None) -> bool:
    """Set the key `name` (None: remove it), and leave all other lines as they are.

    Returns whether the file changed. Raises Invalid (`config_not_editable`) if the key isn't on one line of its own,
    Unusable if the file can't be written.
    """
    import json

    before = read_config(path)
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    # A text in JSON is one in TOML, too.
    literal = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    after = _with_line(lines, name, None if value is None else f"{name} = {literal}")
    if after == lines:
        return False
    wanted = {key: item for key, item in before.items() if key != name}
    if value is not None:
        wanted[name] = value
    text = "".join(f"{line}\n" for line in after)
    if not _reads_as(text, path, wanted):
        raise Invalid([problem("config_not_editable", position=position_of_key(path, name), name=name)])
    write_atomically(path, text.encode(), mode=0o644)
    return True


def position_of_key(path: Path, name: str) -> Position:
    """The position of the key (or table) `name` in the file; its first character if it isn't found."""
    pattern = re.compile(rf"^(\s*(?:\[+\s*)?)([\"']?{re.escape(name)}[\"']?)\s*[=.\]]")
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        found = pattern.match(line)
        if found:
            return Position(file=str(path), line=number, column=found.end(1) + 1, length=len(found[2]))
    return Position(file=str(path), line=1, column=1)


def write_atomically(path: Path, data: bytes, *, mode: int) -> None:
    """Write `data` to `path` as a whole or not at all, never with a mode wider than `mode`. Raises Unusable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_write(path) as fresh:
            fresh.touch(0o600)
            fresh.chmod(mode)
            fresh.write_bytes(data)
    except OSError as error:
        if is_homeless(path):
            raise Unusable([problem("no_home", file=path.name)]) from error
        raise Unusable([problem("config_unwritable", file=str(path), why=_why(error))]) from error


def _parse(text: str, path: Path) -> Mapping[str, object]:
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # Python 3.11 gives the position only in the message.
        found = re.search(r"^(.*?) \(at line (\d+), column (\d+)\)$", str(error), re.DOTALL)
        last = text.count("\n") + 1
        line, column = (int(found[2]), int(found[3])) if found else (last, 1)
        why = found[1] if found else str(error).removesuffix(" (at end of document)")
        place = Position(file=str(path), line=line, column=column)
        raise Invalid([problem("config_not_toml", position=place, why=why[:1].lower() + why[1:])]) from error


def _reads_as(text: str, path: Path, wanted: Mapping[str, object]) -> bool:
    try:
        return _parse(text, path) == wanted
    except Invalid:
        return False


def _with_line(lines: list[str], name: str, new: str | None) -> list[str]:
    pattern = re.compile(rf"^\s*[\"']?{re.escape(name)}[\"']?\s*=")
    fresh = [] if new is None else [new]
    for number, line in enumerate(lines):
        if pattern.match(line):
            return [*lines[:number], *fresh, *lines[number + 1 :]]
        if line.lstrip().startswith("["):
            return [*lines[:number], *fresh, *lines[number:]]
    return [*lines, *fresh]


def _why(error: OSError) -> str:
    return error.strerror or type(error).__name__
