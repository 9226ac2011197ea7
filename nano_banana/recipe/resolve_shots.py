"""Resolves shots: cast, pictures, axes, exclusions and seeds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path

from msgspec import Struct, field

from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_text, as_whole
from nano_banana.model.problem import did_you_mean
from nano_banana.recipe.axis_values import AxisValue, axis_values
from nano_banana.recipe.naming import slug, slug_with_hash, text_identity
from nano_banana.recipe.prompts import EVERYTHING, find_prompt
from nano_banana.recipe.recipe_model import (
    PICTURE_AXIS,
    Identity,
    SeedSpec,
    Shot,
    Subject,
    TemplateText,
)
from nano_banana.recipe.resolve_context import ResolveContext, known_names_in
from nano_banana.recipe.resolve_subjects import read_photos

_PLACE_NAMES = {2: ("left", "right"), 3: ("left", "middle", "right")}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_LEFT_TO_RIGHT = {"left": 0, "middle": 1, "center": 1, "centre": 1, "right": 2}


class ShotCast(Struct, frozen=True, kw_only=True):
    """The subjects, one a picture in turn; or all `together` in each, from left to right, by their places."""

    names: tuple[str, ...] = ()
    together: Mapping[str, str] = field(default_factory=dict)


def read_cast(reading: ResolveContext, value: JSONValue, subjects: Mapping[str, Subject], where: KeyPath) -> ShotCast:
    """Who is in the pictures; names that are unknown or there twice are noted."""
    if not isinstance(value, Mapping):
        people = as_items(value)
        if isinstance(value, str) or len(people) < 2:
            return ShotCast(names=known_names_in(reading, "subject", value, subjects, where))
        places = _PLACE_NAMES.get(len(people), _ORDINALS)
        return _together(reading, dict(zip(places, enumerate(people), strict=False)), subjects, where)
    if "each" not in value:
        if len(value) == 1:
            reading.wrong("cast_alone", where, name=next(iter(value)), who=str(next(iter(value.values()))))
        return _together(reading, {place: (place, value[place]) for place in _places_from_left(value)}, subjects, where)
    if len(value) > 1:
        other = next(name for name in value if name != "each")
        reading.wrong_key("cast_mixed", (*where, other), name=other)
    if value["each"] == EVERYTHING:
        return ShotCast(names=tuple(subjects))
    return ShotCast(names=known_names_in(reading, "subject", value["each"], subjects, (*where, "each")))


def _places_from_left(places: Iterable[str]) -> list[str]:
    """The places from left to right where their names say so, else as written."""
    written = list(places)
    for ranks in (_LEFT_TO_RIGHT, {place: at for at, place in enumerate(_ORDINALS)}):
        if all(place in ranks for place in written):
            return sorted(written, key=ranks.__getitem__)
    return written


def _together(
    reading: ResolveContext,
    people: Mapping[str, tuple[str | int, JSONValue]],
    subjects: Mapping[str, Subject],
    where: KeyPath,
) -> ShotCast:
    """Places with the step to each in the recipe and who stands there."""
    found: dict[str, str] = {}
    for place, (step, who) in people.items():
        name, at = as_text(who), (*where, step)
        if name in found.values():
            reading.wrong("cast_twice", at, name=name)
        elif reading.known("subject", name, subjects, at):
            found[place] = name
    return ShotCast(names=tuple(found.values()), together=found)


def read_identity(reading: ResolveContext, data: JSONObject, cast: ShotCast, where: KeyPath) -> Identity:
    """How people get into the pictures; a way that needs people who are not there is noted."""
    said = data.get("identity", Identity.ADAPTER)
    identity = next((way for way in Identity if way == said), Identity.ADAPTER)
    at = (*where, "identity")
    if identity is not Identity.ADAPTER and "cast" not in data:
        reading.wrong("identity_of_nobody", at, identity=identity, somebody=reading.somebody)
    elif identity is Identity.BY_FACE and cast.names and not cast.together:
        reading.wrong("by_face_alone", at, shot=str(where[-1]))
    return identity


def read_pictures(reading: ResolveContext, value: JSONValue, where: KeyPath) -> Mapping[str, Path]:
    """The picture files of a shot by their keys; what is missing or no picture is noted."""
    paths = [photo.path for photo in read_photos(reading, value, where)]
    return dict(zip(picture_keys(paths), paths, strict=True))


def picture_keys(paths: Sequence[Path]) -> list[str]:
    """A key for each path, from its name alone; where two would be the same, from more of the way to them.

    Names that differ by signs or case only (`ana (1).jpg` and `ana-1.jpg`) get a mark of their own. So a key does not
    hang on the order of the files, nor on where all of them lie.
    """
    if not paths:
        return []
    shared = Path(os.path.commonpath([path.parent for path in paths]))
    ways = {path: path.relative_to(shared).parts for path in paths}
    keys = {path: slug(path.stem) for path in paths}
    for count in range(1, max(map(len, ways.values())) + 1):
        times = Counter(keys.values())
        keys = {path: slug("-".join(ways[path][-count:])) if times[key] > 1 else key for path, key in keys.items()}
    times = Counter(keys.values())
    return [slug_with_hash("/".join(ways[path]), keys[path]) if times[keys[path]] > 1 else keys[path] for path in paths]


def empty_template(where: KeyPath) -> TemplateText:
    """The template of a shot of pictures that has none."""
    return TemplateText(text="", where=(*where, "pictures"))


def check_picture_axis(reading: ResolveContext, matrix: Mapping[str, object], where: KeyPath) -> None:
    """Note an axis of the recipe's that is called as that of the pictures."""
    if PICTURE_AXIS in matrix:
        reading.wrong_key("reserved_name", (*where, "matrix", PICTURE_AXIS), name=PICTURE_AXIS)


