"""The local provider: answers fal's endpoints offline, from own photos."""

from __future__ import annotations

from nano_banana.catalog.arguments import result_size
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Task
from nano_banana.model.call import Call
from nano_banana.model.problem import CallFailed, problem
from nano_banana.model.provider_protocol import Answer, BlobFiles
from nano_banana.providers.local.local_job import LocalJob
from nano_banana.providers.provider_context import ProviderContext
from nano_banana.providers.workers import WorkerPool, WorkerProvider, WorkResult


class LocalProvider(WorkerProvider):
    """The offline provider. `catalog` says what each endpoint means."""

    name = "local"

    def __init__(self, pool: WorkerPool, catalog: Catalog) -> None:
        super().__init__(pool)
        self._catalog = catalog

    async def answer(self, call: Call, context: BlobFiles) -> Answer:
        """Do the work in another process.

        `plain` is true in the data if people could only be cut out with an oval (`nano-banana setup` was not
        run). Raises CallFailed: `local_endpoint`, `local_task` or what the endpoint raises.
        """
        return await self.perform(perform_local, self._job(call, context))

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
            size=result_size(endpoint, call.arguments),
            key=call.key,
        )


def create_provider(context: ProviderContext) -> LocalProvider:
    """The local provider."""
    return LocalProvider(context.pool, context.catalog)


def perform_local(job: LocalJob) -> WorkResult:
    """Do the job. Pure: the same job with the same files gives the same result. Raises CallFailed."""
    # Here, not above: the asking process never loads Pillow, numpy or OpenCV.
    from nano_banana.providers.local.local_drawing import edit, generate, image_to_image, inpaint, restore, upscale
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
