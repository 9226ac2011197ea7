"""What a run writes shows faces: nobody but the user can read it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stories.project import Project


@pytest.fixture(params=[0o022, 0o002])
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def open_to_others(*paths: Path) -> list[str]:
    found = [path for top in paths for path in (top, *top.rglob("*"))]
    return [str(path) for path in found if stat.S_IMODE(path.stat().st_mode) & 0o077]


@pytest.mark.usefixtures("umask")
def test_pictures_sheets_copies_and_reports_are_the_users_alone(project: Project) -> None:
    outputs = "outputs:\n  files: {export: takes, to: handed, zip: all.zip}\n  sheet: {contact_sheet: takes}\n"
    recipe = project.workspace.path("recipe.yaml")
    recipe.write_text(recipe.read_text() + outputs)
    project.run()
    root = project.root
    assert (root / "out/portraits/sheet.html").is_file()
    assert open_to_others(root / "out", root / "handed", root / "all.zip") == []
    assert stat.S_IMODE((root / ".nano-banana").stat().st_mode) == 0o700


def test_a_recipe_and_its_lock_follow_the_umask(project: Project) -> None:
    before = os.umask(0o022)
    try:
        project.workspace.run("new", "fresh", "--subject", "ben")
        project.run()
    finally:
        os.umask(before)
    locks = list(project.root.glob("*.lock"))
    fresh = project.root / "fresh/recipe.yaml"
    assert {oct(stat.S_IMODE(path.stat().st_mode)) for path in (*locks, fresh)} == {"0o644"}
