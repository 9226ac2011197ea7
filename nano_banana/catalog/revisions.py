"""Versions of this machine's own work: raise one when its answers change."""

from __future__ import annotations

from collections.abc import Mapping

COMPUTE_REVISIONS: Mapping[str, int] = {
    "crop": 1,
    "fit": 1,
    "imprint": 1,
    "likeness": 1,
    "look": 2,
    "mask": 1,
    "open": 2,
    "paste": 1,
    "person": 1,
    "probe": 2,
    "survey": 2,
    "thumbnail": 2,
    "training-zip": 1,
}
"""The compute endpoints and the version of their code, which is part of every call's key."""
