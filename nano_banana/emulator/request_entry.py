"""How requests come in: keys, faults, bodies, submit and poll."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import TypeAlias, TypeVar, cast
from uuid import uuid4

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from nano_banana.catalog.arguments import argument_value
from nano_banana.emulator.emulator_state import EmulatorState, fal_status
from nano_banana.emulator.failures import (
    UNAUTHORIZED,
    close_when_idle,
    cut_body,
    error_response,
    fault_response,
    in_progress_response,
    json_response,
)
from nano_banana.emulator.fal_hosts import queue_base_url
from nano_banana.emulator.fault_injection import FAULT_HEADER, FaultEffect, FaultPoint, InjectedFault, faults_in_header
from nano_banana.emulator.generation import UNITS_HEADER
from nano_banana.emulator.request_queue import EmulatedRequest, RequestState, app_id, log_lines
from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONValue, as_items

MAX_BODY = 256 << 20
"""Bytes of the largest body that is read into memory."""

MAX_DIGITS = 15
"""Digits of an integer in a query, at most."""

AsgiReply: TypeAlias = ASGIApp
"""A response or its replacement, called as an ASGI application."""


A = TypeVar("A")
R = TypeVar("R")


class AdmittedRequest(Struct, frozen=True, kw_only=True):
    """An HTTP request with a valid key, about the queue's request `order`.

    `fault` changes its answer; `later` are the faults for what follows.
    """

    request: Request
    order: EmulatedRequest | None
    fault: InjectedFault | None
    later: tuple[InjectedFault, ...]

    def has_fault(self, kind: str) -> bool:
        """Whether the answer has this fault."""
        return self.fault is not None and self.fault.kind == kind


ApiHandler: TypeAlias = Callable[[AdmittedRequest], Awaitable[AsgiReply]]


class RequestGate:
    """Checks keys and injects faults before every handler."""

    def __init__(self, state: EmulatorState) -> None:
        """Check the keys of this state."""
        self._state = state

    def at(
        self, point: FaultPoint, handler: ApiHandler, *, keyed: bool = True
    ) -> Callable[[Request], Awaitable[Response]]:
        """Wrap a handler; `keyed` requires a key."""

        async def enter(request: Request) -> Response:
            # Starlette only calls the result, so a cut connection works, too.
            return cast(Response, await self._enter(point, handler, request, keyed=keyed))

        return with_error_responses(self._state, enter)

    async def _enter(self, point: FaultPoint, handler: ApiHandler, request: Request, *, keyed: bool) -> AsgiReply:
        state = self._state
        state.requests[point.value] += 1
        if keyed and not self._admits(request):
            return error_response(401, UNAUTHORIZED)
        wish = request.headers.get(FAULT_HEADER)
        try:
            later = faults_in_header(wish, point) if wish else []
        except ValueError as error:
            return error_response(400, str(error))
        order = state.queue.orders.get(request.path_params.get("id", ""))
        fault = self._strike(point, request, order, later)
        if fault is not None:
            state.fault_counts[fault.kind] += 1
            if fault.kind == "early-close":
                close_when_idle(request.scope, fault.number(0.02))
            if fault.effect is FaultEffect.BEFORE:
                return fault_response(fault, state.closing)
        admitted = AdmittedRequest(request=request, order=order, fault=fault, later=tuple(later))
        reply = await with_error_responses(state, handler)(admitted)
        is_lost = fault is not None and fault.effect is FaultEffect.AFTER
        return fault_response(fault, state.closing) if fault is not None and is_lost else reply

    def _admits(self, request: Request) -> bool:
        """Whether there is a valid key or token, or a proxy that adds its own key."""
        key = request.headers.get("authorization", "")
        if not key and (request.scope.get("proxied") or request.query_params.get("fal_jwt_token") == self._state.token):
            return True
        return self._state.accepts_key(key)

    def _strike(
        self, point: FaultPoint, request: Request, order: EmulatedRequest | None, later: list[InjectedFault]
    ) -> InjectedFault | None:
        for fault in later:
            if fault.point is point and fault.effect is not FaultEffect.OUTCOME:
                later.remove(fault)
                return fault
        if order is not None and (kept := order.take_fault(point)):
            return kept
        if point is FaultPoint.DOWNLOAD:
            file = self._state.files.get(request.path_params.get("file", ""))
            if file is not None and (kept := self._state.files.take_fault(file)):
                return kept
        endpoint = order.endpoint if order is not None else str(request.path_params.get("app", ""))
        return self._state.faults.pick(point, endpoint)


class RequestNotFound(Exception):
    """There is no such request in the queue."""


def with_error_responses(
    state: EmulatorState, handler: Callable[[A], Awaitable[R]]
) -> Callable[[A], Awaitable[R | Response]]:
    """Wrap a handler: invalid requests get 4xx, and failures of the emulator 500."""

    async def enter(argument: A) -> R | Response:
        try:
            return await handler(argument)
        except HTTPException as error:
            type_ = "bad_request" if error.status_code == 400 else ""
            return error_response(error.status_code, error.detail, error_type=type_, headers=error.headers)
        except RequestNotFound:
            return json_response({"status": "NOT_FOUND", "detail": "Request not found"}, 404)
        except ClientDisconnect:
            return error_response(499, "The client has left", error_type="client_disconnected")
        except Exception as error:  # noqa: BLE001 - one request must not stop the server
            return error_response(500, state.failed(error), error_type="internal_error")

    return enter


async def read_body(request: Request) -> bytes:
    """Read the body. Raises HTTPException if it is too large."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise HTTPException(413, f"The body is larger than {MAX_BODY >> 20} MiB")
        parts.append(part)
    return b"".join(parts)


