"""The choose stage: the best of a collection, and a person's picks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nano_banana.model.flow import Ruling
from nano_banana.model.nodes import NodeEnd, NodeInfo
from nano_banana.stages.stage_kind import NAMES, StageKind

KIND = StageKind(
    verb="choose",
    about="Keeps the best takes of a collection; `picks.yaml` beside the recipe overrides it.",
    params={
        "choose": {**NAMES, "description": "The collection, for example `judged.accepted`."},
        "keep": {
            "type": "object",
            "description": "How many, of what.",
            "properties": {
                "best": {"type": "integer", "minimum": 1, "maximum": 10000, "description": "So many of each."},
                "per": {
                    **NAMES,
                    "default": ["shot", "subject"],
                    "description": "Of each combination of these: `shot`, `subject`, and axes.",
                },
            },
            "required": ["best"],
            "additionalProperties": False,
        },
    },
    required=("choose", "keep"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRule:
    """The `best` of each combination of `per`; `kept` and `dropped` are a person's word, by takes' ids."""

    best: int
    per: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()

    def keeps(self, *names: str) -> bool:
        """Whether a person wants the take of these names to go on."""
        return _matches_any(names, self.kept)

    def drops(self, *names: str) -> bool:
        """Whether a person does not want it."""
        return _matches_any(names, self.dropped)


def _matches_any(names: Collection[str], globs: Collection[str]) -> bool:
    return any(name == glob or fnmatchcase(name, glob) for name in names for glob in globs)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceCandidate:
    """A take that came to a choice: `name` is its id without the way that it goes on, `way` the way it came.

    `ruling` and `score` are those of the last gate on that way.
    """

    name: str
    way: str
    end: NodeEnd
    ruling: Ruling | None = None
    score: float | None = None


def choose_best(candidates: Iterable[ChoiceCandidate], keep: KeepRule) -> frozenset[str]:
    """The ids of those that go on.

    Of each combination those that a person keeps, then the likeliest while there is room, and none that a person
    drops. Of two alike the one whose name comes first, so that a take more changes nothing but its own place. A take
    that goes on by several ways is one candidate with several ids.
    """
    kinds: dict[tuple[str, ...], dict[tuple[str, str], list[ChoiceCandidate]]] = defaultdict(lambda: defaultdict(list))
    for candidate in candidates:
        if not keep.drops(candidate.name, candidate.end.id):
            kinds[_combination(candidate.end.info, keep.per)][candidate.name, candidate.way].append(candidate)
    found: set[tuple[str, str]] = set()
    for alike in kinds.values():
        kept = {key for key, ways in alike.items() if any(keep.keeps(way.name, way.end.id) for way in ways)}
        others = sorted(
            (key for key in alike if key not in kept), key=lambda key: (_candidate_rank(alike[key][0]), key)
        )
        found |= kept.union(others[: max(0, keep.best - len(kept))])
    return frozenset(
        one.end.id for alike in kinds.values() for key, ways in alike.items() if key in found for one in ways
    )


def _candidate_rank(candidate: ChoiceCandidate) -> tuple[int, float]:
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


def _combination(card: NodeInfo, per: Collection[str]) -> tuple[str, ...]:
    about = {**card.axes, "shot": card.shot, "subject": "+".join(card.cast)}
    return tuple(about.get(name, "") for name in per)
