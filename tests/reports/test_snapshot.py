"""What is kept of a run: all that is asked of it later, in few bytes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nano_banana.model.nodes import NodeStatus
from nano_banana.session.history import VerdictTotals, verdict_totals
from nano_banana.session.run_records import node_record, slim_record
from nano_banana.session.run_snapshot import KEY_DIGITS, Snapshot, kept_nodes, pack_snapshot, unpack_snapshot
from tests.cpu_budget import cpu_budget
from tests.reports import judged
from tests.reports.kept import ACCEPTED, REJECTED, SKIPPED, adapter, snapshot, take

SEVERAL = snapshot(
    adapter("her face"),
    take("office", asked=("draw", "paint"), verdict=ACCEPTED, axes={"scene": "office"}),
    take("caf\u00e9 \udce9", verdict=REJECTED, left="judged", cost=None, fresh=False),
    take("street", status=NodeStatus.FAILED),
)


def packed(of: Snapshot) -> bytes:
    return pack_snapshot(of.run, of.recipe, of.nodes, whole=of.whole)


def test_what_is_packed_is_unpacked() -> None:
    assert unpack_snapshot(packed(SEVERAL)) == SEVERAL
    assert packed(SEVERAL) == packed(SEVERAL)
    part = replace(SEVERAL, whole=False, nodes=())
    assert unpack_snapshot(packed(part)) == part


def test_bytes_that_are_no_snapshot_are_none() -> None:
    data = packed(SEVERAL)
    assert unpack_snapshot(None) is None
    for size in range(len(data)):
        assert unpack_snapshot(data[:size]) is None, size
    assert unpack_snapshot(b"\0\0\0\5 nonsense") is None


def test_another_format_is_not_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nano_banana.session.run_snapshot._FORMAT", 2)
    later = packed(SEVERAL)
    monkeypatch.undo()
    assert unpack_snapshot(later) is None


def test_what_stands_is_the_last_picture_of_a_take_that_went_all_the_way() -> None:
    _, office, cafe, street = SEVERAL.nodes
    assert office.picture == office.pictures[-1]
    assert (cafe.picture, street.picture) == (None, None)
    assert (office.score, street.score) == (0.62, None)
    assert SEVERAL.takes == (office, cafe, street)
    assert (office.cost_usd, office.unpriced) == (0.07, 0)
    assert (cafe.cost_usd, cafe.unpriced) == (0.0, 1)
    assert list(office.keys) == ["takes|office/#0|0", "takes|office/#0|1"]
    assert office.calls[0].stage == "takes"


def test_a_record_is_kept_by_name_with_its_last_word() -> None:
    records = [node_record(judged.take(name, judged.FAR, judged.ACCEPTED)) for name in ("b/s1", "a/s1")]
    made = {key for record in records[:1] for key in record.keys.values()}
    first, second = kept_nodes(records, made)
    assert (first.id, second.id) == ("a/s1", "b/s1")
    assert second.verdict is not None
    assert (second.verdict.ruling, second.verdict.score) == ("accepted", 0.62)
    assert {call.key for call in second.calls} == {key[:KEY_DIGITS] for key in made}
    assert all(call.fresh for call in second.calls)
    assert [picture.attempt for picture in second.pictures] == [each.attempt.label for each in records[0].pictures]


def test_of_a_slim_record_no_call_is_kept() -> None:
    (only,) = kept_nodes([slim_record(node_record(judged.take("a/s1", judged.ACCEPTED)))], ())
    assert only.calls == ()


def test_ten_thousand_takes_are_small_and_quick() -> None:
    nodes = tuple(
        take(f"scene-{number % 100}/{number // 100}", asked=(f"draw {number}", f"look {number}", f"judge {number}"))
        for number in range(10_000)
    )
    many = snapshot(*nodes)
    with cpu_budget(250):
        data = packed(many)
    assert len(data) < 1_500_000
    assert unpack_snapshot(data) == many


def test_verdicts_are_added_up_by_recipe_or_by_subject() -> None:
    both = take("pair", verdict=ACCEPTED)
    both = replace(both, card=replace(both.card, subject="", cast=("ana", "ben")))
    runs = [
        snapshot(take("a", verdict=ACCEPTED), take("b", verdict=REJECTED), take("c", verdict=SKIPPED), take("d")),
        snapshot(both, recipe="duo"),
    ]
    later = take("e", verdict=replace(ACCEPTED, ruling="of a later version"))
    assert verdict_totals([snapshot(later)], by_subject=False) == (VerdictTotals(name="portraits"),)
    assert verdict_totals(runs, by_subject=False) == (
        VerdictTotals(name="duo", accepted=1),
        VerdictTotals(name="portraits", accepted=1, rejected=1, not_judged=1),
    )
    assert [(each.name, each.judged) for each in verdict_totals(runs, by_subject=True)] == [("ana", 2), ("ana+ben", 1)]
