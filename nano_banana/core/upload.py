"""A file of ours at a service: where it lies there, and until when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """Some bytes that were uploaded.

    `service` is where to (an address), `digest` is of the bytes in the store (what was sent may have lost its
    metadata), `url` where they lie now, `expires_at` when they are gone (seconds since 1970; None: never).
    """

    service: str
    digest: str
    url: str
    expires_at: float | None = None
