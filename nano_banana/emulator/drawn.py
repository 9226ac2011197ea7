"""Results by the local provider: the very pictures that a local run draws."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.field import MISSING
from nano_banana.catalog.meaning import meaning_of
from nano_banana.core.answer import Answer, Payload
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.inputs import Inputs
from nano_banana.emulator.made import Made
from nano_banana.providers.local.provider import Local
from nano_banana.providers.local.revision import local_revision
from nano_banana.providers.pool import WorkPool

_OURS = {"plain", "images", "image"}
"""What the local provider says of its files, which are told of anew, and of itself."""


class Drawn:
    """Turns requests back into calls, and lets the local provider answer them."""

    strict = True

    def __init__(self, catalog: Catalog, processes: int | None) -> None:
        """Draw in so many processes (None: one for each processor), begun on first use."""
        self._pool = WorkPool(processes)
        self._local = Local(self._pool, catalog)

    async def make(self, endpoint: Endpoint, inputs: Inputs, digest: str) -> Made:  # noqa: ARG002 - all artists get it
        """Draw it, several pictures one after the other. Raises CallFailed."""
        files: dict[str, Payload] = {}
        first: Answer | None = None
        for at, arguments in enumerate(_each(endpoint, inputs.arguments)):
            call, paths = await asyncio.to_thread(call_of, endpoint, arguments, inputs.files)
            answer = await self._local.answer(call, _Paths(paths))
            first = first or answer
            files |= {place.replace("images/0", f"images/{at}"): payload for place, payload in answer.files.items()}
        data = {} if first is None else first.data
        told = {name: value for name, value in data.items() if name not in {*_OURS, *endpoint.makes}}
        if "has_nsfw_concepts" in told:
            told["has_nsfw_concepts"] = [False] * len(files)
        return Made(data=told, files=files)

    def close(self) -> None:
        """Send the drawing processes home."""
        self._pool.close()


class _Paths:
    """The files of one call, by digest."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def path(self, blob: Blob) -> Path:
        """Where its bytes lie."""
        return self._paths[blob.digest]


def call_of(
    endpoint: Endpoint, arguments: JSONObject, files: Mapping[str, tuple[Path, str]]
) -> tuple[Call, Mapping[str, Path]]:
    """The call that a local run makes for the same arguments and bytes, and its files by digest."""
    inputs: dict[str, Blob] = {}
    paths: dict[str, Path] = {}
    for place, (path, media) in files.items():
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        inputs[place] = Blob(digest=digest, size=path.stat().st_size, media=media)
        paths[digest] = path
    revision = local_revision() + meaning_of(endpoint)
    call = Call(provider="local", endpoint=endpoint.id, arguments=arguments, inputs=inputs, revision=revision)
    return call, paths


def _each(endpoint: Endpoint, given: JSONObject) -> list[JSONObject]:
    """The arguments of each picture: with the documented defaults, one picture each, seeds in a row."""
    unsaid: dict[str, JSONValue] = {
        name: field.default
        for name, field in endpoint.fields.items()
        if field.default is not MISSING and field.default is not None
    }
    whole = {**unsaid, **given}
    name = endpoint.roles.count
    count = whole.get(name) if name else 1
    if not name or not isinstance(count, int) or count <= 1:
        return [whole]
    seed = whole.get(endpoint.roles.seed or "")
    first = seed if isinstance(seed, int) else 0
    return [{**whole, name: 1, str(endpoint.roles.seed): first + at} for at in range(count)]
