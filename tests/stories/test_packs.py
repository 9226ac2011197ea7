"""Packs of templates: used in recipes, locked, listed, tried, begun and taken in."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from nano_banana.model.json_values import as_items, as_object
from nano_banana.session.lock_file import load_lock
from tests.photos import photo
from tests.stories.gated import gated
from tests.stories.project import Project, takes
from tests.workspace import ROOT, Workspace

PACK = """
nano_banana_pack: 1
name: studio
version: 1.0.0
title: Studio
about: Portraits before a plain wall.
variables:
  crop:
    type: choice
    default: waist
    about: how much is in the frame
    choices: {face: tight head shot, chest: chest-up portrait, waist: waist-up portrait}
  extra: {type: text, default: "", about: anything to add}
templates:
  plain:
    title: Plain
    about: One lamp and a wall.
    prompt: plain.j2
    nouns: [woman, man]
    crops: [face, chest]
    variables:
      wall: {type: choice, default: grey, about: what is behind, choices: [grey, brick]}
      smile: {type: boolean, default: false, about: whether there is one}
      age: {type: number, default: 40, about: how old, minimum: 18, maximum: 90}
    settings: {guidance_scale: 2.5, num_inference_steps: 20, of_another_endpoint: 1}
    sizes: {face: {width: 512, height: 640}, chest: {width: 576, height: 720}}
    adapter_scale: 0.9
    preview: plain.jpg
  oil:
    title: Oil
    about: A painting.
    prompt: parts/oil.j2
    gate: false
"""

PLAIN = """
{{ subject.trigger }} {{ subject.noun }}, {{ age }}, {{ crop }}, {{ wall }} wall{% if smile %}, smiling{% endif %}
{% if extra %}{{ extra }}{% endif %}{% if crop.key == "face" %}, close{% endif %}
"""
USED = '{pack: studio/plain, version: "1", with: {crop: face, wall: brick, extra: "in the {{ scene }}"}}'
HEADSHOT = '"{{ subject.trigger }} {{ subject.noun }}, headshot, {{ scene }}"'


def lay(workspace: Workspace, folder: str = "packs/studio") -> Workspace:
    workspace.write(f"{folder}/pack.yaml", PACK).write(f"{folder}/plain.j2", PLAIN)
    workspace.write(f"{folder}/parts/oil.j2", "{% include 'parts/who.j2' %} in oil, {{ crop }} {{ extra }}\n")
    workspace.write(f"{folder}/parts/who.j2", "{{ subject.trigger }} {{ subject.noun }}\n")
    return workspace.write(f"{folder}/plain.jpg", photo(1))


@pytest.fixture
def packed(project: Project) -> Project:
    """The project of the other stories, whose prompt is a pack's."""
    lay(project.workspace)
    return project.edit(HEADSHOT, USED)


def prompts(project: Project) -> list[str]:
    lines = [json.loads(line.told) for line in project.notes.lines("begun")]
    return sorted(told["prompt"] for told in lines if "prompt" in told)


def test_a_recipe_draws_by_a_packs_template_and_its_settings(packed: Project) -> None:
    packed.run()
    words = "anqz7 woman, 40, tight head shot, brick wall in the {}, close"
    assert prompts(packed) == [words.format(scene) for scene in ("office", "office", "street", "street")]
    drawn = [json.loads(line.told) for line in packed.notes.lines("begun") if "prompt" in line.told]
    for told in drawn:
        assert told["image_size"] == {"width": 512, "height": 640}
        assert (told["guidance_scale"], told["num_inference_steps"]) == (2.5, 20)
        assert "of_another_endpoint" not in told


def test_a_stages_own_fields_win(packed: Project) -> None:
    own = "adapters: {likeness: 0.95}, with: {guidance_scale: 4, image_size: square}}"
    packed.edit("adapters: {likeness: 0.95}}", own).run()
    told = next(json.loads(line.told) for line in packed.notes.lines("begun") if "prompt" in line.told)
    assert (told["guidance_scale"], told["num_inference_steps"], told["image_size"]) == (4, 20, "square")


def test_where_nothing_is_given_the_first_good_crop_is_drawn(packed: Project) -> None:
    packed.edit(USED, "{pack: studio/plain}").run()
    assert prompts(packed)[0] == "anqz7 woman, 40, tight head shot, grey wall , close"


