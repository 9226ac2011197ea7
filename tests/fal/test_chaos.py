"""Chaos: faults, kill -9 and Ctrl-C at random; nothing is bought twice.

`NANO_BANANA_CHAOS` is how many seeded runs there are. A seed that fails says how to play it alone.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, as_object
from tests.fal.books import agree
from tests.fal.forks import Forked, Forks
from tests.fal.project import FalProject, ends
from tests.screen import Screen
from tests.workspace import Workspace

RUNS = int(os.environ.get("NANO_BANANA_CHAOS", "12"))
CHUNK = 10
SEEDS = [int(os.environ["NANO_BANANA_SEED"])] if "NANO_BANANA_SEED" in os.environ else list(range(1, RUNS + 1))

FAULTS: list[JSONObject] = [
    {"kind": "drop-after-accept"},
    {"kind": "drop-before-accept"},
    {"kind": "hang", "arg": "0.2"},
    {"kind": "hang-before", "arg": "0.2"},
    {"kind": "nginx-after"},
    {"kind": "nginx"},
    {"kind": "429", "arg": "1"},
    {"kind": "5xx", "arg": "503"},
    {"kind": "5xx", "arg": "500"},
    {"kind": "401"},
    {"kind": "balance"},
    {"kind": "completed-with-error", "arg": "runner_disconnected"},
    {"kind": "422", "arg": "content_policy_violation"},
    {"kind": "422", "arg": "file_download_error"},
    {"kind": "nsfw"},
    {"kind": "expired"},
    {"kind": "slow", "arg": "0.3"},
    {"kind": "reorder", "arg": "0.3"},
    {"kind": "no-units"},
    {"kind": "no-logs", "on": "stream"},
    {"kind": "odd-status", "on": "stream"},
    {"kind": "stream-drop"},
    {"kind": "stream-404"},
    *({"kind": kind, "on": "download"} for kind in ("truncated", "corrupt", "drop-before-accept", "nginx", "5xx")),
    *({"kind": kind, "on": "result"} for kind in ("drop-after-accept", "nginx", "429", "5xx", "403")),
    *({"kind": kind, "on": "status"} for kind in ("drop-after-accept", "nginx", "429", "5xx", "no-logs", "odd-status")),
    *({"kind": kind, "on": "upload"} for kind in ("drop-after-accept", "nginx", "429", "5xx")),
    *({"kind": kind, "on": "api"} for kind in ("drop-after-accept", "403", "5xx")),
    *({"kind": kind, "on": "cancel"} for kind in ("drop-after-accept", "nginx")),
]


@pytest.fixture(scope="module")
def chaotic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A server for chaos alone."""
    options = EmulatorOptions(pictures="plain", seconds=0.05, concurrency=3)
    with Emulator(tmp_path_factory.mktemp("chaotic"), options) as server:
        yield server


@pytest.mark.parametrize("first", range(0, len(SEEDS), CHUNK))
def test_after_any_chaos_everything_is_there_and_nothing_was_bought_twice(
    chaotic: Emulator, forks: Forks, tmp_path: Path, first: int
) -> None:
    for seed in SEEDS[first : first + CHUNK]:
        with pytest.MonkeyPatch.context() as patch:
            folder = tmp_path / str(seed)
            folder.mkdir()
            project = FalProject(Workspace(folder, patch), chaotic)
            project.service.turn("reset")
            try:
                Chaos(project, forks, seed).play()
            except BaseException:
                print(f"to play it alone: NANO_BANANA_SEED={seed} pytest {Path(__file__).name}")  # noqa: T201 - pytest shows it
                raise
            finally:
                project.service.close()


