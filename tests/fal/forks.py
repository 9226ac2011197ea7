"""The program in processes of its own that begin in a moment: imported once, forked for each run.

Waits between tries are a fiftieth of what they are, so that many runs fit into a test; nothing else differs from
the real program, which `Workspace.spawn` starts.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from nano_banana.model.json_values import JSONObject, as_items, as_text, as_whole
from tests.screen import Screen
from tests.workspace import PROGRAM, ROOT, unwatched

HASTE = 0.02
PATIENCE = 60.0


class Forked:
    """A run of the program."""

    def __init__(self, ask: Callable[[JSONObject], JSONObject], argv: tuple[str, ...], out: Path, pid: int) -> None:
        self._ask = ask
        self._argv = argv
        self._out = out
        self.pid = pid
        self._code: int | None = None

    def signal(self, number: int) -> Self:
        """Send a signal to the run and to every process that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)
        return self

    def interrupt(self) -> Self:
        """Send the run alone what Ctrl-C sends."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)
        return self

    @property
    def ended(self) -> bool:
        """Whether it has."""
        if self._code is None:
            code = self._ask({"look": self.pid})["code"]
            self._code = None if code is None else as_whole(code)
        return self._code is not None

    def wait(self, *, seconds: float = PATIENCE) -> Screen:
        """Wait for the end; a death by signal N is the exit code -N."""
        end = time.monotonic() + seconds
        while not self.ended:
            if time.monotonic() > end:
                self.signal(signal.SIGKILL)
                pytest.fail(f"{self._argv} did not end\n{self._err()}")
            time.sleep(0.005)
        assert self._code is not None
        out = self._out.read_text(encoding="utf-8")
        return Screen(command=" ".join([PROGRAM, *self._argv]), exit_code=self._code, stdout=out, stderr=self._err())

    def _err(self) -> str:
        return self._out.with_suffix(".err").read_text(encoding="utf-8")


class Forks:
    """The helper that forks; a context manager."""

    def __init__(self, folder: Path, *, faces: bool = False) -> None:
        """With `faces`, runs judge in threads of their own process: beginning workers takes them a second each."""
        self._folder = folder
        self._argv = ["faces"] if faces else []
        self._count = 0
        self._helper: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        """Start it, and let it import the program."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._helper = subprocess.Popen(
            [sys.executable, "-m", "tests.fal.forks", *self._argv],
            env=unwatched({**os.environ, "PYTHONPATH": str(ROOT)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        if self._helper is not None:
            self._helper.communicate()

    def start(self, *argv: str, folder: Path) -> Forked:
        """Run the program in this folder with the environment as it is now."""
        self._count += 1
        out = self._folder / f"{self._count}.out"
        order: JSONObject = {"argv": list(argv), "folder": str(folder), "out": str(out), "env": unwatched(os.environ)}
        return Forked(self._ask, argv, out, as_whole(self._ask(order)["pid"]))

    def _ask(self, order: JSONObject) -> JSONObject:
        helper = self._helper
        assert helper is not None
        assert helper.stdin is not None
        assert helper.stdout is not None
        helper.stdin.write(json.dumps(order) + "\n")
        helper.stdin.flush()
        told: JSONObject = json.loads(helper.stdout.readline())
        return told


def serve(*, faces: bool) -> None:
    """The helper: fork for each order on stdin, tell of the forked when asked."""
    from nano_banana.providers.fal.timing import Clock

    async def hasty(_: Clock, seconds: float) -> None:
        await asyncio.sleep(seconds * HASTE)

    pytest.MonkeyPatch().setattr(Clock, "sleep", hasty)
    if faces:
        _judge_here()
    for line in sys.stdin:
        order: JSONObject = json.loads(line)
        told = _looked(as_whole(order["look"])) if "look" in order else {"pid": _forked(order)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def _judge_here() -> None:
    import cv2  # noqa: F401 - what judging needs, imported once

    import nano_banana.providers.compute.endpoint_table  # noqa: F401 - the same
    from nano_banana.session.store_runner import ProviderFactory
    from tests.stories.hand import Threads

    threads = property(lambda _crew: Threads())
    pytest.MonkeyPatch().setattr(ProviderFactory, "pool", threads)


def _looked(pid: int) -> JSONObject:
    found, status = os.waitpid(pid, os.WNOHANG)
    return {"code": os.waitstatus_to_exitcode(status) if found else None}


def _forked(order: JSONObject) -> int:
    pid = os.fork()
    if pid:
        return pid
    from nano_banana.cli.main import main

    os.setsid()
    out = Path(as_text(order["out"]))
    for number, path in ((1, out), (2, out.with_suffix(".err"))):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT)
        os.dup2(opened, number)
        os.close(opened)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    environment = order["env"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(as_text(order["folder"]))
    sys.argv = [PROGRAM, *map(str, as_items(order["argv"]))]
    main()
    raise AssertionError  # it leaves by itself


if __name__ == "__main__":
    serve(faces="faces" in sys.argv)
