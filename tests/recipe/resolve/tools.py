"""A recipe resolved from a text, with its files in a folder of the test's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.problem import Invalid
from nano_banana.recipe.load import Loaded, load_recipe
from nano_banana.recipe.recipe_files import RecipeFiles

CATALOG = Catalog.load()
JPEG = b"\xff\xd8\xff\xe0 no more than a beginning"


def load(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Loaded:
    """Load the recipe; `text` lacks the first two lines."""
    recipe = folder / "recipe.yaml"
    recipe.write_text("nano_banana: 1\nname: first\n" + dedent(text), encoding="utf-8")
    files = RecipeFiles(folder, folder)
    return load_recipe(recipe, files=files, catalog=CATALOG, sets={}, environ=environ or {})


def kinds(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The kinds of everything that is wrong with the recipe, by place; warnings left out."""
    with pytest.raises(Invalid) as caught:
        load(folder, text, environ)
    return [problem.kind for problem in caught.value.problems if not problem.warning]


def write(folder: Path, *names: str, data: bytes = JPEG) -> None:
    """Files with the beginnings of a JPEG."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
