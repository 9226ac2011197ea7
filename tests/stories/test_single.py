"""The single commands, as somebody without a recipe uses them: on real photos, on this machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.json_values import JSONObject, as_items, as_object
from tests.stories.people import WEIGHTS
from tests.workspace import ROOT, Workspace

PHOTOS = sorted((ROOT / "examples" / "astronaut" / "photos").glob("*.jpg"))[:4]
TRAIN = ("fine-tune", "--images-dir", "photos", "--name", "eileen", "--noun", "woman")
SMALL = ("--size", "256x320")
DRAW = ("generate", "--model", "eileen", "--prompt", "in a red coat", *SMALL)


NO_SIZE = "fal-ai/flux/dev/image-to-image"
WRONG = (
    (("generate", "--model", "eilen", "--prompt", "x"), ["no adapter `eilen`", "did you mean `eileen`"]),
    (("generate", "--model", "eileen@9", "--prompt", "x"), ["eileen"]),
    (("generate", "--model", "no.safetensors", "--prompt", "x"), ["file `no.safetensors` not found"]),
    (("generate", "--model", "eileen", "--model", "eileen@1", "--prompt", "x"), ["is given twice"]),
    (("generate", "--model", "eileen", "--prompt", "x", "--scale", "1", "--scale", "1"), ["2 `--scale` options"]),
    (("generate", "--model", "eileen", "--prompt", "x", "--provider", "fal"), ["made for the provider `local`"]),
    (("generate", "--model", "eileen", "--prompt", "x", "--using", "fal-ai/flux/dev"), ["fal-ai/flux/dev"]),
    (("generate",), ["missing option `--prompt`"]),
    (("generate", "--prompt", "  "), ["`--prompt` is empty"]),
    (("generate", "--prompt", "{{ nope }}"), ["unknown name `nope`", "▶ option --prompt\n", "^^^^"]),
    (("generate", "--prompt", "x", "--using", "fal-ai/flux-lorra"), ["did you mean `fal-ai/flux-lora`"]),
    (("generate", "--prompt", "x", "--using", "fal-ai/codeformer"), ["is for `restore`, not for `generate`"]),
    (("generate", "--prompt", "x", "--size", "portait_4_3"), ["did you mean `portrait_4_3`"]),
    (("generate", "--prompt", "x", "--size", "0:4"), ["`0:4` is not a valid size"]),
    (("generate", "--prompt", "x", "--size", "20000x20000"), ["width 20000", "▶ option --size\n", "2 problems\n"]),
    (("generate", "--prompt", "far " * 40 + "{{ nope }}"), ["▶ option --prompt\n", "{{ nope }}", "^^^^"]),
    (("edit", "photos/02-head.jpg", "--prompt", "{{ subject.noun }}"), ["the prompt uses `subject`"]),
    (("inpaint", "photos/02-head.jpg", "--mask", "note.txt", "--prompt", "x"), ["▶ option --mask\n"]),
    (
        ("generate", "--prompt", "x", "--size", "9x9", "--using", "fal-ai/nano-banana-pro"),
        ["`9x9` is not a valid size"],
    ),
    (("generate", "--prompt", "x", "--size", "90x90", "--using", "fal-ai/nano-banana-pro"), ["takes an aspect ratio"]),
    (
        ("generate", "--prompt", "x", "--guidance", "99"),
        ["out of range for `guidance_scale`", "▶ option --guidance\n", "1 │ 99"],
    ),
    (
        ("generate", "--prompt", "x", "--guidance", "3", "--using", "fal-ai/nano-banana-pro"),
        ["doesn't support `--guidance`"],
    ),
    (("generate", "--prompt", "x", "--seed", "1", "--seed", "2", "--count", "3"), ["2 seeds make 2 pictures"]),
    (
        ("generate", "--prompt", "x", "--provider", "fla"),
        ["unknown provider `fla`", "did you mean `fal`", "▶ option --provider\n"],
    ),
    (("inpaint", "photos/02-head.jpg", "--prompt", "x"), ["exactly one of `--mask` and `--find`"]),
    (("inpaint", "photos/02-head.jpg", "--find", "fase", "--prompt", "x"), ["did you mean `face`"]),
    (("inpaint", "nothere.jpg", "--find", "face", "--prompt", "x"), ["`nothere.jpg` does not exist"]),
    (("upscale", "note.txt"), ["`note.txt` is not a supported picture", "▶ argument IMAGE\n", "1 │ note.txt"]),
    (("upscale", "empty"), ["`empty` contains no photos"]),
    (("upscale", "photos/02-head.jpg", "--using", "fal-ai/flux-lora"), ["not for `upscale`"]),
    (("edit", "photos/02-head.jpg", "--prompt", "x", "--using", "fal-ai/flux-lora"), ["not for `edit`"]),
    (("edit", "photos/02-head.jpg", "--prompt", "x", "--strength", "1"), ["doesn't support `--strength`"]),
    (("edit", "photos/02-head.jpg", "--prompt", "x", "--size", "4:5", "--using", NO_SIZE), ["takes no size"]),
    (("generate", "--prompt", "x", "--provider", "fal"), ["no fal key found"]),
    (("fine-tune", "--images-dir", "empty", "--name", "ana"), ["`empty` contains no photos"]),
    (("fine-tune", "--images-dir", "photos", "--name", "a b"), ["invalid name `a b`", "▶ option --name\n"]),
    (("fine-tune", "--images-dir", "nowhere", "--name", "ana"), ["does not exist"]),
    (("fine-tune", "--images-dir", "photos", "--name", "ana", "--steps", "99999"), ["steps", "▶ option --steps\n"]),
)
"""Command lines that can't be done, and what is said of them."""


