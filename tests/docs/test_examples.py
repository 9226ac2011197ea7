"""Every recipe that we show anybody is loaded and planned."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from tests.workspace import Workspace

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "examples").glob("*/README.md"))]
RECIPES = [*sorted((ROOT / "recipes").glob("*.yaml")), *sorted((ROOT / "examples").glob("*/recipe.yaml"))]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r"^from (nano_banana[\w.]*) import (\w+)$|^import (nano_banana[\w.]*)", re.MULTILINE)


def blocks() -> list[tuple[str, str]]:
    """Each whole YAML block of each page; fragments are marked as ```yaml fragment."""
    return [
        (f"{page.relative_to(ROOT)}:{at}", text)
        for page in PAGES
        for at, text in enumerate(BLOCK.findall(page.read_text("utf-8")))
    ]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_recipe_is_planned(workspace: Workspace, recipe: Path) -> None:
    told = workspace.json("plan", str(recipe), "--store", "store", "--out", "out")
    assert told["takes"]
    assert told["status"] == "planned"


@pytest.mark.parametrize(("name", "text"), blocks(), ids=[name for name, _ in blocks()])
def test_a_block_of_the_docs_is_planned(workspace: Workspace, name: str, text: str) -> None:  # noqa: ARG001 - the id
    workspace.write("recipe.yaml", text)
    for folder in set(re.findall(r"photos/[a-z]+", text)):
        workspace.photos(folder, count=4)
    workspace.write("prompts/pair.j2", "{{ subject.trigger }} {{ subject.noun }} by the window")
    told = workspace.json("plan", "recipe.yaml")
    assert told["calls"]


def test_there_is_a_block_in_the_readme() -> None:
    assert any(name.startswith("README.md") for name, _ in blocks())


def test_there_are_recipes_to_start_from() -> None:
    assert len(RECIPES) >= 3


def test_what_the_docs_import_is_there() -> None:
    for page in PAGES:
        for module, name, whole in IMPORT.findall(page.read_text("utf-8")):
            found = importlib.import_module(module or whole)
            assert not name or hasattr(found, name), f"{page.name}: {module}.{name}"


def test_every_setting_is_in_the_reference(workspace: Workspace) -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    settings = workspace.json("config", "show")["settings"]
    assert isinstance(settings, dict)
    assert [name for name in settings if f"`{name}`" not in page] == []
