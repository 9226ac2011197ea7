"""Shots: who, what varies, what is left out, and which seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from math import prod

from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object, as_text, as_whole
from nano_banana.core.problem import did_you_mean
from nano_banana.recipe.axis_value import AxisValue, axis_values
from nano_banana.recipe.model import PICTURE, Seeds, Shot, Subject, Text, Where
from nano_banana.recipe.resolve.casts import read_cast, read_identity
from nano_banana.recipe.resolve.opened import check_axis, read_pictures, wordless
from nano_banana.recipe.resolve.prompts import ALL, find_text
from nano_banana.recipe.resolve.reading import Reading, names_in
from nano_banana.recipe.slug import marked, same_text, slug

MOST_TAKES = 500_000
"""Takes of one shot, before exclusions."""


def read_axes(reading: Reading) -> Mapping[str, Mapping[str, AxisValue]]:
    """Every declared axis with its values by key; a list of texts is keyed by their slugs."""
    axes = {}
    for name, value in reading.section("axes").items():
        keyed = as_object(value) if isinstance(value, Mapping) else _keyed(reading, value, ("axes", name))
        axes[name] = axis_values(keyed)
    return axes


def _keyed(reading: Reading, texts: JSONValue, where: Where) -> JSONObject:
    """The texts by their names; of several with one name the first has it, and the others are marked."""
    keyed: dict[str, JSONValue] = {}
    seen: set[str] = set()
    for at, item in enumerate(as_items(texts)):
        text = as_text(item)
        key = slug(text)
        key = marked(text, key) if key in keyed else key
        if key in keyed or same_text(text) in seen:
            reading.wrong("repeated_value", (*where, at), value=text)
        seen.add(same_text(text))
        keyed[key] = text
    return keyed


def read_shots(
    reading: Reading,
    subjects: Mapping[str, Subject],
    axes: Mapping[str, Mapping[str, AxisValue]],
    templates: Mapping[str, Text],
) -> Mapping[str, Shot]:
    """Every shot whose template exists; unknown names and empty matrices are noted."""
    shots = {}
    for name, value in reading.section("shots").items():
        data, where, before = as_object(value), ("shots", name), len(reading.problems)
        words = (*where, "template")
        text = (
            find_text(reading, as_text(data["template"]), templates, words) if "template" in data else wordless(where)
        )
        pictures = read_pictures(reading, data.get("pictures"), (*where, "pictures"))
        cast = read_cast(reading, data.get("cast"), subjects, (*where, "cast"))
        matrix = _matrix(reading, as_object(data.get("matrix")), axes, (*where, "matrix"))
        if "pictures" in data:
            check_axis(reading, matrix, where)
            matrix = {PICTURE: tuple(axis_values(dict.fromkeys(pictures)).values()), **matrix}
        identity = read_identity(reading, data, cast, where)
        people = {} if cast.together else subjects
        exclude = _exclude(reading, data.get("exclude"), matrix, people, (*where, "exclude"))
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
            seeds=_seeds(data.get("seeds", {"count": 1})),
            pictures=pictures,
        )
        if len(reading.problems) == before:
            _check_size(reading, shot)
        shots[name] = shot
    return shots


def _check_size(reading: Reading, shot: Shot) -> None:
    """Note a shot with no takes, or with more than anybody could want."""
    people = ("",) if shot.together else shot.cast or ("",)
    count = prod(len(values) for values in shot.matrix.values()) * len(people) * len(shot.seeds)
    if count > MOST_TAKES:
        at = "matrix" if shot.matrix else "seeds"
        reading.wrong_key("too_many_takes", (*shot.where, at), shot=shot.name, count=count, most=MOST_TAKES)
    elif not any(True for subject in people for _ in _cells(shot, subject)):
        reading.wrong_key("empty_matrix", (*shot.where, "exclude"), shot=shot.name)


def cells(shot: Shot, subject: str) -> list[Mapping[str, AxisValue]]:
    """One value of each axis, in the recipe's order, less what is excluded for the subject (empty: nobody, or all)."""
    return list(_cells(shot, subject))


def _cells(shot: Shot, subject: str) -> Iterator[Mapping[str, AxisValue]]:
    for values in product(*shot.matrix.values()):
        cell = dict(zip(shot.matrix, values, strict=True))
        if not any(_hits(rule, subject, cell) for rule in shot.exclude):
            yield cell


def _hits(rule: Mapping[str, frozenset[str]], subject: str, cell: Mapping[str, AxisValue]) -> bool:
    return all((subject if axis == "subject" else cell[axis].key) in keys for axis, keys in rule.items())


def _values_in(
    reading: Reading, axis: str, value: JSONValue, values: Mapping[str, AxisValue], where: Where
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


def _matrix(
    reading: Reading, data: JSONObject, axes: Mapping[str, Mapping[str, AxisValue]], where: Where
) -> Mapping[str, tuple[AxisValue, ...]]:
    matrix = {}
    for axis, chosen in data.items():
        at: Where = (*where, axis)
        if axis in axes:
            keys = tuple(axes[axis]) if chosen == ALL else _values_in(reading, axis, chosen, axes[axis], at)
            matrix[axis] = tuple(axes[axis][key] for key in keys)
        elif chosen == ALL:
            near = did_you_mean(axis, axes)
            reading.wrong_key("unknown_axis", at, hints=near, name=axis, known=", ".join(axes) or "none")
            matrix[axis] = ()
        else:
            # An axis that is not declared takes its texts as they are.
            matrix[axis] = tuple(axis_values(_keyed(reading, chosen, at)).values())
    return matrix


def _exclude(
    reading: Reading,
    value: JSONValue,
    matrix: Mapping[str, tuple[AxisValue, ...]],
    subjects: Mapping[str, Subject],
    where: Where,
) -> list[Mapping[str, frozenset[str]]]:
    rules = []
    for at, item in enumerate(as_items(value)):
        rule = {}
        for axis, chosen in as_object(item).items():
            place: Where = (*where, at, axis)
            if axis == "subject" and subjects:
                rule[axis] = frozenset(names_in(reading, "subject", chosen, subjects, place))
            elif axis in matrix:
                values = {value.key: value for value in matrix[axis]}
                rule[axis] = frozenset(_values_in(reading, axis, chosen, values, place))
            else:
                known = [*matrix, *(["subject"] if subjects else [])]
                near = did_you_mean(axis, known)
                reading.wrong_key("not_in_matrix", place, hints=near, name=axis, known=", ".join(known) or "none")
        rules.append(rule)
    return [rule for rule in rules if rule]


def _seeds(value: JSONValue) -> Seeds:
    if isinstance(value, Mapping):
        return Seeds(count=as_whole(value["count"]), salt=as_text(value.get("salt", "")))
    return Seeds(explicit=tuple(as_whole(seed) for seed in as_items(value)))
