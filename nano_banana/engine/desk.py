"""Bytes for providers: the store's blobs, and the user's own files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nano_banana.core.blob import Blob
from nano_banana.core.errors import Unusable
from nano_banana.core.errors import trouble
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
