"""Whether two pictures show the same person, and how often that is right."""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.problem import Problem
from nano_banana.project.pairs import Pair
from nano_banana.workshop.looking import Sight, look_at
from nano_banana.workshop.looking import networks as looked_by

SAME_FROM = 0.363
"""The cosine from which OpenCV calls two faces one person's, by SFace and LFW."""

NO_FACE = "no_face"
UNREADABLE = "unreadable"
NOT_FOUND = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A pair, with the cosine of its largest faces (−1 to 1); None where there is none, for this `reason`."""

    pair: Pair
    similarity: float | None = None
    reason: str | None = None
    blamed: tuple[str, ...] = ()
    """The pictures that it is because of."""

    def same(self, threshold: float) -> bool | None:
        """Whether they show one person."""
        return None if self.similarity is None else self.similarity >= threshold


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often it was right on pairs of known truth: `same` and `different` of them could be compared.

    `accepted` of the first and `mistaken` of the second were called the same; `auc` is the chance that one of the
    first is more alike than one of the second (None where there are none of either).
    """

    same: int
    different: int
    accepted: int
    mistaken: int
    left_out: int
    auc: float | None


def compare_pictures(a: str, b: str) -> Compared:
    """Compare two picture files. Raises Invalid where one can't be read, Unusable where faces can't be looked at."""
    paths = {name: Path(name) for name in (a, b)}
    absent = [name for name, path in paths.items() if not _is_file(path)]
    if absent:
        raise Invalid([trouble("picture_missing", path=name) for name in absent])
    sights = look_at(paths.values())
    broken = [sight for sight in sights.values() if isinstance(sight, Problem)]
    if broken:
        raise Invalid(broken)
    return _compared(Pair(a=a, b=b), sights[paths[a]], sights[paths[b]])


def compare_pairs(
    pairs: Sequence[Pair], folder: Path, *, tell: Callable[[int, int], None] | None = None
) -> list[Compared]:
    """Compare each pair; a picture is looked for in `folder`, then in the working folder, and looked at once.

    `tell` hears how many of how many pictures are done. Raises Unusable where faces can't be looked at here.
    """
    paths = {name: _found(name, folder) for pair in pairs for name in (pair.a, pair.b)}
    there = sorted({path for path in paths.values() if path is not None})
    sights = look_at(there, tell=None if tell is None else lambda done: tell(done, len(there)))
    seen = {name: _sight(name, path, sights) for name, path in paths.items()}
    return [_compared(pair, seen[pair.a], seen[pair.b]) for pair in pairs]


def rates(compared: Sequence[Compared], threshold: float) -> Rates | None:
    """How right the comparison is; None where no pair's truth is known."""
    known = [one for one in compared if one.pair.truth is not None]
    if not known:
        return None
    same = [one.similarity for one in known if one.pair.truth and one.similarity is not None]
    other = [one.similarity for one in known if not one.pair.truth and one.similarity is not None]
    return Rates(
        same=len(same),
        different=len(other),
        accepted=sum(similarity >= threshold for similarity in same),
        mistaken=sum(similarity >= threshold for similarity in other),
        left_out=len(known) - len(same) - len(other),
        auc=_auc(same, other),
    )


def networks() -> JSONObject:
    """The networks that look, and their digests."""
    return looked_by()


def _found(name: str, folder: Path) -> Path | None:
    return next((path.resolve() for path in (folder / name, Path(name)) if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises for a name that is too long


def _sight(name: str, path: Path | None, sights: Mapping[Path, Sight]) -> Sight:
    return trouble("picture_missing", path=name) if path is None else sights[path]


def _compared(pair: Pair, one: Sight, other: Sight) -> Compared:
    if isinstance(one, bytes) and isinstance(other, bytes):
        return Compared(pair=pair, similarity=round(_cosine(one, other), 6))
    reasons = {name: _reason(sight) for name, sight in ((pair.a, one), (pair.b, other)) if not isinstance(sight, bytes)}
    reason = next(iter(reasons.values()))
    return Compared(pair=pair, reason=reason, blamed=tuple(name for name, found in reasons.items() if found == reason))


def _reason(sight: Problem | None) -> str:
    if sight is None:
        return NO_FACE
    return NOT_FOUND if sight.kind == "picture_missing" else UNREADABLE


def _cosine(one: bytes, other: bytes) -> float:
    import numpy as np

    return float(np.frombuffer(one, np.float32) @ np.frombuffer(other, np.float32))


def _auc(same: Sequence[float], other: Sequence[float]) -> float | None:
    """The area under the curve of true over false accepts: won comparisons, ties counting half (Mann and Whitney)."""
    if not same or not other:
        return None
    ordered = sorted(other)
    won = sum(bisect_left(ordered, value) + bisect_right(ordered, value) for value in same)
    return won / (2 * len(same) * len(other))
