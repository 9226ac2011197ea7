"""What an endpoint takes, as one digest that changes with it."""

from __future__ import annotations

import hashlib

from nano_banana.catalog.describe import describe
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.call import canonical
from nano_banana.core.json import as_object


def imprint_of(endpoint: Endpoint) -> str:
    """The SHA-256, in hex, of the endpoint's fields, the roles that they play, and where its results stand.

    Titles, descriptions, the order of fields and prices are no part of it.
    """
    whole = describe(endpoint)
    fields = {name: {**as_object(field), "description": ""} for name, field in as_object(whole["fields"]).items()}
    told = canonical({"fields": fields, "roles": whole.get("roles"), "makes": list(endpoint.makes)})
    return hashlib.sha256(told).hexdigest()