class Chaos:
    """One project's bad day. `faults` are what may go wrong, `foreseen` the exit codes that it may have."""

    faults: Sequence[JSONObject] = FAULTS
    foreseen = frozenset({0, 1, 4, 130, -signal.SIGKILL, -signal.SIGINT})

    def __init__(self, project: FalProject, forks: Forks, seed: int) -> None:
        self.project = project
        self.service = project.service
        self.dice = Random(seed)
        self._forks = forks
        self._said: list[Screen] = []

    def play(self) -> None:
        """Trouble, then peace, then the reckoning."""
        if self.dice.random() < 0.4:
            self.project.trained()
        self.project.limits(f"{{parallel: {{image: {self.dice.randint(1, 6)}}}}}")
        for _ in range(self.dice.randint(1, 3)):
            self._trouble()
            agree(self.project)
        self._peace()

    def _trouble(self) -> None:
        self.service.faultless()
        for fault in self.dice.sample(self.faults, self.dice.randint(0, 4)):
            chance, seed = self.dice.choice([0.2, 0.5, 1.0]), self.dice.randrange(1 << 30)
            times = self.dice.choice([1, 1, 2, 4, None if chance < 1 else 8])
            rule = {**fault, "chance": chance, "seed": seed, "times": times}
            self.service.control("POST", "faults", [rule])
        count = 2 if self.dice.random() < 0.25 else 1
        running = [self._start("--json") for _ in range(count)]
        for one in running:
            self._disturb(one)
        for one in running:
            self._calm(one.wait())

    def _disturb(self, one: Forked) -> None:
        deed = self.dice.choice(["kill", "kill", "kill", "interrupt", "insist", "nothing"])
        if deed == "nothing":
            return
        self._moment(one)
        if deed == "kill":
            one.signal(signal.SIGKILL)
            return
        one.interrupt()
        if deed == "insist":
            time.sleep(self.dice.uniform(0.0, 0.2))
            one.interrupt()

    def _moment(self, one: Forked) -> None:
        """Wait: until so many requests were accepted, or until one was asked for something, and a little longer."""
        name, least = self.dice.choice([("accepted", 1), ("accepted", 3), ("download", 1), ("submit", 2)])
        before = self.service.count(name)
        end = time.monotonic() + self.dice.uniform(0.1, 0.8)
        while time.monotonic() < end and not one.ended and self.service.count(name) < before + least:
            time.sleep(0.004)
        time.sleep(self.dice.uniform(0.0, 0.08))

    def _peace(self) -> None:
        self.service.faultless()
        told = self._run()
        if told["status"] != "done":
            told = self._run()
        read = agree(self.project)
        lost = [ticket for ticket in read.tickets if ticket["state"] in {"sending", "unknown"}]
        assert as_object(told["calls"])["unknown"] == len(lost), told
        arrived = any(ticket["request_id"] for ticket in lost)  # and its result is gone: a person decides
        if lost and not arrived and not read.strangers and self.dice.random() < 0.5:
            # None of them arrived, and after a while the history proves it: nobody has to decide.
            self.project.age(7 * 3600)
            self.project.edit("limits: {", "limits: {resend_unknown: always, ")
            told = self._run()
            assert told["status"] == "done", told
        for _ in range(3):
            if told["status"] != "done":
                told = self._run("--resubmit")
        self._reckon(told)
        agree(self.project)
        assert {ticket["state"] for ticket in self.project.tickets()}.isdisjoint({"sending", "sent", "unknown"})
        verified = self.project.workspace.json("cache", "verify")
        assert (verified["damaged"], verified["missing"]) == ([], [])
        before = self.service.asked()
        assert as_object(self._run()["calls"])["made"] == 0
        assert self.service.asked() == before

    def _reckon(self, told: JSONObject) -> None:
        """Insist that all takes are there."""
        assert ends(told) == ["done"] * 4

    def _run(self, *argv: str) -> JSONObject:
        screen = self._calm(self._start(*argv, "--json").wait())
        assert screen.exit_code in {0, 1}, screen.text
        return screen.json

    def _start(self, *argv: str) -> Forked:
        return self._forks.start("run", *argv, folder=self.project.root)

    def _calm(self, screen: Screen) -> Screen:
        """Insist that it ended in a way that is foreseen."""
        screen.hides("Traceback", "this is a bug")
        assert screen.exit_code in self.foreseen, screen.text
        return screen
