"""How requests come in: keys, faults, bodies, submit and poll."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import TypeAlias, TypeVar, cast
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from nano_banana.catalog.arguments import argument_value
from nano_banana.emulator.emulator_state import EmulatorState, fal_status
from nano_banana.emulator.failures import (
    close_when_idle,
    cut_connection,
    error_response,
    fault_response,
    in_progress_response,
    json_response,
    unauthorized_response,
)
from nano_banana.emulator.fal_hosts import queue_base_url
from nano_banana.emulator.fault_injection import FAULT_HEADER, FaultEffect, FaultPoint, InjectedFault, faults_in_header
from nano_banana.emulator.generation import UNITS_HEADER
from nano_banana.emulator.request_queue import EmulatedRequest, RequestState, app_id, log_lines
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONValue, as_items

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


KEEP_ALIVE = 5.0
"""Seconds of silence after which a stream says that it is still there."""


class QueueApi:
    """The handlers; every one expects a `Visit` of its own kind."""

    def __init__(self, world: EmulatorState) -> None:
        """Serve this world."""
        self._world = world

    async def submit(self, visit: AdmittedRequest) -> AsgiReply:
        """Take a request in, whatever its arguments are: what is wrong with them is its result."""
        world, request = self._world, visit.request
        waiting = world.queue.count()[0]
        if waiting > query_int(request, "fal_max_queue_length", waiting):
            return error_response(429, "The queue is too long")
        url = request.query_params.get("fal_webhook")
        why = world.webhooks.refusal(url) if url else None
        if why is not None:
            return error_response(400, why, error_type="bad_request")
        order = await accept_request(world, visit)
        if url:
            world.webhooks.watch(order, url)
        position = world.queue.position(order)
        told = {"status": "IN_QUEUE", "request_id": order.id, "gateway_request_id": order.id, **request_urls(order)}
        return json_response({**told, "queue_position": position}, headers={"x-fal-request-id": order.id})

    async def status(self, visit: AdmittedRequest) -> AsgiReply:
        """Say how far it is: 202 until it has ended, then 200."""
        order = self._found(visit)
        if order is None:
            return not_found_response()
        told = self._told(order, visit)
        return json_response(told, 200 if order.ended else 202, {"x-fal-request-id": order.id})

    async def stream(self, visit: AdmittedRequest) -> AsgiReply:
        """Say how far it is whenever that changes, until it has ended."""
        order = self._found(visit)
        if order is None or visit.shaped("stream-404"):
            return not_found_response()
        if visit.shaped("stream-drop"):
            return _TornStream(f"data: {json.dumps(self._told(order, visit))}\n\n".encode())
        if visit.shaped("endless-stream") and visit.fault is not None:
            endless = self._endless(order, visit, every=visit.fault.number(1))
            return StreamingResponse(endless, media_type=EVENT_STREAM)
        return StreamingResponse(self._events(order, visit), media_type=EVENT_STREAM)

    async def result(self, visit: AdmittedRequest) -> AsgiReply:
        """Hand out the result, with the status and headers that the model gave it."""
        order = self._found(visit)
        if order is None:
            return not_found_response()
        return result_response(self._world, order)

    async def cancel(self, visit: AdmittedRequest) -> AsgiReply:
        """Take it out of the queue; what runs goes on, and is billed."""
        order = self._found(visit)
        if order is None:
            return not_found_response()
        if order.ended:
            return json_response({"status": "ALREADY_COMPLETED"}, 400)
        self._world.cancel(order)
        return json_response({"status": "CANCELLATION_REQUESTED"}, 202)

    def _found(self, visit: AdmittedRequest) -> EmulatedRequest | None:
        order = visit.order
        if order is None or order.gone or visit.request.path_params["app"] != app_id(order.endpoint):
            return None
        return order

    def _told(self, order: EmulatedRequest, visit: AdmittedRequest) -> Mapping[str, JSONValue]:
        told: dict[str, JSONValue] = {"status": fal_status(order), "request_id": order.id, **request_urls(order)}
        if order.state is RequestState.QUEUED:
            told["queue_position"] = self._world.queue.position(order)
        if not visit.shaped("no-logs"):
            wanted = visit.request.query_params.get("logs", "0") in {"1", "true", "True"}
            told["logs"] = self._logs(order) if wanted else None
        if order.ended:
            spent = (order.ended_at or 0) - (order.started_at or order.ended_at or 0)
            told["metrics"] = {"inference_time": round(spent, 6)} if order.started_at is not None else {}
            if order.error is not None:
                told |= {"error": order.error, "error_type": order.error_type}
        if visit.shaped("odd-status") and visit.fault is not None:
            told["status"] = visit.fault.arg or "RESCHEDULED"
        return told

    def _logs(self, order: EmulatedRequest) -> JSONValue:
        world = self._world
        endpoint = world.endpoint(order.endpoint)
        if endpoint is None or order.given is None or order.started_at is None:
            return []
        steps = argument_value(endpoint, world.payloads.read(order.given), endpoint.roles.steps)
        whole = steps if isinstance(steps, int) else 0
        return log_lines(order, steps=whole, seconds=world.options.seconds, now=world.clock())

    async def _events(self, order: EmulatedRequest, visit: AdmittedRequest) -> AsyncIterator[bytes]:
        last, spoken, lines = "", monotonic(), 0
        async for _ in request_changes(order, self._world.closing):
            told = dict(self._told(order, visit))
            state = json.dumps({**told, "logs": None})
            logs = as_items(told.get("logs"))
            if "logs" in told:  # each line once: clients put them together themselves
                told["logs"] = logs[lines:] if told["logs"] is not None else None
            if state != last or len(logs) > lines:
                last, spoken, lines = state, monotonic(), len(logs)
                yield f"data: {json.dumps(told)}\n\n".encode()
            elif monotonic() - spoken >= KEEP_ALIVE:
                spoken = monotonic()
                yield b": still there\n\n"

    async def _endless(self, order: EmulatedRequest, visit: AdmittedRequest, *, every: float) -> AsyncIterator[bytes]:
        """Say that it is in progress, whatever becomes of it, until the client leaves."""
        told = json.dumps({**self._told(order, visit), "status": "IN_PROGRESS"})
        yield f"data: {told}\n\n".encode()
        while not self._world.closing.is_set():
            await asyncio.sleep(every)
            yield b": still there\n\n"


class _TornStream:
    """A stream that is cut after its first words."""

    def __init__(self, words: bytes) -> None:
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say them, and cut."""
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": self._words, "more_body": True})
        await asyncio.sleep(0.05)  # so that the words are out before the line is dead
        await cut_connection(scope, receive)


