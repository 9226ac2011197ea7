"""Every address of the server, and who answers there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from nano_banana.emulator.account_api import AccountApi
from nano_banana.emulator.control_api import ControlApi
from nano_banana.emulator.direct_api import DirectApi
from nano_banana.emulator.door import Door
from nano_banana.emulator.faults import Point
from nano_banana.emulator.files_api import FilesApi
from nano_banana.emulator.hosts import CONTROL, Addresses
from nano_banana.emulator.platform_api import PlatformApi
from nano_banana.emulator.queue_api import QueueApi
from nano_banana.emulator.replies import refuse
from nano_banana.emulator.world import World

LOCAL = r"https?://(localhost|127\.0\.0\.1|\[::1\]|[\w.-]+\.localhost)(:\d+)?"
"""The origins whose pages may ask: a page of somebody else's must not read what is kept here."""


def app_for(world: World) -> ASGIApp:
    """The application; what is asked most often is looked for first."""
    door, queue = Door(world), QueueApi(world)
    routes = [
        *_queue(door, queue),
        *_control(ControlApi(world)),
        *_files(door, FilesApi(world)),
        *_platform(door, PlatformApi(world), AccountApi(world)),
        *_last(door, queue),
    ]
    whole = Starlette(routes=routes, exception_handlers=_HANDLERS)
    direct = Starlette(routes=_direct(door, DirectApi(world)), exception_handlers=_HANDLERS)
    open_to_pages = CORSMiddleware(
        Addresses(whole, direct),
        allow_origins=world.options.origins,
        allow_origin_regex=LOCAL,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=["*"],
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        control = str(scope["path"]).startswith(CONTROL)
        await (whole if control else open_to_pages)(scope, receive, send)

    return app


async def _no_such_address(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return refuse(status, "Method Not Allowed" if status == 405 else "Not Found")


_HANDLERS: Mapping[int | type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    404: _no_such_address,
    405: _no_such_address,
}


def _direct(door: Door, api: DirectApi) -> list[Route]:
    return [
        Route("/{app:path}/stream", door.at(Point.SUBMIT, api.stream), methods=["POST"]),
        Route("/{app:path}", door.at(Point.SUBMIT, api.run), methods=["POST"]),
    ]


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
    parts, signed = "/files/{file}/{name}/multipart/{upload}", "/files/signed/{file}/multipart/{upload}"
    return [
        Route("/storage/auth/token", door.at(Point.API, api.token), methods=["POST"]),
        Route("/.well-known/jwks.json", door.at(Point.API, api.webhook_keys, keyed=False), methods=["GET"]),
        Route("/tokens", door.at(Point.API, api.temporary_token), methods=["POST"]),
        Route("/storage/upload/initiate", door.at(Point.UPLOAD, api.initiate), methods=["POST"]),
        Route("/storage/upload/initiate-multipart", door.at(Point.UPLOAD, api.initiate), methods=["POST"]),
        Route("/files/upload", door.at(Point.UPLOAD, api.upload, keyed=False), methods=["POST"]),
        Route("/files/upload/multipart", door.at(Point.UPLOAD, api.begin, keyed=False), methods=["POST"]),
        Route(f"{signed}/complete", door.at(Point.UPLOAD, api.complete, keyed=False), methods=["POST"]),
        Route(f"{signed}/{{part:int}}", door.at(Point.UPLOAD, api.part, keyed=False), methods=["PUT"]),
        Route(f"{parts}/complete", door.at(Point.UPLOAD, api.complete, keyed=False), methods=["POST"]),
        Route(f"{parts}/{{part:int}}", door.at(Point.UPLOAD, api.part, keyed=False), methods=["PUT"]),
        Route("/files/signed/{file}", door.at(Point.UPLOAD, api.put, keyed=False), methods=["PUT"]),
        Route("/files/{file}/{name}", door.at(Point.DOWNLOAD, api.download, keyed=False), methods=["GET"]),
    ]


def _platform(door: Door, api: PlatformApi, account: AccountApi) -> list[Route]:
    return [
        Route("/api/models", door.at(Point.API, api.site_models, keyed=False), methods=["GET"]),
        Route("/api/openapi/queue/openapi.json", door.at(Point.API, api.openapi, keyed=False), methods=["GET"]),
        Route("/v1/models/usage", door.at(Point.API, account.usage), methods=["GET"]),
        Route("/v1/models/billing-events", door.at(Point.API, account.billing_events), methods=["GET"]),
        Route("/v1/models/pricing/estimate", door.at(Point.API, account.estimate), methods=["POST"]),
        Route("/v1/models/requests/search", door.at(Point.API, api.search), methods=["GET"]),
        Route("/v1/account/billing", door.at(Point.API, account.billing), methods=["GET"]),
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
