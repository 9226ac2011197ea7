"""A run in progress: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from msgspec import Struct

from nano_banana.cli.diagnostics import fill_message, message_for
from nano_banana.cli.formatting import duration, spent_text, visible
from nano_banana.cli.screen import Screen
from nano_banana.model.event import Event, EventHandler

if TYPE_CHECKING:
    from rich.table import Table


PHASE_TEXTS = {
    "uploading": "uploading",
    "unreachable": "no connection, retrying",
    "busy": "fal is busy, retrying",
    "looking": "searching fal's history",
}
"""Text for a call that is not in the provider's queue yet, or was lost."""


class StageCounts(Struct):
    """Counts of one stage's calls."""

    planned: int = 0
    cached: int = 0
    started: int = 0
    made: int = 0
    failed: int = 0
    said: str = ""
    """The last line in the provider's log."""

    @property
    def done(self) -> int:
        """Finished calls."""
        return self.cached + self.made + self.failed

    @property
    def running(self) -> int:
        """Calls in progress."""
        return max(self.started - self.made - self.failed, 0)

    @property
    def total(self) -> int:
        """All known calls; stages with retries may exceed the plan."""
        return max(self.planned, self.done + self.running)


class CallTally:
    """Counts events; adding one takes about a microsecond."""

    def __init__(self) -> None:
        """Start with empty counts."""
        self.stages: dict[str, StageCounts] = {}
        self.cost_usd = 0.0
        self.unknown_costs = 0

    def add(self, news: Event) -> None:
        """Count one event."""
        count = self.stages.get(news.stage)
        if count is None:
            if news.kind in {"note", "node_done", "node_failed", "progress"}:
                return
            count = self.stages[news.stage] = StageCounts()
        match news.kind:
            case "planned" | "cached" | "running" | "made" | "failed":
                name = "started" if news.kind == "running" else news.kind
                setattr(count, name, getattr(count, name) + news.count)
            case "progress":
                count.said = phase_text(news) or ("" if count.said in PHASE_TEXTS.values() else count.said)
            case _:
                pass
        if news.kind in {"made", "failed"}:
            self.cost_usd += news.cost_usd or 0.0
            self.unknown_costs += news.count if news.cost_usd is None else 0


def phase_text(news: Event) -> str:
    """A call's progress at the provider in a few words; empty if there is nothing new."""
    phase, position, log = (news.data.get(name) for name in ("phase", "position", "log"))
    if phase == "queued":
        return f"queue position {position}" if position else "queued"
    if phase == "running":
        return str(log or "")
    return PHASE_TEXTS.get(str(phase), "")


LINE_INTERVAL = 1.0
FRAMES_PER_SECOND = 8
MAX_LOG_CHARS = 40
"""Most characters of the provider's last log line."""

Clock = Callable[[], float]


@contextmanager
def progress(screen: Screen, *, clock: Clock = time.monotonic) -> Iterator[EventHandler]:
    """Show events on the screen's `err` until the block ends.

    `clock` gives seconds from any start. The handler only counts; the display is redrawn on a timer.
    """
    if not screen.lively:
        plain = PlainView(screen.note, clock)
        yield plain.on_event
        plain.write_counts(clock())
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
        yield view.on_event


class PlainView:
    """Prints at most one line per second, and one for every failure and note."""

    def __init__(self, write: Callable[[str], object], clock: Clock) -> None:
        """`write` prints a line."""
        self.write = write
        self.clock = clock
        self.start = clock()
        self.tally = CallTally()
        self._next = self.start + LINE_INTERVAL
        self._last = ""

    def on_event(self, news: Event) -> None:
        """Count the event; print a line when it is time."""
        self.tally.add(news)
        if line := event_note(news):
            self.write(line)
        now = self.clock()
        if now >= self._next:
            self._next = now + LINE_INTERVAL
            self.write_counts(now)

    def write_counts(self, now: float) -> None:
        """Print the counts, if they changed."""
        counts = progress_line(self.tally)
        if counts and counts != self._last:
            self._last = counts
            self.write(f"{counts} · {duration(now - self.start)}")


class LiveView(PlainView):
    """A table that is redrawn from the counts several times per second; failures and notes are printed above it."""

    def on_event(self, news: Event) -> None:
        """Count the event."""
        self.tally.add(news)
        if line := event_note(news):
            from rich.markup import escape

            self.write(escape(line))

    def table(self) -> Table:
        """The current counts, one row per stage, and the total below."""
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for stage, count in list(self.tally.stages.items()):
            bar = ProgressBar(total=max(count.total, 1), completed=count.done, width=24)
            details = Text(_stage_details(self.tally, stage))
            table.add_row(Text(visible(stage)), bar, Text(f"{count.done}/{count.total}"), details)
        cost = Text(spent_text(self.tally.cost_usd, self.tally.unknown_costs), style="dim")
        table.add_row(Text(duration(self.clock() - self.start), style="dim"), "", cost, "")
        return table


def progress_line(tally: CallTally) -> str:
    """The counts in one line: `takes 7/16 (4 cached, 2 running, 1 failed) · $0.14`; empty without calls."""
    parts = []
    for stage, count in tally.stages.items():
        details = _stage_details(tally, stage)
        parts.append(f"{visible(stage)} {count.done}/{count.total}" + (f" ({details})" if details else ""))
    cost = spent_text(tally.cost_usd, tally.unknown_costs)
    if parts and cost:
        parts.append(cost)
    return " · ".join(parts)


def event_note(news: Event) -> str:
    """The line for a failure or a note; empty for other events."""
    if news.kind not in {"node_failed", "note"}:
        return ""
    kind = news.data.get("kind")
    said = fill_message(message_for(str(kind)).text, news.data) if kind else ""
    name = news.node or news.stage
    said = " ".join(f"{name}: {said}".split()) if name and said else name or said
    return visible(f"failed: {said}" if news.kind == "node_failed" else said)


def _stage_details(tally: CallTally, stage: str) -> str:
    count = tally.stages[stage]
    named = [(count.cached, "cached"), (count.running, "running"), (count.failed, "failed")]
    counts = ", ".join(f"{number:,} {name}" for number, name in named if number)
    said = visible(count.said)[:MAX_LOG_CHARS] if count.running else ""
    return f"{counts}: {said}" if said else counts
