"""Runs whole processes and says what they took; knows nothing of what they do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in one unit of `ru_maxrss`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line, where it runs, and what is done before each run (not measured)."""

    name: str
    argv: Sequence[str]
    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One run: seconds by the clock, seconds of CPU (children included), peak bytes of its largest process."""

    wall: float
    cpu: float
    rss: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Some runs of one command."""

    name: str
    samples: Sequence[Sample]

    @property
    def walls(self) -> list[float]:
        """Seconds by the clock, in the order of the runs."""
        return [sample.wall for sample in self.samples]

    @property
    def wall(self) -> float:
        """The median."""
        return median(self.walls)

    @property
    def cpu(self) -> float:
        """The median, in seconds."""
        return median(sample.cpu for sample in self.samples)

    @property
    def rss(self) -> float:
        """The highest peak, in MB (10⁶ bytes)."""
        return max(sample.rss for sample in self.samples) / 1e6


def once(command: Command) -> Sample:
    """Run a command to its end. Raises RuntimeError, with what it said, where it fails.

    The kernel counts the parent's size at the fork into the child's peak, so this process stays small.
    """
    command.before()
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        with subprocess.Popen(
            command.argv,
            cwd=command.folder,
            env={**os.environ, **command.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        ) as process:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            message = f"{command.name}: exit {process.returncode}\n{said.read().decode(errors='replace')[-2000:]}"
            raise RuntimeError(message)
    return Sample(wall=wall, cpu=usage.ru_utime + usage.ru_stime, rss=usage.ru_maxrss * MAXRSS_UNIT)


def side_by_side(commands: Sequence[Command], *, times: int) -> list[Series]:
    """Run commands in turn, `times` rounds after one that does not count: what disturbs one disturbs all."""
    for command in commands:
        once(command)
    rounds = [[once(command) for command in commands] for _ in range(times)]
    return [
        Series(name=command.name, samples=[samples[number] for samples in rounds])
        for number, command in enumerate(commands)
    ]


def ratio(ours: Series, theirs: Series) -> float:
    """The median of ours ÷ theirs, pair by pair."""
    return median(our / their for our, their in zip(ours.walls, theirs.walls, strict=True))
