"""A run as it happens: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nano_banana.cli.amounts import duration, spent
from nano_banana.cli.cells import visible
from nano_banana.cli.screen import Screen
from nano_banana.cli.tally import Tally
from nano_banana.cli.words.index import fill, wording
from nano_banana.core.news import News, Watcher

if TYPE_CHECKING:
    from rich.table import Table

EVERY_SECONDS = 1.0
FRAMES_PER_SECOND = 8
SAID = 40
"""Characters of a service's last line that are shown."""

Clock = Callable[[], float]


@contextmanager
def progress(screen: Screen, *, clock: Clock = time.monotonic) -> Iterator[Watcher]:
    """Show the news that the watcher is told, on the screen's `err`, until the block ends.

    `clock` tells seconds from any start. A watcher only counts; drawing is a clock's business, not an event's.
    """
    if not screen.lively:
        plain = PlainView(screen, clock)
        yield plain.watch
        plain.close()
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(file=screen.err, width=screen.width, no_color=not screen.colored(screen.err), highlight=False)
    view = LiveView(console.print, clock)
    with Live(
        get_renderable=view.table,
        console=console,
        refresh_per_second=FRAMES_PER_SECOND,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield view.watch


class PlainView:
    """One line a second at most, and one for every failure and note."""

    def __init__(self, screen: Screen, clock: Clock) -> None:
        """Write to the screen's remarks."""
        self._screen = screen
        self._clock = clock
        self._start = clock()
        self._next = self._start + EVERY_SECONDS
        self._tally = Tally()
        self._last = ""

    def watch(self, news: News) -> None:
        """Count the news; write a line when it is time."""
        self._tally.add(news)
        line = remark(news)
        if line:
            self._screen.note(line)
        now = self._clock()
        if now >= self._next:
            self._next = now + EVERY_SECONDS
            self._write(now)

    def close(self) -> None:
        """Write how it ended, if that was not said yet."""
        self._write(self._clock())

    def _write(self, now: float) -> None:
        counts = state(self._tally)
        if counts and counts != self._last:
            self._last = counts
            self._screen.note(f"{counts} · {duration(now - self._start)}")


class LiveView:
    """A table that is drawn anew from the tally, several times a second, by whoever draws."""

    def __init__(self, write: Callable[[str], object], clock: Clock) -> None:
        """`write` prints a line above the table."""
        self._write = write
        self._clock = clock
        self._start = clock()
        self._tally = Tally()

    def watch(self, news: News) -> None:
        """Count the news."""
        self._tally.add(news)
        line = remark(news)
        if line:
            from rich.markup import escape

            self._write(escape(line))

    def table(self) -> Table:
        """The counts as they are now, a stage a row, and the sum below."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for stage, count in list(self._tally.stages.items()):
            bar = ProgressBar(total=max(count.total, 1), completed=count.done, width=24)
            table.add_row(
                Text(visible(stage)), bar, Text(f"{count.done}/{count.total}"), Text(_details(self._tally, stage))
            )
        elapsed = duration(self._clock() - self._start)
        table.add_row(
            Text(elapsed, style="dim"),
            "",
            Text(spent(self._tally.cost_usd, self._tally.unknown_costs), style="dim"),
            "",
        )
        return table


def state(tally: Tally) -> str:
    """The tally in one line: `takes 7/16 (4 cached, 2 running, 1 failed) · $0.14`; empty without calls."""
    parts = []
    for stage, count in tally.stages.items():
        details = _details(tally, stage)
        parts.append(f"{visible(stage)} {count.done}/{count.total}" + (f" ({details})" if details else ""))
    cost = spent(tally.cost_usd, tally.unknown_costs)
    if parts and cost:
        parts.append(cost)
    return " · ".join(parts)


def remark(news: News) -> str:
    """What a failure or a note says in a line of its own; empty for other news."""
    if news.kind not in {"node_failed", "note"}:
        return ""
    kind = news.data.get("kind")
    said = fill(wording(str(kind)).say, news.data) if kind else ""
    name = news.node or news.stage
    said = " ".join(f"{name}: {said}".split()) if name and said else name or said
    return visible(f"failed: {said}" if news.kind == "node_failed" else said)


def _details(tally: Tally, stage: str) -> str:
    count = tally.stages[stage]
    named = [(count.cached, "cached"), (count.running, "running"), (count.failed, "failed")]
    counts = ", ".join(f"{number:,} {name}" for number, name in named if number)
    said = visible(count.said)[:SAID] if count.running else ""
    return f"{counts}: {said}" if said else counts
