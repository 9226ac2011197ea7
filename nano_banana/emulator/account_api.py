"""fal's platform API about money: usage, billing, estimates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice

from starlette.exceptions import HTTPException
from starlette.requests import Request

from nano_banana.core.json import JSONObject, as_object
from nano_banana.emulator.door import Reply, Visit, json_of, whole
from nano_banana.emulator.logs import iso
from nano_banana.emulator.order import Order
from nano_banana.emulator.platform_api import period, platform_error, several
from nano_banana.emulator.replies import as_json
from nano_banana.emulator.verdict import MOST
from nano_banana.emulator.world import World

BALANCE = 1000.0
"""US dollars that the account begins with."""

PAGE = 10_000
"""Billing events on a page at most."""

_CUT = {"minute": "%Y-%m-%dT%H:%M", "hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m"}


class AccountApi:
    """The handlers; what an order costs is its units at the catalog's price."""

    def __init__(self, world: World) -> None:
        """Serve this world."""
        self._world = world

    async def usage(self, visit: Visit) -> Reply:
        """What was billed, by time and endpoint; `expand=summary` also gives it without the times."""
        request = visit.request
        orders = sorted(self._billed(request), key=lambda order: order.ended_at or 0)
        expand = several(request, "expand")
        frame = request.query_params.get("timeframe", "day")
        rows: dict[str, list[Order]] = {
            bucket: list(group) for bucket, group in groupby(orders, lambda order: _bucket(order, frame))
        }
        told: JSONObject = {"next_cursor": None, "has_more": False}
        if "time_series" in expand or "summary" not in expand:
            series: list[JSONObject] = [{"bucket": at, "results": self._lines(group)} for at, group in rows.items()]
            told = {**told, "time_series": series}
        return as_json({**told, "summary": self._lines(orders)} if "summary" in expand else told)

    async def billing_events(self, visit: Visit) -> Reply:
        """One row for each request that was billed, the last first."""
        request = visit.request
        start, limit = whole(request, "cursor", 0), max(1, min(whole(request, "limit", 100), PAGE))
        wanted = set(several(request, "request_id"))
        orders = (order for order in self._billed(request) if not wanted or order.id in wanted)
        page = list(islice(orders, start, start + limit + 1))
        events = [self._event(order) for order in page[:limit]]
        more = len(page) > limit
        cursor = str(start + limit) if more else None
        return as_json({"billing_events": list[JSONObject](events), "next_cursor": cursor, "has_more": more})

    async def billing(self, visit: Visit) -> Reply:
        """The account; `expand=credits` also gives what is left."""
        told: JSONObject = {"username": "emulator"}
        if "credits" in several(visit.request, "expand"):
            spent = sum(order.units * self._price(order.endpoint)[0] for _, order in self._world.queue.newest())
            told = {**told, "credits": {"current_balance": round(BALANCE - spent, 6), "currency": "USD"}}
        return as_json(told)

    async def estimate(self, visit: Visit) -> Reply:
        """What so many units, or calls as they were so far, would cost."""
        asked = as_object(await json_of(visit.request))
        kind, endpoints = asked.get("estimate_type"), as_object(asked.get("endpoints"))
        if kind not in {"unit_price", "historical_api_price"} or not endpoints:
            return platform_error(422, "validation_error", "estimate_type and endpoints are required")
        total = 0.0
        for id_, wish in endpoints.items():
            if self._world.endpoint(id_) is None:
                return platform_error(404, "not_found", f"Endpoint {id_} not found")
            name = "unit_quantity" if kind == "unit_price" else "call_quantity"
            each = 1.0 if kind == "unit_price" else self._units_of_a_call(id_)
            total += _quantity(as_object(wish), name) * each * self._price(id_)[0]
        return as_json({"estimate_type": kind, "total_cost": round(total, 6), "currency": "USD"})

    def _billed(self, request: Request) -> Iterable[Order]:
        """What was billed in the time and at the endpoints that are asked for, the last first."""
        start, end = period(request, self._world.clock())
        endpoints = set(several(request, "endpoint_id"))
        return (
            order
            for _, order in self._world.queue.newest()
            if order.units and start <= (order.ended_at or 0) < end
            if not endpoints or order.endpoint in endpoints
        )

    def _units_of_a_call(self, id_: str) -> float:
        units = [order.units for _, order in self._world.queue.newest() if order.endpoint == id_ and order.units]
        return sum(units) / len(units) if units else 1.0

    def _price(self, id_: str) -> tuple[float, str]:
        endpoint = self._world.endpoint(id_)
        price = None if endpoint is None else endpoint.price
        return (0.0, "units") if price is None else (price.usd, f"{price.unit.value}s")

    def _lines(self, orders: Iterable[Order]) -> list[JSONObject]:
        units: defaultdict[str, float] = defaultdict(float)
        for order in orders:
            units[order.endpoint] += order.units
        return [self._line(id_, quantity) for id_, quantity in sorted(units.items())]

    def _line(self, id_: str, quantity: float) -> JSONObject:
        price, unit = self._price(id_)
        cost = round(price * quantity, 6)
        sums: JSONObject = {"cost": cost, "cost_subtotal": cost, "cost_discount": 0, "cost_total": cost}
        about: JSONObject = {"endpoint_id": id_, "unit": unit, "quantity": round(quantity, 6), "unit_price": price}
        return {**about, **sums, "currency": "USD", "auth_method": "Key"}

    def _event(self, order: Order) -> JSONObject:
        line = self._line(order.endpoint, order.units)
        price, unit = self._price(order.endpoint)
        return {
            **{name: line[name] for name in ("endpoint_id", "cost_subtotal", "cost_discount", "cost_total")},
            "request_id": order.id,
            "timestamp": iso(order.ended_at or order.accepted_at),
            "unit": unit,
            "output_units": order.units,
            "unit_price": price,
            "percent_discount": 0,
            "cost_estimate_nano_usd": round(price * order.units * 1e9),
            "currency": "USD",
        }


def _bucket(order: Order, frame: str) -> str:
    """The beginning of the minute, hour, day, week or month in which it ended."""
    time = datetime.fromtimestamp(order.ended_at or 0, UTC)
    if frame == "week":
        time -= timedelta(days=time.weekday())
    cut = time.strftime(_CUT.get(frame, _CUT["day"]))
    return f"{cut}{'1970-01-01T00:00:00'[len(cut) :]}Z"


def _quantity(wish: JSONObject, name: str) -> float:
    value = wish.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        raise HTTPException(422, f"{name} is a number that is not negative")
    return value
