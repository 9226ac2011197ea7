"""What an artist hands over, before it is given addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.answer import Payload
from nano_banana.core.json import JSONObject
from nano_banana.emulator.inputs import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A result: its data without files, and the files by place (`images/0`), in the order of the places."""

    data: JSONObject
    files: Mapping[str, Payload]


class Artist(Protocol):
    """Whoever makes results. `digest` is that of the whole request, 64 hex digits."""

    strict: bool
    """Whether every file that the arguments name is needed."""

    async def make(self, endpoint: Endpoint, inputs: Inputs, digest: str) -> Made:
        """Make one. Raises CallFailed."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...