def test_an_edit_of_the_pack_is_noticed_and_only_what_says_something_else_is_drawn_again(packed: Project) -> None:
    packed.run()
    packed.quiet().shows("Nothing to do")
    packed.edit("title: Plain", "title: Quite plain", "packs/studio/pack.yaml").quiet()
    packed.edit("num_inference_steps: 20", "num_inference_steps: 24", "packs/studio/pack.yaml")
    assert packed.calls()["made"] == 4
    packed.edit("wall{%", "walls{%", "packs/studio/plain.j2")
    packed.workspace.run("explain", "heads/ana/office/s11").shows("brick walls in the office")
    packed.quiet("--only", "nothing/*", exit_code=2)


def test_a_value_that_only_a_take_shows_to_be_wrong_is_found_before_the_run(packed: Project) -> None:
    packed.edit("wall: brick", 'wall: "{{ scene }}"')
    packed.workspace.expect("check", exit_code=2).shows("invalid value `office` for `wall`", "choose from: grey, brick")
    packed.edit("[office, street]", "[grey, brick]").run()
    assert prompts(packed)[0].startswith("anqz7 woman, 40, tight head shot, brick wall in the brick")


def test_a_value_that_fails_is_told_at_its_place_in_the_recipe(packed: Project) -> None:
    packed.edit("{{ scene }}", "{{ 1 | length }}")
    packed.workspace.expect("check", exit_code=2).shows("recipe.yaml:6:", "in the {{ 1 | length }}")


def test_environment_variables_go_in_through_values(packed: Project) -> None:
    packed.edit("{{ scene }}", "{{ env.MOOD }}").workspace.env(MOOD="rain", NANO_BANANA_ALLOW_ENV="MOOD")
    packed.run()
    assert "in the rain" in prompts(packed)[0]


def test_a_template_that_a_stage_names_brings_no_settings_to_a_retouch(packed: Project) -> None:
    packed.edit("stages:", "stages:\n")
    packed.workspace.write(
        "recipe.yaml",
        packed.workspace.read("recipe.yaml")
        + "  - id: faces\n    inpaint: takes\n    using: fal-ai/flux-lora/inpainting\n    prompt: headshot\n"
        + "    adapters: {likeness: 1.0}\n    mask: {ellipse: [0.3, 0.2, 0.7, 0.6]}\n    crop: {megapixels: 0.1}\n",
    )
    packed.run()
    painted = [line for line in packed.notes.lines("begun") if line.endpoint.endswith("inpainting")]
    assert painted
    assert all(json.loads(line.told)["num_inference_steps"] != 20 for line in painted)
    assert all("tight head shot" in json.loads(line.told)["prompt"] for line in painted)


def test_a_gate_lets_painted_takes_through(project: Project) -> None:
    gated(project)
    lay(project.workspace)
    project.edit(HEADSHOT, "{pack: studio/oil, with: {extra: '{{ scene }}'}}")
    told = project.told()
    accepted = as_object(as_object(told["acceptance"])["judged"])
    assert (accepted["judged"], accepted["not_judged"]) == (0, 4)
    assert prompts(project)[0] == "anqz7 woman in oil, waist-up portrait office"
    assert all(take["path"] for take in takes(told))


def test_the_lock_pins_packs_and_refuses_what_drifted(packed: Project) -> None:
    packed.edit("name: portraits", "name: portraits\nprovider: fal").run("--yes")
    lock = load_lock(packed.root / "recipe.lock")
    assert lock.packs["studio"].version == "1.0.0"
    assert len(lock.packs["studio"].sha256) == 64
    packed.quiet("--locked")
    packed.workspace.write("packs/studio/plain.jpg", photo(2))
    packed.quiet("--locked")  # a picture changes no prompt
    packed.edit("version: 1.0.0", "version: 1.1.0", "packs/studio/pack.yaml")
    screen = packed.quiet("--locked", exit_code=2)
    screen.shows("the pack `studio` is not the locked one (lock: version 1.0.0; here: 1.1.0)", "run once without")


def test_packs_are_listed_with_where_they_are_from(workspace: Workspace) -> None:
    lay(workspace)
    shutil.copytree(ROOT / "recipes/packs/cinema", workspace.path("packs/cinema"))
    workspace.write("packs/torn/pack.yaml", "name: torn\n").write("packs/README.txt", "no pack")
    screen = workspace.expect("packs", "list")
    screen.shows("studio  1.0.0    2          project   Portraits before a plain wall.", "built-in")
    screen.shows("your own `cinema` overrides the built-in one", "`torn` can't be used: ")
    found = {
        str(as_object(pack)["name"]): as_object(pack) for pack in as_items(workspace.json("pack", "list")["packs"])
    }
    assert found["studio"]["templates"] == ["plain", "oil"]
    assert (found["cinema"]["from"], found["cinema"]["hides_shipped"]) == ("project", True)
    assert "version" not in found["torn"]
    workspace.expect("packs", "show", "torn", exit_code=2).shows("missing key `version` in the pack")


