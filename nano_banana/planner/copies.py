"""Names of the copies that a recipe hands out, known before they are made."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import Invalid
from nano_banana.core.errors import trouble
from nano_banana.core.problem import Place
from nano_banana.core.problem import Problem
from nano_banana.planner.batch import in_turn
from nano_banana.planner.plan import suffix_of
from nano_banana.planner.take import Take
from nano_banana.planner.take import takes_of
from nano_banana.planner.track import Track
from nano_banana.planner.track import forked
from nano_banana.planner.track import meeting
from nano_banana.planner.track import tracks_of
from nano_banana.planner.workbench import Workbench
from nano_banana.recipe.model import Source
from nano_banana.recipe.outputs import Export

MOST_TOLD = 20
"""Problems of names that are told at once."""

LONGEST = 255 - 5
"""Bytes of one part of a path, on the usual file systems, less a suffix."""

SUFFIX = re.compile(r"\.(png|jpe?g|webp|gif)$", re.IGNORECASE)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"|?*\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]')
"""Also what ends a line or turns the direction of what follows: a name must look like what it is."""
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A picture to hand out: that of the take `take` at the end of the stages `way`, if it comes so far.

    `ruling` is the only verdict that is wanted (empty: any but a refusal). `name` is a path without suffix, with
    slashes, below the folder.
    """

    take: str
    way: tuple[str, ...]
    ruling: str
    name: str


def copies_of(bench: Workbench, export: Export, place: Place) -> list[Copy]:
    """Every copy that there may be. Raises Invalid for names that are unsafe, or that two pictures would have.

    `place` is where the name's template stands.
    """
    found: dict[str, Copy] = {}
    problems: dict[str, Problem] = {}
    for take, copy in _all(bench, export, problems):
        problem = _fault(copy.name)
        if problem is not None:
            problems.setdefault(copy.name, trouble(problem, place=place, name=copy.name, take=take.id))
            continue
        # Many file systems take names that differ in case, or in how an accent is written, for one.
        same = unicodedata.normalize("NFC", copy.name).casefold()
        other = found.setdefault(same, copy)
        if other is not copy:
            problems.setdefault(
                same, trouble("export_same_name", place=place, name=copy.name, take=copy.take, other=other.take)
            )
        if len(problems) >= MOST_TOLD:
            break
    if problems:
        raise Invalid(problems.values())
    return list(found.values())


def _all(bench: Workbench, export: Export, problems: dict[str, Problem]) -> Iterator[tuple[Take, Copy]]:
    tracks = tracks_of(bench.recipe)
    forks, meets = forked(tracks), meeting(tracks)
    for source in export.sources:
        for track, way in _ways(tracks, source):
            suffix = suffix_of(track, forks, meets)
            for subject in in_turn(track.shot):
                for take in takes_of(bench.recipe.name, track.shot, subject):
                    try:
                        name = bench.render(export.name, _context(bench, take, source, way))
                    except CallFailed as error:
                        for problem in error.problems:
                            problems.setdefault(repr(problem), problem)
                        return
                    name = SUFFIX.sub("", name.strip())
                    yield take, Copy(take=take.id + suffix, way=way, ruling=source.ruling, name=name)


def _ways(tracks: list[Track], source: Source) -> Iterator[tuple[Track, tuple[str, ...]]]:
    """The ways to a collection, each once, with one of the tracks that go it."""
    seen = set()
    for track in tracks:
        ids = tuple(stage.id for stage in track.stages)
        if source.stage not in ids or source.shot not in ("", track.shot.name):
            continue
        way = ids[: ids.index(source.stage) + 1]
        if (track.shot.name, way) not in seen:
            seen.add((track.shot.name, way))
            yield track, way


def _context(bench: Workbench, take: Take, source: Source, way: tuple[str, ...]) -> Mapping[str, object]:
    """What the template of a name finds: a take's names, and how the picture is called here."""
    ours = {"cast": list(take.cast), "take": take.id, "stage": source.stage, "way": "+".join(way)}
    return {**bench.contexts.take(take), **ours, "recipe": bench.recipe.name}


def _fault(name: str) -> str | None:
    """The kind of problem that a name is, or None."""
    parts = name.split("/")
    if not name:
        return "export_no_name"
    if any(part in ("", ".", "..") for part in parts) or name.startswith("~"):
        return "export_outside"
    if any(_UNSAFE.search(part) or _DEVICES.fullmatch(part) or part != part.strip(" .") for part in parts):
        return "export_unsafe"
    if any(len(part.encode(errors="surrogatepass")) > LONGEST for part in parts):
        return "export_too_long"
    return None
