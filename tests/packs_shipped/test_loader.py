"""The program reads the shipped packs as they are."""

from __future__ import annotations

import pytest

from nano_banana.recipe.files import RecipeFiles
from nano_banana.recipe.packs.check import faults_of
from nano_banana.recipe.packs.read import read_pack
from tests.packs_shipped.shipped import PACKS, packs, templates
from tests.workspace import ROOT


@pytest.mark.parametrize("name", packs())
def test_a_pack_is_read_and_its_prompts_name_nothing_else(name: str) -> None:
    pack = read_pack(PACKS / name, RecipeFiles(ROOT, ROOT))
    assert [faults_of(pack, template) for template in pack.templates.values()] == [[]] * len(pack.templates)
    assert set(pack.templates) == {template.name for template in templates() if template.pack == name}
    assert len(pack.digest) == 64
