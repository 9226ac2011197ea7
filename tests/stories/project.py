"""A project to tell stories of: one person, two scenes, two seeds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.store.local_store import Store
from tests.screen import Screen
from tests.stories.hand import FOLDER, Notes
from tests.workspace import ROOT, Spawned, Workspace, unwatched

RECIPE = """
nano_banana: 1
name: portraits
subjects:
  ana: {noun: woman, trigger: anqz7, training_set: photos/ana}
templates:
  headshot: "{{ subject.trigger }} {{ subject.noun }}, headshot, {{ scene }}"
shots:
  heads: {template: headshot, cast: ana, matrix: {scene: [office, street]}, seeds: [11, 29]}
stages:
  - {id: likeness, train: ana, using: fal-ai/flux-lora-fast-training}
  - {id: takes, generate: heads, using: fal-ai/flux-lora, adapters: {likeness: 0.95}}
"""

PAINT = """\
  - id: faces
    inpaint: takes
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    mask: {ellipse: [0.3, 0.2, 0.7, 0.6]}
    crop: {megapixels: 0.1}
"""


class Project:
    """A workspace with a recipe, its photos and the notes of the hand that answers."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.root = workspace.root
        self.notes = Notes(workspace.home / "hand")
        workspace.env(**{FOLDER: str(self.notes.folder), "FAL_KEY": "hand:does-not-look-at-it"})
        workspace.write("recipe.yaml", RECIPE).photos("photos/ana", count=2, size=(48, 60))

    def run(self, *argv: str, exit_code: int = 0) -> Screen:
        """`nano-banana run`, with an exit code to insist on."""
        screen = self.workspace.run("run", *argv)
        assert screen.exit_code == exit_code, screen.text
        return screen

    def told(self, *argv: str, exit_code: int = 0) -> JSONObject:
        """`nano-banana run --json`."""
        return self.workspace.json("run", *argv, exit_code=exit_code)

    def calls(self, *argv: str, exit_code: int = 0) -> dict[str, JSONValue]:
        """Run, and give back what the run says of its calls."""
        return dict(as_object(self.told(*argv, exit_code=exit_code)["calls"]))

    def asked(self, event: str = "begun") -> list[str]:
        """The endpoints that were asked since the log was begun, without their owner."""
        return [line.endpoint.removeprefix("fal-ai/") for line in self.notes.lines(event)]

    def quiet(self, *argv: str, exit_code: int = 0) -> Screen:
        """Run, and insist that nobody was asked for anything."""
        self.notes.fresh()
        screen = self.run(*argv, exit_code=exit_code)
        assert self.asked() == [], screen.text
        return screen

    def edit(self, old: str, new: str, name: str = "recipe.yaml") -> Project:
        """Change the recipe, or another file."""
        self.workspace.edit(name, old, new)
        return self

    def spawn(self, *argv: str, limit_files: int | None = None) -> Spawned:
        """Start the program with the hand at work in a process of its own; `limit_files` is in bytes."""
        bound = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit_files}, {limit_files})); "
        ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        code = (bound + ignore if limit_files else "") + "from tests.stories.hand import main; main()"
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        if limit_files:
            # What coverage writes at the end is larger than that.
            environ = unwatched(environ)
        process = subprocess.Popen(
            [sys.executable, "-c", code, *argv],
            cwd=self.root,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        return Spawned(self.workspace, argv, process)

    def store(self) -> Store:
        """The project's store, opened."""
        return Store.open(self.root / ".nano-banana")

    def pictures(self, stage: str = "takes") -> list[Path]:
        """The pictures of a stage in the output folder."""
        return sorted((self.root / "out" / "portraits" / stage).iterdir())


def takes(told: JSONObject) -> list[JSONObject]:
    """The takes of a run's or a plan's object."""
    return [as_object(take) for take in as_items(told["takes"])]
