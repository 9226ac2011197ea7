"""The reference: equal to its file, and whole."""

from __future__ import annotations

import re
from pathlib import Path

from nano_banana.recipe.json_schema import recipe_schema
from nano_banana.recipe.recipe_reference import ENDPOINT_EXAMPLE, SECTION_EXAMPLES, recipe_page
from nano_banana.stages.stage_registry import stage_kinds
from tests.workspace import Workspace

ROOT = Path(__file__).parents[2]


def test_the_file_is_what_the_module_prints() -> None:
    assert recipe_page() == (ROOT / "docs" / "recipe.md").read_text("utf-8"), "make docs"


def test_every_section_and_every_verb_has_an_example() -> None:
    sections = recipe_schema()["properties"]
    assert isinstance(sections, dict)
    assert set(SECTION_EXAMPLES) == set(sections) - {"nano_banana", "name", "provider", "stages"}
    assert all(f" {kind.verb}: " in kind.example.replace("{", " ") for kind in stage_kinds().values())


def test_every_table_has_rows_of_four() -> None:
    rows = [line for line in recipe_page().partition("## Collections")[0].splitlines() if line.startswith("|")]
    assert len(rows) > 80
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}


def test_the_whole_example_can_be_planned(workspace: Workspace) -> None:
    page = recipe_page()
    block = page.partition("```yaml\n")[2].partition("```")[0]
    workspace.photos("photos/ana").write("recipe.yaml", block)
    workspace.expect("check", "--provider", "fal").shows("4 takes; no errors")


def test_the_endpoint_described_there_can_be_called(workspace: Workspace) -> None:
    workspace.write("endpoints/enlarge.yaml", ENDPOINT_EXAMPLE).write(
        "recipe.yaml",
        """
        nano_banana: 1
        name: larger
        shots: {hills: {template: green hills, seeds: [1]}}
        stages:
          - {id: takes, generate: hills, using: fal-ai/flux/schnell, with: {image_size: {width: 64, height: 64}}}
          - {id: larger, call: acme/enlarge, each: takes, with: {scale: 2}}
        """,
    )
    workspace.expect("check").shows("1 take; no errors").hides("warning")
    workspace.expect("run").shows("1 of 1 picture done")