def test_a_pack_that_is_a_link_out_of_the_project_is_refused(packed: Project) -> None:
    (packed.root / "packs/studio").rename(packed.workspace.home / "studio")
    (packed.root / "packs/studio").symlink_to(packed.workspace.home / "studio")
    packed.workspace.expect("check", exit_code=2).shows("is outside the recipe's project")
    packed.workspace.expect("packs", "list").shows("cinema", "`studio` can't be used: 1 problem")


def test_a_pack_that_comes_to_hide_a_shipped_one_is_noticed(packed: Project) -> None:
    packed.edit(USED, "{pack: life/natural-window-light}").run()
    shutil.copytree(ROOT / "recipes/packs/life", packed.root / "packs/life")
    packed.quiet()
    file = next(packed.root.glob("packs/life/natural-window-light.j2"))
    file.write_text("{{ subject.trigger }} by a window", encoding="utf-8")
    assert packed.calls()["made"] == 2  # this prompt names no scene
    assert prompts(packed)[-1] == "anqz7 by a window"


def test_a_template_shows_its_variables_and_how_to_use_it(workspace: Workspace) -> None:
    lay(workspace)
    workspace.expect("packs", "show", "studio").shows("Studio (studio 1.0.0): ", "oil", "painted, not judged")
    screen = workspace.expect("packs", "show", "studio/plain")
    screen.shows("age       number from 18 to 90  40", "face   tight head shot", "face 512×640, chest 576×720", "0.9")
    screen.shows("  plain: {pack: studio/plain, with: {crop: face, wall: grey}}")
    workspace.expect("packs", "show", "studio/oil").shows("anyone", "  oil: {pack: studio/oil, with: {crop: waist}}")
    told = as_object(workspace.json("packs", "show", "studio/plain")["variables"])
    assert as_object(told["age"]) == {"type": "number", "default": 40, "about": "how old", "minimum": 18, "maximum": 90}
    assert list(as_object(workspace.json("packs", "show", "studio")["templates"])) == ["plain", "oil"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("show", "studoi"), ("unknown pack `studoi`", "did you mean `studio`?")),
        (("show", "studio/plian"), ("no template `plian`", "did you mean `studio/plain`?")),
        (("preview", "studio"), ("is a pack, not a template",)),
        (("preview",), ("nothing to preview",)),
        (("new", "studio"), ("already exists", "another name")),
        (("new", "a/b"), ("invalid name `a/b`",)),
        (("add", "nowhere"), ("file or folder nowhere not found",)),
        (("add", "photos"), ("no pack found in photos",)),
        (("add", "packs/studio", "--name", "../x"), ("invalid name `../x`",)),
        (("test", "--run", "--photos", "nowhere"), ("folder nowhere not found",)),
    ],
)
def test_what_cannot_be_done_is_said(workspace: Workspace, argv: tuple[str, ...], said: tuple[str, ...]) -> None:
    lay(workspace).photos("photos", count=1)
    workspace.expect("packs", *argv, exit_code=2).shows(*said)


def test_what_cannot_be_written_is_said(workspace: Workspace) -> None:
    lay(workspace, "elsewhere/studio")
    workspace.write("packs", "a file")
    for argv in (("new", "x"), ("add", "elsewhere/studio"), ("preview", "--html", "nowhere/x.html")):
        workspace.expect("packs", *argv, exit_code=1).shows("can't write ")
    assert workspace.read("packs") == "a file"


def test_a_preview_that_cannot_be_given_is_said(workspace: Workspace) -> None:
    lay(workspace)
    screen = workspace.expect("packs", "preview", "studio/oil", "--out", "x.png", exit_code=1)
    screen.shows("`studio/oil` has no preview picture", "`--photos DIR` generates one")
    workspace.expect("packs", "preview", "studio/plain", "--out", "no/x.png", exit_code=1).shows("can't write no/x.png")
    workspace.edit("packs/studio/plain.j2", "{{ age }}", "{{ aeg }}")
    screen = workspace.expect("packs", "preview", "studio/plain", exit_code=1)
    screen.shows("unknown name `aeg`", "can't preview `studio/plain`")


