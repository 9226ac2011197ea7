"""What of an account's calls and files is in the store here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.meaning import meaning_of
from nano_banana.catalog.revisions import compute_revision
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import Unusable
from nano_banana.marks.account import Account, Told
from nano_banana.marks.form import media_of
from nano_banana.marks.origin import COMPUTE
from nano_banana.project.parts import EMULATED
from nano_banana.workshop.crew import local_revision
from nano_banana.workshop.workshop import Workshop

_BYTES = "application/octet-stream"
_HEAD = 1024


class Here:
    """The calls of one account as they are asked here. Keys are worked out, never believed."""

    def __init__(self, account: Account, workshop: Workshop, catalog: Catalog, *, stands_in: bool) -> None:
        """`stands_in` says that a stand-in on this machine answers for the service."""
        self._account = account
        self._store = workshop.store
        self._catalog = catalog
        self._stands_in = stands_in

    def answered(self, told: Told) -> bool:
        """Whether the store has the reply to the call, as it was asked when the picture was made."""
        return _recorded(told).key in self._kept

    def blob(self, digest: str) -> Blob | None:
        """The bytes with this digest, where the store has them."""
        try:
            path = self._store.path(Blob(digest=digest, size=0, media=_BYTES))
            with path.open("rb") as file:
                media = media_of(file.read(_HEAD)) or _BYTES
            return Blob(digest=digest, size=path.stat().st_size, media=media)
        except (Unusable, OSError):
            return None

    def call(self, told: Told, inputs: Mapping[str, Blob]) -> Call:
        """The call as it was asked where the store has that, else as this version of the program asks it."""
        call = replace(_recorded(told), inputs=inputs)
        return call if call.key in self._kept else replace(call, revision=self._revision(told))

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(self._store.replies([_recorded(told).key for told in self._account.calls]))

    def _revision(self, told: Told) -> int:
        if told.provider == COMPUTE:
            return compute_revision(told.endpoint, told.arguments) or 0
        if told.provider != "local":
            return EMULATED if self._stands_in else 0
        endpoint = self._catalog.get(told.endpoint)
        return local_revision() + (meaning_of(endpoint) if endpoint else 0)


def _recorded(told: Told) -> Call:
    """The call as it was asked when the picture was made."""
    return Call(
        provider=told.provider,
        endpoint=told.endpoint,
        arguments=told.arguments,
        inputs={place: Blob(digest=digest, size=0, media="") for place, digest in told.inputs.items()},
        revision=told.revision,
    )
