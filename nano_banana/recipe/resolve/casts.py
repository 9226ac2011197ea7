"""Casts: who is in a shot's pictures, in turn or together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nano_banana.core.json import JSONObject, JSONValue, as_items, as_text
from nano_banana.recipe.model import Identity, Subject, Where
from nano_banana.recipe.resolve.prompts import ALL
from nano_banana.recipe.resolve.reading import Reading, names_in

_PLACES = {2: ("left", "right"), 3: ("left", "middle", "right")}
_COUNTED = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ACROSS = {"left": 0, "middle": 1, "center": 1, "centre": 1, "right": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The subjects, one a picture in turn; or all `together` in each, from left to right, by their places."""

    names: tuple[str, ...] = ()
    together: Mapping[str, str] = field(default_factory=dict)


def read_cast(reading: Reading, value: JSONValue, subjects: Mapping[str, Subject], where: Where) -> Cast:
    """Who is in the pictures; names that are unknown or there twice are noted."""
    if not isinstance(value, Mapping):
        people = as_items(value)
        if isinstance(value, str) or len(people) < 2:
            return Cast(names=names_in(reading, "subject", value, subjects, where))
        places = _PLACES.get(len(people), _COUNTED)
        return _together(reading, dict(zip(places, enumerate(people), strict=False)), subjects, where)
    if "each" not in value:
        if len(value) == 1:
            reading.wrong("cast_alone", where, name=next(iter(value)), who=str(next(iter(value.values()))))
        return _together(reading, {place: (place, value[place]) for place in _from_left(value)}, subjects, where)
    if len(value) > 1:
        other = next(name for name in value if name != "each")
        reading.wrong_key("cast_mixed", (*where, other), name=other)
    if value["each"] == ALL:
        return Cast(names=tuple(subjects))
    return Cast(names=names_in(reading, "subject", value["each"], subjects, (*where, "each")))


def _from_left(places: Iterable[str]) -> list[str]:
    """The places from left to right where their names say so, else as written."""
    written = list(places)
    for ranks in (_ACROSS, {place: at for at, place in enumerate(_COUNTED)}):
        if all(place in ranks for place in written):
            return sorted(written, key=ranks.__getitem__)
    return written


def _together(
    reading: Reading,
    people: Mapping[str, tuple[str | int, JSONValue]],
    subjects: Mapping[str, Subject],
    where: Where,
) -> Cast:
    """Places with the step to each in the recipe and who stands there."""
    found: dict[str, str] = {}
    for place, (step, who) in people.items():
        name, at = as_text(who), (*where, step)
        if name in found.values():
            reading.wrong("cast_twice", at, name=name)
        elif reading.known("subject", name, subjects, at):
            found[place] = name
    return Cast(names=tuple(found.values()), together=found)


def read_identity(reading: Reading, data: JSONObject, cast: Cast, where: Where) -> Identity:
    """How people get into the pictures; a way that needs people who are not there is noted."""
    said = data.get("identity", Identity.ADAPTER)
    identity = next((way for way in Identity if way == said), Identity.ADAPTER)
    at = (*where, "identity")
    if identity is not Identity.ADAPTER and "cast" not in data:
        reading.wrong("identity_of_nobody", at, identity=identity, somebody=reading.somebody)
    elif identity is Identity.BY_FACE and cast.names and not cast.together:
        reading.wrong("by_face_alone", at, shot=str(where[-1]))
    return identity
