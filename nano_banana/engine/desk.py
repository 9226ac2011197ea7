"""Bytes for providers: the store's blobs, and the user's own files."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble
from nano_banana.core.problem import Problem
from nano_banana.store.store import Store


class StoreDesk:
    """Finds a file with just the bytes that a call names."""

    def __init__(self, store: Store, files: Mapping[str, Path]) -> None:
        """`files` tells where the user's own bytes lie (digest → path)."""
        self._store = store
        self._files = files

    def path(self, blob: Blob) -> Path:
        """A readable file with these bytes.

        Raises Unusable where the user's file has changed since the plan was made, or a blob is gone.
        """
        own = self._files.get(blob.digest)
        if own is None:
            return self._store.path(blob)
        if self._store.digest(own, media=blob.media).digest != blob.digest:
            raise Unusable([trouble("file_changed", path=str(own))])
        return own

    def named(self, call: Call, problems: Iterable[Problem]) -> Iterator[Problem]:
        """The problems; one with an `input` of the call (`photos/3`) says the user's file that stands there."""
        for problem in problems:
            blob = call.inputs.get(str(problem.data.get("input")))
            own = None if blob is None else self._files.get(blob.digest)
            yield problem if own is None else replace(problem, data={**problem.data, "input": str(own)})
