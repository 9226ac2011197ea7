"""What the engine adds: 1,000 calls that are answered after 50 ms, 32 at a time."""

from __future__ import annotations

import shutil
from math import ceil
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.measure import side_by_side
from benchmarks.places import PYTHON
from benchmarks.places import ROOT
from benchmarks.places import environment
from benchmarks.places import project
from benchmarks.report import heading
from benchmarks.report import table
from benchmarks.report import verdict

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


def afresh(folder: Path) -> None:
    """Leave nothing of an earlier run but the recipe."""
    for name in (".nano-banana", "out"):
        shutil.rmtree(folder / name, ignore_errors=True)


def empty(folder: Path) -> None:
    """Leave an empty folder."""
    shutil.rmtree(folder)
    folder.mkdir()
