"""How a request is taken in, watched and answered."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from uuid import uuid4

from starlette.exceptions import HTTPException
from starlette.responses import Response

from nano_banana.core.call import canonical
from nano_banana.core.json import JSONValue
from nano_banana.emulator.door import Reply, Visit, base_of, json_of
from nano_banana.emulator.faults import When
from nano_banana.emulator.order import Order
from nano_banana.emulator.replies import as_json, in_progress
from nano_banana.emulator.work import UNITS
from nano_banana.emulator.world import World

RECORDED = ("x-fal-", "x-app-fal-")
"""How the headers begin that are noted with a request."""

EVENTS = "text/event-stream"


async def accepted(world: World, visit: Visit) -> Order:
    """A new request. Raises HTTPException where its endpoint or its body is none."""
    request = visit.request
    endpoint = request.path_params["app"].strip("/")
    if world.endpoint(endpoint) is None:
        raise HTTPException(404, f"Application {endpoint.rpartition('/')[2]!r} not found")
    given = await json_of(request)
    try:
        text = canonical(given)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "The body is not JSON, or too deeply nested") from error
    if not isinstance(given, dict):
        raise HTTPException(422, "The body is not a JSON object")
    fates = [*world.faults.fates(endpoint), *(fault for fault in visit.later if fault.when is When.FATE)]
    world.struck.update(fault.kind for fault in fates)
    order = Order(
        id=str(uuid4()),
        number=world.accepted + 1,
        endpoint=endpoint,
        base=base_of(request),
        digest=hashlib.sha256(endpoint.encode() + b"\0" + text).hexdigest(),
        given=world.payloads.put(text),
        headers={name: value for name, value in request.headers.items() if name.startswith(RECORDED)},
        accepted_at=world.clock(),
        faults=[*fates, *(fault for fault in visit.later if fault.when is not When.FATE)],
    )
    world.accept(order)
    return order


async def changes(order: Order, closing: asyncio.Event) -> AsyncIterator[None]:
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


def result_of(world: World, order: Order) -> Reply:
    """The result as the model gave it: its status, headers and body."""
    if order.gone:
        return not_found()
    if not order.ended or order.result is None:
        return in_progress()
    head = {"x-fal-request-id": order.id, **({UNITS: "0"} if order.status >= 400 else {}), **order.answered_with}
    return Response(world.payloads.get(order.result), order.status, head, "application/json")


def urls(order: Order) -> Mapping[str, JSONValue]:
    """Where to ask for it, as this client knows the server."""
    here = f"{order.base}/{order.app}/requests/{order.id}"
    return {"response_url": here, "status_url": f"{here}/status", "cancel_url": f"{here}/cancel"}


def not_found() -> Response:
    """What a request that is not there is answered with."""
    return as_json({"status": "NOT_FOUND", "detail": "Request not found"}, 404)
