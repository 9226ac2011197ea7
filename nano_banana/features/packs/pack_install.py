"""Installs a pack into a project, once all of it is checked."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePosixPath

from msgspec import Struct

from nano_banana.features.packs.pack_library import moved_problems
from nano_banana.features.packs.pack_testing import template_faults
from nano_banana.features.packs.untrusted_pack_files import folder_files, zip_files
from nano_banana.formats.file_writing import as_user
from nano_banana.model.problem import Invalid, Problem, Unusable, problem
from nano_banana.recipe.naming import NAME_PATTERN
from nano_banana.recipe.pack import Pack
from nano_banana.recipe.pack_reader import PACK_FILE, PACKS_FOLDER, read_pack
from nano_banana.recipe.recipe_files import RecipeFiles

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def head_commit(folder: Path) -> str:
    """The HEAD commit of the repository that `folder` is in; empty if there is none or it is unknown."""
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        if git.exists():
            try:
                return _head(git)
            except (OSError, UnicodeDecodeError):
                return ""
    return ""


def _head(git: Path) -> str:
    if git.is_file():  # of a worktree or a submodule: it says where the real one is
        git = (git.parent / git.read_text("utf-8").partition("gitdir:")[2].strip()).resolve()
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref:"):
        return head if _COMMIT.fullmatch(head) else ""
    name = head.removeprefix("ref:").strip()
    common = git / "commondir"
    homes = [git, (git / common.read_text("utf-8").strip()).resolve()] if common.is_file() else [git]
    for home in homes:
        if (home / name).is_file():
            found = (home / name).read_text("utf-8").strip()
            return found if _COMMIT.fullmatch(found) else ""
        if found := _packed(home / "packed-refs", name):
            return found
    return ""


def _packed(file: Path, name: str) -> str:
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    rows = [line.split(" ") for line in lines]
    return next((row[0] for row in rows if len(row) == 2 and row[1] == name and _COMMIT.fullmatch(row[0])), "")


ORIGIN_FILE = ".origin.json"
"""Where a pack came from; hidden, and no part of its digest."""
_NAMED = re.compile(r"^name:[ \t]*(?P<name>[^\s#]+)", re.MULTILINE)


class IncomingPack(Struct, frozen=True, kw_only=True):
    """A checked pack that is ready to install; `replaces` is the project's pack that it would replace.

    `commit` is the HEAD of its repository, if it came from one.
    """

    pack: Pack
    target: Path
    commit: str = ""
    replaces: Pack | None = None
    is_blocked: bool = False
    """Whether something is in its place, even if it is no readable pack."""


def stage_pack(source: Path, root: Path, *, name: str = "") -> IncomingPack:
    """Check the pack in a folder or zip, and copy it to a staging folder; `name` renames it (empty: its own name).

    Call `install_pack` or `discard_staged` then. Raises Invalid with everything that is wrong with it, and Unusable.
    """
    if name and not re.fullmatch(NAME_PATTERN, name):
        raise Invalid([problem("not_a_name", name=name)])
    if not source.exists():
        raise Invalid([problem("pack_source_missing", path=str(source))])
    inside, files = (zip_files if source.is_file() else folder_files)(source, partial(_pack_folder, source))
    called = name or _name_in(files[PACK_FILE]) or (source / inside).name
    if name:
        text = files[PACK_FILE].decode("utf-8")
        files = {**files, PACK_FILE: _NAMED.sub(f"name: {name}", text, count=1).encode()}
    if not re.fullmatch(NAME_PATTERN, called):
        raise Invalid([problem("not_a_name", name=called)])
    staged = root / PACKS_FOLDER / f".adding-{os.getpid()}" / called
    try:
        with as_user():
            for file, data in files.items():
                (staged / file).parent.mkdir(parents=True, exist_ok=True)
                (staged / file).write_bytes(data)
        pack = _check_staged(staged, source / inside)
        commit = "" if source.is_file() else head_commit(source.resolve())
        (staged / ORIGIN_FILE).write_text(json.dumps({"from": source.name, "commit": commit}) + "\n", "utf-8")
    except OSError as error:
        shutil.rmtree(staged.parent, ignore_errors=True)
        raise Unusable([problem("unwritable", file=str(root / PACKS_FOLDER), why=error.strerror or "")]) from error
    except BaseException:
        shutil.rmtree(staged.parent, ignore_errors=True)
        _remove_if_empty(root)
        raise
    target = root / PACKS_FOLDER / called
    return IncomingPack(
        pack=pack,
        target=target,
        commit=commit,
        replaces=_installed_pack(target, root),
        is_blocked=os.path.lexists(target),
    )


def install_pack(incoming: IncomingPack) -> None:
    """Move the pack to its place, replacing what was there. Raises Unusable."""
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
        discard_staged(incoming)
        raise Unusable([problem("unwritable", file=str(target), why=error.strerror or "")]) from error
    shutil.rmtree(old, ignore_errors=True)
    discard_staged(incoming)


def discard_staged(incoming: IncomingPack) -> None:
    """Delete the staging folder."""
    shutil.rmtree(incoming.pack.folder.parent, ignore_errors=True)
    _remove_if_empty(incoming.target.parents[1])


def _remove_if_empty(root: Path) -> None:
    """Delete the packs' folder if it is empty."""
    with suppress(OSError):
        (root / PACKS_FOLDER).rmdir()


def _pack_folder(source: Path, names: Sequence[str]) -> PurePosixPath:
    """The folder of the one pack among the files. Raises Invalid (`no_pack_in`, `packs_in`)."""
    homes = [PurePosixPath(name).parent for name in names if PurePosixPath(name).name == PACK_FILE]
    if not homes:
        raise Invalid([problem("no_pack_in", source=str(source), file=PACK_FILE)])
    if len(homes) > 1 and PurePosixPath() not in homes:
        said = ", ".join(sorted(map(str, homes)))
        raise Invalid([problem("packs_in", source=str(source), names=said, first=str(source / min(homes)))])
    return min(homes, key=lambda path: len(path.parts))


def _name_in(text: bytes) -> str:
    found = _NAMED.search(text.decode("utf-8", "replace"))
    return found["name"].strip("\"'") if found else ""


def _check_staged(staged: Path, source: Path) -> Pack:
    """The staged pack. Raises Invalid, with places in its source."""
    try:
        pack = read_pack(staged, RecipeFiles(staged))
    except Invalid as error:
        raise Invalid(moved_problems(error.problems, staged, source)) from error
    faults: list[Problem] = [
        fault.problem for template in pack.templates.values() for fault in template_faults(pack, template)
    ]
    if faults:
        raise Invalid(moved_problems(faults, staged, source))
    return pack


def _installed_pack(target: Path, root: Path) -> Pack | None:
    try:
        return read_pack(target, RecipeFiles(root))
    except Invalid:
        return None
