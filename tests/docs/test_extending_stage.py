"""The stage kind of docs/extending.md: installed as a package, and used in a recipe by the command line."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from nano_banana.recipe.recipe_reference import recipe_page
from nano_banana.stages.stage_registry import installed_kinds
from tests.workspace import ROOT, Workspace

PAGE = ROOT / "docs" / "extending.md"
BLOCK = re.compile(r"^```\w+ title=\"(?P<name>[^\"]+)\"\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)


def page_files() -> dict[str, str]:
    """The files that the section shows."""
    section = PAGE.read_text("utf-8").partition("## A stage kind\n")[2].partition("\n## ")[0]
    return {found["name"]: found["text"] for found in BLOCK.finditer(section)}


class Site:
    """A folder of installed packages, as pip leaves them, and a project beside it."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace = workspace
        self.folder = folder
        self.files = page_files()
        workspace.write("recipe.yaml", self.files["recipe.yaml"])

    def install(self, code: str, *, entries: str = "") -> None:
        declared = tomllib.loads(self.files["pyproject.toml"])["project"]["entry-points"]["nano_banana.stages"]
        found = entries or "".join(f"{name} = {value}\n" for name, value in declared.items())
        info = self.folder / "nano_banana_frame-1.0.dist-info"
        info.mkdir(parents=True, exist_ok=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nano-banana-frame\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[nano_banana.stages]\n{found}")
        (self.folder / "frame_stage.py").write_text(code, encoding="utf-8")
        _forget_installed()

    def run(self, *argv: str, exit_code: int = 0) -> str:
        """What a command prints, on one line."""
        return " ".join(self.workspace.expect(*argv, exit_code=exit_code).text.split())


def _forget_installed() -> None:
    """What a new process doesn't know."""
    sys.modules.pop("frame_stage", None)
    installed_kinds.cache_clear()


@pytest.fixture
def site(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield Site(workspace, tmp_path / "site")
    _forget_installed()


def test_every_command_knows_the_stage(site: Site) -> None:
    site.install(site.files["frame_stage.py"])
    assert "no errors" in site.run("check")
    assert "profile" in site.run("plan")
    assert "2 of 2 pictures done" in site.run("run")
    pictures = site.workspace.files("out/framed/profile/*.png")
    assert len(pictures) == 2
    with Image.open(site.workspace.path(pictures[0])) as picture:
        assert picture.size == (96, 64)
    assert "fit" in site.run("explain", pictures[0])
    schema = site.workspace.run("schema", "recipe").json
    assert "Cuts every picture of a collection to a size." in json.dumps(schema)
    assert "### `frame`" in recipe_page()


def test_a_new_process_finds_it(site: Site) -> None:
    site.install(site.files["frame_stage.py"])
    done = subprocess.run(
        [sys.executable, "-m", "nano_banana", "check"],
        cwd=site.workspace.root,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{site.folder}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_its_parameters_are_checked(site: Site) -> None:
    site.install(site.files["frame_stage.py"])
    site.workspace.edit("recipe.yaml", "size: [96, 64]", "size: [96]")
    assert "recipe.yaml:8" in site.run("check", exit_code=2)


def test_its_own_check_warns(site: Site) -> None:
    site.install(site.files["frame_stage.py"])
    site.workspace.photos("photos/ana").write(
        "recipe.yaml",
        """
        nano_banana: 1
        name: judged
        subjects: {ana: {noun: woman, trigger: anqz7, training_set: photos/ana}}
        shots: {ana: {template: "anqz7 woman", cast: ana, seeds: [1]}}
        stages:
          - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}
          - {id: takes, generate: ana, using: fal-ai/flux-lora, adapters: {likeness: 1}}
          - {id: framed, frame: takes, size: [96, 64]}
          - {id: judged, gate: framed}
        """,
    )
    assert "`judged` judges framed pictures" in site.run("check")


def test_a_change_of_its_code_is_noticed(site: Site) -> None:
    site.install(site.files["frame_stage.py"])
    site.run("run")
    assert "Nothing to do" in site.run("run")
    site.install(site.files["frame_stage.py"].replace('"height": height', '"height": 32'))
    assert "Nothing to do" not in site.run("run")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("import Blob", "import Blub", "ImportError: cannot import name 'Blub'"),
        ("class FrameStage(StageKind)", "class FrameStage(Blob)", "it isn't a subclass of StageKind"),
        ('verb = "frame"', 'verb = "framed"', "its `verb` and the first of its `parameters` must be `frame`"),
        ("    example = ", "    sample = ", "FrameStage declares no `example`"),
        ("Meta(ge=16,", "Meta(ge='16',", "`ge` must be an int or float"),
        (
            "for other in check.stages",
            "for other in check.stagse",
            "AttributeError: 'StageCheck' object has no attribute",
        ),
        ("said.size", "said.sise", "AttributeError: 'FrameParameters' object has no attribute 'sise'"),
    ],
)
def test_a_broken_package_is_an_error_where_it_is_used(site: Site, old: str, new: str, said: str) -> None:
    assert old in site.files["frame_stage.py"]
    site.install(site.files["frame_stage.py"].replace(old, new))
    told = site.run("plan", exit_code=2)
    assert said in told
    assert "frame" in told
    assert "Traceback" not in told


def test_two_packages_of_one_kind_are_an_error(site: Site) -> None:
    site.install(site.files["frame_stage.py"], entries="frame = frame_stage:FrameStage\nframe = other:FrameStage\n")
    assert "two packages offer this kind" in site.run("check", exit_code=2)


def test_a_broken_package_harms_no_other_recipe(site: Site) -> None:
    site.install("raise RuntimeError\n")
    site.workspace.edit("recipe.yaml", "  - {id: profile, frame: takes, size: [96, 64], around: centre}\n", "")
    assert "no errors" in site.run("check")


def test_without_the_package_the_verb_is_unknown(site: Site) -> None:
    assert "unknown key `frame`" in site.run("check", exit_code=2)
