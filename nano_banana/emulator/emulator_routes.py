"""The emulator's routes, and its control API under `/_emulator`.

The most frequent routes come first, because routes are matched in order.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from msgspec.structs import asdict
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from nano_banana.emulator.emulator_state import EmulatorState
from nano_banana.emulator.failures import error_response, json_response
from nano_banana.emulator.fal_hosts import CONTROL_PATH, HostRouter
from nano_banana.emulator.fault_injection import FaultPoint, parse_rule
from nano_banana.emulator.files_api import FilesApi
from nano_banana.emulator.platform_api import AccountApi, PlatformApi
from nano_banana.emulator.request_entry import (
    DirectApi,
    QueueApi,
    RequestGate,
    query_int,
    read_json,
    with_error_responses,
)
from nano_banana.emulator.request_queue import EmulatedRequest
from nano_banana.model.json_values import JSONObject, JSONValue, as_items

ControlHandler: TypeAlias = Callable[[Request], Awaitable[Response]]


class ControlApi:
    """The handlers of the control API. They need no key and have no faults."""

    def __init__(self, state: EmulatorState) -> None:
        """Control this state."""
        self._state = state

    def own(self, handler: ControlHandler) -> ControlHandler:
        """Wrap a handler: refuse requests from web pages, which could belong to anybody."""

        async def enter(request: Request) -> Response:
            head = request.headers
            if "origin" in head or head.get("sec-fetch-site", "none") != "none":
                return error_response(403, "The control API is not for web pages")
            return await handler(request)

        return with_error_responses(self._state, enter)

    async def requests(self, request: Request) -> Response:
        """List accepted requests, oldest first; `limit` returns only the newest ones."""
        orders = list(self._state.queue.orders.values())
        limit = query_int(request, "limit", len(orders))
        orders = orders[-limit:] if limit else []
        return json_response({"requests": [self._row(order) for order in orders]})

    async def add_faults(self, request: Request) -> Response:
        """Add fault rules."""
        try:
            rules = [parse_rule(rule) for rule in as_items(await read_json(request))]
        except ValueError as error:
            return error_response(400, str(error))
        self._state.faults.add(rules)
        return json_response({"added": len(rules)})

    async def reset(self, _: Request) -> Response:
        """Reset the emulator."""
        await self._state.reset()
        return json_response({"ok": True})

    def does(self, action: Callable[[], JSONValue]) -> ControlHandler:
        """A handler that does one thing and returns what that returns, or that it was done."""

        async def handle(_: Request) -> Response:
            done = action()
            return json_response({"ok": True} if done is None else done)

        return self.own(handle)

    async def expire_results(self, _: Request) -> Response:
        """Expire all results."""
        ended = [order for order in self._state.queue.orders.values() if order.ended and not order.expired]
        for order in ended:
            order.expired = True
        return json_response({"expired": len(ended)})

    def _row(self, order: EmulatedRequest) -> JSONObject:
        same = ("endpoint", "digest", "accepted_at", "started_at", "ended_at", "headers")
        return {
            "request_id": order.id,
            **{name: getattr(order, name) for name in same},
            "arguments": None if order.arguments_slot is None else self._state.payloads.read(order.arguments_slot),
            "state": order.state.value,
            "status_code": order.outcome.status or None,
            "units": order.outcome.units,
            "webhook": None if order.webhook is None else asdict(order.webhook),
        }


LOCAL_ORIGINS = r"https?://(localhost|127\.0\.0\.1|\[::1\]|[\w.-]+\.localhost)(:\d+)?"
"""Origins whose pages may send requests. Pages of others must not read the data here."""


def emulator_app(state: EmulatorState) -> ASGIApp:
    """The ASGI application."""
    door, queue = RequestGate(state), QueueApi(state)
    routes = [
        *_queue_routes(door, queue),
        *_control_routes(ControlApi(state), state),
        *_files_routes(door, FilesApi(state)),
        *_platform_routes(door, PlatformApi(state), AccountApi(state)),
        *_catch_all_routes(door, queue),
    ]
    whole = Starlette(routes=routes, exception_handlers=_EXCEPTION_HANDLERS)
    direct = Starlette(routes=_direct_routes(door, DirectApi(state)), exception_handlers=_EXCEPTION_HANDLERS)
    open_to_pages = CORSMiddleware(
        HostRouter(whole, direct),
        allow_origins=state.options.origins,
        allow_origin_regex=LOCAL_ORIGINS,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=["*"],
        expose_headers=["*"],
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        control = str(scope["path"]).startswith(CONTROL_PATH)
        await (whole if control else open_to_pages)(scope, receive, send)

    return app


_EXCEPTION_HANDLERS: Mapping[int | type[Exception], Callable[[Request, Exception], Response]] = {
    404: lambda _, __: error_response(404, "Not Found"),
    405: lambda _, __: error_response(405, "Method Not Allowed"),
}


def _direct_routes(door: RequestGate, api: DirectApi) -> list[Route]:
    return [
        Route("/{app:path}/stream", door.at(FaultPoint.SUBMIT, api.stream), methods=["POST"]),
        Route("/{app:path}", door.at(FaultPoint.SUBMIT, api.run), methods=["POST"]),
    ]


def _queue_routes(door: RequestGate, api: QueueApi) -> list[Route]:
    here = "/{app:path}/requests/{id}"
    return [
        Route(f"{here}/status", door.at(FaultPoint.STATUS, api.status), methods=["GET"]),
        Route(f"{here}/status/stream", door.at(FaultPoint.STREAM, api.stream), methods=["GET"]),
        Route(f"{here}/response", door.at(FaultPoint.RESULT, api.result), methods=["GET"]),
        Route(f"{here}/cancel", door.at(FaultPoint.CANCEL, api.cancel), methods=["PUT"]),
    ]


def _catch_all_routes(door: RequestGate, api: QueueApi) -> list[Route]:
    """Routes that also match the paths of others, so they come last."""
    return [
        Route("/{app:path}/requests/{id}", door.at(FaultPoint.RESULT, api.result), methods=["GET"]),
        Route("/{app:path}", door.at(FaultPoint.SUBMIT, api.submit), methods=["POST"]),
    ]


def _files_routes(door: RequestGate, api: FilesApi) -> list[Route]:
    parts, signed = "/files/{file}/{name}/multipart/{upload}", "/files/signed/{file}/multipart/{upload}"
    return [
        Route("/storage/auth/token", door.at(FaultPoint.API, api.token), methods=["POST"]),
        Route("/.well-known/jwks.json", door.at(FaultPoint.API, api.webhook_keys, keyed=False), methods=["GET"]),
        Route("/tokens", door.at(FaultPoint.API, api.temporary_token), methods=["POST"]),
        Route("/storage/upload/initiate", door.at(FaultPoint.UPLOAD, api.initiate), methods=["POST"]),
        Route("/storage/upload/initiate-multipart", door.at(FaultPoint.UPLOAD, api.initiate), methods=["POST"]),
        Route("/files/upload", door.at(FaultPoint.UPLOAD, api.upload, keyed=False), methods=["POST"]),
        Route("/files/upload/multipart", door.at(FaultPoint.UPLOAD, api.begin, keyed=False), methods=["POST"]),
        Route(f"{signed}/complete", door.at(FaultPoint.UPLOAD, api.complete, keyed=False), methods=["POST"]),
        Route(f"{signed}/{{part:int}}", door.at(FaultPoint.UPLOAD, api.part, keyed=False), methods=["PUT"]),
        Route(f"{parts}/complete", door.at(FaultPoint.UPLOAD, api.complete, keyed=False), methods=["POST"]),
        Route(f"{parts}/{{part:int}}", door.at(FaultPoint.UPLOAD, api.part, keyed=False), methods=["PUT"]),
        Route("/files/signed/{file}", door.at(FaultPoint.UPLOAD, api.put, keyed=False), methods=["PUT"]),
        Route("/files/{file}/{name}", door.at(FaultPoint.DOWNLOAD, api.download, keyed=False), methods=["GET"]),
    ]


def _platform_routes(door: RequestGate, api: PlatformApi, account: AccountApi) -> list[Route]:
    return [
        Route("/api/models", door.at(FaultPoint.API, api.site_models, keyed=False), methods=["GET"]),
        Route("/api/openapi/queue/openapi.json", door.at(FaultPoint.API, api.openapi, keyed=False), methods=["GET"]),
        Route("/v1/models/usage", door.at(FaultPoint.API, account.usage), methods=["GET"]),
        Route("/v1/models/billing-events", door.at(FaultPoint.API, account.billing_events), methods=["GET"]),
        Route("/v1/models/pricing/estimate", door.at(FaultPoint.API, account.estimate), methods=["POST"]),
        Route("/v1/models/requests/search", door.at(FaultPoint.API, api.search), methods=["GET"]),
        Route("/v1/account/billing", door.at(FaultPoint.API, account.billing), methods=["GET"]),
        Route("/v1/models", door.at(FaultPoint.API, api.models, keyed=False), methods=["GET"]),
        Route("/v1/models/pricing", door.at(FaultPoint.API, api.pricing), methods=["GET"]),
        Route("/v1/models/requests/by-endpoint", door.at(FaultPoint.API, api.requests), methods=["GET"]),
        Route("/v1/models/requests/{id}/payloads", door.at(FaultPoint.API, api.forget), methods=["DELETE"]),
    ]


def _control_routes(api: ControlApi, state: EmulatorState) -> list[Route]:
    here, own, queue = CONTROL_PATH, api.own, state.queue
    return [
        Route(f"{here}/counts", api.does(state.counts), methods=["GET"]),
        Route(f"{here}/requests", own(api.requests), methods=["GET"]),
        Route(f"{here}/faults", own(api.add_faults), methods=["POST"]),
        Route(f"{here}/faults", api.does(state.faults.clear), methods=["DELETE"]),
        Route(f"{here}/reset", own(api.reset), methods=["POST"]),
        Route(f"{here}/pause", api.does(lambda: queue.pause(paused=True)), methods=["POST"]),
        Route(f"{here}/resume", api.does(lambda: queue.pause(paused=False)), methods=["POST"]),
        Route(f"{here}/files/expire", api.does(lambda: {"expired": state.files.clear()}), methods=["POST"]),
        Route(f"{here}/results/expire", own(api.expire_results), methods=["POST"]),
    ]
