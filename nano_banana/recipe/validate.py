"""Checks a document against a schema, with errors in recipe terms.

jsonschema's errors are translated once, here. What is wrong is taken out of the document so that the rest can still be
resolved, and all problems are reported together.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias, cast

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.formats.yaml_values import KeyPath, follow_path
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.problem import Position, Problem, did_you_mean, problem
from nano_banana.recipe.document import Document
from nano_banana.recipe.naming import NAME_PROBLEMS, ONE_WORD_PATTERN
from nano_banana.recipe.resolve_context import MAX_PROBLEMS_TOLD, OmittedParts

if TYPE_CHECKING:
    from jsonschema import ValidationError

_PlacedProblem: TypeAlias = tuple[Problem, KeyPath]
"""A problem, and the path of the value that is wrong."""


def schema_description(schema: JSONObject, path: Iterable[str | int], name: str = "") -> str:
    """The nearest description on the way down `path` (the steps of a broken rule), as the end of a sentence.

    With a `name`, that of the property so called at the path's end. Empty where nothing is described.
    """
    *steps, _ = path
    node: JSONValue = schema
    found = ""
    for step in [*steps, *(["properties", name] if name else [])]:
        node = as_items(node)[step] if isinstance(step, int) else as_object(node).get(step)
        if isinstance(node, Mapping) and isinstance(node.get("description"), str):
            found = str(node["description"])
    proper = found[1:2].isupper() or found[:1] == "`"
    return (found if proper else found[:1].lower() + found[1:]).removesuffix(".")


class SchemaViolation(Struct, frozen=True, kw_only=True):
    """What is wrong with `value` at `path`: it breaks `keyword`, whose value in the schema is `limit`.

    `known` are the keys that the schema names there, `inner` the mistakes in the branches of an `anyOf`
    (each with the number of its `branch`); `of_name` says that a key is meant and not a value. `about` is what
    the schema says of the place; of keys that are missing, by name. `root` is the whole schema.
    """

    keyword: str
    path: KeyPath
    value: JSONValue
    limit: JSONValue
    known: Sequence[str]
    inner: Sequence[SchemaViolation]
    branch: int
    of_name: bool
    about: Mapping[str, str]
    root: JSONObject


def violation_of(error: ValidationError, root: JSONObject) -> SchemaViolation:
    """Read jsonschema's error; `root` is the whole schema."""
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    properties = schema.get("properties")
    relative, absolute = list(error.relative_schema_path), list(error.absolute_schema_path)
    names = (
        [str(name) for name in as_items(cast("JSONValue", error.validator_value))]
        if error.validator == "required"
        else [""]
    )
    return SchemaViolation(
        keyword=str(error.validator),
        path=tuple(error.absolute_path),
        value=cast("JSONValue", error.instance),
        limit=cast("JSONValue", error.validator_value),
        known=[str(name) for name in properties] if isinstance(properties, Mapping) else [],
        inner=[violation_of(inner, root) for inner in error.context or ()],
        branch=relative[0] if relative and isinstance(relative[0], int) else 0,
        of_name="propertyNames" in error.absolute_schema_path,
        about={name: schema_description(root, absolute, name) for name in names},
        root=root,
    )


MAX_VALUE_SHOWN = 60
"""Characters of a value in a sentence."""

_TYPE_PHRASES = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def path_phrase(document: Document, path: KeyPath) -> str:
    """A path as people write it: `shots.headshots.seeds[2]`, `stages.takes`; the whole where it is empty."""
    if path[:1] == ("stages",) and len(path) > 1:
        path = ("stages", _stage_id(document, path[1]), *path[2:])
    words = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"`{words.removeprefix('.')}`" if words else document.whole


def _stage_id(document: Document, at: str | int) -> str | int:
    """A stage by its id, where it has one."""
    stages = as_items(document.data.get("stages"))
    entry = stages[at] if isinstance(at, int) else None
    name = entry.get("id") if isinstance(entry, Mapping) else None
    return name if isinstance(name, str) and name else at


def short_value(value: JSONValue) -> str:
    """A value, short enough for a sentence."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE_SHOWN else text[: MAX_VALUE_SHOWN - 1] + "…"


def visible_name(name: str) -> str:
    """A name with its invisible characters as code points."""
    return "".join(letter if letter.isprintable() else f"<U+{ord(letter):04X}>" for letter in name)


def type_phrases(kinds: Sequence[JSONValue]) -> str:
    """The types that would be right: `a text or a list`."""
    return " or ".join(dict.fromkeys(_TYPE_PHRASES[str(kind)] for kind in kinds))


def type_phrase(value: JSONValue) -> str:
    """What the value is: `a whole number`."""
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (Mapping, "object")):
        if isinstance(value, kind):
            return f"`{short_value(value)}`" if kind is bool else _TYPE_PHRASES[name]
    return _TYPE_PHRASES["null"] if value is None else _TYPE_PHRASES["array"]


def _kind_parameters(schema: JSONObject) -> Mapping[str, JSONObject]:
    """The parameters of each stage kind in a recipe's schema, by verb; nothing in the schema of another file."""
    items = as_object(as_object(as_object(schema.get("properties")).get("stages")).get("items"))
    found = {}
    for branch in as_items(items.get("allOf")):
        (verb,) = as_items(as_object(as_object(branch)["if"])["required"])
        found[str(verb)] = as_object(as_object(as_object(branch)["then"])["properties"])
    return found


