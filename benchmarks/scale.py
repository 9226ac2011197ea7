"""Plans of 10,000 and 100,000 takes with nothing made: memory, and whether time is linear."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Command, side_by_side
from benchmarks.places import PROGRAM, environment, project
from benchmarks.report import heading, table, verdict


def bench(folder: Path, *, times: int) -> None:
    """Print the table; a plan of one take stands for what does not grow."""
    env = environment(folder / "home")
    recipes = {takes: project(folder / f"plan-{takes}", takes=takes) for takes in (1, 10_000, 100_000)}
    commands = [
        Command(name=f"plan, {takes:,} takes", argv=[*PROGRAM, "plan", recipe.name], folder=recipe.parent, env=env)
        for takes, recipe in recipes.items()
    ]
    one, some, many = side_by_side(commands, times=max(1, times // 2))
    heading("Scale: plans with nothing made")
    table([one, some, many])
    verdict("ten times the takes ÷ ten times the time", (many.wall - one.wall) / (some.wall - one.wall) / 10, most=1.15)
    verdict("peak memory", many.rss, most=400, unit=" MB")
