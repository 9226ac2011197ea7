"""Schema errors, said in the recipe's own terms."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from jsonschema import Draft202012Validator

from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object
from nano_banana.core.problem import Place, Problem, did_you_mean
from nano_banana.recipe.document import Document
from nano_banana.recipe.located import follow
from nano_banana.recipe.lost import Lost
from nano_banana.recipe.mistake import Mistake, mistake_of
from nano_banana.recipe.model import Where
from nano_banana.recipe.patterns import NAME_PATTERNS, WORD
from nano_banana.recipe.resolve.reading import MOST_PROBLEMS
from nano_banana.recipe.shown import owner, shown, type_of, types, visible
from nano_banana.recipe.verbs import no_verb, several_verbs

_ROUNDS = 20
"""Times that a document is looked at again after something was taken out; each takes out what holds the last."""

_Fault: TypeAlias = tuple[Problem, Where]
"""A problem, and the path of the value that is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is wrong with a document's shape, and what is left of the document without that.

    What is left fits the schema, but for values of the right type that are out of range. None: nothing is left.
    """

    problems: Sequence[Problem]
    document: Document | None
    lost: Lost

    @property
    def slight(self) -> bool:
        """Whether what is found in what is left does not follow from what was taken out."""
        return self.document is not None and all(_is_slight(self.document, problem) for problem in self.problems)


def check_shape(document: Document, schema: JSONObject, *, stand_ins: JSONObject = MappingProxyType({})) -> Shape:
    """Everything about the document's shape that the schema forbids, each at its place.

    `stand_ins` are values for keys that no document may lack, so that the rest of one that lacks them can be read.
    """
    two, lost = several_verbs(document), Lost()
    said = {problem.place for problem in document.problems}
    # jsonschema says "required" once for each name that is missing: keep one of each.
    found: dict[str, _Fault] = {repr(problem): (problem, path) for path, problem in two.items()}
    for problem, path in _found(document, schema, set(two)):
        found[repr(problem)] = (problem, path)
        if len(found) >= MOST_PROBLEMS:
            return Shape(problems=[problem for problem, _ in found.values()], document=None, lost=lost)
    if not found and not document.lost:
        return Shape(problems=(), document=document, lost=lost)
    faults = _without_echoes(list(found.values()))
    fills = {(*path, str(fault.data["name"])) for fault, path in faults if fault.kind == "missing_key"}
    fills = {path for path in fills if len(path) == _OF_ENTRY and path[-1] in _USUAL}
    for path in fills:
        lost.touch(document, path)
    edits: dict[Where, str | None] = dict.fromkeys(document.lost)
    edits |= {
        path: _meant(document, path, fault)
        for fault, path in faults
        if path and fault.kind not in _RIGHT_TYPE and (*path, fault.data.get("name")) not in fills
    }
    causes = {path: fault for fault, path in faults}
    for path in edits:
        cause = causes.get(path)
        lost.add(document, path, cause.suggestions if cause and cause.kind == "unknown_key" else ())
    return Shape(
        problems=[
            fault
            for fault, path in faults
            if fault.place not in said and not any(path[: len(other)] == other for other in document.lost)
        ],
        document=_left(_filled(document, fills).edited(edits), schema, stand_ins, lost),
        lost=lost,
    )


_OF_ENTRY = 3
"""Steps to a key of an entry: of a subject, a shot, a stage."""

_USUAL: JSONObject = {
    "noun": "person",
    "trigger": "trigger",
    "template": "a picture",
    "seeds": {"count": 1},
    "using": "unknown",
    "mask": {"find": "face"},
}
"""What stands in for keys that an entry lacks, so that the rest of it can be looked at."""


def _filled(document: Document, paths: Collection[Where]) -> Document:
    """The document with usual values for keys that entries lack, which stand nowhere in its text."""
    data: dict[str, JSONValue] = {**document.data}
    for section, name, key in paths:
        entries, added = data[str(section)], {str(key): _USUAL[str(key)]}
        if isinstance(entries, Mapping):
            data[str(section)] = {**entries, str(name): {**as_object(entries[str(name)]), **added}}
        else:
            items = enumerate(as_items(entries))
            data[str(section)] = [{**as_object(item), **added} if at == name else item for at, item in items]
    return replace(document, data=data)


def _meant(document: Document, path: Where, cause: Problem) -> str | None:
    """The key that a misspelt one stands for, where it is not there."""
    if cause.kind != "unknown_key" or not cause.suggestions:
        return None
    entries = follow(document.tree, path[:-1])[0].entries or {}
    return None if cause.suggestions[0] in entries else cause.suggestions[0]


def unknown_keys(document: Document, schema: JSONObject) -> frozenset[Where]:
    """The paths of keys that the schema does not know. What stands there is nobody's to render."""
    found = _found(document, schema, set())
    return frozenset(path for problem, path in found if problem.kind == "unknown_key")


