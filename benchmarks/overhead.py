"""What the engine adds: 1,000 calls that are answered after 50 ms, 32 at a time."""

from __future__ import annotations

import os
from math import ceil
from pathlib import Path

from benchmarks.measure import Command, side_by_side
from benchmarks.places import PYTHON, ROOT, environment, project
from benchmarks.report import heading, table, verdict

CALLS, SECONDS, ABREAST = 1_000, 0.05, 32
IDEAL = CALLS / ABREAST * SECONDS


def bench(folder: Path, *, times: int) -> None:
    """Print the table; start-up is the same program with one call that is answered at once."""
    env = environment(folder / "home")
    many = project(folder / "many", takes=CALLS)
    one = project(folder / "one", takes=1)
    made = folder / "made"
    made.mkdir()

    def tiny(name: str, recipe: Path, seconds: float) -> Command:
        argv = [PYTHON, "-m", "benchmarks.tiny", str(recipe), str(seconds), str(ABREAST)]
        return Command(name=name, argv=argv, folder=ROOT, env=env, before=lambda: afresh(recipe.parent))

    def other(name: str, *argv: str, **extra: str) -> Command:
        return Command(name=name, argv=[PYTHON, *argv], folder=folder, env=extra, before=lambda: empty(made))

    dodo = ["-m", "doit", "-f", str(ROOT / "benchmarks" / "dodo.py"), "-d", ".", "--db-file", "made/.doit"]
    bare = str(ROOT / "benchmarks" / "bare.py")
    rows = side_by_side(
        [
            tiny(f"{CALLS:,} takes", many, SECONDS),
            tiny("1 take, no wait", one, 0),
            other(
                "doit -n 32 -P thread",
                *dodo,
                "-n",
                str(ABREAST),
                "-P",
                "thread",
                BENCH_TASK="wait",
                BENCH_WAITS=str(CALLS),
            ),
            other("bare asyncio", bare, str(CALLS), str(SECONDS), str(ABREAST)),
        ],
        times=times,
    )
    heading(f"Overhead: {CALLS:,} calls of {SECONDS * 1000:.0f} ms, {ABREAST} at a time")
    table(rows)
    print(f"ideal {IDEAL:.4f}s; {ceil(CALLS / ABREAST)} whole rounds take {ceil(CALLS / ABREAST) * SECONDS:.2f}s")
    ours, start = rows[0], rows[1]
    verdict("beyond start-up ÷ ideal", (ours.wall - start.wall) / IDEAL, most=1.10)
    verdict("CPU a call", (ours.cpu - start.cpu) / CALLS * 1000, most=0.5, unit=" ms")
    print(f"of which making a call's two files takes this file system {2 * a_file(folder) * 1000:.3f} ms")


def a_file(folder: Path) -> float:
    """Seconds of CPU that it takes here to make one small file."""
    floor = folder / "floor"
    floor.mkdir()
    before = os.times()
    for number in range(CALLS):
        (floor / str(number)).write_bytes(b"x" * 300)
    after = os.times()
    return (after.user - before.user + after.system - before.system) / CALLS


def afresh(folder: Path) -> None:
    """Put aside what an earlier run left but the recipe.

    Deleting it would charge the next run: for half a minute ext4 makes files slowly where many were deleted.
    """
    for name in (".nano-banana", "out"):
        aside(folder / name)


def empty(folder: Path) -> None:
    """Leave an empty folder."""
    aside(folder)
    folder.mkdir()


def aside(path: Path) -> None:
    """Move a folder out of the way, if it is there."""
    if path.exists():
        number = sum(1 for _ in path.parent.glob(f"{path.name}.old-*"))
        path.rename(path.with_name(f"{path.name}.old-{number}"))
