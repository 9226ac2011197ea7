"""How long until the first word: `--help` beside an import of click."""

from __future__ import annotations

from pathlib import Path

from benchmarks.measure import Command, ratio, side_by_side
from benchmarks.places import PROGRAM, PYTHON, environment
from benchmarks.report import heading, table, verdict


def bench(folder: Path, *, times: int) -> None:
    """Print the table."""
    env = environment(folder / "home")

    def command(name: str, *argv: str) -> Command:
        return Command(name=name, argv=argv, folder=folder, env=env)

    rows = side_by_side(
        [
            command("nano-banana --help", *PROGRAM, "--help"),
            command("nano-banana --version", *PROGRAM, "--version"),
            command('python -c "import click"', PYTHON, "-c", "import click"),
            command("python -c pass", PYTHON, "-c", "pass"),
        ],
        times=4 * times,
    )
    heading("Start-up")
    table(rows)
    verdict("--help ÷ import click", ratio(rows[0], rows[2]), most=2)
