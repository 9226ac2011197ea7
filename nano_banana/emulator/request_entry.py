"""What every HTTP request passes: key, faults, error handling, acceptance."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from nano_banana.emulator.emulator_state import EmulatorState
from nano_banana.emulator.failures import (
    close_when_idle,
    error_response,
    fault_response,
    in_progress_response,
    json_response,
    unauthorized_response,
)
from nano_banana.emulator.fal_hosts import queue_base_url
from nano_banana.emulator.fault_injection import FAULT_HEADER, FaultEffect, FaultPoint, InjectedFault, faults_in_header
from nano_banana.emulator.generation import UNITS_HEADER
from nano_banana.emulator.request_queue import EmulatedRequest
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONValue

MAX_BODY = 256 << 20
"""Bytes of a body that is read into memory."""

MAX_DIGITS = 15
"""Of a whole number in a query."""

AsgiReply: TypeAlias = ASGIApp
"""An answer, or what comes in place of one: it is called as an ASGI application."""


A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmittedRequest:
    """A request that got in: `fault` shapes its answer, `later` strikes what comes of it. `order` is whose it is."""

    request: Request
    order: EmulatedRequest | None
    fault: InjectedFault | None
    later: tuple[InjectedFault, ...]

    def shaped(self, kind: str) -> bool:
        """Whether its answer is to have this fault."""
        return self.fault is not None and self.fault.kind == kind


ApiHandler: TypeAlias = Callable[[AdmittedRequest], Awaitable[AsgiReply]]


class RequestGate:
    """Stands before every address."""

    def __init__(self, world: EmulatorState) -> None:
        """Guard this world."""
        self._world = world

    def at(
        self, point: FaultPoint, handler: ApiHandler, *, keyed: bool = True
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler behind the door; `keyed` asks for a key."""

        async def enter(request: Request) -> Response:
            # Starlette only calls it; a cut connection is no Response.
            return cast(Response, await self._enter(point, handler, request, keyed=keyed))

        return with_error_responses(self._world, enter)

    async def _enter(self, point: FaultPoint, handler: ApiHandler, request: Request, *, keyed: bool) -> AsgiReply:
        world = self._world
        world.requests[point.value] += 1
        if keyed and not self._admits(request):
            return unauthorized_response()
        wish = request.headers.get(FAULT_HEADER)
        try:
            later = faults_in_header(wish, point) if wish else []
        except ValueError as error:
            return error_response(400, str(error))
        order = world.queue.orders.get(request.path_params.get("id", ""))
        fault = self._strike(point, request, order, later)
        if fault is not None:
            world.struck[fault.kind] += 1
            if fault.kind == "early-close":
                close_when_idle(request.scope, fault.number(0.02))
            if fault.when is FaultEffect.BEFORE:
                return fault_response(fault, world.closing)
        reply = await with_error_responses(world, handler)(
            AdmittedRequest(request=request, order=order, fault=fault, later=tuple(later))
        )
        return fault_response(fault, world.closing) if fault is not None and fault.when is FaultEffect.AFTER else reply

    def _admits(self, request: Request) -> bool:
        """Whether there is a key, a token, or a proxy in front that would have added its own."""
        key = request.headers.get("authorization", "")
        if not key and (request.scope.get("proxied") or request.query_params.get("fal_jwt_token") == self._world.token):
            return True
        return self._world.opens(key)

    def _strike(
        self, point: FaultPoint, request: Request, order: EmulatedRequest | None, later: list[InjectedFault]
    ) -> InjectedFault | None:
        for fault in later:
            if fault.on is point and fault.when is not FaultEffect.FATE:
                later.remove(fault)
                return fault
        if order is not None:
            kept = order.take(point)
            if kept is not None:
                return kept
        if point is FaultPoint.DOWNLOAD:
            file = self._world.cabinet.get(request.path_params.get("file", ""))
            kept = None if file is None else self._world.cabinet.take_fault(file)
            if kept is not None:
                return kept
        endpoint = order.endpoint if order is not None else str(request.path_params.get("app", ""))
        return self._world.faults.strike(point, endpoint)


