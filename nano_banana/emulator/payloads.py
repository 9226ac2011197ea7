"""Arguments and results on disk, so that memory does not grow with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias, cast

from nano_banana.core.json import JSONObject

Slot: TypeAlias = tuple[int, int]
"""Where a document begins, and its bytes."""


class Payloads:
    """JSON documents in one file that only grows; a context manager's work is `close`."""

    def __init__(self, path: Path) -> None:
        """Begin an empty file."""
        self._file = path.open("w+b", buffering=0)
        self._end = 0

    def put(self, document: bytes) -> Slot:
        """Keep a document's bytes."""
        slot = (self._end, len(document))
        self._file.seek(self._end)
        self._file.write(document)
        self._end += len(document)
        return slot

    def get(self, slot: Slot) -> bytes:
        """The bytes that were kept there."""
        self._file.seek(slot[0])
        return self._file.read(slot[1])

    def read(self, slot: Slot) -> JSONObject:
        """The document that was kept there."""
        return cast(JSONObject, json.loads(self.get(slot)))

    def clear(self) -> None:
        """Forget everything."""
        self._file.truncate(0)
        self._end = 0

    def close(self) -> None:
        """Give the file back."""
        self._file.close()
