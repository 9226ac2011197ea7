"""Adapters on the shelf: trained, listed, given away, brought in, drawn with."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from nano_banana.model.json_values import JSONObject, as_items, as_number, as_object, as_text
from nano_banana.session.lock_file import LockedModel, load_lock
from nano_banana.store.local_store import Store
from tests.shelf.files import KOHYA_FLUX, KOHYA_SDXL, safetensors
from tests.stories.gated import gated
from tests.stories.project import Project
from tests.workspace import Workspace

TRAINS = """
nano_banana: 1
name: portraits
provider: local
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: photos/ana}
templates: {headshot: "{{ subject.trigger }} {{ subject.noun }}, headshot in an office"}
shots: {heads: {template: headshot, cast: ana, seeds: [11]}}
stages:
  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training, steps: 900}
  - id: takes
    generate: heads
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95}
    with: {image_size: {width: 256, height: 320}}
"""

DRAWS = """
nano_banana: 1
name: elsewhere
provider: local
adapters: {ana_lora: {model: ana}}
shots: {heads: {template: "anqz7 woman, headshot in an office", seeds: [11]}}
stages:
  - id: takes
    generate: heads
    using: fal-ai/flux-lora
    adapters: {ana_lora: 0.95}
    with: {image_size: {width: 256, height: 320}}
"""


@pytest.fixture
def trained(workspace: Workspace) -> Workspace:
    """A project that has trained one adapter and drawn one picture with it."""
    workspace.write("recipe.yaml", TRAINS).photos("photos/ana", count=2, size=(48, 60))
    assert workspace.run("run").exit_code == 0
    return workspace


def elsewhere(workspace: Workspace) -> None:
    """A project of its own inside the same folder, where recipes draw with what was brought in."""
    workspace.write("other/recipe.yaml", DRAWS).write("other/nano-banana.toml", "")


def models(workspace: Workspace, *argv: str) -> list[JSONObject]:
    return [as_object(each) for each in as_items(workspace.json("models", "list", *argv)["models"])]


def references(workspace: Workspace, *argv: str) -> list[str]:
    return [as_text(each["reference"]) for each in models(workspace, *argv)]


def digest(workspace: Workspace, folder: str = "out/portraits") -> str:
    """The digest of the first take's picture, of the blob and not of the marked file."""
    told = json.loads((workspace.path(folder) / "manifest.json").read_text(encoding="utf-8"))
    (take,) = told["takes"]
    return str(take["calls"][-1]["outputs"]["images/0"])


STORE = ("--store", "other/.nano-banana")


def test_what_a_run_trained_is_on_the_shelf(trained: Workspace) -> None:
    (found,) = models(trained)
    kept = {name: found[name] for name in ("reference", "base", "provider", "trigger", "noun", "photos", "origin")}
    assert kept == {
        "reference": "ana@1",
        "base": "local",
        "provider": "local",
        "trigger": "anqz7",
        "noun": "woman",
        "photos": 2,
        "origin": "trained",
    }
    assert found["trainer"] == "fal-ai/flux-lora-fast-training"
    assert as_object(found["settings"])["steps"] == 900
    assert (found["likeness"], found["recipe"], found["used_by"]) == (None, "portraits", ["portraits"])
    screen = trained.run("models")
    assert "ana@1" in screen.stdout
    assert trained.run("list-models").stdout == screen.stdout == trained.run("models", "list").stdout
    assert "steps" in trained.run("models", "show", "ana").stdout


def test_the_same_adapter_is_shelved_once_and_another_is_a_version_more(trained: Workspace) -> None:
    trained.edit("recipe.yaml", "seeds: [11]", "seeds: [12]")
    trained.run("run")
    assert references(trained) == ["ana@1"]
    trained.edit("recipe.yaml", "steps: 900", "steps: 901")
    trained.run("run")
    assert references(trained) == ["ana@1", "ana@2"]
    screen = trained.run("models", "diff", "ana@1", "ana@2")
    assert "with steps" in screen.stdout
    assert "same photos" in screen.stdout
    told = trained.json("models", "diff", "ana@1", "ana@2")
    assert told["same_training_set"] is True
    assert "settings" in as_object(told["changes"])
    assert trained.json("models", "diff", "ana@1", "ana")["same_bytes"] is False


