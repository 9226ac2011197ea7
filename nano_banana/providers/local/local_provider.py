"""The local provider: answers fal's endpoints offline, from own photos."""

from __future__ import annotations

from nano_banana.catalog.arguments import result_size
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.model.call import Call
from nano_banana.model.problem import CallFailed, problem
from nano_banana.model.provider_protocol import Answer, AnswerFile, BlobFiles
from nano_banana.providers.local.local_job import LocalJob, WorkResult
from nano_banana.providers.workers import WorkerPool


class LocalProvider:
    """The embedded provider. `catalog` says what each endpoint means; the work is done in `pool`'s processes."""

    name = "local"

    def __init__(self, pool: WorkerPool, catalog: Catalog) -> None:
        self._pool = pool
        self._catalog = catalog

    async def answer(self, call: Call, context: BlobFiles) -> Answer:
        """Do the work in another process.

        `plain` is true in the data where people could only be cut out with an oval (nano-banana setup was not
        run). Raises CallFailed: `local_endpoint`, `local_task` or what the work itself raises.
        """
        job = self._job(call, context)
        data, files = await self._pool.run(perform_local, job)
        payloads = {place: AnswerFile(data=content, media=media) for place, (content, media) in files.items()}
        return Answer(data=data, files=payloads, cost_usd=0.0)

    async def close(self) -> None:
        """Nothing to give back: the pool belongs to whoever made it."""

    def _job(self, call: Call, context: BlobFiles) -> LocalJob:
        endpoint = self._catalog.get(call.endpoint)
        if endpoint is None:
            raise CallFailed(
                [problem("local_endpoint", suggestions=self._catalog.near(call.endpoint), name=call.endpoint)]
            )
        if endpoint.does is Task.OTHER:
            raise CallFailed([problem("local_task", name=call.endpoint)])
        return LocalJob(
            endpoint=call.endpoint,
            does=str(endpoint.does),
            roles=endpoint.roles.named(),
            makes=tuple(endpoint.makes),
            arguments=call.arguments,
            inputs={place: context.path(blob) for place, blob in call.inputs.items()},
            size=_result_size(endpoint, call),
            key=call.key,
        )


def _result_size(endpoint: Endpoint, call: Call) -> tuple[int, int] | None:
    return result_size(endpoint, call.arguments)


def perform_local(job: LocalJob) -> WorkResult:
    """Do the job. Pure: the same job and the same bytes in its files give the same result. Raises CallFailed."""
    # Here, not above: the asking process never loads Pillow, numpy or OpenCV.
    from nano_banana.providers.local.local_drawing import edit, generate, image_to_image, inpaint
    from nano_banana.providers.local.local_enlarging import restore, upscale
    from nano_banana.providers.local.local_training import train_adapter

    kinds = {
        "train": train_adapter,
        "generate": generate,
        "image-to-image": image_to_image,
        "inpaint": inpaint,
        "edit": edit,
        "upscale": upscale,
        "restore": restore,
    }
    return kinds[job.does](job)