def test_a_preview_is_the_picture_and_each_prompt(workspace: Workspace) -> None:
    lay(workspace)
    screen = workspace.expect("packs", "preview", "studio/plain", "--out", "copy.jpg", "--html", "all.html")
    screen.shows("picture: packs/studio/plain.jpg", "woman, defaults\n", "woman, wall: brick", "man, crop: chest")
    screen.shows("tokn7 woman, 40, tight head shot, grey wall, smiling")
    assert workspace.path("copy.jpg").read_bytes() == photo(1)
    workspace.expect("packs", "preview", "studio/plain", "--out", "copy.PNG")
    assert workspace.path("copy.PNG").read_bytes().startswith(b"\x89PNG")
    workspace.expect("packs", "preview", "studio/plain", "--out", "copy", exit_code=2).shows(
        "doesn't have a picture suffix"
    )
    page = workspace.read("all.html")
    assert "data:image/jpeg;base64," in page
    assert "<code>studio/plain</code>" in page
    assert "http" not in page.replace("http-equiv", "")
    told = workspace.json("packs", "preview", "studio/oil")
    assert told["picture"] is None
    assert as_object(as_items(told["prompts"])[0])["prompt"] == "tokn7 person in oil, waist-up portrait"


def test_a_pack_that_is_begun_passes_its_own_test(workspace: Workspace) -> None:
    workspace.expect("packs", "new", "far-away").shows("wrote packs/far-away/pack.yaml", "packs test far-away")
    screen = workspace.expect("packs", "test", "far-away")
    screen.shows("far-away 0.1.0", "portrait", "$0.035", "1 pack, 1 template, 14 prompts: no problems")
    assert not workspace.path(".nano-banana").exists()
    workspace.expect("packs", "new", "no")
    workspace.expect("packs", "test", "no")


def test_a_test_renders_every_choice_and_says_in_which_case_it_failed(workspace: Workspace) -> None:
    lay(workspace).edit("packs/studio/plain.j2", "smiling", "smiling {{ 1 | length }}")
    workspace.edit("packs/studio/parts/who.j2", "{{ subject.trigger }} ", "")
    screen = workspace.expect("packs", "test", "studio", exit_code=1)
    screen.shows("in studio/plain, woman, smile: True", "lacks the trigger", "plain.j2:1:")
    screen.shows("in studio/oil, person, defaults", "problems in studio")
    told = as_object(as_items(workspace.json("packs", "test", "studio", exit_code=1)["packs"])[0])
    fault = as_object(as_items(as_object(as_object(told["templates"])["plain"])["faults"])[0])
    assert (fault["with"], fault["noun"], told["good"]) == ({"smile": True}, "woman", False)


def test_a_test_finds_variables_that_change_nothing_and_settings_that_are_refused(workspace: Workspace) -> None:
    lay(workspace).edit("packs/studio/plain.j2", "{{ age }}", "40")
    workspace.expect("packs", "test", "studio", exit_code=1).shows(
        "the prompt of `studio/plain` doesn't use its variable `age`"
    )
    lay(workspace).edit("packs/studio/parts/oil.j2", " {{ extra }}", "")
    workspace.expect("packs", "test", "studio")  # a variable of the whole pack that another template says
    lay(workspace).edit("packs/studio/pack.yaml", "guidance_scale: 2.5", "guidance_scale: 250")
    workspace.expect("packs", "test", "studio", exit_code=1).shows("250 is out of range", "packs/studio/pack.yaml:24:")
    workspace.write("packs/torn/pack.yaml", "name: torn\n")
    workspace.expect("packs", "test", "torn", "--run", exit_code=1).shows("missing key `version` in the pack")


def test_a_pack_of_any_folder_can_be_tested_and_its_places_are_its_own(workspace: Workspace) -> None:
    lay(workspace, "elsewhere/studio")
    workspace.expect("packs", "test", "./elsewhere/studio").shows("no problems")
    workspace.edit("elsewhere/studio/pack.yaml", "guidance_scale: 2.5", "guidance_scale: 250")
    workspace.expect("packs", "test", "elsewhere/studio", exit_code=1).shows(" elsewhere/studio/pack.yaml:24:")


def test_a_trial_run_draws_each_template_and_judges_those_with_a_gate(workspace: Workspace) -> None:
    lay(workspace)
    screen = workspace.expect("packs", "test", "studio", "--run")
    screen.shows("1 of 1 accepted", "painted, not judged")
    told = as_object(as_items(workspace.json("packs", "test", "studio", "--run")["packs"])[0])
    assert as_object(as_object(told["templates"])["plain"])["accepted"] == {"accepted": 1}
    sitter = str(ROOT / "recipes/photos/astronaut")
    made = workspace.expect("packs", "preview", "studio/oil", "--photos", sitter, "--noun", "woman", "--out", "o.png")
    made.shows("picture: out/packs-test/")
    assert workspace.path("o.png").read_bytes().startswith(b"\x89PNG")


