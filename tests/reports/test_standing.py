"""Which of a stage's pictures stands, of a take that went through gates more than once."""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from nano_banana.model.call import Blob
from nano_banana.model.flow import Attempt, Ruling
from nano_banana.model.nodes import NodeInfo, NodeStatus
from nano_banana.session.manifest import stage_picture
from nano_banana.session.run_records import NodeRecord, OutputPicture, VerdictSummary


def blob(of: str) -> Blob:
    return Blob(digest=hashlib.sha256(of.encode()).hexdigest(), size=1, media="image/png")


def picture(stage: str, label: str = "") -> OutputPicture:
    """A picture of a try, named for both."""
    attempt = Attempt(number=int(bool(label)), label=label)
    return OutputPicture(stage=stage, blob=blob(f"{stage} {label}"), name=f"{stage} {label}".strip(), attempt=attempt)


def word(
    gate: str, of: OutputPicture, label: str = "", ruling: Ruling = Ruling.ACCEPTED, *, last: bool = True
) -> VerdictSummary:
    """A gate's verdict on a picture, in a try."""
    attempt = Attempt(number=int(bool(label)), label=label)
    return VerdictSummary(stage=gate, ruling=ruling, digest=of.blob.digest, attempt=attempt, is_final=last)


def standing(stage: str, pictures: list[OutputPicture], *verdicts: VerdictSummary) -> str | None:
    record = NodeRecord(
        id="heads/ana/s1",
        card=NodeInfo(kind="take", slot="heads/ana/#0", stage=stage),
        status=NodeStatus.DONE,
        pictures=pictures,
        result=None,
        problems=(),
        missing=(),
        is_degraded=False,
        keys={},
        calls="[]",
        verdicts=verdicts,
    )
    found = stage_picture(record, stage)
    return found.name if found else None


def test_without_a_gate_it_is_the_only_one() -> None:
    assert standing("drawn", [picture("drawn"), picture("faces")]) == "drawn"
    assert standing("larger", [picture("drawn")]) is None


def test_it_is_the_one_that_was_judged_last() -> None:
    first, best, other = picture("drawn"), picture("drawn", "retry1"), picture("drawn", "retry2")
    refused = word("likeness", first, ruling=Ruling.REJECTED, last=False)
    assert standing("drawn", [first, best, other], refused, word("likeness", best, "retry1")) == "drawn retry1"


def test_above_the_judged_picture_it_is_the_one_of_the_same_try() -> None:
    tries = [picture(stage, label) for label in ("", "retry1", "retry2") for stage in ("drawn", "faces")]
    assert standing("drawn", tries, word("likeness", tries[3], "retry1")) == "drawn retry1"


def test_a_gate_that_refuses_shows_the_best_try_and_not_the_last_repair() -> None:
    """The first try was the best: a repair that was worse is the gate's own picture, and does not stand."""
    drawn = [picture("drawn"), picture("drawn", "retry1")]
    repaired = picture("likeness", "repair1")
    verdicts = [
        word("likeness", drawn[0], ruling=Ruling.REJECTED),
        word("likeness", drawn[1], "retry1", Ruling.REJECTED, last=False),
        word("likeness", repaired, "repair1", Ruling.REJECTED, last=False),
    ]
    assert standing("likeness", [*drawn, repaired], *verdicts) == "drawn"
    assert standing("drawn", [*drawn, repaired], *verdicts) == "drawn"


def test_above_a_repair_it_is_the_try_that_was_repaired() -> None:
    drawn = [picture("drawn", label) for label in ("", "retry1", "retry2")]
    repaired = [picture("likeness", label) for label in ("repair1", "repair2")]
    scores = {"": 0.1, "retry1": 0.3, "retry2": 0.2, "repair1": 0.4, "repair2": 0.6}
    verdicts = [
        replace(
            word("likeness", each, label, Ruling.REJECTED, last=label == "repair2"),
            score=scores[label],
            attempt=Attempt(number=number, label=label),
        )
        for number, (label, each) in enumerate(zip(scores, [*drawn, *repaired], strict=True))
    ]
    assert standing("drawn", [*drawn, *repaired], *verdicts) == "drawn retry1"


def test_between_two_gates_and_in_a_try_within_a_try() -> None:
    """The second gate wanted another seed, of which the first gate again refused the first try."""
    outer, inner = "strict-retry1", "strict-retry1+retry1"
    drawn = [picture("drawn", label) for label in ("", outer, inner)]
    larger = [picture("larger", label) for label in ("", outer)]
    verdicts = word("likeness", drawn[2], inner), word("strict", picture("faces", outer), outer)
    assert standing("drawn", [*drawn, *larger], *verdicts) == f"drawn {inner}"
    assert standing("larger", [*drawn, *larger], *verdicts) == f"larger {outer}"


def test_a_second_gate_that_is_pleased_at_once_says_nothing_of_the_firsts_tries() -> None:
    drawn = [picture("drawn"), picture("drawn", "retry1")]
    painted = picture("faces")
    verdicts = word("likeness", drawn[1], "retry1"), word("strict", painted)
    assert standing("drawn", [*drawn, painted], *verdicts) == "drawn retry1"
    assert standing("faces", [*drawn, painted], *verdicts) == "faces"


def test_of_one_that_is_still_under_way_it_is_the_last_that_was_judged() -> None:
    drawn = [picture("drawn"), picture("drawn", "retry1")]
    verdicts = [word("likeness", each, each.attempt.label, Ruling.REJECTED, last=False) for each in drawn]
    assert standing("drawn", drawn, *verdicts) == "drawn retry1"
