"""The way of a run that has nothing to do: taken when nothing changed, never when something did."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.session.run_request import RunRequest
from tests.stories.project import Project
from tests.workspace import ROOT, Workspace, unwatched

QUICK = "Nothing to do: no changes since run"

LOADED = """
import sys
from nano_banana.cli.main import main
try:
    main()
except SystemExit:
    slow = "asyncio numpy PIL cv2 yaml jinja2 jsonschema rich httpx"
    print([name for name in slow.split() if name in sys.modules])
"""

RICH = """
nano_banana: 1
name: portraits
include: [axes.yaml]
vars: {company: Acme}
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: photos/ana}
templates:
  headshot: {file: prompts/headshot.j2}
shots:
  heads: {template: headshot, cast: ana, matrix: {scene: all}, seeds: [11]}
stages:
  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}
  - {id: takes, generate: heads, using: own/pictures, adapters: {likeness: 0.95}}
  - {id: faces, inpaint: takes, using: fal-ai/flux-lora/inpainting, mask: {file: mask.png}, crop: {megapixels: 0.1}}
"""

ENDPOINT = """
id: own/pictures
title: Ours
description: Draws pictures.
does: generate
base: flux-1
makes: ["images/*"]
price: {usd: 0.02, unit: image, as_of: "2026-08", source: ours}
roles: {prompt: prompt, seed: seed, adapters: loras}
fields:
  prompt: {type: string, required: true, description: What to draw.}
  seed: {type: integer, description: The seed.}
  loras: {type: adapters, description: The adapters.}
