"""Answers compute calls in a pool of processes; knows no pixel itself."""

from __future__ import annotations

from nano_banana.catalog.revisions import COMPUTE_REVISIONS, compute_revision
from nano_banana.core.answer import Answer, Files, Payload
from nano_banana.core.call import Call, canonical
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.problem import did_you_mean
from nano_banana.providers.compute.perform import perform
from nano_banana.providers.pool import WorkPool


class Compute:
    """This machine's own work: pure functions from arguments and input bytes to output bytes, free of cost."""

    name = "compute"

    def __init__(self, pool: WorkPool) -> None:
        self._pool = pool

    async def answer(self, call: Call, desk: Files) -> Answer:
        """Do the work in another process.

        Raises CallFailed: `compute_endpoint` (no such work), `compute_revision` (asked for another version
        of it than this program has), or the endpoint's own kinds.
        """
        revision = compute_revision(call.endpoint, call.arguments)
        if revision is None:
            near = did_you_mean(call.endpoint, COMPUTE_REVISIONS)
            raise CallFailed([trouble("compute_endpoint", hint=near, name=call.endpoint)])
        if call.revision != revision:
            raise CallFailed([trouble("compute_revision", name=call.endpoint, asked=call.revision, revision=revision)])
        inputs = {place: desk.path(blob) for place, blob in call.inputs.items()}
        data, files = await self._pool.run(perform, call.endpoint, canonical(call.arguments), inputs)
        payloads = {place: Payload(data=content, media=media) for place, (content, media) in files.items()}
        return Answer(data=data, files=payloads, cost_usd=0.0)

    async def close(self) -> None:
        """Nothing to give back: the pool belongs to whoever made it."""
