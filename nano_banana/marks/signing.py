"""Who signs marked pictures: what content credentials are written with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from nano_banana.marks.embedded import Mark


class Signer(Protocol):
    """Signs pictures. `name` tells one from another (a digest of its certificate, say): with it change the files."""

    @property
    def name(self) -> str:
        """What all of its signatures share."""

    def sign(self, data: bytes, mark: Mark, parents: Sequence[bytes]) -> bytes:
        """The marked file `data`, signed. `parents` are the pictures that it was made from, as they lie in `out/`.

        Nothing but content credentials may be put in: `unmarked` takes those out again.
        """
