"""Answers fal's endpoints from own photos; knows no network, no cost."""

from __future__ import annotations

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.catalog.size import pixels
from nano_banana.core.answer import Answer, Files, Payload
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.providers.local.job import Job
from nano_banana.providers.local.perform import perform
from nano_banana.providers.pool import WorkPool


class Local:
    """The embedded provider. `catalog` says what each endpoint means; the work is done in `pool`'s processes."""

    name = "local"

    def __init__(self, pool: WorkPool, catalog: Catalog) -> None:
        self._pool = pool
        self._catalog = catalog

    async def answer(self, call: Call, desk: Files) -> Answer:
        """Do the work in another process.

        `plain` is true in the data where people could only be cut out with an oval (nano-banana setup was not
        run). Raises CallFailed: `local_endpoint`, `local_task` or what the work itself raises.
        """
        job = self._job(call, desk)
        data, files = await self._pool.run(perform, job)
        payloads = {place: Payload(data=content, media=media) for place, (content, media) in files.items()}
        return Answer(data=data, files=payloads, cost_usd=0.0)

    async def close(self) -> None:
        """Nothing to give back: the pool belongs to whoever made it."""

    def _job(self, call: Call, desk: Files) -> Job:
        endpoint = self._catalog.get(call.endpoint)
        if endpoint is None:
            raise CallFailed([trouble("local_endpoint", hint=self._catalog.near(call.endpoint), name=call.endpoint)])
        if endpoint.does is Task.OTHER:
            raise CallFailed([trouble("local_task", name=call.endpoint)])
        return Job(
            endpoint=call.endpoint,
            does=str(endpoint.does),
            roles=endpoint.roles.named(),
            makes=tuple(endpoint.makes),
            arguments=call.arguments,
            inputs={place: desk.path(blob) for place, blob in call.inputs.items()},
            size=_size(endpoint, call),
            key=call.key,
        )


def _size(endpoint: Endpoint, call: Call) -> tuple[int, int] | None:
    return pixels(endpoint, call.arguments)
