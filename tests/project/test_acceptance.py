"""How many passed: by template, axis, subject and attempt; and how the screen says it."""

from __future__ import annotations

import io

from msgspec.structs import replace

from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import say_acceptance, verdict_text
from nano_banana.model.flow import ExitedEarly, Reason, Ruling, Verdict
from nano_banana.model.json_values import JSONObject, as_object
from nano_banana.model.nodes import NodeResult
from nano_banana.session.run_records import VerdictSummary, node_record
from nano_banana.session.run_report import acceptance_by_gate
from tests.reports.judged import ACCEPTED, DARK, FAR, NO_FACE, SKIPPED, UNSURE, person, take

TAKES = [
    take("heads/ana/corporate/s1", ACCEPTED, axes={"style": "corporate"}),
    take("heads/ana/oil/s1", SKIPPED, axes={"style": "oil"}),
    take("heads/ana/street/s1", FAR, ACCEPTED, axes={"style": "street"}),
    take("heads/ana/street/s2", FAR, NO_FACE, FAR, axes={"style": "street"}),
    take("heads/ana/street/s3", UNSURE, axes={"style": "street"}),
]


def told(*ends: NodeResult) -> JSONObject:
    accounts = acceptance_by_gate(node_record(end) for end in ends)
    return accounts["judged"].json() if "judged" in accounts else {}


def screen_of(*ends: NodeResult) -> str:
    out = io.StringIO()
    say_acceptance(Screen(out, io.StringIO(), environ={"NO_COLOR": "1"}), [node_record(end) for end in ends], "out")
    return out.getvalue()


def test_takes_count_once_and_pictures_by_attempt() -> None:
    found = told(*TAKES)
    assert {name: found[name] for name in ("judged", "accepted", "unsure", "rejected", "not_judged", "reasons")} == {
        "judged": 4,
        "accepted": 2,
        "unsure": 1,
        "rejected": 1,
        "not_judged": 1,
        "reasons": {"too_far": 1},
    }
    attempts = as_object(found["attempts"])
    numbers = {label: (as_object(each)["judged"], as_object(each)["accepted"]) for label, each in attempts.items()}
    assert numbers == {"first": (4, 1), "retry1": (2, 1), "retry2": (1, 0)}
    assert as_object(attempts["first"])["reasons"] == {"too_far": 2}
    assert list(as_object(as_object(found["axes"])["style"])) == ["corporate", "oil", "street"]
    assert list(as_object(found["templates"])) == ["headshot"]


def test_what_is_still_in_the_dark_is_no_take_s_end_but_an_attempt() -> None:
    found = told(take("a/s1", FAR, DARK))
    assert (found["judged"], found["templates"]) == (0, {})
    assert as_object(as_object(found["attempts"])["first"])["rejected"] == 1
    assert told(take("a/s1", DARK)) == {}


def test_a_take_that_goes_on_by_several_ways_was_judged_once() -> None:
    def forked(name: str, *verdicts: Verdict) -> list[NodeResult]:
        end = take(name, *verdicts)
        return [replace(end, node=replace(end.node, id=f"{name}@{way}")) for way in ("big", "picks")]

    ends = [*forked("a/s1", FAR, ACCEPTED), *forked("a/s2", UNSURE)]
    found = told(*ends)
    assert (found["judged"], found["accepted"], found["unsure"]) == (2, 1, 1)
    assert as_object(as_object(found["attempts"])["first"])["judged"] == 2
    assert "1 needs your review (unsure):\n  a/s2@big  0.40" in screen_of(*ends)


def test_where_every_take_is_still_under_way_that_is_said() -> None:
    assert screen_of(take("a/s1", FAR, DARK)).startswith("judged: no takes judged yet\n")


def test_several_people_and_nobody() -> None:
    assert list(as_object(told(take("a/s1", ACCEPTED, cast=("ana", "ben")))["subjects"])) == ["ana + ben"]
    assert told(take("a/s1", ACCEPTED, cast=()))["subjects"] == {}
    assert list(as_object(told(take("a/s1", ACCEPTED, template=""))["templates"])) == ["heads"]


