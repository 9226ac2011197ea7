"""A loss of power at any step of a run, on a disk that forgets what was not synced.

`NANO_BANANA_CHAOS` is how many seeded stories there are. A seed that fails says how to play it alone.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, as_items, as_object
from tests.crash.aftermath import check_store, restore_stamps
from tests.crash.disk import Disk, Loss, read_journal
from tests.fal.books import agree
from tests.fal.forks import Forks
from tests.fal.project import FalProject, ends, made
from tests.screen import Screen
from tests.workspace import Workspace

RUNS = int(os.environ.get("NANO_BANANA_CHAOS", "12"))
CHUNK = 10
STEPS = 420
"""About as many steps as a run has."""
STORE = ".nano-banana/rehearsal"
SEEDS = [int(os.environ["NANO_BANANA_SEED"])] if "NANO_BANANA_SEED" in os.environ else list(range(1, RUNS + 1))


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A server for these runs alone."""
    with Emulator(tmp_path_factory.mktemp("emulator"), EmulatorOptions(pictures="plain", seconds=0.01)) as server:
        yield server


@pytest.mark.parametrize("first", range(0, len(SEEDS), CHUNK))
def test_after_a_loss_of_power_everything_promised_is_there_and_nothing_was_bought_twice(
    emulator: Emulator, recorded: Forks, recorder: Path, tmp_path: Path, first: int
) -> None:
    for seed in SEEDS[first : first + CHUNK]:
        with pytest.MonkeyPatch.context() as patch:
            folder = tmp_path / str(seed)
            folder.mkdir()
            project = FalProject(Workspace(folder, patch), emulator)
            project.workspace.env(LD_PRELOAD=str(recorder))
            project.service.turn("reset")
            try:
                Outage(project, recorded, Random(seed)).play()
                project.service.close()
            except BaseException:
                print(f"to play it alone: NANO_BANANA_SEED={seed} pytest {Path(__file__).name}")  # noqa: T201 - pytest shows it
                raise


class Outage:
    """A project on a disk that loses power."""

    def __init__(self, project: FalProject, forks: Forks, dice: Random) -> None:
        self.project = project
        self._forks = forks
        self._dice = dice
        self._journals = 0
        self._was_done = False

    def play(self) -> None:
        """A run or two that end with the power, then one that ends well, and the reckoning."""
        if self._dice.random() < 0.3:
            self.project.trained()
        for _ in range(self._dice.randint(1, 2)):
            self._outage()
            agree(self.project)
            check_store(self.project.root / STORE)
        told = self._ran().json
        if told["status"] != "done":
            # Requests that were about to be sent: only a person knows whether to send them again.
            lost = [ticket for ticket in self.project.tickets() if ticket["state"] in {"sending", "unknown"}]
            assert as_object(told["calls"])["unknown"] == len(lost) > 0, told
            told = self._run("--resubmit")
        assert told["status"] == "done", told
        assert ends(told) == ["done"] * 4
        assert not (self._was_done and made(told)), told
        self._look_at_pictures()
        agree(self.project)
        verified = self.project.workspace.json("cache", "verify")
        assert (verified["damaged"], verified["missing"]) == ([], [])
        before = self.project.service.asked()
        assert made(self._run()) == 0
        assert self.project.service.asked() == before

    def _outage(self) -> None:
        root = self.project.root
        disk = Disk(root)
        self._journals += 1
        journal = root.parent / f"{self._journals}.journal"
        after = self._dice.randint(1, STEPS)
        self.project.workspace.env(CRASH_ROOT=str(root), CRASH_JOURNAL=str(journal), CRASH_AFTER=str(after))
        screen = self._ran()
        assert screen.exit_code in {0, -signal.SIGKILL}, screen.text
        os.environ.pop("CRASH_JOURNAL")
        self._was_done = self._was_done or screen.exit_code == 0
        inodes = disk.play(read_journal(journal)).build(root, self._dice.choice(list(Loss)), self._dice)
        restore_stamps(root / STORE, inodes)

    def _look_at_pictures(self) -> None:
        """Insist that the output folder has every take as it came from the service."""
        folder = self.project.root / "out/portraits"
        for take in map(as_object, as_items(json.loads((folder / "manifest.json").read_text())["takes"])):
            digest = str(take["sha256"])
            blob = self.project.root / STORE / "blobs" / digest[:2] / digest[2:]
            with Image.open(folder / str(take["path"])) as shown, Image.open(blob) as kept:
                assert shown.tobytes() == kept.tobytes()

    def _run(self, *argv: str) -> JSONObject:
        screen = self._ran(*argv)
        assert screen.exit_code == 0, screen.text
        return screen.json

    def _ran(self, *argv: str) -> Screen:
        screen = self._forks.start("run", *argv, "--json", folder=self.project.root).wait()
        return screen.hides("Traceback", "this is a bug")
