"""fal's platform API: models, prices, and the history of requests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

from starlette.exceptions import HTTPException
from starlette.requests import Request

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.door import Reply, Visit, whole
from nano_banana.emulator.logs import iso
from nano_banana.emulator.openapi import category_of, model, openapi_of
from nano_banana.emulator.order import Order
from nano_banana.emulator.replies import as_json
from nano_banana.emulator.world import World

DAY = 86_400.0
MOST = 100
"""Rows on a page."""


class PlatformApi:
    """The handlers of `/v1`."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world

    async def models(self, visit: Visit) -> Reply:
        """The endpoints of the catalog: those that are named, or a page of those that fit `q`."""
        request = visit.request
        catalog = self._world.catalog
        asked = several(request, "endpoint_id")
        known = filter(None, map(catalog.get, asked or catalog.ids))
        ids = [endpoint.id for endpoint in known if _fits(endpoint, request)]
        start, limit = whole(request, "cursor", 0), max(1, min(whole(request, "limit", MOST), MOST))
        page = ids[start : start + limit]
        expand = "openapi-3.0" in several(request, "expand")
        found = [endpoint for endpoint in map(catalog.get, page) if endpoint is not None]
        more = start + limit < len(ids)
        return as_json(
            {
                "models": [model(endpoint, openapi=expand) for endpoint in found],
                "next_cursor": str(start + limit) if more else None,
                "has_more": more,
            }
        )

    async def site_models(self, visit: Visit) -> Reply:
        """The models as fal's site lists them, in pages."""
        request, catalog = visit.request, self._world.catalog
        found = [each for each in map(catalog.get, catalog.ids) if each is not None and _fits(each, request)]
        size, page = max(1, min(whole(request, "total", MOST), MOST)), max(1, whole(request, "page", 1))
        items: list[JSONObject] = [
            {"id": each.id, "title": each.title, "category": category_of(each), "shortDescription": each.description}
            for each in found[(page - 1) * size : page * size]
        ]
        pages = -(-len(found) // size)
        return as_json({"items": items, "page": page, "pages": pages, "size": len(items), "total": len(found)})

    async def openapi(self, visit: Visit) -> Reply:
        """OpenAPI of one endpoint."""
        endpoint = self._world.endpoint(visit.request.query_params.get("endpoint_id", ""))
        return (
            platform_error(404, "not_found", "Endpoint not found")
            if endpoint is None
            else as_json(openapi_of(endpoint))
        )

    async def pricing(self, visit: Visit) -> Reply:
        """The catalog's prices; 404 where one of the endpoints is unknown, or none has a price."""
        asked = several(visit.request, "endpoint_id")
        catalog = self._world.catalog
        prices: list[JSONValue] = []
        for id_ in asked or catalog.ids:
            endpoint = catalog.get(id_)
            if endpoint is None:
                return platform_error(404, "not_found", f"Endpoint {id_} not found")
            if endpoint.price is not None:
                unit = f"{endpoint.price.unit.value}s"
                price: JSONObject = {
                    "endpoint_id": id_,
                    "unit_price": endpoint.price.usd,
                    "unit": unit,
                    "currency": "USD",
                }
                prices.append(price)
        if asked and not prices:
            return platform_error(404, "not_found", "No pricing found for the endpoints")
        return as_json({"prices": prices, "next_cursor": None, "has_more": False})

    async def requests(self, visit: Visit) -> Reply:
        """Requests of some endpoints that have ended, the last first; one that still waits or runs is not listed."""
        if not several(visit.request, "endpoint_id"):
            return platform_error(422, "validation_error", "endpoint_id is required")
        return await self.search(visit)

    async def search(self, visit: Visit) -> Reply:
        """The same, of any endpoint."""
        request, world = visit.request, self._world
        endpoints = set(several(request, "endpoint_id"))
        start, end = period(request, world.clock())
        wanted, status = request.query_params.get("request_id"), request.query_params.get("status")
        cursor, limit = whole(request, "cursor", -1), max(1, min(whole(request, "limit", 50), MOST))
        fitting = (
            (number, order)
            for number, order in world.queue.newest(None if cursor < 0 else cursor)
            if (not endpoints or order.endpoint in endpoints) and start <= (order.ended_at or 0) < end
            if wanted in {None, order.id} and status in {None, _status(order)}
        )
        page = list(islice(fitting, limit + 1))
        payloads = "payloads" in several(request, "expand")
        more = len(page) > limit
        items = [self._row(order, payloads=payloads) for _, order in page[:limit]]
        return as_json({"items": items, "next_cursor": str(page[limit - 1][0]) if more else None, "has_more": more})

    async def forget(self, visit: Visit) -> Reply:
        """Delete what was sent and what came of it, files and all."""
        order = visit.order
        if order is None:
            return platform_error(404, "not_found", "Request not found")
        self._world.cabinet.drop(order.files)
        order.given, order.gone = None, True
        return as_json({"cdn_delete_results": [{"link": id_, "exception": None} for id_ in order.files]})

    def _row(self, order: Order, *, payloads: bool) -> JSONObject:
        row: dict[str, JSONValue] = {
            "request_id": order.id,
            "endpoint_id": order.endpoint,
            "sent_at": iso(order.accepted_at),
            "started_at": iso(order.started_at or order.accepted_at),
            "ended_at": iso(order.ended_at or order.accepted_at),
            "status_code": order.status,
            "duration": round((order.ended_at or 0) - (order.started_at or order.ended_at or 0), 6),
        }
        if payloads:
            stored = order.headers.get("x-fal-store-io") != "0" and order.given is not None
            read = self._world.payloads.read
            row["json_input"] = read(order.given) if stored and order.given is not None else None
            row["json_output"] = read(order.result) if stored and order.result is not None else None
        return row


def _status(order: Order) -> str:
    return "success" if order.status < 400 else "error" if order.status >= 500 else "user_error"


def several(request: Request, name: str) -> list[str]:
    """A parameter that is repeated, or holds several with commas between."""
    return [part for value in request.query_params.getlist(name) for part in value.split(",") if part]


def period(request: Request, now: float) -> tuple[float, float]:
    """From when to when is asked for, in seconds since 1970; the last day unless told otherwise.

    Raises HTTPException where it is no time.
    """
    try:
        return _time(request, "start", now - DAY), _time(request, "end", float("inf"))
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, "start and end are times in ISO 8601") from error


def _time(request: Request, name: str, unsaid: float) -> float:
    value = request.query_params.get(name)
    if not value:
        return unsaid
    time = datetime.fromisoformat(value)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def _fits(endpoint: Endpoint, request: Request) -> bool:
    """Whether an endpoint is among those that are searched for."""
    params = request.query_params
    query, category, status = (
        params.get("q") or params.get("keywords", ""),
        params.get("category", ""),
        params.get("status", ""),
    )
    named = query.casefold() in f"{endpoint.id}\n{endpoint.title}".casefold()
    return named and category in {"", category_of(endpoint)} and status in {"", "active"}


def platform_error(status: int, type_: str, message: str) -> Reply:
    """An error as the platform API words it."""
    return as_json({"error": {"type": type_, "message": message, "docs_url": "https://docs.fal.ai"}}, status)