def _several_verbs(document: Document, verbs: Collection[str]) -> Iterator[_PlacedProblem]:
    """The stages with more than one verb."""
    for at, entry in enumerate(as_items(document.data.get("stages"))):
        written = [name for name in entry if name in verbs] if isinstance(entry, Mapping) else []
        if len(written) > 1:
            path: KeyPath = ("stages", at)
            place, owner = document.key_place((*path, written[1])), path_phrase(document, path)
            yield problem("two_verbs", position=place, owner=owner, first=written[0], second=written[1]), path


def _no_verb(document: Document, mistake: SchemaViolation) -> Iterator[_PlacedProblem]:
    """A stage without a verb that is known: it is misspelled, of a kind that isn't installed, or missing."""
    path, entry = mistake.path, mistake.value
    kinds = _kind_parameters(mistake.root)
    known = {"id", *(name for parameters in kinds.values() for name in parameters)}
    strangers = [name for name in entry if name not in known] if isinstance(entry, Mapping) else []
    where = path_phrase(document, path)
    slips = [name for name in strangers if did_you_mean(name, known - kinds.keys())]
    # The first unknown key is taken for the verb: what follows belongs to a kind that isn't known.
    verb = [name for name in strangers if name not in slips][:1]
    for name in [*verb, *slips]:
        near = did_you_mean(name, kinds) or did_you_mean(name, known)
        place, known_verbs = document.key_place((*path, name)), ", ".join(kinds)
        yield problem("unknown_verb", position=place, suggestions=near, name=name, owner=where, known=known_verbs), path
    if not verb:
        yield problem("no_verb", position=document.nearest(path), owner=where, names=", ".join(kinds)), path


_ROUNDS = 20
"""How often a document is checked again after wrong values were removed; each round removes what contained them."""


class ShapeCheck(Struct, frozen=True, kw_only=True):
    """What is wrong with a document's shape, and what is left of the document without that.

    What is left fits the schema, but for values of the right type that are out of range. None: nothing is left.
    """

    problems: Sequence[Problem]
    document: Document | None
    lost: OmittedParts

    @property
    def slight(self) -> bool:
        """Whether what is found in what is left does not follow from what was taken out."""
        return self.document is not None and all(_is_minor(self.document, fault) for fault in self.problems)


def check_shape(document: Document, schema: JSONObject, *, stand_ins: JSONObject = MappingProxyType({})) -> ShapeCheck:
    """Everything about the document's shape that the schema forbids, each at its place.

    `stand_ins` are values for keys that no document may lack, so that the rest of one that lacks them can be read.
    """
    two, lost = list(_several_verbs(document, _kind_parameters(schema))), OmittedParts()
    said = {fault.position for fault in document.problems}
    # jsonschema says "required" once for each name that is missing: keep one of each.
    found: dict[str, _PlacedProblem] = {repr(fault): (fault, path) for fault, path in two}
    for fault, path in _shape_problems(document, schema, {path for _, path in two}):
        found[repr(fault)] = (fault, path)
        if len(found) >= MAX_PROBLEMS_TOLD:
            return ShapeCheck(problems=[fault for fault, _ in found.values()], document=None, lost=lost)
    if not found and not document.lost:
        return ShapeCheck(problems=(), document=document, lost=lost)
    faults = _without_echoes(list(found.values()))
    fills = {(*path, str(fault.data["name"])) for fault, path in faults if fault.kind == "missing_key"}
    fills = {path for path in fills if len(path) == _ENTRY_DEPTH and path[-1] in _USUAL_VALUES}
    for path in fills:
        lost.touch(document, path)
    edits: dict[KeyPath, str | None] = dict.fromkeys(document.lost)
    edits |= {
        path: _intended_key(document, path, fault)
        for fault, path in faults
        if path and fault.kind not in _RIGHT_TYPE_KINDS and (*path, fault.data.get("name")) not in fills
    }
    causes = {path: fault for fault, path in faults}
    for path in edits:
        cause = causes.get(path)
        lost.add(document, path, cause.suggestions if cause and cause.kind == "unknown_key" else ())
    return ShapeCheck(
        problems=[
            fault
            for fault, path in faults
            if fault.position not in said and not any(path[: len(other)] == other for other in document.lost)
        ],
        document=_without_wrong_parts(_with_usual_values(document, fills).edited(edits), schema, stand_ins, lost),
        lost=lost,
    )