def begun(workspace: Workspace) -> Workspace:
    """A folder with real photos of Eileen Collins, and nothing else."""
    workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)})
    for photo in PHOTOS:
        workspace.copy(photo, f"photos/{photo.name}")
    return workspace


@pytest.fixture
def studio(workspace: Workspace) -> Workspace:
    """Photos."""
    return begun(workspace)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with an adapter of hers on its shelf."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        workspace = begun(Workspace(tmp_path_factory.mktemp("trained"), monkeypatch))
        workspace.expect(*TRAIN)
        return workspace.path(".nano-banana")


@pytest.fixture
def shelf(studio: Workspace, trained: Path) -> Workspace:
    """Photos, and that store."""
    shutil.copytree(trained, studio.path(".nano-banana"))
    return studio


def made(told: JSONObject) -> object:
    return as_object(told["calls"])["made"]


def paths(told: JSONObject) -> list[Path]:
    return [Path(str(as_object(take)["path"])) for take in as_items(told["takes"])]


def test_from_a_folder_of_photos_to_pictures(studio: Workspace) -> None:
    trained = studio.expect(*TRAIN)
    studio.expect(*TRAIN).shows("Nothing to do").hides("pictures: ")
    trained.shows("1 of 1 adapter done", "on the shelf: eileen@1", "generate --model eileen")
    assert "(generated for eileen" in trained.stderr
    drawn = studio.expect(*DRAW, "--count", "2")
    assert "added to the start of the prompt" in drawn.stderr
    pictures = studio.files("out/generate/pictures/*.png")
    assert drawn.stdout.splitlines()[-2:] == sorted(pictures, key=drawn.stdout.index)
    with Image.open(studio.path(pictures[0])) as picture:
        assert picture.size == (256, 320)


def test_the_second_time_nothing_is_made(shelf: Workspace) -> None:
    first = shelf.expect(*DRAW)
    again = shelf.expect(*DRAW)
    again.shows("Nothing to do: no changes")
    assert again.stdout.splitlines()[-1] == first.stdout.splitlines()[-1]
    for said in ("0 calls made", "Nothing to do"):
        shelf.expect(*TRAIN).shows(said, "on the shelf: eileen@1")


def test_more_pictures_leave_the_first_ones(shelf: Workspace) -> None:
    assert made(shelf.json(*DRAW)) == 1
    told = shelf.json(*DRAW, "--count", "3")
    assert made(told) == 2
    assert len(paths(told)) == 3
    assert made(shelf.json(*DRAW, "--seed", "7", "--count", "2")) == 2
    assert made(shelf.json(*DRAW, "--seed", "7", "--seed", "8")) == 0


KEPT = {
    "fine-tune": TRAIN,
    "generate": (*DRAW, "--count", "2"),
    "find": ("inpaint", "photos/02-head.jpg", "--find", "face", "--model", "eileen", "--prompt", "a calm smile"),
    "mask": ("inpaint", "photos/02-head.jpg", "photos/01-half-body.jpg", "--mask", "mask.png", "--prompt", "a wall"),
    "upscale": ("upscale", "photos/02-head.jpg", "photos/03-shoulders.jpg", "--factor", "1.5"),
    "edit": ("edit", "photos/02-head.jpg", "--prompt", "in a navy blazer", "--seed", "3", "--budget", "5"),
}


def test_running_a_saved_recipe_makes_nothing(shelf: Workspace) -> None:
    Image.new("L", (64, 64), 255).save(shelf.path("mask.png"))
    for name, command in KEPT.items():
        saved = shelf.expect(*command, "--save-recipe", f"kept/deep/{name}.yaml")
        assert f"saved the recipe to kept/deep/{name}.yaml" in saved.stderr
        before = shelf.files()
        told = shelf.json("run", f"kept/deep/{name}.yaml")
        assert (name, told["status"], made(told)) == (name, "done", 0)
        assert shelf.files() == before
    shelf.matches("stories/single-recipe", shelf.read("kept/deep/find.yaml"))
    head = "name: edit\nprovider: local\nlimits: {budget_usd: 5}\n"
    assert head in _recipe_of(shelf, *KEPT["edit"], "--provider", "local")


