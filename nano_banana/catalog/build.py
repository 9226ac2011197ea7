"""From JSON of the right shape to an Endpoint; judges nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.catalog.field import MISSING, Field, FieldType
from nano_banana.catalog.price import Price, Unit
from nano_banana.catalog.roles import ROLES, Roles, TriggerUse
from nano_banana.core.json import JSONObject


def build(data: JSONObject) -> Endpoint:
    """Make the endpoint that `data` describes; `data` must satisfy `endpoint_schema()`."""
    roles = _roles(_table(data, "roles"))
    unsaid = None if roles.adapters else 0
    price = data.get("price")
    return Endpoint(
        id=_text(data, "id"),
        title=_text(data, "title") or _text(data, "id"),
        description=_text(data, "description"),
        does=Task(_text(data, "does")),
        fields={name: _field(name, cast(JSONObject, item)) for name, item in _table(data, "fields").items()},
        roles=roles,
        base=_text(data, "base") or None,
        trains=_text(data, "trains") or None,
        adapters_max=cast("int | None", data.get("adapters_max", unsaid)),
        makes=_texts(data, "makes"),
        price=None if price is None else _price(cast(JSONObject, price)),
        notes=_texts(data, "notes"),
    )


def _field(name: str, data: JSONObject) -> Field:
    return Field(
        name=name,
        type=FieldType(_text(data, "type")),
        required=data.get("required") is True,
        default=data.get("default", MISSING),
        minimum=_number(data, "minimum"),
        maximum=_number(data, "maximum"),
        choices=_texts(data, "choices"),
        max_items=cast("int | None", data.get("max_items")),
        description=_text(data, "description"),
    )


def _roles(data: JSONObject) -> Roles:
    how = _text(data, "trigger_as")
    return Roles(**{role: _text(data, role) or None for role in ROLES}, trigger_as=TriggerUse(how) if how else None)


def _price(data: JSONObject) -> Price:
    counts = cast("list[int]", data.get("input_units", []))
    return Price(
        usd=cast(float, data["usd"]),
        usd_high=_number(data, "usd_high"),
        unit=Unit(_text(data, "unit")),
        minimum=cast("int | None", data.get("minimum")),
        times=cast("Mapping[str, Mapping[str, float]]", _table(data, "times")),
        plus=cast("Mapping[str, float | Mapping[str, float]]", _table(data, "plus")),
        unknown_with=_texts(data, "unknown_with"),
        block=cast(int, data.get("block", 1)),
        first=_number(data, "first"),
        input_units=(counts[0], counts[1]) if counts else None,
        as_of=_text(data, "as_of"),
        source=_text(data, "source"),
    )


def _text(data: JSONObject, key: str) -> str:
    return cast(str, data.get(key, ""))


def _texts(data: JSONObject, key: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", data.get(key, [])))


def _number(data: JSONObject, key: str) -> float | None:
    return cast("float | None", data.get(key))


def _table(data: JSONObject, key: str) -> JSONObject:
    return cast(JSONObject, data.get(key, {}))
