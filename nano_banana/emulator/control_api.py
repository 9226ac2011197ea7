"""The emulator's own addresses: faults, counts, and turning the world."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from nano_banana.core.json import JSONObject, as_items
from nano_banana.emulator.door import guarded, json_of, whole
from nano_banana.emulator.faults import rule_of
from nano_banana.emulator.order import Order
from nano_banana.emulator.replies import as_json, refuse
from nano_banana.emulator.world import World

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class ControlApi:
    """The handlers; they need no key and meet no fault."""

    def __init__(self, world: World) -> None:
        """Turn this world."""
        self._world = world

    def own(self, handler: Handler) -> Handler:
        """The handler, for programs and whoever types its address: a page of somebody else's may not turn the world."""

        async def enter(request: Request) -> Response:
            head = request.headers
            if "origin" in head or head.get("sec-fetch-site", "none") != "none":
                return refuse(403, "The control API is not for web pages")
            return await handler(request)

        return guarded(self._world, enter)

    async def counts(self, _: Request) -> Response:
        """Everything that was counted."""
        return as_json(self._world.counts())

    async def requests(self, request: Request) -> Response:
        """Every accepted request, the oldest first; `limit` asks for the last so many."""
        orders = list(self._world.queue.orders.values())
        limit = whole(request, "limit", len(orders))
        orders = orders[-limit:] if limit else []
        return as_json({"requests": [self._row(order) for order in orders]})

    async def add_faults(self, request: Request) -> Response:
        """Add rules."""
        try:
            rules = [rule_of(rule) for rule in as_items(await json_of(request))]
        except ValueError as error:
            return refuse(400, str(error))
        self._world.faults.add(rules)
        return as_json({"added": len(rules)})

    async def drop_faults(self, _: Request) -> Response:
        """Drop all rules."""
        self._world.faults.clear()
        return as_json({"ok": True})

    async def reset(self, _: Request) -> Response:
        """Forget everything."""
        await self._world.reset()
        return as_json({"ok": True})

    async def pause(self, _: Request) -> Response:
        """Let nothing leave the queue."""
        self._world.queue.pause(paused=True)
        return as_json({"ok": True})

    async def resume(self, _: Request) -> Response:
        """Let the queue go on."""
        self._world.queue.pause(paused=False)
        return as_json({"ok": True})

    async def expire_files(self, _: Request) -> Response:
        """Let all files of today be gone."""
        return as_json({"expired": self._world.cabinet.clear()})

    async def expire_results(self, _: Request) -> Response:
        """Let all results of today be gone."""
        ended = [order for order in self._world.queue.orders.values() if order.ended and not order.gone]
        for order in ended:
            order.gone = True
        return as_json({"expired": len(ended)})

    def _row(self, order: Order) -> JSONObject:
        return {
            "request_id": order.id,
            "endpoint": order.endpoint,
            "digest": order.digest,
            "arguments": None if order.given is None else self._world.payloads.read(order.given),
            "state": order.state.value,
            "accepted_at": order.accepted_at,
            "started_at": order.started_at,
            "ended_at": order.ended_at,
            "status_code": order.status or None,
            "units": order.units,
            "headers": order.headers,
            "webhook": None if order.webhook is None else asdict(order.webhook),
        }