async def read_json(request: Request) -> JSONValue:
    """Read the body as JSON; None if it is empty. Raises HTTPException if it isn't JSON."""
    body = await read_body(request)
    try:
        return cast(JSONValue, json.loads(body)) if body else None
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON, or too deeply nested") from error


def query_int(request: Request, name: str, unsaid: int) -> int:
    """A non-negative integer of the query; `unsaid` if it is missing or invalid."""
    value = request.query_params.get(name, "")
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= MAX_DIGITS else unsaid


def client_base_url(request: Request) -> str:
    """The URL of the queue, as the client knows this server."""
    return queue_base_url(request.scope["scheme"], request.headers.get("host", ""))


RECORDED_HEADERS = ("x-fal-", "x-app-fal-")
"""Prefixes of the headers that are recorded with a request."""

EVENT_STREAM = "text/event-stream"


async def accept_request(state: EmulatorState, admitted: AdmittedRequest) -> EmulatedRequest:
    """Accept a new request. Raises HTTPException if its endpoint or its body is invalid."""
    request = admitted.request
    endpoint = request.path_params["app"].strip("/")
    if state.endpoint(endpoint) is None:
        raise HTTPException(404, f"Application {endpoint.rpartition('/')[2]!r} not found")
    given = await read_json(request)
    try:
        text = canonical_json(given)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON, or too deeply nested") from error
    if not isinstance(given, dict):
        raise HTTPException(422, "The body is not a JSON object")
    outcomes = [fault for fault in admitted.later if fault.effect is FaultEffect.OUTCOME]
    outcomes = [*state.faults.outcome_faults(endpoint), *outcomes]
    state.fault_counts.update(fault.kind for fault in outcomes)
    order = EmulatedRequest(
        id=str(uuid4()),
        number=state.accepted + 1,
        endpoint=endpoint,
        base=client_base_url(request),
        digest=hashlib.sha256(endpoint.encode() + b"\0" + text).hexdigest(),
        arguments_slot=state.payloads.put(text),
        headers={name: value for name, value in request.headers.items() if name.startswith(RECORDED_HEADERS)},
        accepted_at=state.clock(),
        faults=[*outcomes, *(fault for fault in admitted.later if fault.effect is not FaultEffect.OUTCOME)],
    )
    state.accept(order)
    return order


