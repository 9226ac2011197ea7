"""How fal is reached: key, base address, rate and upload lifetime.

Imports nothing heavy, so that a command can describe the connection without loading httpx.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class FalConfig:
    """How to ask fal.

    `key` is the secret (`id:secret`); it is in no `repr`. `base` is one address for all of fal's hosts, empty for
    fal itself. `per_second` bounds the requests to the queue and the platform (None: no bound).
    `uploads_expire_after` is how many seconds uploads live there (None: for ever).
    """

    key: str = field(repr=False)
    base: str = ""
    per_second: float | None = None
    uploads_expire_after: int | None = DAY_SECONDS
