"""Takes a pack into a project: all of it is checked before any is kept."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.core.modes import as_user
from nano_banana.core.problem import Problem
from nano_banana.project.packs.cases import faults_in
from nano_banana.project.packs.commit import commit_of
from nano_banana.project.packs.home import moved
from nano_banana.project.packs.luggage import folder_files, zip_files
from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.packs.pack import Pack
from nano_banana.recipe.packs.places import FOLDER
from nano_banana.recipe.packs.read import FILE, read_pack
from nano_banana.recipe.patterns import NAME

ORIGIN = ".origin.json"
"""Where a pack came from; hidden, and no part of its digest."""
_NAMED = re.compile(r"^name:[ \t]*(?P<name>[^\s#]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A pack that is checked and lies ready; `before` is the one of the project that it would replace.

    `commit` is the one that its repository was at, where it came from one.
    """

    pack: Pack
    target: Path
    commit: str = ""
    before: Pack | None = None
    clash: bool = False
    """Whether something stands in its place that is no pack, or none that can be read."""


def receive(source: Path, root: Path, *, name: str = "") -> Incoming:
    """Check the pack in a folder or zip, and lay it ready; it is called `name` (empty: as it says itself).

    Call `keep` or `leave` then. Raises Invalid with everything that is wrong with it, and Unusable.
    """
    if name and not re.fullmatch(str(NAME["pattern"]), name):
        raise Invalid([trouble("not_a_name", name=name)])
    if not source.exists():
        raise Invalid([trouble("pack_source_missing", path=str(source))])
    inside, files = (zip_files if source.is_file() else folder_files)(source, partial(_home_in, source))
    called = name or _name_in(files[FILE]) or (source / inside).name
    if name:
        files = {**files, FILE: _renamed(files[FILE], name)}
    if not re.fullmatch(str(NAME["pattern"]), called):
        raise Invalid([trouble("not_a_name", name=called)])
    staged = root / FOLDER / f".adding-{os.getpid()}" / called
    try:
        _write(staged, files)
        pack = _checked(staged, source / inside)
        commit = "" if source.is_file() else commit_of(source.resolve())
        (staged / ORIGIN).write_text(json.dumps({"from": source.name, "commit": commit}) + "\n", "utf-8")
    except OSError as error:
        shutil.rmtree(staged.parent, ignore_errors=True)
        raise Unusable([trouble("unwritable", file=str(root / FOLDER), why=error.strerror or "")]) from error
    except BaseException:
        shutil.rmtree(staged.parent, ignore_errors=True)
        _tidy(root)
        raise
    target = root / FOLDER / called
    return Incoming(pack=pack, target=target, commit=commit, before=_there(target, root), clash=os.path.lexists(target))


def keep(incoming: Incoming) -> None:
    """Put the pack into its place; what was there is gone when the new one is there. Raises Unusable."""
    staged, target = incoming.pack.folder, incoming.target
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    try:
        if os.path.lexists(target):
            target.rename(old)
        staged.rename(target)
    except OSError as error:
        if os.path.lexists(old):
            with suppress(OSError):
                old.rename(target)
        leave(incoming)
        raise Unusable([trouble("unwritable", file=str(target), why=error.strerror or "")]) from error
    shutil.rmtree(old, ignore_errors=True)
    leave(incoming)


def leave(incoming: Incoming) -> None:
    """Clear away what lies ready."""
    shutil.rmtree(incoming.pack.folder.parent, ignore_errors=True)
    _tidy(incoming.target.parents[1])


def _tidy(root: Path) -> None:
    """Take away a folder that was made for nothing."""
    with suppress(OSError):
        (root / FOLDER).rmdir()


def _home_in(source: Path, names: Sequence[str]) -> PurePosixPath:
    """The folder of the one pack among the files. Raises Invalid (`no_pack_in`, `packs_in`)."""
    homes = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name == FILE]
    if not homes:
        raise Invalid([trouble("no_pack_in", source=str(source), file=FILE)])
    if len(homes) > 1 and PurePosixPath() not in homes:
        said = ", ".join(sorted(map(str, homes)))
        raise Invalid([trouble("packs_in", source=str(source), names=said, first=str(source / min(homes)))])
    return min(homes, key=lambda path: len(path.parts))


def _name_in(text: bytes) -> str:
    found = _NAMED.search(text.decode("utf-8", "replace"))
    return found["name"].strip("\"'") if found else ""


def _renamed(text: bytes, name: str) -> bytes:
    return _NAMED.sub(f"name: {name}", text.decode("utf-8"), count=1).encode()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    with as_user():
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def _checked(staged: Path, source: Path) -> Pack:
    """The pack as it lies ready. Raises Invalid, with places in its source."""
    try:
        pack = read_pack(staged, RecipeFiles(staged))
    except Invalid as error:
        raise Invalid(moved(error.problems, staged, source)) from error
    faults: list[Problem] = [
        fault.problem for template in pack.templates.values() for fault in faults_in(pack, template)
    ]
    if faults:
        raise Invalid(moved(faults, staged, source))
    return pack


def _there(target: Path, root: Path) -> Pack | None:
    try:
        return read_pack(target, RecipeFiles(root))
    except Invalid:
        return None