async def request_changes(order: EmulatedRequest, closing: asyncio.Event) -> AsyncIterator[None]:
    """Yield at once, at each change of the request, every second, and a last time at its end."""
    changed = asyncio.Event()
    order.watchers = [*(order.watchers or []), changed]
    try:
        while not order.expired and not closing.is_set():
            changed.clear()
            last = order.ended
            yield
            if last:
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), timeout=1)
    finally:
        order.watchers.remove(changed)


def result_response(state: EmulatorState, order: EmulatedRequest) -> AsgiReply:
    """The result with the model's status, headers and body."""
    if order.expired:
        raise RequestNotFound
    if not order.ended or order.result is None:
        return in_progress_response()
    outcome = order.outcome
    units = {UNITS_HEADER: "0"} if outcome.status >= 400 else {}
    head = {"x-fal-request-id": order.id, **units, **outcome.headers}
    return Response(state.payloads.get(order.result), outcome.status, head, "application/json")


def request_urls(order: EmulatedRequest) -> Mapping[str, JSONValue]:
    """The URLs of a request, as its client knows the server."""
    here = f"{order.base}/{app_id(order.endpoint)}/requests/{order.id}"
    return {"response_url": here, "status_url": f"{here}/status", "cancel_url": f"{here}/cancel"}


KEEP_ALIVE = 5.0
"""Seconds of silence after which a stream sends a comment."""


class Api:
    """The base of classes whose methods handle admitted requests."""

    def __init__(self, state: EmulatorState) -> None:
        """Serve this state."""
        self._state = state


