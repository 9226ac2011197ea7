"""The best of each kind, a person's word, and what a take more changes."""

from __future__ import annotations

from msgspec.structs import replace

from nano_banana.model.flow import Ruling
from nano_banana.model.nodes import NodeEnd, NodeInfo
from nano_banana.recipe.picks import KeepRule
from nano_banana.recipe.recipe_model import Decisions
from nano_banana.stages.choose_stage import choose_best
from nano_banana.stages.stage_kind import ChoiceCandidate


def candidate(
    name: str,
    score: float | None = None,
    ruling: Ruling | None = Ruling.ACCEPTED,
    *,
    way: str = "takes",
    onward: str = "x",
    cast: tuple[str, ...] = ("ana",),
) -> ChoiceCandidate:
    shot, scene, _ = name.split("/")
    card = NodeInfo(kind="take", slot=name, stage="picks", shot=shot, cast=cast, axes={"scene": scene})
    end = NodeEnd(id=f"{name}@{onward}", info=card, done=True, exited_early="picks")
    return ChoiceCandidate(name=name, path=way, end=end, ruling=ruling, score=score)


def names(
    candidates: list[ChoiceCandidate],
    *,
    best: int = 1,
    per: tuple[str, ...] = ("shot",),
    kept: frozenset[str] = frozenset(),
    dropped: frozenset[str] = frozenset(),
) -> list[str]:
    decided = decide(candidates, Decisions(kept=kept, dropped=dropped))
    return sorted({name.partition("@")[0] for name in choose_best(decided, KeepRule(best=best, per=per))})


def decide(candidates: list[ChoiceCandidate], decisions: Decisions) -> list[ChoiceCandidate]:
    return [replace(one, decision=decisions.decision(one.name, one.end.id)) for one in candidates]


HEADS = [candidate("heads/office/s1", 0.5), candidate("heads/office/s2", 0.7), candidate("heads/street/s1", 0.6)]


def test_the_likeliest_of_each_kind_go_on() -> None:
    assert names(HEADS) == ["heads/office/s2"]
    assert names(HEADS, best=2) == ["heads/office/s2", "heads/street/s1"]
    assert names(HEADS, per=("shot", "scene")) == ["heads/office/s2", "heads/street/s1"]


def test_people_are_kinds_of_their_own() -> None:
    pair = candidate("heads/office/s9", 0.1, cast=("ana", "ben"))
    assert names([*HEADS, pair], per=("subject",)) == ["heads/office/s2", "heads/office/s9"]


def test_what_was_not_judged_comes_after_what_was_accepted_and_before_what_is_unsure() -> None:
    mixed = [
        candidate("a/x/s1", 0.99, Ruling.REJECTED),
        candidate("a/x/s2", 0.4, Ruling.UNSURE),
        candidate("a/x/s3", None, Ruling.NOT_JUDGED),
        candidate("a/x/s4", 0.5),
    ]
    assert [names(mixed, best=count)[-count:] for count in (1, 2, 3)] == [
        ["a/x/s4"],
        ["a/x/s3", "a/x/s4"],
        ["a/x/s2", "a/x/s3", "a/x/s4"],
    ]


def test_what_is_not_there_yet_may_be_the_best_and_what_is_chosen_beside_it_is_chosen_for_certain() -> None:
    ahead = [*HEADS, candidate("heads/street/s3", None, Ruling.IMAGINED)]
    assert names(ahead) == ["heads/street/s3"]
    assert names(ahead, best=2) == ["heads/office/s2", "heads/street/s3"]


def test_a_person_s_word_comes_first() -> None:
    assert names(HEADS, kept=frozenset({"heads/office/s1"})) == ["heads/office/s1"]
    assert names(HEADS, kept=frozenset({"heads/office/*"})) == ["heads/office/s1", "heads/office/s2"]
    assert names(HEADS, dropped=frozenset({"heads/office/s2"})) == ["heads/street/s1"]
    assert names(HEADS, best=2, kept=frozenset({"heads/office/s1@x"})) == ["heads/office/s1", "heads/office/s2"]


def test_a_take_s_own_name_wins_over_a_glob() -> None:
    office = frozenset({"heads/office/*"})
    assert names(HEADS, best=3, dropped=office, kept=frozenset({"heads/office/s1"})) == [
        "heads/office/s1",
        "heads/street/s1",
    ]
    assert names(HEADS, kept=office, dropped=frozenset({"heads/office/s1"})) == ["heads/office/s2"]
    assert names(HEADS, best=3, kept=office, dropped=office) == ["heads/street/s1"]


def test_a_take_more_changes_nothing_but_its_own_place() -> None:
    more = [*HEADS, candidate("heads/street/s3", 0.65), candidate("heads/office/s4", 0.1)]
    assert set(names(HEADS, best=2, per=("scene",))) - set(names(more, best=2, per=("scene",))) == set()
    assert names([*HEADS, candidate("heads/office/s3", 0.7)]) == ["heads/office/s2"]


def test_a_take_that_goes_on_two_ways_is_one_and_one_that_came_two_ways_is_two() -> None:
    twice = [*HEADS, *HEADS]
    assert names(twice, best=2) == ["heads/office/s2", "heads/street/s1"]
    other = candidate("heads/office/s2", 0.8, way="takes+faces", onward="y")
    assert choose_best([*HEADS, other], KeepRule(best=2, per=("shot",))) == {
        "heads/office/s2@x",
        "heads/office/s2@y",
    }


def test_a_take_that_goes_on_two_ways_is_kept_by_either_name_and_dropped_by_each() -> None:
    both = [*HEADS, *(candidate(f"heads/office/s{at}", 0.1 * at, onward="y") for at in (5, 7))]
    both += [candidate("heads/office/s5", 0.5, onward="z")]
    keep, kept = KeepRule(best=1, per=("shot",)), Decisions(kept=frozenset({"heads/office/s5@z"}))
    assert choose_best(decide(both, kept), keep) == {"heads/office/s5@y", "heads/office/s5@z"}
    assert choose_best(decide(both, replace(kept, dropped=frozenset({"heads/office/s5@y"}))), keep) == {
        "heads/office/s5@z"
    }
