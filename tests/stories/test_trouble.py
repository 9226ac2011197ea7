"""What goes wrong: what is lost, what is said, and what the next run does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nano_banana.model.json_values import as_items, as_object
from tests.stories.project import PAINT, Project

BEN = """\
  ben: {noun: man, trigger: bnvk4, training_set: photos/ben}
"""


def with_ben(project: Project) -> Project:
    """The project with a second person."""
    project.edit("templates:", BEN + "templates:")
    project.edit("cast: ana", "cast: {each: [ana, ben]}").edit("train: ana", "train: [ana, ben]")
    project.workspace.photos("photos/ben", count=2, seed=5, size=(48, 60))
    return project


def test_a_failed_take_does_not_sink_the_others(project: Project) -> None:
    project.notes.rule(fail=['"seed": 29'])
    project.run(exit_code=1).shows("2 pictures failed", "heads/ana/office/s29", "returned no file")
    assert len(project.pictures()) == 2
    project.notes.fresh()
    project.notes.rule()
    assert project.calls() == {"total": 6, "cached": 4, "made": 2, "failed": 0, "unknown": 0}


def test_a_failed_training_blocks_its_takes_and_no_others(project: Project) -> None:
    with_ben(project).notes.rule(fail=["bnvk4"])
    told = project.told(exit_code=1)
    takes = [as_object(take) for take in as_items(told["takes"])]
    assert [take["status"] for take in takes] == ["done"] * 4 + ["blocked"] * 4
    assert takes[-1]["reasons"] == [{"kind": "waits_for_failed", "names": "likeness/ben"}]
    assert told["calls"] == {"total": 8, "cached": 0, "made": 7, "failed": 1, "unknown": 0}
    assert told["status"] == "failed"


def test_a_call_that_failed_is_not_made_again_in_the_same_run(project: Project) -> None:
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT + PAINT.replace("faces", "hands"))
    project.notes.rule(fail=['"seed": 29'])
    calls = project.calls(exit_code=1)
    assert calls["failed"] == 2
    assert len({line.key for line in project.notes.lines()}) == len(project.notes.lines())


def test_an_inpainting_that_fails_keeps_the_drawing(project: Project) -> None:
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + PAINT)
    project.notes.rule(fail=['"strength"'])
    project.run(exit_code=1).shows("4 pictures failed")
    assert len(project.pictures("takes")) == 4


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget is not compared with what is certain, as if that were not known."""
    monkeypatch.setattr("nano_banana.session.recipe_run.check_budget", lambda _project, _forecast: None)


