"""What a choose stage keeps: the best of each kind, and a person's word."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from nano_banana.core.node import Card, End
from nano_banana.core.verdict import Ruling
from nano_banana.stages.choose import Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A take that came to a choice: `name` is its id without the way that it goes on, `way` the way it came.

    `ruling` and `score` are those of the last gate on that way.
    """

    name: str
    way: str
    end: End
    ruling: Ruling | None = None
    score: float | None = None


def chosen(candidates: Iterable[Candidate], keep: Keep) -> frozenset[str]:
    """The ids of those that go on.

    Of each combination those that a person keeps, then the likeliest while there is room, and none that a person
    drops. Of two alike the one whose name comes first, so that a take more changes nothing but its own place. A take
    that goes on by several ways is one candidate with several ids.
    """
    kinds: dict[tuple[str, ...], dict[tuple[str, str], list[Candidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        if not keep.drops(candidate.name, candidate.end.id):
            kinds[_kind(candidate.end.card, keep.per)][candidate.name, candidate.way].append(candidate)
    found: set[tuple[str, str]] = set()
    for alike in kinds.values():
        kept = {key for key, ways in alike.items() if any(keep.keeps(way.name, way.end.id) for way in ways)}
        others = sorted((key for key in alike if key not in kept), key=lambda key: (_rank(alike[key][0]), key))
        found |= kept.union(others[: max(0, keep.best - len(kept))])
    return frozenset(
        one.end.id for alike in kinds.values() for key, ways in alike.items() if key in found for one in ways
    )


def _rank(candidate: Candidate) -> tuple[int, float]:
    """What is sure comes before what is not, then the likelier; what nobody judged comes between.

    What is only imagined may turn out to be the best: a forecast counts what it may cost to go on with it, and what
    is chosen beside it is chosen for certain.
    """
    order = {
        Ruling.IMAGINED: -1,
        Ruling.ACCEPTED: 0,
        Ruling.NOT_JUDGED: 1,
        None: 1,
        Ruling.UNSURE: 2,
        Ruling.REJECTED: 3,
    }
    return order[candidate.ruling], 0.0 if candidate.score is None else -candidate.score


def _kind(card: Card, per: Collection[str]) -> tuple[str, ...]:
    about = {**card.axes, "shot": card.shot, "subject": "+".join(card.cast)}
    return tuple(about.get(name, "") for name in per)