def test_a_cached_run_shelves_what_is_not_there_yet(trained: Workspace) -> None:
    assert trained.run("models", "rm", "ana@1", "--yes").exit_code == 0
    assert models(trained) == []
    trained.edit("recipe.yaml", "an office", "a street")
    trained.run("run")
    assert references(trained) == ["ana@2"]


def test_names_and_tags(trained: Workspace) -> None:
    assert "Tagged ana@1 as ana@good." in trained.run("models", "tag", "ana@1", "good").stdout
    assert trained.run("models", "rename", "ana", "anna").exit_code == 0
    (found,) = models(trained)
    assert (found["reference"], found["tags"]) == ("anna@1", ["good"])
    assert trained.run("models", "tag", "anna", "good", "--remove").exit_code == 0
    screen = trained.run("models", "show", "anna@good")
    assert screen.exit_code == 2
    assert "available: 1" in screen.text
    assert "did you mean `anna`" in trained.run("models", "show", "ana").text


def test_it_is_given_away_and_draws_the_same_picture_elsewhere(trained: Workspace) -> None:
    trained.expect("models", "export", "ana", "ana.nbm", "--samples", "1")
    elsewhere(trained)
    assert trained.run("run", "other").exit_code == 2
    screen = trained.expect("models", "import", "ana.nbm", *STORE)
    assert "imported as ana@1" in screen.stdout
    assert "also in the archive, not imported: 1 sample\n" in screen.stderr
    assert trained.run("run", "other").exit_code == 0
    assert digest(trained, "other/out/elsewhere") == digest(trained)
    assert models(trained, *STORE)[0]["used_by"] == ["elsewhere"]
    screen = trained.run("models", "rm", "ana", "--yes", *STORE)
    assert screen.exit_code == 2
    assert "the last run of elsewhere" in screen.text
    assert "change the recipe" not in screen.text, "what drew with it may have been a single command"
    assert trained.run("models", "rm", "ana", *STORE, "--force").exit_code == 3
    assert trained.run("models", "rm", "ana", *STORE, "--force", "--yes").exit_code == 0
    assert "no adapter `ana`" in trained.run("run", "other").text


def test_what_is_imported_survives_a_sweep(trained: Workspace) -> None:
    trained.expect("models", "export", "ana", "ana.nbm")
    trained.expect("models", "import", "ana.nbm", *STORE)
    with Store.open(trained.path("other/.nano-banana"), clock=lambda: 9e9) as store:
        assert store.gc(dry_run=False, paid=True).blobs == 0


def test_the_newest_is_drawn_with_when_there_is_a_newer_one(trained: Workspace) -> None:
    trained.write("draws.yaml", DRAWS)
    trained.expect("run", "draws.yaml")
    first = digest(trained, "out/elsewhere")
    assert "Nothing to do" in trained.run("run", "draws.yaml").stdout
    trained.photos("photos/ana", count=3, seed=2, size=(48, 60)).expect("run")
    screen = trained.expect("run", "draws.yaml")
    assert "Nothing to do" not in screen.stdout
    assert digest(trained, "out/elsewhere") != first
    trained.edit("draws.yaml", "model: ana", "model: ana@1").expect("run", "draws.yaml")
    assert digest(trained, "out/elsewhere") == first


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("model: ana}", "model: anna}", ["no adapter `anna`", "did you mean `ana`", "recipe.yaml:4:30"]),
        ("model: ana}", "model: ana@9}", ["no version or tag `9`", "available: 1"]),
        ("model: ana}", "model: ana, base: flux-1}", ["so `base` is not allowed"]),
        ("{model: ana}", "{base: flux-1}", ["has neither"]),
        ("provider: local", "provider: fal", ["was made for the provider `local`", "4:30"]),
    ],
)
def test_a_mistake_is_shown_where_it_stands(trained: Workspace, old: str, new: str, said: list[str]) -> None:
    trained.write("other.recipe.yaml", DRAWS).edit("other.recipe.yaml", old, new)
    for command in ("check", "plan"):
        screen = trained.run(command, "other.recipe.yaml")
        assert screen.exit_code == 2
        for words in said:
            assert words in screen.text