def zipped(workspace: Workspace, folder: str, name: str) -> Path:
    path = workspace.path(name)
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(workspace.path(folder).rglob("*")):
            archive.write(file, file.relative_to(workspace.path(folder).parent))
    return path


def test_a_zip_is_taken_in_whole_and_replaced_only_when_told(workspace: Workspace) -> None:
    lay(workspace, "elsewhere/studio")
    zipped(workspace, "elsewhere/studio", "studio.zip")
    workspace.expect("packs", "add", "studio.zip").shows("added studio 1.0.0 in packs/studio")
    assert workspace.files("packs/**/*") == [
        f"packs/studio/{name}"
        for name in (".origin.json", "pack.yaml", "parts/oil.j2", "parts/who.j2", "plain.j2", "plain.jpg")
    ]
    workspace.expect("packs", "add", "studio.zip")  # the very same: nothing to ask
    workspace.edit("elsewhere/studio/pack.yaml", "version: 1.0.0", "version: 2.0.0")
    refused = workspace.expect("packs", "add", "elsewhere/studio", exit_code=2)
    refused.shows("already exists (version 1.0.0)", "replaced with version 2.0.0", "`--force`")
    assert "version: 1.0.0" in workspace.read("packs/studio/pack.yaml")
    told = workspace.json("packs", "add", "elsewhere/studio", "--force")
    assert (told["version"], told["replaced"], told["commit"]) == ("2.0.0", "1.0.0", None)
    workspace.expect("packs", "add", "elsewhere/studio", "--name", "mine").shows("added mine 2.0.0 in packs/mine")
    workspace.expect("packs", "test", "mine")
    assert [path.name for path in workspace.path("packs").iterdir() if path.name.startswith(".")] == []


def test_a_clone_is_taken_in_at_its_commit_without_the_rest_of_the_repository(workspace: Workspace) -> None:
    lay(workspace, "clone/packs/studio").write("clone/tool.py", "print()\n")
    workspace.write("clone/.git/HEAD", "0123456789abcdef0123456789abcdef01234567\n")
    workspace.expect("packs", "add", "clone").shows("added studio 1.0.0 at commit 0123456789ab in packs/studio")
    assert json.loads(workspace.read("packs/studio/.origin.json"))["commit"].startswith("0123456789abcdef")
    lay(workspace, "clone/packs/other").edit("clone/packs/other/pack.yaml", "name: studio", "name: other")
    workspace.expect("packs", "add", "clone", exit_code=2).shows(
        "clone contains several packs: packs/other, packs/studio"
    )


def test_a_pack_with_a_fault_leaves_nothing_behind(workspace: Workspace) -> None:
    lay(workspace, "elsewhere/studio").edit("elsewhere/studio/plain.j2", "{{ age }}", "{{ aeg }}")
    screen = workspace.expect("packs", "add", "elsewhere/studio", exit_code=2)
    screen.shows("unknown name `aeg`", "elsewhere/studio/plain.j2:1:", "did you mean `age`?")
    workspace.edit("elsewhere/studio/pack.yaml", "default: grey", "default: red")
    workspace.expect("packs", "add", "elsewhere/studio", exit_code=2).shows("invalid value `red` for `wall`")
    workspace.write("elsewhere/studio/run.sh", "rm -rf /\n")
    workspace.expect("packs", "add", "elsewhere/studio", exit_code=2).shows(
        "`run.sh` in elsewhere/studio is not a text or picture file"
    )
    assert not workspace.path("packs").exists()


def test_what_is_no_pack_in_its_place_is_not_replaced_unasked(workspace: Workspace) -> None:
    lay(workspace, "elsewhere/studio").write("packs/studio/notes.txt", "mine")
    workspace.expect("packs", "add", "elsewhere/studio", exit_code=2).shows("already exists (something)")
    assert workspace.read("packs/studio/notes.txt") == "mine"
    workspace.path("packs/studio/notes.txt").unlink()
    workspace.path("packs/studio").rmdir()
    workspace.write("packs/studio", "a file")
    workspace.expect("packs", "add", "elsewhere/studio", "--force")
    workspace.expect("packs", "test", "studio")