_ENTRY_DEPTH = 3
"""Steps to a key of an entry: of a subject, a shot, a stage."""

_USUAL_VALUES: JSONObject = {
    "noun": "person",
    "trigger": "trigger",
    "template": "a picture",
    "seeds": {"count": 1},
    "using": "unknown",
    "mask": {"find": "face"},
}
"""Stand-ins for keys that an entry lacks, so that the rest of it can be checked."""


def _with_usual_values(document: Document, paths: Collection[KeyPath]) -> Document:
    """The document with usual values for keys that entries lack, which stand nowhere in its text."""
    data: dict[str, JSONValue] = {**document.data}
    for section, name, key in paths:
        entries, added = data[str(section)], {str(key): _USUAL_VALUES[str(key)]}
        if isinstance(entries, Mapping):
            data[str(section)] = {**entries, str(name): {**as_object(entries[str(name)]), **added}}
        else:
            items = enumerate(as_items(entries))
            data[str(section)] = [{**as_object(item), **added} if at == name else item for at, item in items]
    return replace(document, data=data)


def _intended_key(document: Document, path: KeyPath, cause: Problem) -> str | None:
    """The key that a misspelt one stands for, where it is not there."""
    if cause.kind != "unknown_key" or not cause.suggestions:
        return None
    entries = follow_path(document.tree, path[:-1])[0].entries or {}
    return None if cause.suggestions[0] in entries else cause.suggestions[0]


def unknown_keys(document: Document, schema: JSONObject) -> frozenset[KeyPath]:
    """The paths of unknown keys. Their values aren't rendered."""
    found = _shape_problems(document, schema, set())
    return frozenset(path for fault, path in found if fault.kind == "unknown_key")


def _without_wrong_parts(
    document: Document, schema: JSONObject, stand_ins: JSONObject, lost: OmittedParts
) -> Document | None:
    """What is left of the document without what is still wrong, now that something inside it is gone."""
    for _ in range(_ROUNDS):
        document = replace(document, data={**stand_ins, **document.data})
        wrong = {
            path for fault, path in _shape_problems(document, schema, set()) if fault.kind not in _RIGHT_TYPE_KINDS
        }
        if () in wrong:
            return None
        if not wrong:
            lost.spread(document)
            return document
        for path in wrong:
            lost.add(document, path)
        document = document.edited(dict.fromkeys(wrong))
    return None


def _shape_problems(document: Document, schema: JSONObject, left_out: set[KeyPath]) -> Iterator[_PlacedProblem]:
    """Problems as jsonschema comes upon them; of a stage with several verbs each kind would say that it is unfit."""
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(schema).iter_errors(document.data):
        mistake = violation_of(error, schema)
        if mistake.path[:2] not in left_out:
            told = False
            for fault in _problems(document, mistake):
                told = True
                yield fault
            if not told:  # every violation is reported
                yield _keyword_problem(document, mistake), mistake.path


def _is_minor(document: Document, fault: Problem) -> bool:
    if fault.kind == "unknown_key":
        return not fault.suggestions and fault.data["owner"] != document.whole
    return fault.kind in _RIGHT_TYPE_KINDS