def test_a_fal_adapter_is_refused_by_the_local_provider_and_another_endpoint(workspace: Workspace) -> None:
    workspace.write("ana.safetensors", safetensors(KOHYA_FLUX))
    workspace.expect("models", "import", "ana.safetensors", "--trigger", "anqz7", "--noun", "woman")
    workspace.write("recipe.yaml", DRAWS)
    assert "was made for the provider `fal`" in workspace.run("check").text
    workspace.edit("recipe.yaml", "provider: local", "provider: fal")
    assert workspace.run("check").exit_code == 0
    workspace.edit("recipe.yaml", "fal-ai/flux-lora", "fal-ai/flux-2/lora")
    screen = workspace.run("check")
    assert "is for flux-1 models, but `fal-ai/flux-2/lora` needs flux-2" in screen.text


def test_files_that_are_not_wanted_say_why(workspace: Workspace) -> None:
    workspace.write("sdxl.safetensors", safetensors(KOHYA_SDXL)).write("a.ckpt", pickle.dumps({"a": 1}))
    workspace.write("page.safetensors", "<!doctype html>" * 9).write("a.nbm", b"PK\x03\x04nothing")
    for file, words in (
        ("sdxl.safetensors", "was made for sdxl, and no endpoint here"),
        ("a.ckpt", "is a pickle"),
        ("page.safetensors", "is neither a `.safetensors` file nor"),
        ("a.nbm", "is not a zip file"),
        ("none.nbm", "there is no such file"),
    ):
        screen = workspace.run("models", "import", file)
        assert screen.exit_code == 2
        assert words in screen.text
    assert models(workspace) == []
    assert "No adapters yet" in workspace.run("models").stdout


def test_looking_makes_no_store(workspace: Workspace) -> None:
    assert "No adapters yet" in workspace.run("models").stdout
    assert workspace.json("models") == {"models": []}
    for argv in (["show", "ana"], ["tag", "ana", "x"], ["rm", "ana"], ["diff", "a", "b"], ["export", "ana", "a.nbm"]):
        screen = workspace.run("models", *argv)
        assert screen.exit_code == 2
        assert "the shelf is empty" in screen.text
    assert not workspace.path(".nano-banana").exists()


def test_programs_are_told_the_same(trained: Workspace) -> None:
    told = trained.json("models", "export", "ana", "ana.nbm", "--with-photos")
    assert (told["reference"], told["samples"], told["photos"]) == ("ana@1", 0, 2)
    assert trained.json("models", "import", "ana.nbm")["known"] is True
    assert "already on the shelf" in trained.expect("models", "import", "ana.nbm").stdout
    shown = trained.json("models", "show", "ana")
    assert [as_object(run)["recipe"] for run in as_items(shown["runs"])] == ["portraits"]
    screen = trained.expect("models", "export", "ana", "ana.nbm", "--with-photos", "--force")
    assert "2 training photos" in screen.stdout
    trained.write("draws.yaml", DRAWS).expect("run", "draws.yaml")
    screen = trained.expect("models", "rename", "ana", "anna")
    assert "used by elsewhere" in screen.stderr


def test_a_file_without_a_trigger_is_said_to_have_none(workspace: Workspace) -> None:
    workspace.write("ana.safetensors", safetensors(KOHYA_FLUX))
    assert "has no trigger" in workspace.expect("models", "import", "ana.safetensors").stderr
    shown = workspace.expect("models", "show", "ana").stdout
    assert "imported from a file" in shown
    assert "not used by any recipe" in shown
    workspace.expect("models", "import", "ana.safetensors", "--name", "eva")
    assert "are identical" in workspace.expect("models", "diff", "ana", "eva").stdout
    workspace.write("recipe.yaml", DRAWS).edit("recipe.yaml", "{model: ana}", "{file: ana.safetensors, base: flux1}")
    assert "did you mean `flux-1`" in workspace.run("check").text


