"""The program reads the shipped packs as they are."""

from __future__ import annotations

import pytest

from nano_banana.recipe.pack_reader import prompt_problems, read_pack
from nano_banana.recipe.recipe_files import RecipeFiles
from tests.packs_shipped.shipped import PACKS, packs, templates
from tests.workspace import ROOT


@pytest.mark.parametrize("name", packs())
def test_a_pack_is_read_and_its_prompts_name_nothing_else(name: str) -> None:
    pack = read_pack(PACKS / name, RecipeFiles(ROOT, ROOT))
    assert [prompt_problems(pack, template) for template in pack.templates.values()] == [[]] * len(pack.templates)
    assert set(pack.templates) == {template.name for template in templates() if template.pack == name}
    assert len(pack.digest) == 64
