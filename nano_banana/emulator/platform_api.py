"""fal's platform API: models, OpenAPI, prices, request history, billing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice

from msgspec import UNSET
from starlette.exceptions import HTTPException
from starlette.requests import Request

from nano_banana.catalog.arguments import any_schema, field_schemas
from nano_banana.catalog.endpoint import Endpoint, Field
from nano_banana.emulator.failures import MAX_NUMBER, json_response
from nano_banana.emulator.request_entry import AdmittedRequest, Api, AsgiReply, query_int, read_json
from nano_banana.emulator.request_queue import EmulatedRequest, app_id, iso_time
from nano_banana.model.json_values import JSONObject, JSONValue, as_object


def listed_model(endpoint: Endpoint, *, openapi: bool) -> JSONObject:
    """The endpoint's entry in `/v1/models`, with its OpenAPI document on request."""
    metadata: JSONObject = {
        "display_name": endpoint.title,
        "category": model_category(endpoint),
        "description": endpoint.description,
        "status": "active",
        "tags": [],
        "kind": "training" if endpoint.trains else "inference",
    }
    told: JSONObject = {"endpoint_id": endpoint.id, "metadata": metadata}
    return {**told, "openapi": endpoint_openapi(endpoint)} if openapi else told


def model_category(endpoint: Endpoint) -> str:
    """The category in which fal lists the endpoint."""
    if endpoint.trains:
        return "training"
    roles = endpoint.roles
    return "image-to-image" if roles.image or roles.images or roles.mask else "text-to-image"