def test_verify_tells_of_adapters_that_are_lost(trained: Workspace) -> None:
    trained.expect("models", "export", "ana", "ana.nbm")
    trained.expect("models", "import", "ana.nbm", *STORE)
    (found,) = models(trained, *STORE)
    name = as_text(found["digest"])
    (trained.path("other/.nano-banana/blobs") / name[:2] / name[2:]).unlink()
    screen = trained.run("cache", "verify", *STORE)
    assert screen.exit_code == 1
    assert "lost adapters: ana@1" in screen.stdout
    assert trained.json("cache", "verify", *STORE)["adapters"] == ["ana@1"]
    trained.expect("models", "import", "ana.nbm", *STORE)
    assert trained.json("cache", "verify", *STORE)["adapters"] == []


def test_a_lost_file_is_said_to_be_lost(trained: Workspace) -> None:
    trained.write("draws.yaml", DRAWS)
    (found,) = models(trained)
    name = as_text(found["digest"])
    path = trained.path(".nano-banana/blobs") / name[:2] / name[2:]
    Path(path).unlink()
    assert "is missing from the store" in trained.run("check", "draws.yaml").text
    assert trained.run("models", "export", "ana", "ana.nbm").exit_code == 1
    assert not trained.path("ana.nbm").exists()


# --- what is told of an adapter, and what a lock holds, with a hand that answers ---

SHELVED = """
nano_banana: 1
name: again
provider: fal
adapters: {ana_lora: {model: ana@latest}}
shots: {heads: {template: "anqz7 woman, headshot", seeds: [11]}}
stages:
  - {id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {ana_lora: 0.95}}
"""


def test_likeness_is_that_of_first_tries_to_photos_held_out(project: Project) -> None:
    gated(project).edit("training_set: photos/ana", "training_set: {photos: photos/ana, hold_out: 2}")
    project.run()
    (card,) = models(project.workspace)
    # Two first tries show a face: hers, and somebody else's, which was drawn again and counts all the same.
    assert card["judged"] == 2
    assert 0.2 < as_number(card["likeness"]) < 0.8


def test_without_photos_held_out_there_is_no_likeness(project: Project) -> None:
    gated(project).run()
    (card,) = models(project.workspace)
    assert (card["likeness"], card["judged"]) == (None, 0)


def test_the_lock_holds_the_version_and_its_bytes(project: Project) -> None:
    project.edit("name: portraits", "name: portraits\nprovider: fal").run("--yes")
    (card,) = models(project.workspace)
    assert (card["base"], card["provider"], card["trainer"]) == ("flux-1", "fal", "fal-ai/flux-lora-fast-training")
    project.workspace.write("again.yaml", SHELVED).expect("run", "again.yaml", "--yes")
    lock = load_lock(project.root / "again.lock")
    assert lock.models == {"ana_lora": LockedModel(model="ana@1", sha256=as_text(card["digest"]))}
    assert project.workspace.run("run", "again.yaml", "--locked").exit_code == 0
    project.edit("adapters: {likeness: 0.95}}", "adapters: {likeness: 0.9}}").workspace.photos(
        "photos/ana", count=3, size=(48, 60)
    )
    project.run("--yes")
    screen = project.workspace.run("run", "again.yaml", "--locked")
    assert screen.exit_code == 2
    screen.shows("`ana_lora` is now `ana@2`", "the lock has `ana@1`", "write `model: ana@1`")
    project.edit("ana@latest", "ana@1", "again.yaml")
    assert project.workspace.run("run", "again.yaml", "--locked").exit_code == 0


def test_a_run_whose_takes_failed_shelves_what_it_trained(project: Project) -> None:
    project.notes.rule(fail=["headshot"])
    project.run(exit_code=1)
    assert references(project.workspace) == ["ana@1"]
