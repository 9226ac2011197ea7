"""Past runs in words: many takes, two recipes, names from anywhere."""

from __future__ import annotations

import io

import pytest

from nano_banana.cli.run_details import say_run, say_run_diff, take_json
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONObject
from nano_banana.session.history import compare_runs
from nano_banana.store.run_log import Run
from tests.reports.kept import REJECTED, key, snapshot, take


@pytest.fixture
def screen() -> Screen:
    return Screen(io.StringIO(), io.StringIO(), environ={}, width=100)


def said(screen: Screen) -> str:
    assert isinstance(screen.out, io.StringIO)
    return screen.out.getvalue()


def a_run() -> Run:
    return Run(
        id="20261122-171500-3f2a",
        recipe="portraits\x1b[2J",
        arguments={},
        begun_at=1_700_006_400.0,
        ended_at=None,
        status="running",
        summary={},
    )


def test_of_many_takes_some_are_listed_and_all_if_asked_for(screen: Screen) -> None:
    found = snapshot(*(take(f"scene-{number:03}") for number in range(50)), run=a_run().id)
    say_run(screen, a_run(), found, (), every=False)
    assert "… and 10 more" in said(screen)
    assert "scene-040" not in said(screen)
    assert "\x1b" not in said(screen)
    say_run(screen, a_run(), found, (), every=True)
    assert "scene-049" in said(screen)


def test_many_reasons_are_told_of_a_few(screen: Screen) -> None:
    old = snapshot(*(take(f"x{number}", asked=(f"old {number}",)) for number in range(20)))
    new = snapshot(*(take(f"x{number}", asked=(f"new {number}",)) for number in range(20)), run="run-2", recipe="other")
    documents: dict[str, JSONObject] = {
        key(f"{age} {number}"): {"arguments": {"guidance": value}}
        for number in range(20)
        for age, value in (("old", 2.5), ("new", 3.0 + number))
    }
    say_run_diff(screen, compare_runs(old, new, documents))
    assert "20 takes changed:" in said(screen)
    assert "takes: guidance: 2.5 → 3.0" in said(screen)
    assert "… and 8 more for other reasons; see `--json`" in said(screen)
    assert "(different recipes: only takes with the same name are compared)" in said(screen)


def test_many_takes_with_one_reason_are_counted_and_no_name_steers_the_terminal(screen: Screen) -> None:
    names = ["evil\x1b[2J", *(f"x{number}" for number in range(9))]
    old, new = (snapshot(*(take(name, asked=(age,)) for name in names)) for age in ("old", "new"))
    prompts = {"old": "a\x1b]0;b woman", "new": "a man"}
    documents: dict[str, JSONObject] = {key(age): {"arguments": {"prompt": text}} for age, text in prompts.items()}
    say_run_diff(screen, compare_runs(old, new, documents))
    assert "x4/s11 and 4 more" in said(screen)
    assert "\x1b" not in said(screen)


def test_a_verdict_is_told_by_name() -> None:
    told = take_json(take("a", verdict=REJECTED))
    reasons = ("too_far", "no_face")
    named = {"stage": "judged", "ruling": "rejected", "score": 0.31, "threshold": 0.45, "reasons": reasons}
    assert told["verdict"] == named
    assert take_json(take("b"))["verdict"] is None
