"""Every address of the server, and who answers there."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Route

from nano_banana.emulator.control_api import ControlApi
from nano_banana.emulator.door import Door
from nano_banana.emulator.faults import Point
from nano_banana.emulator.files_api import FilesApi
from nano_banana.emulator.platform_api import PlatformApi
from nano_banana.emulator.queue_api import QueueApi
from nano_banana.emulator.world import World


def app_for(world: World) -> Starlette:
    """The application; what is asked most often is looked for first."""
    return Starlette(
        routes=[
            *_queue(Door(world), QueueApi(world)),
            *_control(ControlApi(world)),
            *_files(Door(world), FilesApi(world)),
            *_platform(Door(world), PlatformApi(world)),
            *_last(Door(world), QueueApi(world)),
        ]
    )


def _queue(door: Door, api: QueueApi) -> list[Route]:
    here = "/{app:path}/requests/{id}"
    return [
        Route(f"{here}/status", door.at(Point.STATUS, api.status), methods=["GET"]),
        Route(f"{here}/status/stream", door.at(Point.STREAM, api.stream), methods=["GET"]),
        Route(f"{here}/response", door.at(Point.RESULT, api.result), methods=["GET"]),
        Route(f"{here}/cancel", door.at(Point.CANCEL, api.cancel), methods=["PUT"]),
    ]


def _last(door: Door, api: QueueApi) -> list[Route]:
    """Addresses that would take in others."""
    return [
        Route("/{app:path}/requests/{id}", door.at(Point.RESULT, api.result), methods=["GET"]),
        Route("/{app:path}", door.at(Point.SUBMIT, api.submit), methods=["POST"]),
    ]


def _files(door: Door, api: FilesApi) -> list[Route]:
    parts = "/files/{file}/{name}/multipart/{upload}"
    return [
        Route("/storage/auth/token", door.at(Point.API, api.token), methods=["POST"]),
        Route("/storage/upload/initiate", door.at(Point.UPLOAD, api.initiate), methods=["POST"]),
        Route("/files/upload", door.at(Point.UPLOAD, api.upload, keyed=False), methods=["POST"]),
        Route("/files/upload/multipart", door.at(Point.UPLOAD, api.begin, keyed=False), methods=["POST"]),
        Route(f"{parts}/complete", door.at(Point.UPLOAD, api.complete, keyed=False), methods=["POST"]),
        Route(f"{parts}/{{part:int}}", door.at(Point.UPLOAD, api.part, keyed=False), methods=["PUT"]),
        Route("/files/signed/{file}", door.at(Point.UPLOAD, api.put, keyed=False), methods=["PUT"]),
        Route("/files/{file}/{name}", door.at(Point.DOWNLOAD, api.download, keyed=False), methods=["GET"]),
    ]


def _platform(door: Door, api: PlatformApi) -> list[Route]:
    return [
        Route("/v1/models", door.at(Point.API, api.models, keyed=False), methods=["GET"]),
        Route("/v1/models/pricing", door.at(Point.API, api.pricing), methods=["GET"]),
        Route("/v1/models/requests/by-endpoint", door.at(Point.API, api.requests), methods=["GET"]),
        Route("/v1/models/requests/{id}/payloads", door.at(Point.API, api.forget), methods=["DELETE"]),
    ]


def _control(api: ControlApi) -> list[Route]:
    here, own = "/_emulator", api.own
    return [
        Route(f"{here}/counts", own(api.counts), methods=["GET"]),
        Route(f"{here}/requests", own(api.requests), methods=["GET"]),
        Route(f"{here}/faults", own(api.add_faults), methods=["POST"]),
        Route(f"{here}/faults", own(api.drop_faults), methods=["DELETE"]),
        Route(f"{here}/reset", own(api.reset), methods=["POST"]),
        Route(f"{here}/pause", own(api.pause), methods=["POST"]),
        Route(f"{here}/resume", own(api.resume), methods=["POST"]),
        Route(f"{here}/files/expire", own(api.expire_files), methods=["POST"]),
        Route(f"{here}/results/expire", own(api.expire_results), methods=["POST"]),
    ]