class QueueApi(Api):
    """The handlers of `queue.fal.run`."""

    async def submit(self, admitted: AdmittedRequest) -> AsgiReply:
        """Accept a request with any arguments; errors in them become its result."""
        state, request = self._state, admitted.request
        waiting = state.queue.count()[0]
        if waiting > query_int(request, "fal_max_queue_length", waiting):
            return error_response(429, "The queue is too long")
        url = request.query_params.get("fal_webhook")
        why = state.webhooks.refusal(url) if url else None
        if why is not None:
            return error_response(400, why, error_type="bad_request")
        order = await accept_request(state, admitted)
        if url:
            state.webhooks.watch(order, url)
        position = state.queue.position(order)
        told = {"status": "IN_QUEUE", "request_id": order.id, "gateway_request_id": order.id, **request_urls(order)}
        return json_response({**told, "queue_position": position}, headers={"x-fal-request-id": order.id})

    async def status(self, admitted: AdmittedRequest) -> AsgiReply:
        """Report the state: 202 until the request has ended, then 200."""
        order = self._found(admitted)
        told = self._told(order, admitted)
        return json_response(told, 200 if order.ended else 202, {"x-fal-request-id": order.id})

    async def stream(self, admitted: AdmittedRequest) -> AsgiReply:
        """Stream the state at each change until the request has ended."""
        order = self._found(admitted)
        if admitted.has_fault("stream-404"):
            raise RequestNotFound
        if admitted.has_fault("stream-drop"):
            return cut_body(f"data: {json.dumps(self._told(order, admitted))}\n\n".encode(), EVENT_STREAM)
        if admitted.has_fault("endless-stream") and admitted.fault is not None:
            endless = self._endless(order, admitted, every=admitted.fault.number(1))
            return StreamingResponse(endless, media_type=EVENT_STREAM)
        return StreamingResponse(self._events(order, admitted), media_type=EVENT_STREAM)

    async def result(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return the result."""
        return result_response(self._state, self._found(admitted))

    async def cancel(self, admitted: AdmittedRequest) -> AsgiReply:
        """Cancel a queued request; a running one continues and is billed."""
        order = self._found(admitted)
        if order.ended:
            return json_response({"status": "ALREADY_COMPLETED"}, 400)
        self._state.cancel(order)
        return json_response({"status": "CANCELLATION_REQUESTED"}, 202)

    def _found(self, admitted: AdmittedRequest) -> EmulatedRequest:
        order = admitted.order
        if order is None or order.expired or admitted.request.path_params["app"] != app_id(order.endpoint):
            raise RequestNotFound
        return order

    def _told(self, order: EmulatedRequest, admitted: AdmittedRequest) -> Mapping[str, JSONValue]:
        told: dict[str, JSONValue] = {"status": fal_status(order), "request_id": order.id, **request_urls(order)}
        if order.state is RequestState.QUEUED:
            told["queue_position"] = self._state.queue.position(order)
        if not admitted.has_fault("no-logs"):
            wanted = admitted.request.query_params.get("logs", "0") in {"1", "true", "True"}
            told["logs"] = self._logs(order) if wanted else None
        if order.ended:
            spent = (order.ended_at or 0) - (order.started_at or order.ended_at or 0)
            told["metrics"] = {"inference_time": round(spent, 6)} if order.started_at is not None else {}
            if order.outcome.error is not None:
                told |= {"error": order.outcome.error, "error_type": order.outcome.error_type}
        if admitted.has_fault("odd-status") and admitted.fault is not None:
            told["status"] = admitted.fault.arg or "RESCHEDULED"
        return told

    def _logs(self, order: EmulatedRequest) -> JSONValue:
        state = self._state
        endpoint = state.endpoint(order.endpoint)
        if endpoint is None or order.arguments_slot is None or order.started_at is None:
            return []
        steps = argument_value(endpoint, state.payloads.read(order.arguments_slot), endpoint.roles.steps)
        whole = steps if isinstance(steps, int) else 0
        return log_lines(order, steps=whole, seconds=state.options.seconds, now=state.clock())

    async def _events(self, order: EmulatedRequest, admitted: AdmittedRequest) -> AsyncIterator[bytes]:
        last, spoken, lines = "", monotonic(), 0
        async for _ in request_changes(order, self._state.closing):
            told = dict(self._told(order, admitted))
            state = json.dumps({**told, "logs": None})
            logs = as_items(told.get("logs"))
            if "logs" in told:  # each line once, because clients collect them
                told["logs"] = logs[lines:] if told["logs"] is not None else None
            if state != last or len(logs) > lines:
                last, spoken, lines = state, monotonic(), len(logs)
                yield f"data: {json.dumps(told)}\n\n".encode()
            elif monotonic() - spoken >= KEEP_ALIVE:
                spoken = monotonic()
                yield b": still there\n\n"

    async def _endless(
        self, order: EmulatedRequest, admitted: AdmittedRequest, *, every: float
    ) -> AsyncIterator[bytes]:
        """Report the request as in progress until the client leaves."""
        told = json.dumps({**self._told(order, admitted), "status": "IN_PROGRESS"})
        yield f"data: {told}\n\n".encode()
        while not self._state.closing.is_set():
            await asyncio.sleep(every)
            yield b": still there\n\n"


class DirectApi(Api):
    """The handlers of `fal.run`."""

    async def run(self, admitted: AdmittedRequest) -> AsgiReply:
        """Run a request and return its result."""
        order = await self._done(admitted)
        fault = order.take_fault(FaultPoint.RESULT)
        return result_response(self._state, order) if fault is None else fault_response(fault, self._state.closing)

    async def stream(self, admitted: AdmittedRequest) -> AsgiReply:
        """Run a request and return its result as the only event of a stream."""
        order = await self._done(admitted)
        if order.result is None or order.outcome.status >= 400:
            return result_response(self._state, order)
        event = b"data: " + self._state.payloads.get(order.result) + b"\n\n"
        return Response(event, headers={"x-fal-request-id": order.id, **order.outcome.headers}, media_type=EVENT_STREAM)

    async def _done(self, admitted: AdmittedRequest) -> EmulatedRequest:
        """Accept a request and wait for its end."""
        state = self._state
        if "fal_webhook" in admitted.request.query_params:
            raise HTTPException(400, "fal_webhook is for the queue (queue.fal.run): this call is answered itself")
        if state.queue.full():
            head = {"x-fal-needs-retry": "1", "x-fal-error-type": "concurrent_requests_limit"}
            raise HTTPException(429, "You have too many concurrent requests", headers=head)
        order = await accept_request(state, admitted)
        async for _ in request_changes(order, state.closing):
            pass
        return order
