"""What an endpoint takes, as one digest that changes with it."""

from __future__ import annotations

import hashlib

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING
from nano_banana.catalog.field import Field
from nano_banana.core.call import canonical
from nano_banana.core.json import JSONValue


def imprint_of(endpoint: Endpoint) -> str:
    """The SHA-256, in hex, of the endpoint's fields, the roles that they play, and where its results stand.

    Titles, descriptions and prices are no part of it.
    """
    told: dict[str, JSONValue] = {
        "fields": {name: _told(field) for name, field in endpoint.fields.items()},
        "roles": dict(endpoint.roles.named()),
        "makes": list(endpoint.makes),
    }
    return hashlib.sha256(canonical(told)).hexdigest()


def _told(field: Field) -> JSONValue:
    told: dict[str, JSONValue] = {
        "type": str(field.type),
        "required": field.required,
        "minimum": field.minimum,
        "maximum": field.maximum,
        "choices": list(field.choices),
        "max_items": field.max_items,
    }
    return told if field.default is MISSING else {**told, "default": field.default}
