"""Two runs side by side: what came, what went, what changed and why."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from nano_banana.model.json_values import JSONObject
from nano_banana.model.nodes import NodeStatus
from nano_banana.session.history import (
    ChangeCause,
    RunComparison,
    SeriesChange,
    ValueChange,
    changed_keys,
    compare_runs,
    snapshot_cost,
)
from nano_banana.session.run_snapshot import KeptTake
from tests.reports.kept import ACCEPTED, REJECTED, adapter, key, snapshot, take


def drawn(prompt: str, **inputs: str) -> JSONObject:
    return {"arguments": {"prompt": prompt}, "inputs": inputs}


def compared(old: KeptTake, new: KeptTake, documents: Mapping[str, JSONObject] | None = None) -> RunComparison:
    return compare_runs(
        snapshot(old), snapshot(new, run="run-2"), {key(name): told for name, told in (documents or {}).items()}
    )


def causes(old: KeptTake, new: KeptTake, documents: Mapping[str, JSONObject] | None = None) -> tuple[ChangeCause, ...]:
    (changed,) = compared(old, new, documents).changed
    return changed.causes


def test_the_same_is_the_same() -> None:
    one = snapshot(adapter("her"), take("office"), take("street", fresh=False))
    other = replace(one, run="run-2", nodes=tuple(reversed(one.nodes)))
    found = compare_runs(one, other, {})
    assert (found.added, found.gone, found.changed, found.same) == ((), (), (), 2)
    assert changed_keys(one, other) == set()


def test_takes_come_and_go_by_name() -> None:
    office, street, studio = (take(name, asked=(name,)) for name in ("office", "street", "studio"))
    found = compare_runs(snapshot(office, street), snapshot(street, studio), {})
    assert (found.added, found.gone, found.same) == ((studio,), (office,), 1)


def test_another_seed_in_the_same_place_is_the_same_take_changed() -> None:
    old, new = take("office", seed=11, asked=("eleven",)), take("office", seed=29, asked=("twenty-nine",))
    found = compared(old, new, {"eleven": {"arguments": {"seed": 11}}, "twenty-nine": {"arguments": {"seed": 29}}})
    (changed,) = found.changed
    assert (changed.old, changed.new, found.added, found.gone) == (old, new, (), ())
    assert changed.causes == (
        ChangeCause(kind="value", stage="takes", change=ValueChange(path="arguments/seed", old=11, new=29)),
    )


def test_seeds_that_change_places_change_nothing() -> None:
    one, other = take("office", seed=11, place=0), take("office", seed=29, place=1, asked=("other",))
    swapped = take("office", seed=29, place=0, asked=("other",)), take("office", seed=11, place=1)
    assert compare_runs(snapshot(one, other), snapshot(*swapped), {}).same == 2


def test_a_changed_prompt_is_the_cause_and_the_picture_that_follows_from_it_is_none() -> None:
    documents = {
        "draw 1": drawn("an office"),
        "draw 2": drawn("a street"),
        "paint 1": drawn("face", image="a" * 64),
        "paint 2": drawn("face", image="b" * 64),
    }
    old, new = take("x", asked=("draw 1", "paint 1")), take("x", asked=("draw 2", "paint 2"))
    assert causes(old, new, documents) == (
        ChangeCause(
            kind="value", stage="takes", change=ValueChange(path="arguments/prompt", old="an office", new="a street")
        ),
    )
    assert changed_keys(snapshot(old), snapshot(new)) == {key(name) for name in documents}


def test_files_that_are_given_first_are_a_cause() -> None:
    documents: dict[str, JSONObject] = {
        "train 1": {"inputs": {"photos/0": "a", "photos/1": "b"}},
        "train 2": {"inputs": {"photos/0": "b", "photos/1": "c"}},
    }
    assert causes(adapter("her", "train 1"), adapter("older", "train 2"), documents) == (
        ChangeCause(kind="value", stage="likeness", change=SeriesChange(series="photos", added=["c"], removed=["a"])),
    )


def test_what_the_store_lost_is_said_to_be_unknown() -> None:
    assert causes(take("x", asked=("1",)), take("x", asked=("2",)), {"1": drawn("a")}) == (
        ChangeCause(kind="unknown", stage="takes"),
    )


def test_more_calls_are_a_cause_only_where_nothing_else_is() -> None:
    old, new = take("x", asked=("1",), bytes_="same"), take("x", asked=("1", "2"), bytes_="same")
    assert causes(old, new) == (ChangeCause(kind="calls", stage="takes", old=1, new=2),)
    judged = replace(new, verdict=REJECTED, left="judged")
    assert causes(replace(old, verdict=ACCEPTED), judged) == (
        ChangeCause(kind="verdict", stage="judged", old="accepted", new="rejected"),
        ChangeCause(kind="left", old="", new="judged"),
    )


def test_another_threshold_is_told_beside_the_verdict() -> None:
    stricter = replace(ACCEPTED, threshold=0.7, ruling="unsure")
    assert [cause.kind for cause in causes(take("x", verdict=ACCEPTED), take("x", verdict=stricter))] == [
        "threshold",
        "verdict",
    ]
    assert causes(take("x", verdict=ACCEPTED), take("x")) == (
        ChangeCause(kind="verdict", stage="judged", old="accepted", new=None),
    )


def test_a_take_that_failed_is_changed() -> None:
    assert causes(take("x"), take("x", status=NodeStatus.FAILED)) == (
        ChangeCause(kind="status", old="done", new="failed"),
    )


def test_the_same_calls_with_another_picture_are_other_bytes() -> None:
    assert causes(take("x", bytes_="one"), take("x", bytes_="other")) == (ChangeCause(kind="bytes", stage="takes"),)


def test_of_a_person_only_the_call_that_puts_the_photos_together_counts() -> None:
    def person(*asked: str) -> KeptTake:
        made = take("judged/ana", asked=asked, bytes_="same")
        return replace(made, card=replace(made.card, kind="person"))

    assert (
        compare_runs(snapshot(person("look 1", "both")), snapshot(person("look 2", "look 3", "both")), {}).changed == ()
    )


def test_a_call_that_several_hang_on_is_paid_once() -> None:
    found = snapshot(take("a"), take("b"), take("c", asked=("else",), cost=None, fresh=False), adapter("her"))
    assert snapshot_cost(found) == (2.035, 1)
    assert snapshot_cost(found, fresh=True) == (2.035, 0)
