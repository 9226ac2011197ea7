"""The tables that a benchmark prints."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measure import Series


def heading(text: str) -> None:
    """Begin a benchmark."""
    print(f"\n{text}\n{'-' * len(text)}")


def table(rows: Sequence[Series]) -> None:
    """Print one line a command."""
    wide = max(len(row.name) for row in rows)
    print(f"{'':{wide}}  {'median':>9} {'min':>9} {'max':>9} {'cpu':>9} {'peak':>9}")
    for row in rows:
        walls = f"{row.wall:8.3f}s {min(row.walls):8.3f}s {max(row.walls):8.3f}s"
        print(f"{row.name:{wide}}  {walls} {row.cpu:8.3f}s {row.rss:6.0f} MB")


def verdict(what: str, value: float, *, most: float, unit: str = "") -> None:
    """Say whether a figure keeps its target."""
    print(f"{'ok  ' if value <= most else 'OVER'} {what}: {value:.3g}{unit} (at most {most:.3g}{unit})")
