"""A project of two people and a pair, run once for all tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from tests.stories.people import WEIGHTS, People
from tests.workspace import Workspace

RECIPE = """
shots:
  heads: {template: portrait, cast: {each: all}, matrix: {scene: [office]}, seeds: [3]}
  pairs: {template: pair, cast: {left: eileen, right: grace}, matrix: {scene: [office]}, seeds: [5], identity: by_face}
stages:
  - {id: likeness, train: all, using: fal-ai/flux-lora-portrait-trainer, steps: 1000}
  - id: takes
    generate: heads
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95}
    with: {image_size: {width: 512, height: 640}}
  - {id: judged, gate: takes}
  - {id: base, generate: pairs, using: fal-ai/flux-lora, with: {image_size: {width: 512, height: 384}}}
  - id: placed
    inpaint: base
    mask: {find: face, assign: cast, grow: 0.35, feather: 0.08}
    prompt: face
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.85}
outputs:
  sheet: {contact_sheet: [judged, placed]}
  files: {export: judged, to: handed, name: "{{ subject.name }}-{{ seed }}", zip: handed.zip}
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a workspace in which everything ran."""
    folder = tmp_path_factory.mktemp("forgotten")
    with pytest.MonkeyPatch.context() as patch:
        people = People(Workspace(folder, patch)).recipe(RECIPE)
        people.run()
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def project(made: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """That folder as it was, at the same place (the store remembers paths); put back afterwards."""
    kept = made.with_name(f"{made.name}-kept")
    shutil.copytree(made, kept, symlinks=True)
    shutil.rmtree(made / "home")
    shutil.move(made / "project", made / "there")
    workspace = Workspace(made, monkeypatch)
    workspace.root.rmdir()
    shutil.move(made / "there", workspace.root)
    yield workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)})
    shutil.rmtree(made)
    shutil.move(kept, made)
