"""A known endpoint brought up to date with how it is listed today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from nano_banana.catalog.changes import same_type
from nano_banana.catalog.describe import describe
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.faults import faults
from nano_banana.catalog.field import MISSING, Field, FieldType
from nano_banana.catalog.price import Price
from nano_banana.catalog.roles import Roles


def refreshed(known: Endpoint, listed: Mapping[str, Field]) -> Endpoint:
    """The endpoint with the listed fields; what a listing cannot tell stays: roles, purpose, price, notes.

    Roles of fields that are gone go too, and so does a price that hangs on them.
    """
    fields = {name: _field(known.fields.get(name), field) for name, field in listed.items()}
    roles = _roles(known.roles, fields)
    most = listed[roles.adapters].max_items if roles.adapters else 0
    return sound(
        replace(
            known,
            fields=fields,
            roles=roles,
            price=_price(known.price, fields),
            adapters_max=known.adapters_max if most is None else most,
        )
    )


def sound(endpoint: Endpoint) -> Endpoint:
    """The endpoint without the defaults that do not fit their own fields, and without ranges that are empty."""
    fields = dict(endpoint.fields)
    for fault in faults(describe(endpoint)):
        if fault.kind == "endpoint_default":
            name = str(fault.path[1])
            fields[name] = replace(fields[name], default=MISSING)
        elif fault.kind == "endpoint_range_empty":
            name = str(fault.path[1])
            fields[name] = replace(fields[name], minimum=None, maximum=None)
    return replace(endpoint, fields=fields)


def _field(before: Field | None, now: Field) -> Field:
    """The field as it is now, known by what was known. How many adapters it takes is the endpoint's to say."""
    if now.type is FieldType.ADAPTERS or (before is not None and before.type is FieldType.ADAPTERS):
        now = replace(now, max_items=None)
    if before is None or not same_type(before.type, now.type):
        return now
    empty = now.default is MISSING and before.default in ("", [], {})
    return replace(
        now,
        type=before.type,
        default=before.default if empty else now.default,
        minimum=before.minimum if now.minimum is None else now.minimum,
        maximum=before.maximum if now.maximum is None else now.maximum,
        max_items=before.max_items if now.max_items is None else now.max_items,
        choices=now.choices or before.choices,
        description=before.description or now.description,
    )


def _roles(roles: Roles, fields: Mapping[str, Field]) -> Roles:
    kept = {role: name for role, name in roles.named().items() if name in fields}
    return Roles(**kept, trigger_as=roles.trigger_as if "trigger" in kept else None)


def _price(price: Price | None, fields: Mapping[str, Field]) -> Price | None:
    if price is None or not {*price.times, *price.plus, *price.unknown_with} <= set(fields):
        return None
    return price
