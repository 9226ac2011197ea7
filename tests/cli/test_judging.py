"""What other thresholds would come to, in words."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace

from nano_banana.cli.explain_report import say_story
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import counts_difference, say_rejudged
from nano_banana.features.rejudging import RejudgedTake, RejudgeResult
from nano_banana.model.flow import ExitedEarly, Ruling
from nano_banana.model.nodes import NodeResult, NodeStatus
from nano_banana.session.explanation import Explanation
from nano_banana.session.run_records import node_record
from nano_banana.session.run_report import acceptance_by_gate
from nano_banana.session.run_report_schema import ReportedVerdicts
from tests.reports.judged import ACCEPTED, FAR, take


def counts(accepted: int, unsure: int = 0) -> ReportedVerdicts:
    return ReportedVerdicts(
        judged=accepted + unsure, accepted=accepted, unsure=unsure, rejected=0, not_judged=0, reasons={}
    )


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (counts(4), counts(1), "3 fewer accepted"),
        (counts(4), counts(5), "1 more accepted"),
        (counts(4), counts(4), "no change"),
        (counts(4), counts(4, 2), "same number accepted, 2 more unsure"),
        (counts(4, 2), counts(4, 1), "same number accepted, 1 fewer unsure"),
    ],
)
def test_the_difference(before: ReportedVerdicts, now: ReportedVerdicts, said: str) -> None:
    assert counts_difference(before, now) == said


def test_what_changes_comes_first_and_long_tables_are_cut() -> None:
    records = [node_record(take(f"a/s{at:02}", FAR if at == 69 else ACCEPTED)) for at in range(70)]
    words = [RejudgedTake(take=record.id, now=record.verdicts[-1], before=Ruling.ACCEPTED) for record in records]
    accounts = acceptance_by_gate(records)
    rejudged = RejudgeResult(words=words, now=accounts, before=accounts, waiting=0, gates={"judged": 0.45})
    out = io.StringIO()
    say_rejudged(Screen(out, io.StringIO(), environ={"NO_COLOR": "1"}), rejudged, accept=0.5, unsure=0.4)
    lines = out.getvalue().splitlines()
    assert lines[1].split() == ["a/s69", "judged", "0.31", "0.45", "rejected", "accepted", "too", "far"]
    assert "… and 10 more" in lines
    assert "--accept 0.5 --unsure 0.4: no change at judged" in lines
    assert (
        lines[-1]
        == "To apply this, set `accept: {at_least: 0.5, calibrate: false}` and `unsure: {at_least: 0.4}` in `judged`."
    )


def test_a_take_that_was_not_chosen_says_so() -> None:
    end = take("a/s1", ACCEPTED)
    left = replace(end, exited_early=ExitedEarly(stage="best", why="not_chosen"))
    out = io.StringIO()
    say_story(Screen(out, io.StringIO(), environ={}), Explanation(record=node_record(left), calls=[], sources={}))
    assert out.getvalue() == "a/s1: done; accepted: 0.62, needs 0.45; not selected at best\n"


def test_of_a_take_that_is_only_planned_nobody_knows_whether_it_will_be_chosen() -> None:
    left = ExitedEarly(stage="best", why="not_chosen")
    planned = NodeResult(node=take("a/s1", ACCEPTED).node, status=NodeStatus.PLANNED, exited_early=left)
    out = io.StringIO()
    say_story(Screen(out, io.StringIO(), environ={}), Explanation(record=node_record(planned), calls=[], sources={}))
    assert out.getvalue() == "a/s1: planned\n"