"""


@pytest.fixture
def rich(project: Project) -> Project:
    """A recipe that reads every sort of file there is, run once, and once more to see that it is quick."""
    workspace = project.workspace.write("recipe.yaml", RICH).write("axes.yaml", "axes: {scene: {office: an office}}\n")
    words = "{{ subject.trigger }} {{ subject.noun }}, {{ scene }}, {{ env.MOOD }}, {{ company }}"
    workspace.write("prompts/headshot.j2", words)
    workspace.write("endpoints/own.yaml", ENDPOINT).write("photos/ana/01.txt", "a photo of anqz7 woman").env(
        MOOD="calm", NANO_BANANA_ALLOW_ENV="MOOD"
    )
    workspace.write("mask.png", mask(20)).write(".git/HEAD", "")
    project.run()
    project.quiet().shows(QUICK)
    return project


def mask(side: int) -> bytes:
    """A PNG whose square of that side is to be painted over."""
    drawn, out = Image.new("L", (32, 40)), io.BytesIO()
    drawn.paste(255, (2, 2, 2 + side, 2 + side))
    drawn.save(out, "PNG")
    return out.getvalue()


def _edit(name: str, old: str, new: str) -> Callable[[Workspace], object]:
    return lambda workspace: workspace.edit(name, old, new)


def _no_picture(workspace: Workspace) -> None:
    next(workspace.path("out/portraits/takes").iterdir()).unlink()


def _scribble(workspace: Workspace) -> None:
    next(workspace.path("out/portraits/faces").iterdir()).write_bytes(b"scribble")


def _other_mask(workspace: Workspace) -> None:
    workspace.write("mask.png", mask(26))


CHANGES: dict[str, Callable[[Workspace], object]] = {
    "the recipe": _edit("recipe.yaml", "seeds: [11]", "seeds: [12]"),
    "a comment": _edit("recipe.yaml", "name: portraits", "name: portraits # mine"),
    "an included file": _edit("axes.yaml", "an office", "a garden"),
    "a template": _edit("prompts/headshot.j2", ", {{ scene }}", ", headshot, {{ scene }}"),
    "an endpoint": _edit("endpoints/own.yaml", "usd: 0.02", "usd: 0.03"),
    "another endpoint": lambda workspace: workspace.write("endpoints/more.yaml", ENDPOINT.replace("own/p", "my/p")),
    "a caption": _edit("photos/ana/01.txt", "a photo", "one photo"),
    "a caption where none was": lambda workspace: workspace.write("photos/ana/02.txt", "anqz7"),
    "a photo more": lambda workspace: workspace.photos("photos/ana", count=3, size=(48, 60)),
    "a photo less": lambda workspace: workspace.path("photos/ana/02.jpg").unlink(),
    "another photo": lambda workspace: workspace.photos("photos/ana", count=1, seed=7, size=(48, 60)),
    "a mask": _other_mask,
    "a variable of the environment": lambda workspace: workspace.env(MOOD="stormy"),
    "a setting": lambda workspace: workspace.write("nano-banana.toml", 'out = "pictures"\n'),
    "the output folder": lambda workspace: workspace.env(NANO_BANANA_OUT=str(workspace.path("other"))),
    "a picture that is gone": _no_picture,
    "a picture that was changed": _scribble,
    "the manifest": lambda workspace: workspace.write("out/portraits/manifest.json", "{}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_never_overlooked(rich: Project, change: str) -> None:
    CHANGES[change](rich.workspace)
    rich.run().hides(QUICK)
    rich.quiet().shows(QUICK)


@pytest.mark.parametrize("option", [("--set", "company=Other"), ("--only", "heads"), ("--sample", "1"), ("--out", "x")])
def test_another_wish_is_another_matter(rich: Project, option: tuple[str, str]) -> None:
    rich.run(*option).hides(QUICK)
    rich.quiet(*option).shows(QUICK)
    assert rich.run().exit_code == 0


def test_a_failed_run_is_not_taken_for_a_finished_one(project: Project) -> None:
    project.notes.rule(fail=['"seed": 29'])
    project.run(exit_code=1)
    project.run(exit_code=1).hides(QUICK)


def test_what_was_edited_while_the_run_went_on_has_changed_since(project: Project) -> None:
    project.notes.rule(delay=0.2)
    running = project.spawn("run")
    while not project.notes.lines():
        pass
    project.edit("[11, 29]", "[11, 30]")
    assert running.wait().exit_code == 0
    project.notes.fresh()
    project.run().hides(QUICK)
    assert any('"seed": 30' in line.told for line in project.notes.lines())


def test_an_endpoint_beside_a_recipe_in_a_folder_below_is_seen(rich: Project) -> None:
    for name in ("recipe.yaml", "axes.yaml", "mask.png", "prompts", "photos"):
        target = rich.root / "deep" / name
        target.parent.mkdir(exist_ok=True)
        (rich.root / name).rename(target)
    rich.run("deep")
    rich.quiet("deep").shows(QUICK)
    rich.edit("usd: 0.02", "usd: 0.04", "endpoints/own.yaml")
    rich.quiet("deep").hides(QUICK)


def test_an_unset_variable_is_not_an_empty_one(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.workspace.env(MOOD="", NANO_BANANA_ALLOW_ENV="MOOD")
    project.edit("headshot, {{ scene }}", "headshot, {{ scene }} {{ env.MOOD }}").run()
    project.quiet().shows(QUICK)
    monkeypatch.delenv("MOOD")
    project.run(exit_code=2).shows("MOOD")


def test_wishes_differ_by_the_provider_asked_for() -> None:
    from nano_banana.settings.configuration import Settings

    here = Path("recipe.yaml")
    notes = {RunRequest(recipe=here, provider=name).note(Settings(), 1) for name in (None, "local", "fal")}
    notes.add(RunRequest(recipe=here).note(Settings(), 2))
    notes.add(RunRequest(recipe=here, sets={"a": "b"}).note(Settings(), 1))
    assert len(notes) == 5


def test_wishes_differ_by_the_version_of_this_machine_s_own_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from nano_banana.catalog.revisions import COMPUTE_REVISIONS
    from nano_banana.settings.configuration import Settings

    wish = RunRequest(recipe=Path("recipe.yaml"))
    before = wish.note(Settings(), 1)
    monkeypatch.setattr("nano_banana.session.run_request.COMPUTE_REVISIONS", {**COMPUTE_REVISIONS, "paste": 99})
    assert wish.note(Settings(), 1) != before


OWN = """
id: studio/draw
title: Our own
description: Draws.
does: generate
fields:
  prompt: {type: string, required: true, description: what to draw}
  seed: {type: integer, description: chance}
roles: {prompt: prompt, seed: seed}
makes: ["images/*"]
"""


def test_an_endpoint_that_means_something_else_is_asked_again(project: Project) -> None:
    project.workspace.write("endpoints/own.yaml", OWN)
    project.edit("using: fal-ai/flux-lora, adapters: {likeness: 0.95}", "using: studio/draw")
    project.run()
    project.quiet()
    project.edit("title: Our own", "title: Ours", "endpoints/own.yaml").quiet()
    project.notes.fresh()
    project.edit("does: generate", "does: edit", "endpoints/own.yaml").run()
    assert len(project.asked()) == 4


def test_a_run_with_nothing_to_do_loads_nothing_slow(project: Project) -> None:
    environ = unwatched({**os.environ, "PYTHONPATH": str(ROOT)})
    argv = [sys.executable, "-c", LOADED, "run"]
    first, again = (
        subprocess.run(argv, cwd=project.root, capture_output=True, text=True, check=True, env=environ).stdout
        for _ in range(2)
    )
    assert "asyncio" in first
    assert QUICK in again
    assert again.splitlines()[-1] == "[]"