def _recipe_of(shelf: Workspace, *command: str) -> str:
    shelf.expect(*command, "--save-recipe", "only.yaml", "--plan")
    return shelf.read("only.yaml")


def test_a_recipe_is_saved_before_the_run_and_never_over_another(shelf: Workspace) -> None:
    shelf.expect(*DRAW, "--save-recipe", "one.yaml", "--plan").shows("1 call to make")
    text = shelf.read("one.yaml")
    shelf.expect(*DRAW, "--save-recipe", "one.yaml")
    assert shelf.read("one.yaml") == text
    shelf.expect(*DRAW, "--guidance", "4", "--save-recipe", "one.yaml", exit_code=2).shows(
        "already exists with different content"
    )
    assert shelf.read("one.yaml") == text
    shelf.expect(*DRAW, "--save-recipe", "photos/02-head.jpg/x.yaml", exit_code=1).shows("can't write")


def test_a_plan_does_nothing(studio: Workspace) -> None:
    studio.expect(*TRAIN, "--provider", "fal", "--plan").shows("fine-tune on fal", "2 calls to make", "$2.00")
    told = studio.json("generate", "--prompt", "a wall", "--dry-run")
    assert told["status"] == "planned"
    assert studio.files() == []


def test_the_budget_ends_it_before_anything_is_paid(studio: Workspace) -> None:
    shelf = studio.env(FAL_KEY="a:b", NANO_BANANA_FAL_URL="http://127.0.0.1:9")
    told = ("generate", "--prompt", "a wall", "--provider", "fal", "--budget", "0.01")
    shelf.expect(*told, exit_code=3).shows("the run costs at least $0.025", "raise `--budget` to")
    dear = (
        "generate",
        "--prompt",
        "a wall",
        "--count",
        "100",
        "--provider",
        "fal",
        "--using",
        "fal-ai/nano-banana-pro",
    )
    shelf.expect(*dear, exit_code=3).shows("$15.00")
    assert shelf.files("out/generate/pictures/*") == []


def test_only_the_mask_is_painted(studio: Workspace) -> None:
    mask = Image.new("L", (100, 100))
    mask.paste(255, (0, 0, 50, 50))
    mask.save(studio.path("mask.png"))
    told = studio.json(
        "inpaint", "photos/02-head.jpg", "--mask", "mask.png", "--prompt", "a red balloon", "--feather", "0"
    )
    with Image.open(studio.path("photos/02-head.jpg")) as before, Image.open(paths(told)[0]) as after:
        assert before.size == after.size
        changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()
    assert changed is not None
    # The mask is enlarged: its edge is half of one of its own pixels wide on either side.
    edge = before.width / mask.width / 2 + 1
    assert changed[2] <= before.width / 2 + edge
    assert changed[3] <= before.height / 2 + edge


def test_a_style_beside_a_person(shelf: Workspace) -> None:
    [blob] = [path for path in shelf.root.glob(".nano-banana/blobs/**/*") if path.is_file() and _is_adapter(path)]
    shelf.write("film look.safetensors", blob.read_bytes())
    shelf.expect(*DRAW, "--model", "film look.safetensors", "--scale", "0.8", "--save-recipe", "two.yaml")
    text = shelf.read("two.yaml")
    assert "adapters: {eileen: 0.8, film-look: 0.3}" in text
    assert "film-look: {file: film look.safetensors}" in text


def _is_adapter(path: Path) -> bool:
    return b'"__metadata__"' in path.read_bytes()[:200]


def test_words_that_say_the_trigger_are_left_alone(shelf: Workspace) -> None:
    for words in ("{{ subject.trigger }} {{ subject.noun }} at sea", "a portrait of eixxw3 woman"):
        screen = shelf.expect("generate", "--model", "eileen@1", "--prompt", words, "--plan")
        assert "added to the start" not in screen.stderr
        assert "warning" not in screen.stderr


def test_pictures_of_several_commands_share_a_folder(studio: Workspace) -> None:
    studio.expect("generate", "--prompt", "a wall", *SMALL)
    studio.expect("generate", "--prompt", "a street", *SMALL).hides("from an earlier run")
    studio.expect("generate", "--prompt", "a street", "--guidance", "5", *SMALL)
    assert len(studio.files("out/generate/pictures/*")) == 3
    studio.expect("generate", "--prompt", "a street", "--name", "streets", *SMALL, "--out", "shown")
    assert len(studio.files("shown/streets/pictures/*")) == 1


def test_what_cannot_be_is_said_before_anything_is_done(shelf: Workspace) -> None:
    shelf.path("empty").mkdir()
    shelf.write("note.txt", "no picture")
    before = shelf.files()
    for command, said in WRONG:
        screen = shelf.run(*command)
        assert screen.exit_code in {2, 4}, screen.text
        screen.shows(*said).hides("this is a bug", "Traceback", f"({command[0]}):")
    assert shelf.files() == before
