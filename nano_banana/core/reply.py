"""The Reply: what a call came back with, its files by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nano_banana.core.blob import Blob
from nano_banana.core.json import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a call.

    `data` is the endpoint's JSON with its files taken out; `files` maps their places in it
    (`images/0`, `diffusers_lora_file`) to bytes. `seconds` is how long it took; `cost_usd` what it
    cost, 0 for this machine's own work and None where nobody knows.
    """

    data: JSONObject
    files: Mapping[str, Blob] = field(default_factory=dict)
    seconds: float = 0.0
    cost_usd: float | None = 0.0
