"""A training set by digest: its photos and captions, not their names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from nano_banana.core.call import canonical
from nano_banana.reports.lock import LockedSet


def training_set(inputs: Mapping[str, str]) -> LockedSet:
    """The set that `inputs` of a `training-zip` call are: `photos/N` and `captions/N` to digests."""
    photos = {place.partition("/")[2]: digest for place, digest in inputs.items() if place.startswith("photos/")}
    pairs = sorted([photos[at], inputs.get(f"captions/{at}", "")] for at in photos)
    return LockedSet(photos=len(photos), sha256=hashlib.sha256(canonical({"photos": pairs})).hexdigest())
