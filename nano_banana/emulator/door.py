"""What every request passes first, and what no error gets past."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from nano_banana.core.json import JSONValue
from nano_banana.emulator.faults import HEADER, Fault, Point, When, wished
from nano_banana.emulator.hosts import queue_base
from nano_banana.emulator.order import Order
from nano_banana.emulator.replies import closing_early, refuse, struck, unauthorised
from nano_banana.emulator.world import World

MOST_BODY = 256 << 20
"""Bytes of a body that is read into memory."""

DIGITS = 15
"""Of a whole number in a query."""

Reply: TypeAlias = ASGIApp
"""An answer, or what comes in place of one: it is called as an ASGI application."""


A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request that got in: `fault` shapes its answer, `later` strikes what comes of it. `order` is whose it is."""

    request: Request
    order: Order | None
    fault: Fault | None
    later: tuple[Fault, ...]

    def shaped(self, kind: str) -> bool:
        """Whether its answer is to have this fault."""
        return self.fault is not None and self.fault.kind == kind


Handler: TypeAlias = Callable[[Visit], Awaitable[Reply]]


class Door:
    """Stands before every address."""

    def __init__(self, world: World) -> None:
        """Guard this world."""
        self._world = world

    def at(self, point: Point, handler: Handler, *, keyed: bool = True) -> Callable[[Request], Awaitable[Response]]:
        """The handler behind the door; `keyed` asks for a key."""

        async def enter(request: Request) -> Response:
            # Starlette only calls it; a cut connection is no Response.
            return cast(Response, await self._enter(point, handler, request, keyed=keyed))

        return guarded(self._world, enter)

    async def _enter(self, point: Point, handler: Handler, request: Request, *, keyed: bool) -> Reply:
        world = self._world
        world.requests[point.value] += 1
        if keyed and not self._admits(request):
            return unauthorised()
        wish = request.headers.get(HEADER)
        try:
            later = wished(wish, point) if wish else []
        except ValueError as error:
            return refuse(400, str(error))
        order = world.queue.orders.get(request.path_params.get("id", ""))
        fault = self._strike(point, request, order, later)
        if fault is not None:
            world.struck[fault.kind] += 1
            if fault.kind == "early-close":
                closing_early(request.scope, fault.number(0.02))
            if fault.when is When.BEFORE:
                return struck(fault, world.closing)
        reply = await guarded(world, handler)(Visit(request=request, order=order, fault=fault, later=tuple(later)))
        return struck(fault, world.closing) if fault is not None and fault.when is When.AFTER else reply

    def _admits(self, request: Request) -> bool:
        """Whether there is a key, a token, or a proxy in front that would have added its own."""
        key = request.headers.get("authorization", "")
        if not key and (request.scope.get("proxied") or request.query_params.get("fal_jwt_token") == self._world.token):
            return True
        return self._world.opens(key)

    def _strike(self, point: Point, request: Request, order: Order | None, later: list[Fault]) -> Fault | None:
        for fault in later:
            if fault.on is point and fault.when is not When.FATE:
                later.remove(fault)
                return fault
        if order is not None:
            kept = order.take(point)
            if kept is not None:
                return kept
        if point is Point.DOWNLOAD:
            file = self._world.cabinet.get(request.path_params.get("file", ""))
            kept = None if file is None else self._world.cabinet.take_fault(file)
            if kept is not None:
                return kept
        endpoint = order.endpoint if order is not None else str(request.path_params.get("app", ""))
        return self._world.faults.strike(point, endpoint)


def guarded(world: World, handler: Callable[[A], Awaitable[R]]) -> Callable[[A], Awaitable[R | Response]]:
    """The handler, which answers 4xx to a request that makes no sense, and 500 where the emulator itself fails."""

    async def enter(argument: A) -> R | Response:
        try:
            return await handler(argument)
        except HTTPException as error:
            type_ = "bad_request" if error.status_code == 400 else ""
            return refuse(error.status_code, error.detail, error_type=type_, headers=error.headers)
        except ClientDisconnect:
            return refuse(499, "The client has left", error_type="client_disconnected")
        except Exception as error:  # noqa: BLE001 - one request must not stop the server
            return refuse(500, world.failed(error), error_type="internal_error")

    return enter


async def body_of(request: Request) -> bytes:
    """The body of a request. Raises HTTPException where it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BODY:
            raise HTTPException(413, f"The body is larger than {MOST_BODY >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


async def json_of(request: Request) -> JSONValue:
    """The body of a request as JSON; None where it is empty. Raises HTTPException where it is no JSON."""
    body = await body_of(request)
    try:
        return cast(JSONValue, json.loads(body)) if body else None
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON, or too deeply nested") from error


def whole(request: Request, name: str, unsaid: int) -> int:
    """A whole number of the query that is not negative; `unsaid` where it is none, or not there."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= DIGITS else unsaid


def base_of(request: Request) -> str:
    """The address of the queue, as the client knows this server."""
    return queue_base(request.scope["scheme"], request.headers.get("host", ""))