class DirectApi:
    """The handlers of `fal.run`."""

    def __init__(self, world: EmulatorState) -> None:
        """Serve this world."""
        self._world = world

    async def run(self, visit: AdmittedRequest) -> AsgiReply:
        """Take a request in, and answer with its result."""
        order = await self._done(visit)
        fault = order.take(FaultPoint.RESULT)
        return result_response(self._world, order) if fault is None else fault_response(fault, self._world.closing)

    async def stream(self, visit: AdmittedRequest) -> AsgiReply:
        """Take a request in, and answer with its result as the one event of a stream."""
        order = await self._done(visit)
        if order.result is None or order.status >= 400:
            return result_response(self._world, order)
        event = b"data: " + self._world.payloads.get(order.result) + b"\n\n"
        return Response(event, headers={"x-fal-request-id": order.id, **order.answered_with}, media_type=EVENT_STREAM)

    async def _done(self, visit: AdmittedRequest) -> EmulatedRequest:
        """A request of the direct API, once it has ended."""
        world = self._world
        if "fal_webhook" in visit.request.query_params:
            raise HTTPException(400, "fal_webhook is for the queue (queue.fal.run): this call is answered itself")
        if world.queue.full():
            head = {"x-fal-needs-retry": "1", "x-fal-error-type": "concurrent_requests_limit"}
            raise HTTPException(429, "You have too many concurrent requests", headers=head)
        order = await accept_request(world, visit)
        async for _ in request_changes(order, world.closing):
            pass
        return order