def endpoint_openapi(endpoint: Endpoint) -> JSONObject:
    """OpenAPI 3.0 of the endpoint's queue, with its input and output as schemas."""
    name = "".join(part.capitalize() for part in re.split("[-/.]", endpoint.id))
    taken, given = f"{name}Input", f"{name}Output"
    fields = endpoint.fields.values()
    asked: JSONObject = {
        "type": "object",
        "title": taken,
        "properties": {field.name: _property_schema(endpoint, field) for field in fields},
        "required": [field.name for field in fields if field.required],
    }
    ref: JSONObject = {"$ref": "#/components/schemas/File"}
    places: JSONObject = {
        place.partition("/")[0]: {"type": "array", "items": ref} if "*" in place else ref for place in endpoint.makes
    }
    answered: JSONObject = {"type": "object", "title": given, "properties": places}
    file: JSONObject = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
    body, result = (
        {"content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}}
        for schema in (taken, given)
    )
    return {
        "openapi": "3.0.4",
        "info": {"title": f"Queue OpenAPI for {endpoint.id}", "version": "1.0.0"},
        "servers": [{"url": "https://queue.fal.run"}],
        "paths": {
            f"/{endpoint.id}": {"post": {"requestBody": {"required": True, **body}, "responses": {}}},
            f"/{app_id(endpoint.id)}/requests/{{request_id}}": {"get": {"responses": {"200": result}}},
        },
        "components": {"schemas": {taken: asked, given: answered, "File": file}},
    }


def _property_schema(endpoint: Endpoint, field: Field) -> JSONObject:
    unsaid: JSONObject = {} if field.default is UNSET else {"default": field.default}
    about: JSONObject = {"title": field.name, "description": field.description}
    return {**about, **any_schema(*field_schemas(endpoint, field)), **unsaid}


DAY_SECONDS = 86_400.0
MAX_ROWS = 100
"""Rows on a page, at most."""


class PlatformApi(Api):
    """The handlers of `/v1`."""

    async def models(self, admitted: AdmittedRequest) -> AsgiReply:
        """List endpoints of the catalog: the named ones, or a page of those that match `q`."""
        request = admitted.request
        catalog = self._state.catalog
        asked = query_list(request, "endpoint_id")
        known = filter(None, map(catalog.get, asked or catalog.ids))
        found = [endpoint for endpoint in known if _matches_search(endpoint, request)]
        start, limit = query_int(request, "cursor", 0), query_limit(request, "limit", MAX_ROWS)
        expand = "openapi-3.0" in query_list(request, "expand")
        models: list[JSONValue] = [listed_model(endpoint, openapi=expand) for endpoint in found[start : start + limit]]
        return page_response("models", models, start + limit if start + limit < len(found) else None)

    async def site_models(self, admitted: AdmittedRequest) -> AsgiReply:
        """List models by pages, as fal's website does."""
        request, catalog = admitted.request, self._state.catalog
        found = [each for each in filter(None, map(catalog.get, catalog.ids)) if _matches_search(each, request)]
        size, page = query_limit(request, "total", MAX_ROWS), max(1, query_int(request, "page", 1))
        items: list[JSONObject] = [
            {"id": each.id, "title": each.title, "category": model_category(each), "shortDescription": each.description}
            for each in found[(page - 1) * size : page * size]
        ]
        pages = -(-len(found) // size)
        return json_response({"items": items, "page": page, "pages": pages, "size": len(items), "total": len(found)})

    async def openapi(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return the OpenAPI document of one endpoint."""
        endpoint = self._state.endpoint(admitted.request.query_params.get("endpoint_id", ""))
        if endpoint is None:
            return platform_error(404, "not_found", "Endpoint not found")
        return json_response(endpoint_openapi(endpoint))

    async def pricing(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return the catalog's prices; 404 if an endpoint is unknown or none has a price."""
        asked = query_list(admitted.request, "endpoint_id")
        catalog = self._state.catalog
        prices: list[JSONValue] = []
        for id_ in asked or catalog.ids:
            endpoint = catalog.get(id_)
            if endpoint is None:
                return platform_error(404, "not_found", f"Endpoint {id_} not found")
            if endpoint.price is not None:
                usd, unit = endpoint.price.usd, f"{endpoint.price.unit.value}s"
                prices.append({"endpoint_id": id_, "unit_price": usd, "unit": unit, "currency": "USD"})
        if asked and not prices:
            return platform_error(404, "not_found", "No pricing found for the endpoints")
        return page_response("prices", prices, None)

    async def requests(self, admitted: AdmittedRequest) -> AsgiReply:
        """List ended requests of some endpoints, newest first."""
        if not query_list(admitted.request, "endpoint_id"):
            return platform_error(422, "validation_error", "endpoint_id is required")
        return await self.search(admitted)

    async def search(self, admitted: AdmittedRequest) -> AsgiReply:
        """List ended requests of any endpoint, newest first."""
        request, state = admitted.request, self._state
        endpoints = set(query_list(request, "endpoint_id"))
        start, end = query_period(request, state.clock())
        wanted, status = request.query_params.get("request_id"), request.query_params.get("status")
        cursor, limit = query_int(request, "cursor", -1), query_limit(request, "limit", MAX_ROWS, default=50)
        fitting = (
            (number, order)
            for number, order in state.queue.newest(None if cursor < 0 else cursor)
            if (not endpoints or order.endpoint in endpoints) and start <= (order.ended_at or 0) < end
            if wanted in {None, order.id} and status in {None, _status_word(order)}
        )
        page = list(islice(fitting, limit + 1))
        payloads = "payloads" in query_list(request, "expand")
        items: list[JSONValue] = [self._row(order, payloads=payloads) for _, order in page[:limit]]
        return page_response("items", items, page[limit - 1][0] if len(page) > limit else None)

    async def forget(self, admitted: AdmittedRequest) -> AsgiReply:
        """Delete a request's arguments, result and files."""
        order = admitted.order
        if order is None:
            return platform_error(404, "not_found", "Request not found")
        files = order.outcome.files
        self._state.files.drop(files)
        order.arguments_slot, order.expired = None, True
        return json_response({"cdn_delete_results": [{"link": id_, "exception": None} for id_ in files]})

    def _row(self, order: EmulatedRequest, *, payloads: bool) -> JSONObject:
        row: dict[str, JSONValue] = {
            "request_id": order.id,
            "endpoint_id": order.endpoint,
            "sent_at": iso_time(order.accepted_at),
            "started_at": iso_time(order.started_at or order.accepted_at),
            "ended_at": iso_time(order.ended_at or order.accepted_at),
            "status_code": order.outcome.status,
            "duration": round((order.ended_at or 0) - (order.started_at or order.ended_at or 0), 6),
        }
        if payloads:
            stored = order.headers.get("x-fal-store-io") != "0" and order.arguments_slot is not None
            read = self._state.payloads.read
            row["json_input"] = read(order.arguments_slot) if stored and order.arguments_slot is not None else None
            row["json_output"] = read(order.result) if stored and order.result is not None else None
        return row


def _status_word(order: EmulatedRequest) -> str:
    status = order.outcome.status
    return "success" if status < 400 else "error" if status >= 500 else "user_error"


def query_list(request: Request, name: str) -> list[str]:
    """The values of a query parameter, repeated or separated by commas."""
    return [part for value in request.query_params.getlist(name) for part in value.split(",") if part]


def query_period(request: Request, now: float) -> tuple[float, float]:
    """The period of a query in seconds since 1970; by default the last day.

    Raises HTTPException for an invalid time.
    """
    try:
        return _query_time(request, "start", now - DAY_SECONDS), _query_time(request, "end", float("inf"))
    except (ValueError, OverflowError) as error:
        raise HTTPException(422, "start and end are times in ISO 8601") from error


def _query_time(request: Request, name: str, unsaid: float) -> float:
    value = request.query_params.get(name)
    if not value:
        return unsaid
    time = datetime.fromisoformat(value)
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def query_limit(request: Request, name: str, most: int, *, default: int | None = None) -> int:
    """The number of rows that a query asks for, from 1 to `most`."""
    return max(1, min(query_int(request, name, default or most), most))


def page_response(name: str, rows: list[JSONValue], cursor: int | None) -> AsgiReply:
    """A page of rows; `cursor` is where the next one begins (None: this is the last)."""
    return json_response(
        {name: rows, "next_cursor": None if cursor is None else str(cursor), "has_more": cursor is not None}
    )


def _matches_search(endpoint: Endpoint, request: Request) -> bool:
    """Whether an endpoint matches the query."""
    params = request.query_params
    query = (params.get("q") or params.get("keywords", "")).casefold()
    is_category = params.get("category", "") in {"", model_category(endpoint)}
    is_named = query in f"{endpoint.id}\n{endpoint.title}".casefold()
    return is_named and is_category and params.get("status", "") in {"", "active"}


def platform_error(status: int, type_: str, message: str) -> AsgiReply:
    """An error response of the platform API."""
    return json_response({"error": {"type": type_, "message": message, "docs_url": "https://docs.fal.ai"}}, status)


START_BALANCE = 1000.0
"""The account's initial balance in USD."""

MAX_EVENTS = 10_000
"""Billing events on a page, at most."""

_BUCKET_FORMATS = {"minute": "%Y-%m-%dT%H:%M", "hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}


class AccountApi(Api):
    """The handlers for usage and billing; a request costs its units at the catalog's price."""

    async def usage(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return billed units by time and endpoint; `expand=summary` adds the totals."""
        request = admitted.request
        orders = sorted(self._billed(request), key=lambda order: order.ended_at or 0)
        expand = query_list(request, "expand")
        frame = request.query_params.get("timeframe", "day")
        told: dict[str, JSONValue] = {"next_cursor": None, "has_more": False}
        if "time_series" in expand or "summary" not in expand:
            groups = groupby(orders, lambda order: _bucket_start(order, frame))
            told["time_series"] = [{"bucket": bucket, "results": self._lines(group)} for bucket, group in groups]
        if "summary" in expand:
            told["summary"] = self._lines(orders)
        return json_response(told)

    async def billing_events(self, admitted: AdmittedRequest) -> AsgiReply:
        """List billed requests, newest first."""
        request = admitted.request
        start, limit = query_int(request, "cursor", 0), query_limit(request, "limit", MAX_EVENTS, default=100)
        wanted = set(query_list(request, "request_id"))
        orders = (order for order in self._billed(request) if not wanted or order.id in wanted)
        page = list(islice(orders, start, start + limit + 1))
        events: list[JSONValue] = [self._event(order) for order in page[:limit]]
        return page_response("billing_events", events, start + limit if len(page) > limit else None)

    async def billing(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return the account; `expand=credits` adds the balance."""
        told: JSONObject = {"username": "emulator"}
        if "credits" in query_list(admitted.request, "expand"):
            spent = sum(order.outcome.units * self._price(order.endpoint)[0] for _, order in self._state.queue.newest())
            told = {**told, "credits": {"current_balance": round(START_BALANCE - spent, 6), "currency": "USD"}}
        return json_response(told)

    async def estimate(self, admitted: AdmittedRequest) -> AsgiReply:
        """Estimate the cost of units, or of calls like those so far."""
        asked = as_object(await read_json(admitted.request))
        kind, endpoints = asked.get("estimate_type"), as_object(asked.get("endpoints"))
        if kind not in {"unit_price", "historical_api_price"} or not endpoints:
            return platform_error(422, "validation_error", "estimate_type and endpoints are required")
        total = 0.0
        for id_, wish in endpoints.items():
            if self._state.endpoint(id_) is None:
                return platform_error(404, "not_found", f"Endpoint {id_} not found")
            name = "unit_quantity" if kind == "unit_price" else "call_quantity"
            each = 1.0 if kind == "unit_price" else self._units_of_a_call(id_)
            total += _quantity(as_object(wish), name) * each * self._price(id_)[0]
        return json_response({"estimate_type": kind, "total_cost": round(total, 6), "currency": "USD"})

    def _billed(self, request: Request) -> Iterable[EmulatedRequest]:
        """The billed requests in the query's period and endpoints, newest first."""
        start, end = query_period(request, self._state.clock())
        endpoints = set(query_list(request, "endpoint_id"))
        return (
            order
            for _, order in self._state.queue.newest()
            if order.outcome.units and start <= (order.ended_at or 0) < end
            if not endpoints or order.endpoint in endpoints
        )

    def _units_of_a_call(self, id_: str) -> float:
        orders = (order for _, order in self._state.queue.newest() if order.endpoint == id_)
        units = [order.outcome.units for order in orders if order.outcome.units]
        return sum(units) / len(units) if units else 1.0

    def _price(self, id_: str) -> tuple[float, str]:
        endpoint = self._state.endpoint(id_)
        price = None if endpoint is None else endpoint.price
        return (0.0, "units") if price is None else (price.usd, f"{price.unit.value}s")

    def _lines(self, orders: Iterable[EmulatedRequest]) -> list[JSONObject]:
        units: defaultdict[str, float] = defaultdict(float)
        for order in orders:
            units[order.endpoint] += order.outcome.units
        return [self._line(id_, quantity) for id_, quantity in sorted(units.items())]

    def _line(self, id_: str, quantity: float) -> JSONObject:
        price, unit = self._price(id_)
        cost = round(price * quantity, 6)
        sums: JSONObject = {"cost": cost, "cost_subtotal": cost, "cost_discount": 0, "cost_total": cost}
        about: JSONObject = {"endpoint_id": id_, "unit": unit, "quantity": round(quantity, 6), "unit_price": price}
        return {**about, **sums, "currency": "USD", "auth_method": "Key"}

    def _event(self, order: EmulatedRequest) -> JSONObject:
        units, (price, _) = order.outcome.units, self._price(order.endpoint)
        line = self._line(order.endpoint, units)
        shared = ("endpoint_id", "unit", "unit_price", "cost_subtotal", "cost_discount", "cost_total")
        return {
            **{name: line[name] for name in shared},
            "request_id": order.id,
            "timestamp": iso_time(order.ended_at or order.accepted_at),
            "output_units": units,
            "percent_discount": 0,
            "cost_estimate_nano_usd": round(price * units * 1e9),
            "currency": "USD",
        }


def _bucket_start(order: EmulatedRequest, frame: str) -> str:
    """The start of the minute, hour, day, week or month in which the request ended."""
    time = datetime.fromtimestamp(order.ended_at or 0, UTC)
    if frame == "week":
        time -= timedelta(days=time.weekday())
    cut = time.strftime(_BUCKET_FORMATS.get(frame, _BUCKET_FORMATS["day"]))
    return f"{cut}{'1970-01-01T00:00:00'[len(cut) :]}Z"


def _quantity(wish: JSONObject, name: str) -> float:
    value = wish.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_NUMBER:
        raise HTTPException(422, f"{name} is a number that is not negative")
    return value
