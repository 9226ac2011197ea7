"""fal's queue (submit, status, stream, result, cancel) and direct calls."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from time import monotonic

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from nano_banana.catalog.arguments import argument_value
from nano_banana.emulator.emulator_state import EmulatorState, fal_status
from nano_banana.emulator.failures import cut_connection, error_response, fault_response, json_response
from nano_banana.emulator.fault_injection import FaultPoint
from nano_banana.emulator.request_entry import (
    EVENT_STREAM,
    AdmittedRequest,
    AsgiReply,
    accept_request,
    not_found_response,
    query_int,
    request_changes,
    request_urls,
    result_response,
)
from nano_banana.emulator.request_queue import EmulatedRequest, RequestState, app_id, log_lines
from nano_banana.model.json_values import JSONValue, as_items

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
