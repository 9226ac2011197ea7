"""Whether arguments fit an endpoint, before anybody pays for the answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING
from nano_banana.catalog.misfit import Misfit
from nano_banana.catalog.values import Values
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import did_you_mean


def never(_: JSONValue) -> bool:
    """No value is deferred."""
    return False


def misfits(
    endpoint: Endpoint,
    given: JSONObject,
    *,
    filled: Collection[str] = (),
    deferred: Callable[[JSONValue], bool] = never,
) -> list[Misfit]:
    """Everything about `given` that the endpoint would refuse, or that the runner sets itself.

    `filled` names the endpoint's fields that a stage supplies: they need not be given, and must not be.
    Values that `deferred` accepts (templates that are rendered later), at any depth, are not judged.
    """
    wrong: list[Misfit] = []
    values = Values(endpoint=endpoint, deferred=deferred)
    for name, value in given.items():
        if name not in endpoint.fields:
            wrong.append(_stranger(endpoint, name))
        elif name in filled or (_ours(endpoint, name, value) and not deferred(value)):
            wrong.append(Misfit(kind="field_is_ours", path=(name,), data={"field": name, "endpoint": endpoint.id}))
        else:
            wrong.extend(values.faults(endpoint.fields[name], value, (name,)))
    wrong.extend(_missing(endpoint, {*given, *filled}))
    return wrong


def _stranger(endpoint: Endpoint, name: str) -> Misfit:
    data: JSONObject = {"field": name, "endpoint": endpoint.id}
    negative = endpoint.roles.negative_prompt
    if name.casefold().startswith("negative") and negative is None:
        return Misfit(kind="no_negative_prompt", path=(name,), data=data)
    return Misfit(kind="field_unknown", path=(name,), data=data, suggestions=did_you_mean(name, endpoint.fields))


def _ours(endpoint: Endpoint, name: str, value: JSONValue) -> bool:
    """Whether the runner sets the field itself: one picture a request, never an inline answer."""
    if name == endpoint.roles.count:
        return value != 1
    return name == endpoint.roles.sync and value is not False


def _missing(endpoint: Endpoint, there: Collection[str]) -> Iterator[Misfit]:
    for name, field in endpoint.fields.items():
        if field.required and field.default is MISSING and name not in there:
            yield Misfit(kind="field_missing", path=(name,), data={"field": name, "endpoint": endpoint.id})
