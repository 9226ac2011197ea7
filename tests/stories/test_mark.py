"""The mark stage: planned for free, made once, found again, and refused before anything is paid."""

from __future__ import annotations

import pytest

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.json_values import as_items, as_object
from tests.stories.people import WEIGHTS
from tests.workspace import Workspace

RECIPE = """
nano_banana: 1
name: marked
provider: local
templates:
  backdrop: "a seamless backdrop, {{ scene }}"
shots:
  rooms: {template: backdrop, matrix: {scene: [office]}, seeds: [5]}
stages:
  - {id: takes, generate: rooms, using: fal-ai/flux/dev, with: {image_size: {width: 512, height: 512}}}
  - {id: marked, mark: takes, mark_id: "C0FFEE42"}
"""


@pytest.fixture
def project(workspace: Workspace) -> Workspace:
    """A recipe that ends in a mark."""
    return workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)}).write("recipe.yaml", RECIPE)


def test_a_mark_is_written_once_and_found_again(project: Workspace) -> None:
    project.expect("plan", "recipe.yaml").shows("marked", "$0.00")
    project.expect("run", "recipe.yaml").shows("2 calls made")
    (picture,) = project.files("out/marked/marked/*.png")
    found = project.json("detect-watermark", picture, "--only", "rivagan", "--id", "c0ffee42")
    (first,) = as_items(as_object(as_items(found["pictures"])[0])["found"])
    assert (as_object(first)["name"], as_object(first)["certainty"]) == ("yours", "certain")
    project.expect("run", "recipe.yaml").shows("Nothing to do")
    project.edit("recipe.yaml", "C0FFEE42", "c0ffee42")
    project.expect("run", "recipe.yaml").shows("0 calls made")
    project.edit("recipe.yaml", "c0ffee42", "00c0ffee")
    project.expect("run", "recipe.yaml").shows("1 call made")
    project.expect("explain", "rooms/office/s5").shows("imprint", "message", "00c0ffee")


def test_what_is_missing_is_said_before_anything_is_made(project: Workspace) -> None:
    project.env(**{FOLDER_VARIABLE: str(project.path("none"))})
    screen = project.expect("run", "recipe.yaml", exit_code=1)
    screen.shows("rivagan_encoder.onnx, which is not installed", "nano-banana setup").hides("calls made")
    assert project.files("out/**/*.png") == []


@pytest.mark.parametrize("given", ["coffee", "12345678", '"c0ffee4"'])
def test_an_odd_id_is_said_with_its_line(project: Workspace, given: str) -> None:
    project.edit("recipe.yaml", '"C0FFEE42"', given)
    project.expect("check", "recipe.yaml", exit_code=2).shows("recipe.yaml:10", "mark_id")


def test_what_changes_a_marked_picture_is_warned_of(project: Workspace) -> None:
    text = project.path("recipe.yaml").read_text(encoding="utf-8")
    project.expect("check", "recipe.yaml").hides("already marked")
    project.write("recipe.yaml", f"{text}  - {{id: large, upscale: marked, using: fal-ai/seedvr/upscale/image}}\n")
    project.expect("check", "recipe.yaml").shows("stage `large` changes pictures that `marked` has already marked")