def with_error_responses(
    world: EmulatorState, handler: Callable[[A], Awaitable[R]]
) -> Callable[[A], Awaitable[R | Response]]:
    """The handler, which answers 4xx to a request that makes no sense, and 500 where the emulator itself fails."""

    async def enter(argument: A) -> R | Response:
        try:
            return await handler(argument)
        except HTTPException as error:
            type_ = "bad_request" if error.status_code == 400 else ""
            return error_response(error.status_code, error.detail, error_type=type_, headers=error.headers)
        except ClientDisconnect:
            return error_response(499, "The client has left", error_type="client_disconnected")
        except Exception as error:  # noqa: BLE001 - one request must not stop the server
            return error_response(500, world.failed(error), error_type="internal_error")

    return enter


async def read_body(request: Request) -> bytes:
    """The body of a request. Raises HTTPException where it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise HTTPException(413, f"The body is larger than {MAX_BODY >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request) -> JSONValue:
    """The body of a request as JSON; None where it is empty. Raises HTTPException where it is no JSON."""
    body = await read_body(request)
    try:
        return cast(JSONValue, json.loads(body)) if body else None
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON, or too deeply nested") from error


def query_int(request: Request, name: str, unsaid: int) -> int:
    """A whole number of the query that is not negative; `unsaid` where it is none, or not there."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= MAX_DIGITS else unsaid


def client_base_url(request: Request) -> str:
    """The address of the queue, as the client knows this server."""
    return queue_base_url(request.scope["scheme"], request.headers.get("host", ""))


RECORDED_HEADERS = ("x-fal-", "x-app-fal-")
"""How the headers begin that are noted with a request."""

EVENT_STREAM = "text/event-stream"


async def accept_request(world: EmulatorState, visit: AdmittedRequest) -> EmulatedRequest:
    """A new request. Raises HTTPException where its endpoint or its body is none."""
    request = visit.request
    endpoint = request.path_params["app"].strip("/")
    if world.endpoint(endpoint) is None:
        raise HTTPException(404, f"Application {endpoint.rpartition('/')[2]!r} not found")
    given = await read_json(request)
    try:
        text = canonical_json(given)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON, or too deeply nested") from error
    if not isinstance(given, dict):
        raise HTTPException(422, "The body is not a JSON object")
    fates = [*world.faults.fates(endpoint), *(fault for fault in visit.later if fault.when is FaultEffect.FATE)]
    world.struck.update(fault.kind for fault in fates)
    order = EmulatedRequest(
        id=str(uuid4()),
        number=world.accepted + 1,
        endpoint=endpoint,
        base=client_base_url(request),
        digest=hashlib.sha256(endpoint.encode() + b"\0" + text).hexdigest(),
        given=world.payloads.put(text),
        headers={name: value for name, value in request.headers.items() if name.startswith(RECORDED_HEADERS)},
        accepted_at=world.clock(),
        faults=[*fates, *(fault for fault in visit.later if fault.when is not FaultEffect.FATE)],
    )
    world.accept(order)
    return order


async def request_changes(order: EmulatedRequest, closing: asyncio.Event) -> AsyncIterator[None]:
    """Comes back at once, whenever the request has changed, and each second; for the last time at its end."""
    changed = asyncio.Event()
    order.watchers = [*(order.watchers or []), changed]
    try:
        while not order.gone and not closing.is_set():
            changed.clear()
            last = order.ended
            yield
            if last:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), timeout=1)
    finally:
        order.watchers.remove(changed)


def result_response(world: EmulatorState, order: EmulatedRequest) -> AsgiReply:
    """The result as the model gave it: its status, headers and body."""
    if order.gone:
        return not_found_response()
    if not order.ended or order.result is None:
        return in_progress_response()
    head = {"x-fal-request-id": order.id, **({UNITS_HEADER: "0"} if order.status >= 400 else {}), **order.answered_with}
    return Response(world.payloads.get(order.result), order.status, head, "application/json")


def request_urls(order: EmulatedRequest) -> Mapping[str, JSONValue]:
    """Where to ask for it, as this client knows the server."""
    here = f"{order.base}/{order.app}/requests/{order.id}"
    return {"response_url": here, "status_url": f"{here}/status", "cancel_url": f"{here}/cancel"}


def not_found_response() -> Response:
    """What a request that is not there is answered with."""
    return json_response({"status": "NOT_FOUND", "detail": "Request not found"}, 404)
