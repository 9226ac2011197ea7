"""What a provider hands back before it is stored, and who may ask it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Protocol

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.json import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A file of an answer: its bytes (or a temporary file that holds them) and its media type."""

    data: bytes | Path
    media: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A provider's answer: JSON without its files, and the files by their place in it."""

    data: JSONObject
    files: Mapping[str, Payload] = field(default_factory=dict)
    cost_usd: float | None = 0.0


class Desk(Protocol):
    """What a provider may ask of the house: bytes on disk, by digest."""

    def path(self, blob: Blob) -> Path:
        """A readable file with just these bytes (verified). Raises Unusable where they are gone."""
        ...


class Provider(Protocol):
    """Answers calls. One object a run; made lazily, closed at the end."""

    name: str

    async def answer(self, call: Call, desk: Desk) -> Answer:
        """Do the work. Raises CallFailed (this call), Refused (all calls) or Unusable."""
        ...

    async def close(self) -> None:
        """Give back pools, connections and temporary files."""
        ...