def _left(document: Document, schema: JSONObject, stand_ins: JSONObject, lost: Lost) -> Document | None:
    """What is left of the document without what is still wrong, now that something inside it is gone."""
    for _ in range(_ROUNDS):
        document = replace(document, data={**stand_ins, **document.data})
        wrong = {path for problem, path in _found(document, schema, set()) if problem.kind not in _RIGHT_TYPE}
        if () in wrong:
            return None
        if not wrong:
            lost.spread(document)
            return document
        for path in wrong:
            lost.add(document, path)
        document = document.edited(dict.fromkeys(wrong))
    return None


def _found(document: Document, schema: JSONObject, left_out: set[Where]) -> Iterator[_Fault]:
    """Problems as jsonschema comes upon them; of a stage with several verbs each kind would say that it is unfit."""
    for error in Draft202012Validator(schema).iter_errors(document.data):
        mistake = mistake_of(error, schema)
        if mistake.path[:2] not in left_out:
            told = False
            for fault in _problems(document, mistake):
                told = True
                yield fault
            if not told:  # nothing that the schema refuses may pass without a word
                yield _simple(document, mistake), mistake.path


def _is_slight(document: Document, problem: Problem) -> bool:
    if problem.kind == "unknown_key":
        return not problem.suggestions and problem.data["owner"] != document.whole
    return problem.kind in _RIGHT_TYPE


_RIGHT_TYPE = {
    "above_maximum",
    "bad_name",
    "below_minimum",
    "format_version",
    "not_above",
    "not_one_word",
    "repeated_value",
    "too_long",
    "too_many",
}
"""Problems with values of the right type, which can be looked at all the same."""


def _without_echoes(faults: list[_Fault]) -> list[_Fault]:
    """Leave out that `noun` is missing where `noum` is unknown, or no key is known: one slip is one problem."""
    meant: set[tuple[JSONValue, JSONValue]] = {
        (problem.data["owner"], name)
        for problem, _ in faults
        if problem.kind == "unknown_key"
        for name in problem.suggestions[:1]
    }
    return [
        (problem, path)
        for problem, path in faults
        if problem.kind != "missing_key"
        or not (problem.data["strange"] or (problem.data["owner"], problem.data["name"]) in meant)
    ]


def _problems(document: Document, mistake: Mistake) -> Iterator[_Fault]:
    path, value = mistake.path, mistake.value
    if mistake.keyword == "additionalProperties" and isinstance(value, Mapping):
        yield from _unknown_keys(document, mistake, value)
    elif mistake.of_name:
        yield _bad_name(document.key_place((*path, str(value))), mistake), (*path, str(value))
    elif mistake.keyword == "required":
        yield from ((problem, path) for problem in _missing(document, mistake))
    elif mistake.keyword == "dependentRequired":
        yield from ((problem, path) for problem in _needed(document, mistake))
    elif mistake.keyword == "anyOf":
        yield from _any_of(document, mistake)
    elif mistake.keyword == "uniqueItems":
        yield from ((problem, path) for problem in _repeated(document, mistake))
    else:
        yield _simple(document, mistake), path


def _unknown_keys(document: Document, mistake: Mistake, value: JSONObject) -> Iterator[_Fault]:
    path, known = mistake.path, mistake.known
    for name in value:
        if name not in known:
            problem = Problem(
                kind="unknown_key",
                place=document.key_place((*path, name)),
                data={"name": visible(name), "owner": owner(document, path), "known": ", ".join(known)},
                suggestions=did_you_mean(name, known),
            )
            yield problem, (*path, name)


def _bad_name(place: Place, mistake: Mistake) -> Problem:
    pattern = mistake.limit if mistake.keyword == "pattern" else ""
    return Problem(kind=NAME_PATTERNS.get(str(pattern), "bad_name"), place=place, data={"name": shown(mistake.value)})