MAX_TAKES = 500_000
"""Takes of one shot, before exclusions."""


def read_axes(reading: ResolveContext) -> Mapping[str, Mapping[str, AxisValue]]:
    """Every declared axis with its values by key; a list of texts is keyed by their slugs."""
    axes = {}
    for name, value in reading.section("axes").items():
        keyed = as_object(value) if isinstance(value, Mapping) else _keyed_texts(reading, value, ("axes", name))
        axes[name] = axis_values(keyed)
    return axes


def _keyed_texts(reading: ResolveContext, texts: JSONValue, where: KeyPath) -> JSONObject:
    """The texts by their names; of several with one name the first has it, and the others are marked."""
    keyed: dict[str, JSONValue] = {}
    seen: set[str] = set()
    for at, item in enumerate(as_items(texts)):
        text = as_text(item)
        key = slug(text)
        key = slug_with_hash(text, key) if key in keyed else key
        if key in keyed or text_identity(text) in seen:
            reading.wrong("repeated_value", (*where, at), value=text)
        seen.add(text_identity(text))
        keyed[key] = text
    return keyed


def read_shots(
    reading: ResolveContext,
    subjects: Mapping[str, Subject],
    axes: Mapping[str, Mapping[str, AxisValue]],
    templates: Mapping[str, TemplateText],
) -> Mapping[str, Shot]:
    """Every shot whose template exists; unknown names and empty matrices are noted."""
    shots = {}
    for name, value in reading.section("shots").items():
        data, where, before = as_object(value), ("shots", name), len(reading.problems)
        words = (*where, "template")
        text = (
            find_prompt(reading, as_text(data["template"]), templates, words)
            if "template" in data
            else empty_template(where)
        )
        pictures = read_pictures(reading, data.get("pictures"), (*where, "pictures"))
        cast = read_cast(reading, data.get("cast"), subjects, (*where, "cast"))
        matrix = _read_matrix(reading, as_object(data.get("matrix")), axes, (*where, "matrix"))
        if "pictures" in data:
            check_picture_axis(reading, matrix, where)
            matrix = {PICTURE_AXIS: tuple(axis_values(dict.fromkeys(pictures)).values()), **matrix}
        identity = read_identity(reading, data, cast, where)
        people = {} if cast.together else subjects
        exclude = _read_exclusions(reading, data.get("exclude"), matrix, people, (*where, "exclude"))
        if text is None:
            continue
        shot = Shot(
            name=name,
            where=where,
            template=text,
            cast=cast.names,
            together=cast.together,
            identity=identity,
            matrix=matrix,
            exclude=exclude,
            seeds=_read_seeds(data.get("seeds", {"count": 1})),
            pictures=pictures,
        )
        if len(reading.problems) == before:
            _check_size(reading, shot)
        shots[name] = shot
    return shots


