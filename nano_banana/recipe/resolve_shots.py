"""Resolves shots: cast, pictures, axes, exclusions and seeds."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from math import prod
from pathlib import Path

from msgspec import Struct, field

from nano_banana.formats.yaml_values import KeyPath
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import did_you_mean
from nano_banana.recipe.axis_values import AxisValue, axis_values
from nano_banana.recipe.naming import slug, slug_with_hash, text_identity
from nano_banana.recipe.prompts import find_prompt
from nano_banana.recipe.recipe_model import PICTURE_AXIS, SeedSpec, Shot, Subject, TemplateText
from nano_banana.recipe.recipe_sections import EVERYTHING, Identity, SeedCount, ShotSection
from nano_banana.recipe.resolve_context import ResolveContext, known_names_in, placed_names
from nano_banana.recipe.resolve_subjects import read_photos

_PLACE_NAMES = {2: ("left", "right"), 3: ("left", "middle", "right")}
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_LEFT_TO_RIGHT = {"left": 0, "middle": 1, "center": 1, "centre": 1, "right": 2}


class ShotCast(Struct, frozen=True, kw_only=True):
    """The subjects, one a picture in turn; or all `together` in each, from left to right, by their places."""

    names: tuple[str, ...] = ()
    together: Mapping[str, str] = field(default_factory=dict)


def read_cast(
    reading: ResolveContext,
    value: str | Sequence[str] | Mapping[str, str | Sequence[str]] | None,
    subjects: Mapping[str, Subject],
    where: KeyPath,
) -> ShotCast:
    """Who is in the pictures; names that are unknown or there twice are noted."""
    if value is None or isinstance(value, str):
        return ShotCast(names=known_names_in(reading, "subject", value, subjects, where))
    if not isinstance(value, Mapping):
        places = _PLACE_NAMES.get(len(value), _ORDINALS)
        people = {place: (name, (*where, at)) for place, (at, name) in zip(places, enumerate(value), strict=False)}
        return _together(reading, people, subjects)
    if "each" not in value:
        if len(value) == 1:
            reading.wrong("cast_alone", where, name=next(iter(value)), who=str(next(iter(value.values()))))
        people = {place: (str(value[place]), (*where, place)) for place in _places_from_left(value)}
        return _together(reading, people, subjects)
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
    reading: ResolveContext, people: Mapping[str, tuple[str, KeyPath]], subjects: Mapping[str, Subject]
) -> ShotCast:
    """Several in one picture, by their places: each with a name and its path in the recipe."""
    found: dict[str, str] = {}
    for place, (name, at) in people.items():
        if name in found.values():
            reading.wrong("cast_twice", at, name=name)
        elif reading.known("subject", name, subjects, at):
            found[place] = name
    return ShotCast(names=tuple(found.values()), together=found)


def _check_identity(reading: ResolveContext, said: ShotSection, cast: ShotCast, where: KeyPath) -> None:
    """Note a way to get people into the pictures that needs people who are not there."""
    at = (*where, "identity")
    if said.identity is not Identity.ADAPTER and said.cast is None:
        reading.wrong("identity_of_nobody", at, identity=said.identity, somebody=reading.somebody)
    elif said.identity is Identity.BY_FACE and cast.names and not cast.together:
        reading.wrong("by_face_alone", at, shot=str(where[-1]))


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


MAX_TAKES = 500_000
"""Takes of one shot, before exclusions."""


def read_axes(reading: ResolveContext) -> Mapping[str, Mapping[str, AxisValue]]:
    """Every declared axis with its values by key; a list of texts is keyed by their slugs."""
    return {
        name: axis_values(said if isinstance(said, dict) else _keyed_texts(reading, said, ("axes", name)))
        for name, said in reading.recipe.axes.items()
    }


def _keyed_texts(reading: ResolveContext, texts: str | Sequence[str], where: KeyPath) -> JSONObject:
    """The texts by their names; of several with one name the first has it, and the others are marked."""
    keyed: dict[str, JSONValue] = {}
    seen: set[str] = set()
    for text, place in placed_names(texts, where):
        key = slug(text)
        key = slug_with_hash(text, key) if key in keyed else key
        if key in keyed or text_identity(text) in seen:
            reading.wrong("repeated_value", place, value=text)
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
    for name, said in reading.recipe.shots.items():
        where, before = ("shots", name), len(reading.problems)
        text = (
            empty_template(where)
            if said.template is None
            else find_prompt(reading, said.template, templates, (*where, "template"))
        )
        paths = [photo.path for photo in read_photos(reading, said.pictures, (*where, "pictures"))]
        pictures = dict(zip(picture_keys(paths), paths, strict=True))
        cast = read_cast(reading, said.cast, subjects, (*where, "cast"))
        matrix = _read_matrix(reading, said.matrix, axes, (*where, "matrix"))
        if said.pictures is not None:
            if PICTURE_AXIS in matrix:
                reading.wrong_key("reserved_name", (*where, "matrix", PICTURE_AXIS), name=PICTURE_AXIS)
            matrix = {PICTURE_AXIS: tuple(axis_values(dict.fromkeys(pictures)).values()), **matrix}
        _check_identity(reading, said, cast, where)
        people = {} if cast.together else subjects
        exclude = _read_exclusions(reading, said.exclude, matrix, people, (*where, "exclude"))
        if text is None:
            continue
        shot = Shot(
            name=name,
            where=where,
            template=text,
            cast=cast.names,
            together=cast.together,
            identity=said.identity,
            matrix=matrix,
            exclude=exclude,
            seeds=_read_seeds(said.seeds),
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
    elif not any(axis_combinations(shot, subject) for subject in people):
        reading.wrong_key("empty_matrix", (*shot.where, "exclude"), shot=shot.name)


def axis_combinations(shot: Shot, subject: str) -> list[Mapping[str, AxisValue]]:
    """One value of each axis, in the recipe's order, less what is excluded for the subject (empty: nobody, or all)."""
    cells = (dict(zip(shot.matrix, values, strict=True)) for values in product(*shot.matrix.values()))
    return [cell for cell in cells if not any(_rule_matches(rule, subject, cell) for rule in shot.exclude)]


