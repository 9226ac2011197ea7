"""What is wrong with the description of an endpoint, by path."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, cast

from nano_banana.catalog.build import build
from nano_banana.catalog.check import misfits
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING
from nano_banana.catalog.shape import endpoint_schema
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import did_you_mean

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with an endpoint file; `path` leads to it."""

    kind: str
    path: tuple[str | int, ...]
    data: JSONObject
    suggestions: tuple[str, ...] = ()


def faults(value: JSONValue) -> list[Fault]:
    """Everything wrong with `value` as an endpoint: its shape first, then what it says."""
    wrong: list[Fault] = []
    for error in _validator().iter_errors(value):
        wrong.extend(fault for fault in _shape(error) if fault not in wrong)
    return wrong or list(_sense(build(cast(JSONObject, value))))


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(cast("dict[str, JSONValue]", endpoint_schema()))


def _shape(error: ValidationError) -> Iterator[Fault]:
    path = tuple(error.absolute_path)
    rule, bound, found = str(error.validator), cast(JSONValue, error.validator_value), cast(JSONValue, error.instance)
    where = f"`{'.'.join(map(str, path))}`" if path else "the file"
    if rule == "required" and isinstance(found, dict):
        for name in cast("list[str]", bound):
            if name not in found:
                yield Fault(kind="endpoint_key_missing", path=path, data={"name": name, "where": where})
    elif rule == "additionalProperties":
        known = cast(JSONObject, cast(JSONObject, error.schema)["properties"])
        for name in cast("dict[str, JSONValue]", found):
            if name not in known:
                near = did_you_mean(name, known)
                data: JSONObject = {"name": name, "where": where}
                yield Fault(kind="endpoint_key_unknown", path=(*path, name), data=data, suggestions=near)
    elif rule == "enum" and isinstance(found, str):
        choices = cast("list[str]", bound)
        near = did_you_mean(found, choices)
        chosen: JSONObject = {"where": where, "found": found, "choices": ", ".join(choices)}
        yield Fault(kind="endpoint_choice", path=path, data=chosen, suggestions=near)
    else:
        about = str(cast(JSONObject, error.schema).get("description", "")).removesuffix(".")
        wants: JSONObject = {"where": where, "found": _named(found), "about": about[:1].lower() + about[1:]}
        yield Fault(kind="endpoint_value", path=path, data=wants)


def _named(found: JSONValue) -> JSONValue:
    if isinstance(found, dict | list):
        return "a mapping" if isinstance(found, dict) else "a list"
    return "nothing" if found is None else f"`{found}`"


def _sense(endpoint: Endpoint) -> Iterator[Fault]:
    for role, name in endpoint.roles.named().items():
        yield from _known(endpoint, ("roles", role), name)
    if endpoint.price:
        yield from _known_all(endpoint, ("price", "times"), tuple(endpoint.price.times))
        yield from _known_all(endpoint, ("price", "plus"), tuple(endpoint.price.plus))
        yield from _known_all(endpoint, ("price", "unknown_with"), endpoint.price.unknown_with)
    for name, field in endpoint.fields.items():
        low, high = field.minimum, field.maximum
        if low is not None and high is not None and low > high:
            data: JSONObject = {"field": name, "minimum": low, "maximum": high}
            yield Fault(kind="endpoint_range_empty", path=("fields", name, "minimum"), data=data)
        elif field.default is not MISSING and field.default is not None:
            for misfit in misfits(endpoint, {name: field.default}, filled=_others(endpoint, name)):
                if not misfit.warning and misfit.kind != "field_is_ours":
                    path = ("fields", name, "default")
                    yield Fault(kind="endpoint_default", path=path, data={"field": name, "default": field.default})


def _others(endpoint: Endpoint, name: str) -> tuple[str, ...]:
    return tuple(other for other in endpoint.fields if other != name)


def _known_all(endpoint: Endpoint, path: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Fault]:
    for name in names:
        yield from _known(endpoint, (*path, name), name)


def _known(endpoint: Endpoint, path: tuple[str, ...], name: str) -> Iterator[Fault]:
    if name not in endpoint.fields:
        near = did_you_mean(name, endpoint.fields)
        data: JSONObject = {"field": name, "where": path[0], "role": path[1]}
        yield Fault(kind="endpoint_field_unknown", path=path, data=data, suggestions=near)