def _needed(document: Document, mistake: Mistake) -> Iterator[Problem]:
    """The first key that means nothing without another one, which is not there."""
    value, rules = as_object(mistake.value), as_object(mistake.limit)
    for name in value:
        needs = [str(other) for other in as_items(rules.get(name, ())) if other not in value]
        if needs:
            data: JSONObject = {"name": name, "needs": needs[0], "owner": owner(document, mistake.path)}
            yield Problem(kind="key_needs", place=document.key_place((*mistake.path, name)), data=data)
            return


def _missing(document: Document, mistake: Mistake) -> Iterator[Problem]:
    value = mistake.value if isinstance(mistake.value, Mapping) else {}
    strange = bool(value) and not any(name in mistake.known for name in value)
    for name in as_items(mistake.limit):
        if name not in value:
            about = mistake.about[str(name)]
            data: JSONObject = {
                "name": name,
                "owner": owner(document, mistake.path),
                "strange": strange,
                "about": about,
            }
            yield Problem(kind="missing_key", place=document.key_place(mistake.path), data=data)


def _any_of(document: Document, mistake: Mistake) -> Iterator[_Fault]:
    """Of the branches, explain the one whose type fits; where none fits, name the types."""
    if all(inner.keyword == "required" and inner.path == mistake.path for inner in mistake.inner):
        yield from ((problem, mistake.path) for problem in no_verb(document, mistake))
        return
    branches: dict[int, list[Mistake]] = {}
    for inner in mistake.inner:
        branches.setdefault(inner.branch, []).append(inner)
    wrong_types = [inner for inner in mistake.inner if inner.keyword == "type" and inner.path == mistake.path]
    unfit = {inner.branch for inner in wrong_types}
    fitting = [inners for branch, inners in branches.items() if branch not in unfit]
    if fitting:
        for inner in min(fitting, key=len):
            yield from _problems(document, inner)
    else:
        yield _wrong_type(document, mistake, [inner.limit for inner in wrong_types]), mistake.path


def _repeated(document: Document, mistake: Mistake) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, item in enumerate(as_items(mistake.value)):
        if _same(item) in seen:
            yield Problem(
                kind="repeated_value", place=document.nearest((*mistake.path, at)), data={"value": shown(item)}
            )
        seen.add(_same(item))


def _same(value: JSONValue) -> str:
    """What values have in common that a schema takes for one: `1`, `1.0` and `1e0`."""
    whole = isinstance(value, float) and value.is_integer()
    return repr(int(value)) if whole and isinstance(value, float) else repr(value)


def _simple(document: Document, mistake: Mistake) -> Problem:
    keyword, path = mistake.keyword, mistake.path
    if keyword == "type":
        return _wrong_type(document, mistake, as_items(mistake.limit))
    place, name, value = document.nearest(path), owner(document, path), shown(mistake.value)
    if keyword == "const":
        return Problem(kind="format_version", place=place, data={"value": value, "known": mistake.limit})
    if keyword == "enum":
        choices = [str(choice) for choice in as_items(mistake.limit)]
        return Problem(
            kind="not_a_choice",
            place=place,
            data={"name": name, "value": value, "choices": ", ".join(choices)},
            suggestions=did_you_mean(value, choices),
        )
    if keyword == "pattern" and mistake.limit == WORD["pattern"]:
        return Problem(kind="not_one_word", place=place, data={"name": name, "value": value})
    if keyword == "pattern":
        return _bad_name(place, mistake)
    data: JSONObject = {"name": name, "value": value, "limit": shown(mistake.limit), "about": mistake.about[""]}
    return Problem(kind=_BOUNDS.get(keyword, "bad_value"), place=place, data=data)


_BOUNDS = {
    "minimum": "below_minimum",
    "exclusiveMinimum": "not_above",
    "maximum": "above_maximum",
    "multipleOf": "not_multiple",
    "minItems": "too_few",
    "maxItems": "too_many",
    "maxProperties": "too_many",
    "minProperties": "nothing_in_it",
    "minLength": "nothing_in_it",
    "maxLength": "too_long",
}


def _wrong_type(document: Document, mistake: Mistake, kinds: Sequence[JSONValue]) -> Problem:
    name = owner(document, mistake.path)
    data: JSONObject = {"name": name, "expected": types(kinds), "found": type_of(mistake.value)}
    place = document.key_place(mistake.path) if mistake.value is None else document.nearest(mistake.path)
    if "string" in kinds and "integer" not in kinds and isinstance(mistake.value, int | float):
        return Problem(kind="not_quoted", place=place, data={**data, "value": shown(mistake.value)})
    return Problem(kind="wrong_type", place=place, data={**data, "about": mistake.about.get("", "")})
