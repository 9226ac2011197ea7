"""Results from the local provider: the pictures that a local run draws.

Imported on first use: the local provider is heavy, and `plain` pictures don't need it.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, endpoint_revision
from nano_banana.emulator.generation import GeneratedResult
from nano_banana.emulator.served_files import RequestInputs
from nano_banana.model.call import Blob, Call
from nano_banana.model.json_values import JSONObject
from nano_banana.model.provider_protocol import Answer, AnswerFile
from nano_banana.providers.local.local_provider import LocalProvider
from nano_banana.providers.local.revision import local_revision
from nano_banana.providers.workers import WorkerPool

_LOCAL_KEYS = {"plain", "images", "image"}
"""Keys of the local provider's data about files and itself, which are left out."""


class LocalGenerator:
    """Turns requests back into calls, and lets the local provider answer them."""

    strict = True

    def __init__(self, catalog: Catalog, processes: int | None) -> None:
        """Draw in this many processes (None: one per processor), started on first use."""
        self._pool = WorkerPool(processes)
        self._local = LocalProvider(self._pool, catalog)

    async def make(self, endpoint: Endpoint, inputs: RequestInputs, digest: str) -> GeneratedResult:  # noqa: ARG002 - all artists get it
        """Draw the pictures one after the other. Raises CallFailed."""
        files: dict[str, AnswerFile] = {}
        first: Answer | None = None
        for at, arguments in enumerate(_arguments_per_picture(endpoint, inputs.arguments)):
            call, paths = await asyncio.to_thread(call_for_request, endpoint, arguments, inputs.files)
            answer = await self._local.answer(call, _Paths(paths))
            first = first or answer
            files |= {place.replace("images/0", f"images/{at}"): payload for place, payload in answer.files.items()}
        data = {} if first is None else first.data
        told = {name: value for name, value in data.items() if name not in {*_LOCAL_KEYS, *endpoint.makes}}
        if "has_nsfw_concepts" in told:
            told["has_nsfw_concepts"] = [False] * len(files)
        return GeneratedResult(data=told, files=files)

    def close(self) -> None:
        """Stop the drawing processes."""
        self._pool.close()


class _Paths:
    """The files of one call, by digest."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = paths

    def path(self, blob: Blob) -> Path:
        """The file with these bytes."""
        return self._paths[blob.digest]


def call_for_request(
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
    revision = local_revision() + endpoint_revision(endpoint)
    call = Call(provider="local", endpoint=endpoint.id, arguments=arguments, inputs=inputs, revision=revision)
    return call, paths


def _arguments_per_picture(endpoint: Endpoint, given: JSONObject) -> list[JSONObject]:
    """The arguments of each picture: with the documented defaults, one picture each, seeds in a row."""
    defaults = {name: field.known_default() for name, field in endpoint.fields.items()}
    unsaid = {name: default for name, default in defaults.items() if default is not None}
    whole = {**unsaid, **given}
    name = endpoint.roles.count
    count = whole.get(name) if name else 1
    if not name or not isinstance(count, int) or count <= 1:
        return [whole]
    seed = whole.get(endpoint.roles.seed or "")
    first = seed if isinstance(seed, int) else 0
    return [{**whole, name: 1, str(endpoint.roles.seed): first + at} for at in range(count)]
