"""An Endpoint as the JSON that makes it again, and as the text of a file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING, Field
from nano_banana.catalog.price import Price
from nano_banana.catalog.text import parse
from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONObject, JSONValue


def describe(endpoint: Endpoint) -> JSONObject:
    """What `build` makes the same endpoint of; nothing that goes without saying."""
    roles = endpoint.roles
    named: dict[str, JSONValue] = dict(roles.named())
    if roles.trigger_as is not None:
        named["trigger_as"] = roles.trigger_as.value
    unsaid = None if roles.adapters else 0
    told: dict[str, JSONValue] = {
        "id": endpoint.id,
        "title": endpoint.title if endpoint.title != endpoint.id else None,
        "description": endpoint.description,
        "does": endpoint.does.value,
        "base": endpoint.base,
        "trains": endpoint.trains,
        "adapters_max": endpoint.adapters_max if endpoint.adapters_max != unsaid else None,
        "makes": list(endpoint.makes),
        "price": None if endpoint.price is None else _price(endpoint.price),
        "roles": named,
        "notes": list(endpoint.notes),
        "fields": {name: describe_field(field) for name, field in endpoint.fields.items()},
    }
    return {key: value for key, value in told.items() if key == "fields" or not _empty(value)}


def describe_field(field: Field) -> JSONObject:
    """A field likewise."""
    told: dict[str, JSONValue] = {"type": field.type.value}
    if field.required:
        told["required"] = True
    if field.default is not MISSING:
        told["default"] = field.default
    more: JSONObject = {
        "minimum": field.minimum,
        "maximum": field.maximum,
        "choices": list(field.choices),
        "max_items": field.max_items,
        "description": field.description,
    }
    return told | {key: value for key, value in more.items() if not _empty(value)}


def endpoint_text(endpoint: Endpoint, remarks: Sequence[str]) -> str:
    """The text of a file of the project's own, the remarks above it as comments."""
    import yaml

    told = _plain(describe(endpoint))
    head = "".join(f"# {' '.join(remark.split())}\n" for remark in remarks)
    text = head + yaml.safe_dump(told, sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
    return text if _says(text, told) else head + json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _says(text: str, told: JSONValue) -> bool:
    """Whether our own reader, which goes by YAML 1.2, reads there what the writer, which goes by 1.1, meant."""
    try:
        return parse(text, file="").value == told
    except Invalid:
        return False


def _price(price: Price) -> JSONObject:
    told: JSONObject = {
        "usd": price.usd,
        "usd_high": price.usd_high,
        "unit": price.unit.value,
        "minimum": price.minimum,
        "times": price.times,
        "plus": price.plus,
        "unknown_with": list(price.unknown_with),
        "block": None if price.block == 1 else price.block,
        "first": price.first,
        "input_units": list(price.input_units or ()),
        "as_of": price.as_of,
        "source": price.source,
    }
    return {key: value for key, value in told.items() if not _empty(value)}


def _empty(value: JSONValue) -> bool:
    return value is None or (isinstance(value, str | Mapping | Sequence) and not value)


def _plain(value: JSONValue) -> JSONValue:
    """The same in dicts and lists, which is all that YAML's writer knows."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value
