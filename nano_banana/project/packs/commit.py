"""The commit that a local clone is at, read without git."""

from __future__ import annotations

import re
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def commit_of(folder: Path) -> str:
    """The HEAD commit of the repository that `folder` lies in; empty where there is none, or none can be told."""
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
