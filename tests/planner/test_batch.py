"""Groups of takes, in an order in which a forecast can go through them."""

from __future__ import annotations

from pathlib import Path

from nano_banana.planner.planning import make_plan
from nano_banana.planner.takes import Selection
from nano_banana.recipe.load import load_recipe
from nano_banana.recipe.recipe_files import RecipeFiles
from nano_banana.stages.stage_calls import CallTarget
from nano_banana.stages.take_context import PlanContext, TemplateContexts
from tests.recipe.resolve.tools import CATALOG

SHORTCUT = """
nano_banana: 1
name: shortcut
templates: {whole: a portrait}
shots:
  near: {template: whole, seeds: [1, 2]}
  far: {template: whole, seeds: [1, 2]}
stages:
- {id: nearby, generate: near, using: fal-ai/flux-lora}
- {id: faraway, generate: far, using: fal-ai/flux-lora}
- {id: first, choose: faraway, keep: {best: 1, per: shot}}
- {id: last, choose: [nearby, first], keep: {best: 1, per: shot}}
"""


def test_every_group_comes_after_those_that_it_waits_for(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(SHORTCUT, encoding="utf-8")
    files = RecipeFiles(tmp_path, tmp_path)
    loaded = load_recipe(tmp_path / "recipe.yaml", files=files, catalog=CATALOG, sets={}, environ={})
    bench = PlanContext(
        recipe=loaded.recipe,
        target=CallTarget(provider="fal"),
        catalog=CATALOG,
        engine=loaded.engine,
        contexts=TemplateContexts.of(loaded.recipe, loaded.environment),
        blobs={},
        place_of=loaded.place_of,
    )
    groups = make_plan(bench, Selection()).groups
    names = [group.name for group in groups]
    assert len(names) == 5
    for at, group in enumerate(groups):
        assert set(group.after_groups) <= set(names[:at])
