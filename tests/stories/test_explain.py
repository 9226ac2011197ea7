"""`explain` says which value changed, and what became of every call; `graph` draws it all."""

from __future__ import annotations

import re

from nano_banana.model.json_values import as_items, as_object
from tests.shelf.files import safetensors
from tests.stories.project import PAINT, Project

TAKE = "heads/ana/office/s11"


def story(project: Project, name: str = TAKE, exit_code: int = 0) -> str:
    screen = project.workspace.run("explain", name)
    assert screen.exit_code == exit_code, screen.text
    return re.sub(r"run \d{8}-\d{6}-[0-9a-f]+", "run $RUN", screen.text)


def test_before_the_first_run_everything_would_run(project: Project) -> None:
    told = story(project)
    assert f"{TAKE}: planned" in told
    assert "likeness  compute training-zip: would run (new)" in told
    assert "takes     local fal-ai/flux-lora: would run (new)" in told
    assert "prompt of takes: anqz7 woman, headshot, office" in told


def test_after_a_run_everything_ran_and_later_it_was_reused(project: Project) -> None:
    project.run()
    assert "takes     local fal-ai/flux-lora: ran (run $RUN)" in story(project)
    project.edit("seeds: [11, 29]", "seeds: [11, 29, 31]").run()
    assert "takes     local fal-ai/flux-lora: reused (from run $RUN)" in story(project)


def test_a_changed_seed_is_told_old_and_new(project: Project) -> None:
    project.run()
    project.edit("seeds: [11, 29]", "seeds: [12, 29]")
    told = story(project, "heads/ana/office/s12")
    assert "seed: 11 → 12" in told
    assert "prompt of takes: anqz7" in told
    assert "training-zip: ran" in told
    project.run()
    afterwards = story(project, "heads/ana/office/s12")
    assert "fal-ai/flux-lora: ran (run $RUN)\n      seed: 11 → 12" in afterwards
    assert "training-zip: reused" in afterwards
    assert "seed: 11" not in story(project, "heads/ana/office/s29")


def test_a_changed_prompt_is_told_word_by_word(project: Project) -> None:
    project.run()
    project.edit("headshot, {{ scene }}", "studio portrait, {{ scene }}")
    assert "prompt: anqz7 woman, [-headshot,-] {+studio portrait,+} office" in story(project)


def test_photos_that_came_and_went_are_counted(project: Project) -> None:
    project.run()
    project.workspace.photos("photos/ana", count=3, seed=5, size=(48, 60))
    told = story(project)
    assert re.search(r"photos: 3 files added \(.*\.jpg.*\), 2 files removed", told), told
    assert "images_data_url: file changed, now from likeness (training-zip)" in told
    assert "loras/0/path: file changed, now from likeness (fal-ai/flux-lora-fast-training)" in told


def test_what_is_only_imagined_explains_nothing(project: Project) -> None:
    project.workspace.edit("recipe.yaml", "adapters: {likeness: 0.95}}\n", "adapters: {likeness: 0.95}}\n" + PAINT)
    project.run()
    project.edit("seeds: [11, 29]", "seeds: [12, 29]")
    told = story(project, "heads/ana/office/s12")
    assert "image_size" not in told
    assert "box" not in told
    assert "painted: file changed, now from faces (fal-ai/flux-lora/inpainting)" in told


def test_a_picture_is_found_whatever_its_take_s_name_holds(project: Project) -> None:
    project.edit("heads: {", "heads_of__all: {").edit("generate: heads,", "generate: heads_of__all,").run()
    picture = next(path for path in project.pictures() if "office" in path.name and "s29" in path.name)
    assert "heads_of__all/ana/office/s29: done" in story(project, str(picture))


def test_an_adapter_and_a_picture_have_stories_too(project: Project) -> None:
    project.run()
    assert "likeness/ana: done" in story(project, "likeness/ana")
    picture = project.pictures()[0]
    assert "heads/ana/office/s11: done" in story(project, str(picture))


def test_an_unknown_take_is_said_with_what_was_meant(project: Project) -> None:
    told = story(project, "heads/ana/offce/s11", exit_code=2)
    assert "no take or picture called `heads/ana/offce/s11`" in told
    assert "did you mean `heads/ana/office/s11`" in told


def test_a_program_reads_the_story(project: Project) -> None:
    project.run()
    project.edit("seeds: [11, 29]", "seeds: [12, 29]")
    told = project.workspace.json("explain", "heads/ana/office/s12")
    calls = [as_object(call) for call in as_items(told["calls"])]
    assert [call["fate"] for call in calls] == ["ran", "ran", "would run"]
    assert calls[-1]["changes"] == [{"path": "arguments/seed", "old": 11, "new": 12}]


def test_the_graph_for_mermaid(project: Project) -> None:
    screen = project.workspace.run("graph")
    assert screen.stdout.startswith("flowchart LR\n")
    assert '[("ana<br/>2 photos")]' in screen.stdout
    assert "-- 0.95 -->" in screen.stdout


def test_the_graph_for_graphviz_and_for_programs(project: Project) -> None:
    screen = project.workspace.run("graph", "--format", "dot")
    assert screen.stdout.startswith("digraph recipe {")
    assert 'label="0.95"' in screen.stdout
    told = project.workspace.json("graph", "--format", "dot")
    assert told == {"format": "dot", "graph": screen.stdout.rstrip("\n")}


def test_the_graph_knows_adapters_that_the_recipe_brings(project: Project) -> None:
    project.workspace.write("grain.safetensors", safetensors({"lora_A.weight": (2, 2)}))
    project.edit("templates:", "adapters:\n  grain: {file: grain.safetensors, base: flux-1}\ntemplates:")
    project.edit("adapters: {likeness: 0.95}", "adapters: {likeness: 0.95, grain: 0.3}")
    assert '(["grain"])' in project.workspace.run("graph").stdout