def test_a_take_without_an_axis_does_not_count_by_it() -> None:
    found = told(take("a/s1", ACCEPTED, axes={"style": "oil"}), take("b/s1", ACCEPTED))
    assert as_object(as_object(as_object(found["axes"])["style"])["oil"])["judged"] == 1


def test_the_screen_says_where_it_went_wrong() -> None:
    assert screen_of(*TAKES) == (
        "judged: 2 of 4 accepted, 1 unsure, 1 rejected (1 too far), 1 not judged\n"
        "  style: corporate 1/1, oil not judged, street 1/3: 1 too far\n"
        "  attempts: first 1/4, retry 1/3\n"
        "1 needs your review (unsure):\n"
        "  heads/ana/street/s3  0.40  too far  out/judged/heads_ana_street_s3.png\n"
    )


def test_reasons_of_several_values_stand_in_brackets() -> None:
    ends = [take(f"a/{mood}/s1", verdict, axes={"mood": mood}) for mood, verdict in (("calm", FAR), ("wild", NO_FACE))]
    said = screen_of(*ends, take("a/dull/s1", ACCEPTED, axes={"mood": "dull"}))
    assert "  mood: calm 0/1 (1 too far), wild 0/1 (1 no face), dull 1/1\n" in said


def test_long_lists_are_cut() -> None:
    ends = [take(f"a/{at}/s1", ACCEPTED, axes={"at": f"v{at}"}) for at in range(15)]
    assert "v11 1/1, and 3 more\n" in screen_of(*ends)
    assert "and 3 more, v1 1/1" not in screen_of(*ends)
    assert "  at: and 3 more, v1 1/1" in screen_of(take("a/0/s1", FAR, axes={"at": "v0"}), *ends[1:])
    unsure = [take(f"a/s{at}", UNSURE) for at in range(25)]
    assert "  … and 5 more\n" in screen_of(*unsure)


def test_only_what_was_skipped_is_said_so() -> None:
    assert screen_of(take("a/s1", SKIPPED)).startswith("judged: 1 not judged\n")


def test_whom_it_was_compared_with_is_said_where_that_flatters() -> None:
    assert "ana: no held-out photos" in screen_of(TAKES[0], person("false"))
    assert "no held-out photos" not in screen_of(TAKES[0], person("true"))
    assert screen_of(person("false")) == ""


def test_how_many_were_not_chosen_is_said() -> None:
    end = TAKES[0]
    kept = NodeResult(
        node=end.node,
        status=end.status,
        judged=end.judged,
        final_verdicts=end.final_verdicts,
        exited_early=ExitedEarly(stage="best", why="not_chosen"),
    )
    assert "best: 1 not selected\n" in screen_of(kept, TAKES[2])


def test_a_verdict_in_words() -> None:
    def said(verdict: Verdict, *, several: bool = False) -> str:
        return verdict_text(
            VerdictSummary(
                stage="judged",
                several_people=several,
                ruling=verdict.ruling,
                score=verdict.score,
                threshold=verdict.threshold,
                reasons=tuple(verdict.reasons),
            )
        )

    assert said(FAR) == "rejected: 0.31, needs 0.45 (too far)"
    assert said(NO_FACE) == "rejected: needs 0.45 (no face)"
    assert said(ACCEPTED) == "accepted: 0.62, needs 0.45"
    assert said(SKIPPED) == "not judged"
    small = Reason(kind="face_too_small", data={"subject": "ana", "face_px": 31.2, "least": 48})
    far = Reason(kind="too_far", data={"subject": "ben"})
    both = Verdict(ruling=Ruling.UNSURE, score=0.5, threshold=0.45, reasons=(small, far))
    assert said(FAR, several=True) == "rejected: 0.31, needs 0.45 (ana too far)"
    assert (
        said(both, several=True) == "unsure: 0.50, needs 0.45 (ana face too small: 31 px wide, needs 48; ben too far)"
    )
