"""A long run on a service that is seldom well: nothing is lost, doubled or leaked.

`NANO_BANANA_SOAK` is how many takes there are, in hundreds.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmarks.emulator import Server, emulator
from nano_banana.model.json_values import JSONObject, as_number, as_object, as_whole
from tests.fal.project import KEY
from tests.workspace import ROOT, Workspace, unwatched

TAKES = int(os.environ.get("NANO_BANANA_SOAK", "3000"))
RUNS = 3
ABREAST = 32
SOCKETS = 3 * ABREAST
"""The most files and sockets that a run may have open: streams, downloads, the store, and what is idle."""

KEPT = 14_000
"""Bytes that a run may keep of each take until its reports are written.

Measured with 20,000 takes: 6 kB on a machine with nothing else to do, in steps of 20 MB; 10 kB on a busy one. A
response or a picture that were not let go would be more.
"""

RECIPE = f"""
nano_banana: 1
name: soak
provider: fal
limits: {{parallel: {{image: {ABREAST}}}}}
axes:
  scene: [{", ".join(f"place {number:04}" for number in range(TAKES // 100))}]
templates:
  plain: "a portrait in {{{{ scene }}}}"
shots:
  many: {{template: plain, matrix: {{scene: all}}, seeds: {{count: 100}}}}
stages:
  - {{id: takes, generate: many, using: fal-ai/flux/dev}}
"""

FAULTS: list[JSONObject] = [
    {"kind": "429", "arg": "1", "chance": 0.005},
    {"kind": "5xx", "arg": "503", "chance": 0.01},
    {"kind": "drop-after-accept", "chance": 0.001},
    {"kind": "completed-with-error", "arg": "runner_disconnected", "chance": 0.01},
    {"kind": "stream-drop", "chance": 0.02},
    {"kind": "drop-before-accept", "on": "stream", "chance": 0.01},
    {"kind": "no-logs", "on": "stream", "chance": 0.02},
    {"kind": "5xx", "on": "result", "arg": "503", "chance": 0.005},
    {"kind": "nginx", "on": "result", "chance": 0.005},
    {"kind": "drop-after-accept", "on": "result", "chance": 0.01},
    {"kind": "truncated", "chance": 0.02},
    {"kind": "corrupt", "chance": 0.01},
    {"kind": "wrong-type", "chance": 0.005},
    {"kind": "drop-before-accept", "on": "download", "chance": 0.01},
]
"""A few per cent of requests go wrong in a way that needs no person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A process at a moment: bytes in memory, files and sockets that are open, and takes accepted by then."""

    rss: int
    files: int
    takes: int


@pytest.mark.slow
def test_a_long_run_on_a_bad_service_loses_doubles_and_leaks_nothing(workspace: Workspace) -> None:
    workspace.write("recipe.yaml", RECIPE)
    with emulator(seconds=0.01, environment=unwatched({**os.environ, "PYTHONPATH": str(ROOT)})) as server:
        server.ask("POST", "faults", [{**fault, "times": None, "seed": at} for at, fault in enumerate(FAULTS)])
        looks = [run(workspace, server)]
        while len(workspace.files("out/soak/takes/*")) < TAKES and len(looks) < RUNS:
            looks.append(run(workspace, server))
        assert len(workspace.files("out/soak/takes/*")) == TAKES
        reckoned(server.ask("GET", "counts"))
    steady(looks[0])


def run(workspace: Workspace, server: Server) -> list[Look]:
    """Run it in a process of its own, and look at that every half second."""
    env = unwatched({**os.environ, **server.environment, "FAL_KEY": KEY, "PYTHONPATH": str(ROOT)})
    argv = [sys.executable, "-m", "nano_banana", "run", "--yes"]
    looks = []
    said = workspace.path("said.txt")
    with said.open("w") as file, subprocess.Popen(argv, cwd=workspace.root, env=env, stderr=file) as process:
        while process.poll() is None:
            time.sleep(0.5)
            seen = look(process.pid, as_whole(server.ask("GET", "counts")["accepted"]))
            looks += [] if seen is None else [seen]
    assert process.returncode in (0, 1), said.read_text(encoding="utf-8")[-2000:]
    return looks


def look(pid: int, takes: int) -> Look | None:
    """None where the system does not tell, or the process has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        files = sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None
    rss = next((line for line in status if line.startswith("VmRSS")), None)
    return None if rss is None else Look(rss=int(rss.split()[1]) * 1024, files=files, takes=takes)


def reckoned(counts: JSONObject) -> None:
    """Every request more than there are takes is one that failed and was not billed; the faults did strike."""
    assert as_whole(counts["distinct"]) == TAKES
    assert as_whole(counts["accepted"]) - TAKES == as_whole(counts["failed"])
    assert as_whole(counts["billed"]) == as_whole(counts["completed"]) == TAKES
    struck = as_object(counts["faults"])
    assert len(struck) >= 8
    assert sum(as_number(number) for number in struck.values()) > 0.05 * TAKES


def steady(looks: Sequence[Look]) -> None:
    """In the last third of a run nothing grows but what is kept of each take."""
    under_way = [one for one in looks if 0.1 * TAKES < one.takes < TAKES]
    if len(under_way) < 6:
        pytest.skip("too quick, or a system that does not say")
    first, last = under_way[2 * len(under_way) // 3], under_way[-1]
    grown = last.rss - first.rss
    assert grown < max(0.1 * first.rss, KEPT * (last.takes - first.takes)), (first, last)
    assert max(one.files for one in under_way) <= SOCKETS
    assert last.files <= max(one.files for one in under_way[: len(under_way) // 3]) + 16