@pytest.mark.usefixtures("unchecked")
def test_the_budget_stops_the_run_before_it_is_crossed(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nprovider: fal\nlimits: {budget_usd: 2.08, parallel: {image: 1}}")
    project.notes.rule(cost=None)
    told = project.told("--yes", exit_code=3)
    assert told["status"] == "stopped"
    # A training at $2.00 and two pictures at $0.035; a third would cross it.
    assert project.asked() == ["flux-lora-fast-training", "flux-lora", "flux-lora"]
    assert as_object(told["calls"]) == {"total": 4, "cached": 0, "made": 4, "failed": 0, "unknown": 0}
    assert as_object(told["cost_usd"])["billed"] is None
    project.run("--yes", exit_code=0).shows("4 of 4 pictures done")


@pytest.mark.parametrize("given", ["recipe", "option"])
def test_a_budget_that_can_not_suffice_is_refused_with_what_fits(project: Project, given: str) -> None:
    limits = "limits: {budget_usd: 2.08}" if given == "recipe" else "limits: {budget_usd: 9}"
    option = () if given == "recipe" else ("--budget", "2.08")
    project.edit("name: portraits", f"name: portraits\nprovider: fal\n{limits}")
    name = "`limits.budget_usd` (or `--budget`)" if given == "recipe" else "raise `--budget` to"
    for command in (("plan",), ("run", "--yes"), ("run", "--yes", "--json")):
        screen = project.workspace.expect(*command, *option, exit_code=3)
        screen.shows(
            "the run costs at least $2.14, more than the budget of $2.08", "`--sample 2` costs at least $2.07", name
        )
    assert project.asked() == []
    project.run("--yes", "--sample", "2", *option).shows("2 of 2 pictures done")
    project.run("--yes", *option).shows("4 of 4 pictures done")


def test_a_budget_that_holds_no_take_says_so(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nprovider: fal")
    project.run("--yes", "--budget", "1", exit_code=3).shows("raise `--budget` to $2.14 or more").hides("--sample")
    assert project.asked() == []


def test_what_a_gate_decides_is_not_certain(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nprovider: fal")
    recipe = project.root / "recipe.yaml"
    gate = "  - {id: judged, gate: takes, accept: {at_least: 0.5, calibrate: false}, retry: {takes: 2}}\n"
    large = "  - {id: large, upscale: judged, using: fal-ai/seedvr/upscale/image}\n"
    recipe.write_text(recipe.read_text() + gate + large)
    project.workspace.expect("plan", "--budget", "2.14")
    project.workspace.expect("plan", "--budget", "2.13", exit_code=3).shows("costs at least $2.14")


def test_a_budget_needs_known_prices(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nprovider: fal\nlimits: {budget_usd: 5}")
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "  - {id: odd, call: some/endpoint, each: takes}\n")
    for command in ("plan", "run"):
        project.workspace.expect(command, exit_code=3).shows("4 calls have no known price")
    assert project.asked() == []


def test_a_dear_run_asks_first_and_without_a_terminal_stops(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nprovider: fal\nlimits: {ask_above_usd: 0.5}")
    project.quiet(exit_code=3).shows("then pass `--yes`")
    project.run("--yes")


def test_a_provider_that_refuses_ends_the_run(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nlimits: {parallel: {image: 1}}")
    project.notes.rule(refuse=['"seed": 11'])
    told = project.told(exit_code=4)
    assert told["status"] == "stopped"
    assert project.asked().count("flux-lora") == 1
    project.notes.rule()
    project.run()


def test_a_bug_ends_the_run_in_good_order(project: Project) -> None:
    project.notes.rule(bug=['"seed": 29'], slow=['"seed": 11'])
    project.run(exit_code=1).shows("this is a bug in nano-banana: ZeroDivisionError")
    began = len(project.notes.lines())
    project.notes.fresh()
    project.notes.rule()
    project.run()
    again = [line for line in project.notes.lines() if '"seed": 11' in line.told]
    assert began == 5
    assert again == []


def test_a_broken_photo_is_named(project: Project) -> None:
    photo = project.root / "photos/ana/02.jpg"
    photo.write_bytes(photo.read_bytes()[:300])
    screen = project.run(exit_code=2)
    screen.shows("photos/ana/02.jpg` is damaged or cut short", "recipe.yaml:")
    assert "photos/0" not in screen.text
    assert "photos/1" not in screen.text


def test_a_recipe_of_the_same_name_does_not_overwrite_the_pictures_of_another(project: Project) -> None:
    project.run()
    before = {path: path.read_bytes() for path in project.pictures()}
    recipe = project.root / "recipe.yaml"
    other = project.root / "other.yaml"
    other.write_text(recipe.read_text().replace("headshot, {{ scene }}", "portrait, {{ scene }}"))
    screen = project.workspace.expect("run", "other.yaml", exit_code=2)
    screen.shows("other.yaml:", "recipe.yaml` has the same `name`", "heads/ana/office/s11", ", and 3 more", "--out")
    assert {path: path.read_bytes() for path in project.pictures()} == before
    project.workspace.expect("run", "other.yaml", "--out", "others")
    # A recipe that was moved is still the same one.
    recipe.unlink()
    project.workspace.expect("run", "other.yaml")


def test_a_folder_that_can_not_be_written_is_found_before_any_call(project: Project) -> None:
    (project.root / "out").write_text("in the way")
    project.run(exit_code=1).shows("Not a directory")
    assert project.asked() == []


def test_a_file_of_another_is_not_overwritten_and_nothing_is_lost(project: Project) -> None:
    foreign = project.root / "out/portraits/takes/heads_ana_office_s11.png"
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")
    project.notes.rule(delay=0.05)
    project.run(exit_code=1).shows("was not written by nano-banana")
    assert foreign.read_bytes() == b"mine"
    answered = {line.key for line in project.notes.lines("answered")}
    foreign.unlink()
    project.notes.fresh()
    project.run()
    assert not answered & {line.key for line in project.notes.lines()}
    assert len(project.pictures()) == 4


def test_a_file_in_the_place_of_the_output_folder(project: Project) -> None:
    (project.root / "out").write_text("mine")
    project.run(exit_code=1).shows("can't write to")
    (project.root / "out").unlink()
    project.run()


def test_a_file_in_the_place_of_the_store(project: Project) -> None:
    (project.root / ".nano-banana").write_text("mine")
    for command in ("run", "plan"):
        screen = project.workspace.run(command)
        assert screen.exit_code == 1
        screen.shows("store").hides("Traceback", "bug")


def test_a_full_disk_is_said_and_loses_nothing(project: Project) -> None:
    project.run("--only", "likeness")
    project.notes.fresh()
    project.notes.rule(big=True)
    screen = project.spawn("run", limit_files=400_000).wait()
    assert screen.exit_code == 1, screen.text
    screen.shows("no space left").hides("Traceback", "this is a bug")
    project.notes.fresh()
    project.run().shows("4 of 4 pictures done")
    assert "flux-lora-fast-training" not in project.asked()


def test_a_store_that_can_t_be_written(project: Project) -> None:
    import os

    if os.access("/proc/1/mem", os.W_OK) or os.geteuid() == 0:
        target = Path("/proc/nano-banana-store")
    else:
        target = project.root / "closed/store"
        target.parent.mkdir(mode=0o500)
    screen = project.workspace.run("run", "--store", str(target))
    assert screen.exit_code == 1
    screen.shows("store").hides("Traceback", "this is a bug")


def test_an_unknown_provider_is_a_mistake_with_a_hint(project: Project) -> None:
    for command in ("run", "plan", "check"):
        screen = project.workspace.run(command, "--provider", "locl")
        assert screen.exit_code == 2, screen.text
        screen.shows("unknown provider `locl`", "did you mean `local`?")
    project.quiet("--provider", "compute", exit_code=2)


def test_plan_and_run_tell_the_same_story(project: Project) -> None:
    planned = project.workspace.json("plan")
    assert planned["run"] is None
    assert planned["status"] == "planned"
    assert as_object(planned["calls"])["made"] == 6
    told = project.told()
    again = project.workspace.json("plan")
    assert as_object(told["calls"])["made"] == 6
    assert again["status"] == "done"
    assert as_object(again["calls"]) == {"total": 6, "cached": 6, "made": 0, "failed": 0, "unknown": 0}
    assert again["takes"] == told["takes"]
    assert again["adapters"] == told["adapters"]


def test_a_template_that_fails_on_some_values_is_a_failure_in_the_plan_too(project: Project) -> None:
    project.edit("headshot, {{ scene }}", "headshot, {{ scene if scene == 'harbour' else scene | round }}")
    project.edit("[office, street]", "[office, garden, harbour]")
    planned = project.workspace.expect("plan", "--json", exit_code=1).json
    assert planned["status"] == "failed"
    statuses = {str(take["status"]) for take in map(as_object, as_items(planned["takes"]))}
    assert statuses == {"failed", "planned"}
    project.workspace.expect("plan", exit_code=1).shows(
        "4 pictures would fail:", "heads/ana/garden/s11", "4 calls to make"
    )
    told = project.told(exit_code=1)
    assert as_object(told["calls"])["made"] == 4
    assert json.dumps(told).count("takes a number") > 0


@pytest.mark.parametrize("command", ["run", "plan"])
def test_only_what_is_nothing_is_a_mistake(project: Project, command: str) -> None:
    screen = project.workspace.run(command, "--only", "hedas")
    assert screen.exit_code == 2
    screen.shows("matches no shot, stage or take", "did you mean `heads`?")


def test_a_recipe_without_stages_has_nothing_to_do(project: Project) -> None:
    recipe = project.root / "recipe.yaml"
    recipe.write_text(recipe.read_text().partition("stages:")[0])
    project.run().shows("warning: the recipe has no `stages`", "Nothing to do: the recipe has no takes.")


def test_what_the_local_provider_cannot_know_is_said_before_anything_is_made(project: Project) -> None:
    with (project.root / "recipe.yaml").open("a", encoding="utf-8") as recipe:
        recipe.write("  - {id: larger, call: fal-ai/somebody/upscaler, each: takes}\n")
    project.quiet(exit_code=2).shows("the local provider doesn't know fal-ai/somebody/upscaler")
    project.run("--only", "takes")