def _check_size(reading: ResolveContext, shot: Shot) -> None:
    """Note a shot with no takes, or with more than anybody could want."""
    people = ("",) if shot.together else shot.cast or ("",)
    count = prod(len(values) for values in shot.matrix.values()) * len(people) * len(shot.seeds)
    if count > MAX_TAKES:
        at = "matrix" if shot.matrix else "seeds"
        reading.wrong_key("too_many_takes", (*shot.where, at), shot=shot.name, count=count, most=MAX_TAKES)
    elif not any(True for subject in people for _ in _combinations(shot, subject)):
        reading.wrong_key("empty_matrix", (*shot.where, "exclude"), shot=shot.name)


def axis_combinations(shot: Shot, subject: str) -> list[Mapping[str, AxisValue]]:
    """One value of each axis, in the recipe's order, less what is excluded for the subject (empty: nobody, or all)."""
    return list(_combinations(shot, subject))


def _combinations(shot: Shot, subject: str) -> Iterator[Mapping[str, AxisValue]]:
    for values in product(*shot.matrix.values()):
        cell = dict(zip(shot.matrix, values, strict=True))
        if not any(_rule_matches(rule, subject, cell) for rule in shot.exclude):
            yield cell


def _rule_matches(rule: Mapping[str, frozenset[str]], subject: str, cell: Mapping[str, AxisValue]) -> bool:
    return all((subject if axis == "subject" else cell[axis].key) in keys for axis, keys in rule.items())


def _values_in(
    reading: ResolveContext, axis: str, value: JSONValue, values: Mapping[str, AxisValue], where: KeyPath
) -> tuple[str, ...]:
    """Keys of an axis; a value that is plain text may be named by its text as well."""
    by_text = {found.text: key for key, found in values.items()}
    several = not isinstance(value, str)
    keys = []
    for at, item in enumerate(as_items(value)):
        name = as_text(item)
        key = name if name in values else by_text.get(name, name)
        if reading.known(axis, key, values, (*where, at) if several else where):
            keys.append(key)
    return tuple(dict.fromkeys(keys))


def _read_matrix(
    reading: ResolveContext, data: JSONObject, axes: Mapping[str, Mapping[str, AxisValue]], where: KeyPath
) -> Mapping[str, tuple[AxisValue, ...]]:
    matrix = {}
    for axis, chosen in data.items():
        at: KeyPath = (*where, axis)
        if axis in axes:
            keys = tuple(axes[axis]) if chosen == EVERYTHING else _values_in(reading, axis, chosen, axes[axis], at)
            matrix[axis] = tuple(axes[axis][key] for key in keys)
        elif chosen == EVERYTHING:
            near = did_you_mean(axis, axes)
            reading.wrong_key("unknown_axis", at, hints=near, name=axis, known=", ".join(axes) or "none")
            matrix[axis] = ()
        else:
            # An axis that is not declared takes its texts as they are.
            matrix[axis] = tuple(axis_values(_keyed_texts(reading, chosen, at)).values())
    return matrix


def _read_exclusions(
    reading: ResolveContext,
    value: JSONValue,
    matrix: Mapping[str, tuple[AxisValue, ...]],
    subjects: Mapping[str, Subject],
    where: KeyPath,
) -> list[Mapping[str, frozenset[str]]]:
    rules = []
    for at, item in enumerate(as_items(value)):
        rule = {}
        for axis, chosen in as_object(item).items():
            place: KeyPath = (*where, at, axis)
            if axis == "subject" and subjects:
                rule[axis] = frozenset(known_names_in(reading, "subject", chosen, subjects, place))
            elif axis in matrix:
                values = {value.key: value for value in matrix[axis]}
                rule[axis] = frozenset(_values_in(reading, axis, chosen, values, place))
            else:
                known = [*matrix, *(["subject"] if subjects else [])]
                near = did_you_mean(axis, known)
                reading.wrong_key("not_in_matrix", place, hints=near, name=axis, known=", ".join(known) or "none")
        rules.append(rule)
    return [rule for rule in rules if rule]


def _read_seeds(value: JSONValue) -> SeedSpec:
    if isinstance(value, Mapping):
        return SeedSpec(count=as_whole(value["count"]), salt=as_text(value.get("salt", "")))
    return SeedSpec(explicit=tuple(as_whole(seed) for seed in as_items(value)))
