"""fal's queue: submit, status, stream, result, cancel."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from time import monotonic

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from nano_banana.catalog.size import argument
from nano_banana.core.json import JSONValue, as_items
from nano_banana.emulator.door import Reply, Visit, whole
from nano_banana.emulator.intake import EVENTS, accepted, changes, not_found, result_of, urls
from nano_banana.emulator.logs import lines
from nano_banana.emulator.order import Order, State, app_of
from nano_banana.emulator.replies import as_json, cut, refuse
from nano_banana.emulator.world import World, state_of

KEEP_ALIVE = 5.0
"""Seconds of silence after which a stream says that it is still there."""


class QueueApi:
    """The handlers; every one expects a `Visit` of its own kind."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world

    async def submit(self, visit: Visit) -> Reply:
        """Take a request in, whatever its arguments are: what is wrong with them is its result."""
        world, request = self._world, visit.request
        waiting = world.queue.count()[0]
        if waiting > whole(request, "fal_max_queue_length", waiting):
            return refuse(429, "The queue is too long")
        url = request.query_params.get("fal_webhook")
        why = world.webhooks.refusal(url) if url else None
        if why is not None:
            return refuse(400, why, error_type="bad_request")
        order = await accepted(world, visit)
        if url:
            world.webhooks.watch(order, url)
        position = world.queue.position(order)
        told = {"status": "IN_QUEUE", "request_id": order.id, "gateway_request_id": order.id, **urls(order)}
        return as_json({**told, "queue_position": position}, headers={"x-fal-request-id": order.id})

    async def status(self, visit: Visit) -> Reply:
        """Say how far it is: 202 until it has ended, then 200."""
        order = self._found(visit)
        if order is None:
            return not_found()
        told = self._told(order, visit)
        return as_json(told, 200 if order.ended else 202, {"x-fal-request-id": order.id})

    async def stream(self, visit: Visit) -> Reply:
        """Say how far it is whenever that changes, until it has ended."""
        order = self._found(visit)
        if order is None or visit.shaped("stream-404"):
            return not_found()
        if visit.shaped("stream-drop"):
            return _Torn(f"data: {json.dumps(self._told(order, visit))}\n\n".encode())
        if visit.shaped("endless-stream") and visit.fault is not None:
            endless = self._endless(order, visit, every=visit.fault.number(1))
            return StreamingResponse(endless, media_type=EVENTS)
        return StreamingResponse(self._events(order, visit), media_type=EVENTS)

    async def result(self, visit: Visit) -> Reply:
        """Hand out the result, with the status and headers that the model gave it."""
        order = self._found(visit)
        if order is None:
            return not_found()
        return result_of(self._world, order)

    async def cancel(self, visit: Visit) -> Reply:
        """Take it out of the queue; what runs goes on, and is billed."""
        order = self._found(visit)
        if order is None:
            return not_found()
        if order.ended:
            return as_json({"status": "ALREADY_COMPLETED"}, 400)
        self._world.cancel(order)
        return as_json({"status": "CANCELLATION_REQUESTED"}, 202)

    def _found(self, visit: Visit) -> Order | None:
        order = visit.order
        if order is None or order.gone or visit.request.path_params["app"] != app_of(order.endpoint):
            return None
        return order

    def _told(self, order: Order, visit: Visit) -> Mapping[str, JSONValue]:
        told: dict[str, JSONValue] = {"status": state_of(order), "request_id": order.id, **urls(order)}
        if order.state is State.QUEUED:
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

    def _logs(self, order: Order) -> JSONValue:
        world = self._world
        endpoint = world.endpoint(order.endpoint)
        if endpoint is None or order.given is None or order.started_at is None:
            return []
        steps = argument(endpoint, world.payloads.read(order.given), endpoint.roles.steps)
        whole = steps if isinstance(steps, int) else 0
        return lines(order, steps=whole, seconds=world.options.seconds, now=world.clock())

    async def _events(self, order: Order, visit: Visit) -> AsyncIterator[bytes]:
        last, spoken, lines = "", monotonic(), 0
        async for _ in changes(order, self._world.closing):
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

    async def _endless(self, order: Order, visit: Visit, *, every: float) -> AsyncIterator[bytes]:
        """Say that it is in progress, whatever becomes of it, until the client leaves."""
        told = json.dumps({**self._told(order, visit), "status": "IN_PROGRESS"})
        yield f"data: {told}\n\n".encode()
        while not self._world.closing.is_set():
            await asyncio.sleep(every)
            yield b": still there\n\n"


class _Torn:
    """A stream that is cut after its first words."""

    def __init__(self, words: bytes) -> None:
        self._words = words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say them, and cut."""
        head = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": self._words, "more_body": True})
        await asyncio.sleep(0.05)  # so that the words are out before the line is dead
        await cut(scope, receive)
