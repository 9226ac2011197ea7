"""A run as it happens, on a terminal and elsewhere."""

from __future__ import annotations

import io
from collections.abc import Iterator

from nano_banana.cli.progress import CallTally, LiveView, progress, progress_line
from nano_banana.cli.screen import Screen
from nano_banana.model.event import Event


class Watched(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


def story() -> Iterator[Event]:
    yield Event(kind="planned", stage="likeness")
    yield Event(kind="planned", stage="takes", count=8)
    yield Event(kind="cached", stage="takes", count=3)
    yield Event(kind="running", stage="likeness")
    yield Event(kind="made", stage="likeness", seconds=2.0, cost_usd=2.0)
    yield Event(kind="running", stage="takes", count=3)
    yield Event(kind="made", stage="takes", cost_usd=0.035)
    yield Event(kind="made", stage="takes", cost_usd=None)
    yield Event(kind="failed", stage="takes")
    yield Event(kind="node_done", stage="takes", node="a/1")
    yield Event(
        kind="node_failed", stage="takes", node="a/2", data={"kind": "unwritable", "file": "b", "why": "disk full"}
    )
    yield Event(kind="note", stage="", data={"kind": "out_of_memory"})


def clock(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


def told(*, step: float) -> list[str]:
    err = io.StringIO()
    ticks = clock(step)
    with progress(Screen(io.StringIO(), err, environ={}), clock=lambda: next(ticks)) as on_event:
        for news in story():
            on_event(news)
    return err.getvalue().splitlines()


def test_the_tally_adds_up() -> None:
    tally = CallTally()
    for news in story():
        tally.add(news)
    assert progress_line(tally) == "likeness 1/1 · takes 6/8 (3 cached, 1 failed) · $2.04 + 1 unknown"


def test_a_stage_may_outgrow_its_plan_and_say_what_runs() -> None:
    tally = CallTally()
    tally.add(Event(kind="planned", stage="takes"))
    tally.add(Event(kind="running", stage="takes", count=3))
    assert progress_line(tally) == "takes 0/3 (3 running)"


def test_news_of_nodes_alone_make_no_stage() -> None:
    tally = CallTally()
    tally.add(Event(kind="node_done", stage="takes", node="a/1"))
    assert progress_line(tally) == ""


def test_elsewhere_lines_are_rare() -> None:
    assert told(step=0.01) == [
        "failed: a/2: can't write b: disk full",
        "not enough memory",
        "likeness 1/1 · takes 6/8 (3 cached, 1 failed) · $2.04 + 1 unknown · 0.1 s",
    ]


def test_elsewhere_a_line_a_second_is_enough() -> None:
    assert told(step=0.6)[:3] == [
        "likeness 0/1 · takes 0/8 · 1.2 s",
        "likeness 0/1 (1 running) · takes 3/8 (3 cached) · 2.4 s",
        "likeness 1/1 · takes 3/8 (3 cached, 3 running) · $2.00 · 3.6 s",
    ]


def test_nothing_is_said_of_nothing() -> None:
    err = io.StringIO()
    with progress(Screen(io.StringIO(), err, environ={})):
        pass
    assert err.getvalue() == ""


def test_a_failure_without_a_reason_names_its_node() -> None:
    err = io.StringIO()
    with progress(Screen(io.StringIO(), err, environ={})) as on_event:
        on_event(Event(kind="node_failed", stage="takes", node="a/\x1b2"))
    assert err.getvalue() == "failed: a/�2\n"


def test_on_a_terminal_the_table_lives_and_goes() -> None:
    err = Watched()
    with progress(Screen(io.StringIO(), err, environ={"TERM": "xterm"}, width=100)) as on_event:
        for news in story():
            on_event(news)
    shown = err.getvalue()
    assert "failed: a/2: can't write b: disk full" in shown
    assert "6/8" in shown
    assert "3 cached, 1 failed" in shown
    assert "$2.04" in shown
    assert "\x1b[?25h" in shown, "the cursor is back"


def test_the_table_without_news_has_the_time() -> None:
    assert LiveView(str, lambda: 0.0).table().row_count == 1


def test_what_keeps_a_request_from_the_queue_is_said_until_it_is_there() -> None:
    tally = CallTally()
    said = []
    tally.add(Event(kind="running", stage="takes"))
    for phase in ("unreachable", "busy", "looking", "running"):
        tally.add(Event(kind="progress", stage="takes", data={"phase": phase, "log": ""}))
        said.append(progress_line(tally))
    assert said == [
        "takes 0/1 (1 running: no connection, retrying)",
        "takes 0/1 (1 running: fal is busy, retrying)",
        "takes 0/1 (1 running: searching fal's history)",
        "takes 0/1 (1 running)",
    ]
