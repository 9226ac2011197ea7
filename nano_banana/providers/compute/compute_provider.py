"""The compute provider: runs calls in worker processes; loads no pixels.

`perform` is the entry point in a worker: only bytes and paths cross to it. It imports the endpoints (Pillow, numpy)
inside the worker, so that the asking process never loads them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from nano_banana.catalog.revisions import COMPUTE_REVISIONS, compute_revision
from nano_banana.model.call import Call, canonical_json
from nano_banana.model.problem import CallFailed, did_you_mean, problem
from nano_banana.model.provider_protocol import Answer, BlobFiles
from nano_banana.providers.compute.compute_request import ComputeRequest
from nano_banana.providers.provider_context import ProviderContext
from nano_banana.providers.workers import WorkerProvider, WorkResult


def perform_compute(endpoint: str, arguments: bytes, inputs: Mapping[str, Path]) -> WorkResult:
    """Run `endpoint` with its canonical arguments: the worker sees just what the call's key was made of.

    Raises what the endpoint raises (CallFailed).
    """
    # Here, not above: the asking process never loads Pillow or numpy.
    from nano_banana.providers.compute.endpoint_table import ENDPOINTS

    return ENDPOINTS[endpoint](ComputeRequest(arguments=json.loads(arguments), inputs=inputs))


class ComputeProvider(WorkerProvider):
    """This machine's own work: pure functions from arguments and input bytes to output bytes, free of cost."""

    name = "compute"

    async def answer(self, call: Call, context: BlobFiles) -> Answer:
        """Do the work in another process.

        Raises CallFailed: `compute_endpoint` (no such work), `compute_revision` (asked for another version
        of it than this program has), or the endpoint's own kinds.
        """
        revision = compute_revision(call.endpoint, call.arguments)
        if revision is None:
            near = did_you_mean(call.endpoint, COMPUTE_REVISIONS)
            raise CallFailed([problem("compute_endpoint", suggestions=near, name=call.endpoint)])
        if call.revision != revision:
            raise CallFailed([problem("compute_revision", name=call.endpoint, asked=call.revision, revision=revision)])
        inputs = {place: context.path(blob) for place, blob in call.inputs.items()}
        return await self.perform(perform_compute, call.endpoint, canonical_json(call.arguments), inputs)


def create_provider(context: ProviderContext) -> ComputeProvider:
    """The compute provider."""
    return ComputeProvider(context.pool)
