"""fal's direct calls: a request is answered with its result."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from nano_banana.emulator.door import Reply, Visit
from nano_banana.emulator.faults import Point
from nano_banana.emulator.intake import EVENTS, accepted, changes, result_of
from nano_banana.emulator.order import Order
from nano_banana.emulator.replies import struck
from nano_banana.emulator.world import World


class DirectApi:
    """The handlers of `fal.run`."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world

    async def run(self, visit: Visit) -> Reply:
        """Take a request in, and answer with its result."""
        order = await self._done(visit)
        fault = order.take(Point.RESULT)
        return result_of(self._world, order) if fault is None else struck(fault, self._world.closing)

    async def stream(self, visit: Visit) -> Reply:
        """Take a request in, and answer with its result as the one event of a stream."""
        order = await self._done(visit)
        if order.result is None or order.status >= 400:
            return result_of(self._world, order)
        event = b"data: " + self._world.payloads.get(order.result) + b"\n\n"
        return Response(event, headers={"x-fal-request-id": order.id, **order.answered_with}, media_type=EVENTS)

    async def _done(self, visit: Visit) -> Order:
        """A request of the direct API, once it has ended."""
        world = self._world
        if "fal_webhook" in visit.request.query_params:
            raise HTTPException(400, "fal_webhook is for the queue (queue.fal.run): this call is answered itself")
        if world.queue.full():
            head = {"x-fal-needs-retry": "1", "x-fal-error-type": "concurrent_requests_limit"}
            raise HTTPException(429, "You have too many concurrent requests", headers=head)
        order = await accepted(world, visit)
        async for _ in changes(order, world.closing):
            pass
        return order