def _rule_matches(rule: Mapping[str, frozenset[str]], subject: str, cell: Mapping[str, AxisValue]) -> bool:
    return all((subject if axis == "subject" else cell[axis].key) in keys for axis, keys in rule.items())


def _values_in(
    reading: ResolveContext,
    axis: str,
    value: str | Sequence[str],
    values: Mapping[str, AxisValue],
    where: KeyPath,
) -> tuple[str, ...]:
    """Keys of an axis; a value that is plain text may be named by its text as well."""
    by_text = {found.text: key for key, found in values.items()}
    keys = [(name if name in values else by_text.get(name, name), at) for name, at in placed_names(value, where)]
    return tuple(dict.fromkeys(key for key, at in keys if reading.known(axis, key, values, at)))


def _read_matrix(
    reading: ResolveContext,
    said: Mapping[str, str | Sequence[str]],
    axes: Mapping[str, Mapping[str, AxisValue]],
    where: KeyPath,
) -> Mapping[str, tuple[AxisValue, ...]]:
    matrix = {}
    for axis, chosen in said.items():
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
    said: Sequence[Mapping[str, str | Sequence[str]]],
    matrix: Mapping[str, tuple[AxisValue, ...]],
    subjects: Mapping[str, Subject],
    where: KeyPath,
) -> list[Mapping[str, frozenset[str]]]:
    rules = []
    for at, item in enumerate(said):
        rule = {}
        for axis, chosen in item.items():
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


def _read_seeds(said: Sequence[int] | SeedCount | None) -> SeedSpec:
    if said is None or isinstance(said, SeedCount):
        return SeedSpec(count=said.count, salt=said.salt) if said else SeedSpec(count=1)
    return SeedSpec(explicit=tuple(said))
