"""What an endpoint does, as one number that changes with it."""

from __future__ import annotations

import hashlib

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.call import canonical

ABOVE = 1 << 16
"""Meanings are multiples of this, so that they never pass for a revision of code."""


def meaning_of(endpoint: Endpoint) -> int:
    """A number from what the endpoint is for, which fields play which role, and where its results stand.

    Titles, prices, ranges and defaults are no part of it: arguments come with their defaults, and what they
    cost changes no picture.
    """
    roles = dict(sorted(endpoint.roles.named().items()))
    told = canonical({"does": str(endpoint.does), "roles": roles, "makes": list(endpoint.makes)})
    return int.from_bytes(hashlib.sha256(told).digest()[:4], "big") * ABOVE