_RIGHT_TYPE_KINDS = {
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
"""Problems with values of the right type, which can be checked further."""


def _without_echoes(faults: list[_PlacedProblem]) -> list[_PlacedProblem]:
    """Leave out that `noun` is missing if `noum` is unknown, or if no key is known: one slip is one problem."""
    meant: set[tuple[JSONValue, JSONValue]] = {
        (fault.data["owner"], name)
        for fault, _ in faults
        if fault.kind == "unknown_key"
        for name in fault.suggestions[:1]
    }
    return [
        (fault, path)
        for fault, path in faults
        if fault.kind != "missing_key"
        or not (fault.data["strange"] or (fault.data["owner"], fault.data["name"]) in meant)
    ]


def _problems(document: Document, mistake: SchemaViolation) -> Iterator[_PlacedProblem]:
    path, value = mistake.path, mistake.value
    if mistake.keyword == "additionalProperties" and isinstance(value, Mapping):
        yield from _unknown_keys(document, mistake, value)
    elif mistake.of_name:
        yield _bad_name(document.key_place((*path, str(value))), mistake), (*path, str(value))
    elif mistake.keyword == "required":
        yield from _missing_keys(document, mistake)
    elif mistake.keyword == "dependentRequired":
        yield from _missing_companions(document, mistake)
    elif mistake.keyword == "anyOf":
        yield from _any_of(document, mistake)
    elif mistake.keyword == "uniqueItems":
        yield from _repeated(document, mistake)
    else:
        yield _keyword_problem(document, mistake), path


def _unknown_keys(document: Document, mistake: SchemaViolation, value: JSONObject) -> Iterator[_PlacedProblem]:
    path, known = mistake.path, mistake.known
    for name in value:
        if name not in known:
            near, place = did_you_mean(name, known), document.key_place((*path, name))
            data = {"name": visible_name(name), "owner": path_phrase(document, path), "known": ", ".join(known)}
            yield Problem(kind="unknown_key", position=place, suggestions=near, data=data), (*path, name)


def _bad_name(place: Position, mistake: SchemaViolation) -> Problem:
    pattern = mistake.limit if mistake.keyword == "pattern" else ""
    return problem(NAME_PROBLEMS.get(str(pattern), "bad_name"), position=place, name=short_value(mistake.value))


def _missing_companions(document: Document, mistake: SchemaViolation) -> Iterator[_PlacedProblem]:
    """The first key that means nothing without another one, which is not there."""
    value, rules = as_object(mistake.value), as_object(mistake.limit)
    for name in value:
        needs = [str(other) for other in as_items(rules.get(name, ())) if other not in value]
        if needs:
            place, owner = document.key_place((*mistake.path, name)), path_phrase(document, mistake.path)
            yield problem("key_needs", position=place, name=name, needs=needs[0], owner=owner), mistake.path
            return


def _missing_keys(document: Document, mistake: SchemaViolation) -> Iterator[_PlacedProblem]:
    value = mistake.value if isinstance(mistake.value, Mapping) else {}
    strange = bool(value) and not any(name in mistake.known for name in value)
    for name in as_items(mistake.limit):
        if name not in value:
            place, owner = document.key_place(mistake.path), path_phrase(document, mistake.path)
            data = {"name": name, "owner": owner, "strange": strange, "about": mistake.about[str(name)]}
            yield Problem(kind="missing_key", position=place, data=data), mistake.path


def _any_of(document: Document, mistake: SchemaViolation) -> Iterator[_PlacedProblem]:
    """Explain the branch whose type fits; if none does, name the types."""
    if all(inner.keyword == "required" and inner.path == mistake.path for inner in mistake.inner):
        yield from _no_verb(document, mistake)
        return
    branches: dict[int, list[SchemaViolation]] = {}
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


def _repeated(document: Document, mistake: SchemaViolation) -> Iterator[_PlacedProblem]:
    seen: set[str] = set()
    for at, item in enumerate(as_items(mistake.value)):
        if _json_identity(item) in seen:
            place = document.nearest((*mistake.path, at))
            yield problem("repeated_value", position=place, value=short_value(item)), mistake.path
        seen.add(_json_identity(item))


def _json_identity(value: JSONValue) -> str:
    """What values have in common that a schema takes for one: `1`, `1.0` and `1e0`."""
    whole = isinstance(value, float) and value.is_integer()
    return repr(int(value)) if whole and isinstance(value, float) else repr(value)


def _keyword_problem(document: Document, mistake: SchemaViolation) -> Problem:
    keyword, path = mistake.keyword, mistake.path
    if keyword == "type":
        return _wrong_type(document, mistake, as_items(mistake.limit))
    place, name, value = document.nearest(path), path_phrase(document, path), short_value(mistake.value)
    if keyword == "const":
        return problem("format_version", position=place, value=value, known=mistake.limit)
    if keyword == "enum":
        choices = [str(choice) for choice in as_items(mistake.limit)]
        near = did_you_mean(value, choices)
        return problem(
            "not_a_choice", position=place, suggestions=near, name=name, value=value, choices=", ".join(choices)
        )
    if keyword == "pattern" and mistake.limit == ONE_WORD_PATTERN:
        return problem("not_one_word", position=place, name=name, value=value)
    if keyword == "pattern":
        return _bad_name(place, mistake)
    kind, limit = _BOUND_KINDS.get(keyword, "bad_value"), short_value(mistake.limit)
    return problem(kind, position=place, name=name, value=value, limit=limit, about=mistake.about[""])


_BOUND_KINDS = {
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


def _wrong_type(document: Document, mistake: SchemaViolation, kinds: Sequence[JSONValue]) -> Problem:
    name = path_phrase(document, mistake.path)
    data = {"name": name, "expected": type_phrases(kinds), "found": type_phrase(mistake.value)}
    place = document.key_place(mistake.path) if mistake.value is None else document.nearest(mistake.path)
    if "string" in kinds and "integer" not in kinds and isinstance(mistake.value, int | float):
        return Problem(kind="not_quoted", position=place, data={**data, "value": short_value(mistake.value)})
    return Problem(kind="wrong_type", position=place, data={**data, "about": mistake.about.get("", "")})
