"""Chaos for single commands: each recipe is in memory, and dies with its process; its requests do not.

`NANO_BANANA_CHAOS` is how many seeded runs there are (a sixth of it here: every command is run to its end).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, as_items, as_object
from tests.fal.books import agree
from tests.fal.forks import Forked, Forks
from tests.fal.project import KEY, FalProject, made
from tests.fal.test_chaos import Chaos
from tests.workspace import Workspace

RUNS = int(os.environ.get("NANO_BANANA_CHAOS", "12"))
SEEDS = [int(os.environ["NANO_BANANA_SEED"])] if "NANO_BANANA_SEED" in os.environ else range(1, max(2, RUNS // 6) + 1)

COMMANDS = {
    ("fine-tune", "ana"): ("fine-tune", "--images-dir", "photos/ana", "--name", "ana", "--trigger", "anqz7"),
    ("generate", "ana"): ("generate", "--model", "ana", "--prompt", "at the sea", "--count", "3"),
    ("generate", ""): ("generate", "--prompt", "an empty street", "--count", "2", "--using", "fal-ai/flux/dev"),
    ("edit", ""): ("edit", "photos/ana/01.jpg", "--prompt", "at night"),
    ("upscale", ""): ("upscale", "photos/ana/01.jpg", "photos/ana/02.jpg"),
}
"""By the recipe and the subject that their requests are booked under. The second needs what the first one trains."""


@pytest.fixture(scope="module")
def chaotic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A server for chaos alone."""
    options = EmulatorOptions(pictures="plain", seconds=0.05, concurrency=3)
    with Emulator(tmp_path_factory.mktemp("chaotic"), options) as server:
        yield server


@pytest.mark.parametrize("seed", SEEDS)
def test_after_any_chaos_each_command_has_its_own_and_nothing_was_bought_twice(
    chaotic: Emulator, forks: Forks, workspace: Workspace, seed: int
) -> None:
    project = FalProject(workspace, chaotic)
    project.service.turn("reset")
    try:
        Commands(project, forks, seed).play()
    except BaseException:
        print(f"to play it alone: NANO_BANANA_SEED={seed} pytest {Path(__file__).name}")  # noqa: T201 - pytest shows it
        raise
    finally:
        project.service.close()


class Commands(Chaos):
    """A bad day of one command after another, now and then the same one twice at once."""

    foreseen = Chaos.foreseen | {2}
    """Nothing is on the shelf yet."""

    _argv: tuple[str, ...] = ()

    def play(self) -> None:
        """Trouble, then peace for each of them, then the reckoning."""
        self.project.trained()
        for _ in range(self.dice.randint(3, 6)):
            # One that comes to its end soon leaves little to spoil: the first and the dearest come often.
            self._argv = self.dice.choice([*COMMANDS.values(), *list(COMMANDS.values())[:2]])
            self._trouble()
            agree(self.project)
        self.service.faultless()
        for self._argv in COMMANDS.values():
            self._settle()
        self._reckon_all()

    def _start(self, *argv: str) -> Forked:
        return self._forks.start(*self._argv, "--provider", "fal", *argv, folder=self.project.root)

    def _settle(self) -> None:
        """What was lost is found, or bought again where somebody says so; then all of it is there."""
        told = self._run()
        for _ in range(4):
            if told["status"] != "done":
                told = self._run("--resubmit")
        assert told["status"] == "done", told
        agree(self.project)

    def _reckon_all(self) -> None:
        tickets = self.project.tickets()
        assert {str(ticket["state"]) for ticket in tickets}.isdisjoint({"sending", "sent", "unknown"})
        assert {(str(ticket["recipe"]), str(ticket["subject"])) for ticket in tickets} == set(COMMANDS)
        (shelved,) = self._models()
        assert (shelved["reference"], shelved["subject"]) == ("ana@1", "ana")
        assert self._models("--store", ".nano-banana") == []
        pictures = [path for path in self.project.root.glob("out/*/pictures/*") if path.suffix in {".png", ".jpg"}]
        assert len(pictures) == 3 + 2 + 1 + 2
        before = self.service.asked()
        for self._argv in COMMANDS.values():
            assert made(self._run()) == 0
        assert self.service.asked() == before
        verified = self.project.workspace.json("cache", "verify")
        assert (verified["damaged"], verified["missing"]) == ([], [])
        for path in self.project.root.rglob("*"):
            assert not path.is_file() or KEY.partition(":")[2].encode() not in path.read_bytes(), path

    def _models(self, *argv: str) -> list[JSONObject]:
        return [as_object(each) for each in as_items(self.project.workspace.json("models", *argv)["models"])]
