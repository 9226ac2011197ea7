"""Nothing to do: a recipe whose takes are all made, beside doit with all tasks up to date."""

from __future__ import annotations

import json
import os
import subprocess
from functools import partial
from pathlib import Path

from benchmarks.measure import Command, once, ratio, side_by_side
from benchmarks.places import PROGRAM, PYTHON, ROOT, environment, project
from benchmarks.report import heading, table, verdict


def bench(folder: Path, *, times: int) -> None:
    """Print the tables for 1,000 and 10,000 takes."""
    env = environment(folder / "home")
    doit = up_to_date_doit(folder / "doit", count=10_000)
    for takes in (1_000, 10_000):
        recipe = filled(folder / f"takes-{takes}", takes=takes)
        argv = [*PROGRAM, "run", recipe.name, "--yes"]
        again = Command(name=f"run, {takes:,} takes made", argv=argv, folder=recipe.parent, env=env)
        edited = Command(
            name=f"run, {takes:,} takes made, a comment added",
            argv=argv,
            folder=recipe.parent,
            env=env,
            before=partial(comment, recipe),
        )
        plain = Command(name="python -c pass", argv=[PYTHON, "-c", "pass"], folder=folder)
        heading(f"No-op: {takes:,} takes, all made")
        rows = side_by_side([again, edited, doit, plain], times=times)
        table(rows)
        if takes == 1_000:
            verdict("10 × python -c pass", rows[0].wall / rows[3].wall, most=10)
        else:
            verdict("ours ÷ doit", ratio(rows[0], rows[2]), most=1 / 3)
            verdict("peak memory", rows[0].rss, most=100, unit=" MB")


def filled(folder: Path, *, takes: int) -> Path:
    """A recipe whose takes are all in the store; the tiny provider made them."""
    recipe = project(folder, takes=takes)
    env = environment(folder.parent / "home")
    call = [PYTHON, "-m", "benchmarks.tiny", str(recipe), "0", "64"]
    once(Command(name=f"filling {takes:,} takes", argv=call, folder=ROOT, env=env))
    check = [*PROGRAM, "run", recipe.name, "--yes", "--json"]
    said = subprocess.run(check, cwd=folder, env={**os.environ, **env}, check=True, stdout=subprocess.PIPE)
    calls = json.loads(said.stdout)["calls"]
    if calls["made"] or calls["cached"] < takes:
        message = f"the store is not filled: {calls}"
        raise RuntimeError(message)
    return recipe


def comment(recipe: Path) -> None:
    """Change the recipe without changing what it says."""
    with recipe.open("a", encoding="utf-8") as file:
        file.write("# once more\n")


def up_to_date_doit(folder: Path, *, count: int) -> Command:
    """Make `count` file→file tasks and run them once."""
    for name in ("in", "made"):
        (folder / name).mkdir(parents=True)
    for number in range(count):
        (folder / "in" / f"{number:05}.txt").write_text(str(number), encoding="utf-8")
    argv = [PYTHON, "-m", "doit", "-f", str(ROOT / "benchmarks" / "dodo.py"), "-d", "."]
    return Command(name=f"doit, {count:,} tasks up to date", argv=argv, folder=folder)
