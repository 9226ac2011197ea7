"""A project whose calls go to an emulator, in this process or in its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_whole
from tests.fal.service import Service
from tests.screen import Screen
from tests.workspace import Spawned, Workspace

KEY = "7f3a9c51-recognise-me:5ecre7-0123456789abcdef"

PICTURES = """
nano_banana: 1
name: portraits
provider: fal
subjects:
  ana: {noun: woman, trigger: anqz7}
templates:
  headshot: "{{ subject.trigger }} {{ subject.noun }}, headshot, {{ scene }}"
shots:
  heads: {template: headshot, cast: ana, matrix: {scene: [office, street]}, seeds: [11, 29]}
stages:
  - {id: takes, generate: heads, using: fal-ai/flux/dev}
"""

TRAINED = """
nano_banana: 1
name: portraits
provider: fal
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

PAINTED = """\
  - id: faces
    inpaint: takes
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    mask: {ellipse: [0.3, 0.2, 0.7, 0.6]}
    crop: {megapixels: 0.1}
"""


class FalProject:
    """A workspace with a recipe of four takes and a key, beside a service."""

    def __init__(self, workspace: Workspace, emulator: Emulator) -> None:
        self.workspace = workspace
        self.root = workspace.root
        self.service = Service(emulator)
        workspace.env(NANO_BANANA_FAL_URL=emulator.url, SSL_CERT_FILE=str(emulator.ca), FAL_KEY=KEY)
        workspace.write("recipe.yaml", PICTURES)

    def trained(self, *, painted: bool = False) -> FalProject:
        """Another recipe: an adapter first (its photos go up), then the takes; perhaps their faces again."""
        self.workspace.write("recipe.yaml", TRAINED + (PAINTED if painted else ""))
        self.workspace.photos("photos/ana", count=2, size=(48, 60))
        return self

    def limits(self, text: str) -> FalProject:
        """Give the recipe limits, as YAML in one line."""
        return self.edit("provider: fal", f"provider: fal\nlimits: {text}")

    def edit(self, old: str, new: str) -> FalProject:
        """Change the recipe."""
        self.workspace.edit("recipe.yaml", old, new)
        return self

    def run(self, *argv: str, exit_code: int = 0) -> Screen:
        """`nano-banana run` in this process, with an exit code to insist on."""
        screen = self.workspace.run("run", *argv)
        assert screen.exit_code == exit_code, screen.text
        return screen.hides("Traceback", "this is a bug", KEY)

    def told(self, *argv: str, exit_code: int = 0) -> JSONObject:
        """`nano-banana run --json` in this process."""
        return self.run(*argv, "--json", exit_code=exit_code).json

    def spawn(self, *argv: str) -> Spawned:
        """`nano-banana run` in a process of its own."""
        return self.workspace.spawn("run", *argv)

    def tickets(self) -> list[dict[str, JSONValue]]:
        """All tickets that were ever kept, oldest first."""
        file = self.root / ".nano-banana/rehearsal/store.sqlite"
        if not file.exists():
            return []
        with closing(sqlite3.connect(file, timeout=30)) as rows:
            rows.row_factory = sqlite3.Row
            if not rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'tickets'").fetchone():
                return []  # its maker has only just begun
            return [dict(row) for row in rows.execute("SELECT * FROM tickets ORDER BY number")]

    def age(self, seconds: float) -> None:
        """Let the requests that nobody knows the end of be so much older."""
        with closing(sqlite3.connect(self.root / ".nano-banana/rehearsal/store.sqlite", timeout=30)) as rows, rows:
            rows.execute("UPDATE tickets SET begun_at = begun_at - ? WHERE state = 'unknown'", (seconds,))

    def states(self) -> list[str]:
        """The states of the tickets, sorted."""
        return sorted(str(ticket["state"]) for ticket in self.tickets())

    def stats(self) -> JSONObject:
        """What `stats --json` says in total."""
        return as_object(self.workspace.json("stats")["total"])

    def pictures(self, stage: str = "takes") -> list[Path]:
        """The pictures of a stage in the output folder."""
        folder = self.root / "out" / "portraits" / stage
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def quiet(self) -> None:
        """Run again, and insist that nobody is asked for anything."""
        before = self.service.asked()
        assert as_object(self.told()["calls"])["made"] == 0
        assert self.service.asked() == before


def ends(told: JSONObject) -> list[str]:
    """The takes' states in a run's object, sorted."""
    return sorted(str(as_object(take)["status"]) for take in as_items(told["takes"]))


def made(told: JSONObject) -> int:
    """How many calls a run made."""
    return as_whole(as_object(told["calls"])["made"])


def reasons(told: JSONObject) -> list[str]:
    """The kinds of what went wrong with the takes, sorted, each once."""
    takes = [as_object(take) for take in as_items(told["takes"])]
    return sorted({str(as_object(reason)["kind"]) for take in takes for reason in as_items(take["reasons"])})
