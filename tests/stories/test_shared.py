"""A store that somebody may only read, and one that a group shares."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.store.tools import powerless
from tests.workspace import Workspace

RECIPE = """
nano_banana: 1
name: streets
provider: local
shots:
  streets: {template: "an empty {{ scene }}", matrix: {scene: [park]}, seeds: [1]}
stages:
  - {id: takes, generate: streets, using: fal-ai/flux/schnell, with: {image_size: {width: 64, height: 64}}}
"""


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A project in a folder that every user may look into."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Workspace(Path(name), monkeypatch).write("recipe.yaml", RECIPE)


@contextmanager
def onlooker(folder: Path) -> Iterator[None]:
    """Be somebody who may read the folder and not write it."""
    paths = (folder, *folder.rglob("*"))
    before = {path: path.stat().st_mode & 0o7777 for path in paths}
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        with powerless():
            yield
    finally:
        for path, mode in before.items():
            path.chmod(mode)


@pytest.mark.parametrize(
    "command",
    [
        ("plan",),
        ("explain", "streets/park/s1"),
        ("runs",),
        ("runs", "show", "latest"),
        ("check",),
        ("stats",),
        ("models",),
        ("cache", "stats"),
    ],
    ids=" ".join,
)
def test_who_may_only_read_a_store_can_look(shown: Workspace, command: tuple[str, ...]) -> None:
    shown.expect("run")
    with onlooker(shown.root):
        shown.expect(*command)


def test_who_may_only_read_a_store_makes_nothing(shown: Workspace) -> None:
    shown.expect("run")
    shown.edit("recipe.yaml", "park", "room")
    with onlooker(shown.root):
        shown.expect("plan").shows("1 call")
        shown.expect("run", exit_code=1).shows("can't write to the store", "you may only read it").hides("bug")
        shown.expect("cache", "gc", "--dry-run")
    shown.expect("run")


def test_a_second_user_who_looks_does_not_lock_out_the_first(shown: Workspace) -> None:
    """The database of older stores can't be written by the group, though their folders can."""
    shown.expect("run")
    store = shown.path(".nano-banana")
    for path in (store, *store.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o644)
    with powerless():
        shown.expect("plan")
    assert {path.name for path in store.glob("store.sqlite*")} == {"store.sqlite"}
    shown.edit("recipe.yaml", "park", "room")
    shown.expect("run")
    if os.geteuid() == 0:
        assert store.joinpath("store.sqlite").stat().st_mode & 0o060 == 0o060
