"""`picks.yaml`: a person's word on what is chosen, read beside the recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.model.nodes import NodeInfo
from nano_banana.planner.takes import pick_stages, stage_paths
from nano_banana.recipe.load import Loaded
from tests.recipe.resolve.tools import kinds, load, write
from tests.workspace import Workspace

TEXT = """
subjects: {ana: {noun: woman, trigger: anqz7, training_set: a.jpg}}
shots: {one: {template: anqz7 smiling, cast: ana, seeds: [1, 2]}}
stages:
- {id: takes, generate: one, using: fal-ai/flux/dev}
- {id: judged, gate: takes}
- {id: picks, choose: judged.accepted, keep: {best: 1}}
"""


def read(folder: Path, picks: str | None, text: str = TEXT) -> Loaded:
    put(folder, picks)
    return load(folder, text)


def put(folder: Path, picks: str | None) -> None:
    write(folder, "a.jpg")
    if picks is not None:
        write(folder, "picks.yaml", data=picks.encode())


@pytest.mark.parametrize(
    ("picks", "kept", "dropped"),
    [
        (None, set(), set()),
        ("", set(), set()),
        ("picks: {}", set(), set()),
        ("picks: {picks: {keep: [one/ana/s1]}}", {"one/ana/s1"}, set()),
        ("picks: {picks: {keep: [one/ana/s1], drop: ['one/*/s2', x]}}", {"one/ana/s1"}, {"one/*/s2", "x"}),
    ],
)
def test_what_is_kept_and_dropped(tmp_path: Path, picks: str | None, kept: set[str], dropped: set[str]) -> None:
    loaded = read(tmp_path, picks)
    decisions = loaded.recipe.stage("picks").decisions
    assert (set(decisions.kept), set(decisions.dropped)) == (kept, dropped)
    assert tmp_path / "picks.yaml" in loaded.files.seen


@pytest.mark.parametrize(
    ("picks", "found"),
    [
        ("picks: {pics: {keep: [a]}}", "unknown_reference"),
        ("picks: {stars: {a: 6}}", "unknown_key"),
        ("picks: {judged: {stars: {a: 6}}}", "above_maximum"),
        ("picks: {judged: {notes: {a: 1}}}", "not_quoted"),
        ("picks: {picks: {keep: [a], drop: [b, a]}}", "kept_and_dropped"),
        ("picks: {picks: {keep: [a, a]}}", "repeated_value"),
        ("picks: {picks: {kep: [a]}}", "unknown_key"),
        ("picks: {picks: {keep: a}}", "wrong_type"),
        ("picks: {picks: {keep: [3]}}", "not_quoted"),
        ("keep: [a]", "unknown_key"),
        ("[a]", "picks_not_mapping"),
        ("picks: {", "yaml_bracket"),
        ("picks: \x01", "yaml_character"),
    ],
)
def test_what_the_file_may_not_say(tmp_path: Path, picks: str, found: str) -> None:
    put(tmp_path, picks)
    assert kinds(tmp_path, TEXT) == [found]


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    write(tmp_path, "a.jpg")
    write(tmp_path, "picks.yaml", data=b"\xff\xfe")
    assert kinds(tmp_path, TEXT) == ["file_not_text"]


GATED = TEXT.partition("- {id: picks")[0]


@pytest.mark.parametrize(
    ("picks", "warned"), [("picks: {picks: {keep: [a]}}", []), ("picks: {judge: {keep: [a]}}", ["unknown_reference"])]
)
def test_without_a_choice_the_file_may_be_about_another_recipe(tmp_path: Path, picks: str, warned: list[str]) -> None:
    loaded = read(tmp_path, picks, GATED)
    assert [found.kind for found in loaded.warnings] == warned
    assert tmp_path / "picks.yaml" in loaded.files.seen


def test_every_stage_with_pictures_may_be_decided_about(tmp_path: Path) -> None:
    loaded = read(tmp_path, "picks: {judged: {keep: [a], stars: {b: 5}, notes: {b: so}}, takes: {drop: [c]}}", GATED)
    assert loaded.recipe.stage("judged").decisions.kept == {"a"}
    assert loaded.recipe.stage("takes").decisions.dropped == {"c"}


def test_a_mistake_is_shown_where_it_stands(workspace: Workspace) -> None:
    workspace.photos("photos/ana").write(
        "sub/recipe.yaml", "nano_banana: 1\nname: first\n" + TEXT.replace("a.jpg", "../photos/ana")
    )
    workspace.write("sub/picks.yaml", "picks:\n  pics: {keep: [one/ana/s1]}\n")
    screen = workspace.run("check", "sub/recipe.yaml")
    screen.shows("unknown stage `pics`", "sub/picks.yaml:2:3", "did you mean `picks`?", "2 │   pics: {keep")


def test_where_the_stage_is_left_out_the_shape_is_shown(workspace: Workspace) -> None:
    workspace.write("a.jpg", "")
    workspace.write("recipe.yaml", f"nano_banana: 1\nname: r{TEXT}")
    workspace.write("picks.yaml", "picks: {keep: [one/ana/s1]}\n")
    workspace.run("check").shows("picks.yaml:1:15", "`picks: {STAGE: {keep: [TAKE]}}`")


UPSCALE = "- {id: %s, upscale: %s, using: fal-ai/seedvr/upscale/image}\n"


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        (TEXT, "picks"),
        (TEXT + UPSCALE % ("finish", "picks"), "picks"),
        (TEXT + "- {id: checked, gate: picks}\n", "checked"),
        (GATED, "judged"),
        (GATED.partition("- {id: judged")[0], "takes"),
        (GATED.partition("- {id: judged")[0] + UPSCALE % ("finish", "takes"), "finish"),
    ],
)
def test_a_decision_is_written_under_the_last_stage_that_decides(tmp_path: Path, text: str, stage: str) -> None:
    recipe = read(tmp_path, None, text).recipe
    last = stage_paths(recipe)[0].stages[-1].id
    info = NodeInfo(kind="take", slot="", stage=last, shot="one")
    assert pick_stages(recipe)("one/ana/s1", info) == stage


def test_each_way_of_a_forked_take_has_its_own_stage(tmp_path: Path) -> None:
    choose = "- {id: best, choose: judged, keep: {best: 1}}\n"
    loaded = read(tmp_path, None, GATED + UPSCALE % ("big", "judged") + choose)
    stage_of = pick_stages(loaded.recipe)
    ends = {name: NodeInfo(kind="take", slot="", stage=name, shot="one") for name in ("big", "best")}
    found = {name: stage_of(f"one/ana/s1@{name}", info) for name, info in ends.items()}
    assert found == {"big": "judged", "best": "best"}
