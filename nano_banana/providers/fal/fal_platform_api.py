"""fal's platform API: prices, models and the history of requests."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, TypeVar

from msgspec import Meta, Struct, convert, field

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, Refused, problem
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.http_client import API, json_or_text
from nano_banana.providers.fal.timing import Backoff, Clock, format_timestamp, parse_http_date
from nano_banana.providers.fal.timing import parse_timestamp as moment_of

MAX_IDS = 50
"""Endpoints per request, by fal's documentation."""

MAX_ROWS = 100
MAX_PAGES = 200
MAX_LIST_SECONDS = 60.0
"""Limit for all pages of one list."""

SERVER_ERROR_WAITS = (0.5, 2.0)
"""Seconds between tries after a server error; lost answers and "try later" are retried by the session."""


class QuotedPrice(Struct, frozen=True, kw_only=True):
    """fal's price for one `unit` (fal's own word) of an endpoint, in `currency` (`USD`)."""

    endpoint: str = field(name="endpoint_id")
    amount: Annotated[float, Meta(ge=0, le=sys.float_info.max)] = field(name="unit_price")
    unit: str = ""
    currency: str = "USD"


class ListedModel(Struct, frozen=True, kw_only=True):
    """An endpoint as fal lists it. `status` is `active` or `deprecated`; `openapi` is None if there is none."""

    id: str
    status: str
    openapi: JSONObject | None


class PastRequest(Struct, frozen=True, kw_only=True):
    """A request that fal answered or is still working on (`ended_at` None). Times in seconds since 1970.

    `status_code` and `json_input` are None if fal doesn't return them (any more).
    """

    request_id: str
    endpoint: str
    sent_at: float
    ended_at: float | None
    status_code: int | None
    json_input: JSONObject | None


class PlatformDenied(Exception):
    """The key lacks the permission (401 or 403). The caller decides whether that matters."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(what, status)
        self.what = what
        self.status = status


class FalPlatform:
    """Queries over one session. All are safe to repeat, so lost answers are retried.

    Raises CallFailed if fal can't be reached or its answer can't be read, and PlatformDenied.
    """

    def __init__(self, session: FalSession, *, backoff: Backoff | None = None) -> None:
        """`backoff` is how long to retry without an answer (None: as long as a run would)."""
        self._session = session
        self._backoff = backoff
        self.skew = 0.0
        """Seconds by which fal's clock is ahead of ours, by its last answer."""

    async def prices(self, endpoints: Sequence[str]) -> dict[str, QuotedPrice]:
        """Prices by endpoint, without those that fal has no price for."""
        quotes: dict[str, QuotedPrice] = {}
        for item in await self._about("/v1/models/pricing", "prices", endpoints, {}):
            with suppress(ValueError):  # msgspec's own, or a key with half a surrogate pair
                quote = convert({key: value for key, value in item.items() if value is not None}, QuotedPrice)
                quotes[quote.endpoint] = quote
        return quotes

    async def models(self, endpoints: Sequence[str]) -> dict[str, ListedModel]:
        """Models by endpoint, with their OpenAPI, without those that fal doesn't know."""
        found = await self._about("/v1/models", "models", endpoints, {"expand": "openapi-3.0"})
        return {name: _listed_model(name, item) for item in found if isinstance(name := item.get("endpoint_id"), str)}

    async def requests(self, endpoint: str, *, start: float, end: float | None = None) -> list[PastRequest]:
        """The account's requests to this endpoint from `start` until before `end` (None: now), with their arguments.

        fal sorts by end time, so a queued request may not be listed yet. Raises CallFailed (`history_too_long`) rather
        than return an incomplete list.
        """
        asked: dict[str, str | int | list[str]] = {
            "endpoint_id": endpoint,
            "start": format_timestamp(start),
            "limit": MAX_ROWS,
            "expand": "payloads",
        }
        if end is not None:
            asked["end"] = format_timestamp(end)
        path = "/v1/models/requests/by-endpoint"
        found = await self._pages(path, "items", asked)
        if found is None:
            # No history is not an empty one: nothing follows from it.
            raise PlatformDenied(path, 404)
        return [past for item in found if (past := _past_request(item, endpoint, start)) is not None]

    async def _about(self, path: str, what: str, endpoints: Sequence[str], more: Mapping[str, str]) -> list[JSONObject]:
        """The rows for these endpoints. An unknown one fails the whole request, so it is repeated with halves."""
        found: list[JSONObject] = []
        questions = _chunked(list(dict.fromkeys(endpoints)), MAX_IDS)
        while questions:
            ids = questions.pop()
            told = await self._pages(path, what, {**more, "endpoint_id": ids, "limit": MAX_IDS})
            if told is not None:
                found.extend(told)
            elif len(ids) > 1:
                questions.extend(_chunked(ids, (len(ids) + 1) // 2))
        return found

    async def _pages(self, path: str, what: str, asked: Mapping[str, str | int | list[str]]) -> list[JSONObject] | None:
        """The rows of all pages; None for a 404."""
        rows: list[JSONObject] = []
        cursor: dict[str, str] = {}
        seen: set[str] = set()
        over = self._session.clock.now() + MAX_LIST_SECONDS
        while len(seen) < MAX_PAGES and self._session.clock.now() <= over:
            page = await self._page(path, what, {**asked, **cursor})
            if page is None:
                return None
            rows.extend(_rows(page.get(what), path))
            after = page.get("next_cursor")
            if page.get("has_more") is not True or not isinstance(after, str) or not after:
                return rows
            if after in seen:
                break
            seen.add(after)
            cursor = {"cursor": after}
        raise CallFailed([problem("history_too_long", what=path, pages=len(seen))])

    async def _page(self, path: str, what: str, asked: Mapping[str, str | int | list[str]]) -> JSONObject | None:
        url = self._session.hosts.url(API, path)
        waits = iter(SERVER_ERROR_WAITS)
        while True:
            response = await self._session.get(url, what=what, params=asked, backoff=self._backoff)
            if response.status_code < 500 or (wait := next(waits, None)) is None:
                break
            await self._session.clock.sleep(wait)
        status = response.status_code
        if status in {401, 403}:
            raise PlatformDenied(path, status)
        if status == 404:
            return None
        told = json_or_text(response)
        if status != 200 or not isinstance(told, Mapping):
            raise CallFailed([problem("platform_odd", what=path, status=status)])
        theirs = parse_http_date(response.headers.get("Date", ""))
        self.skew = 0.0 if theirs is None else theirs - self._session.clock.now()
        return told


def _chunked(ids: list[str], most: int) -> list[list[str]]:
    return [ids[start : start + most] for start in range(0, len(ids), most)]


def _rows(told: JSONValue, path: str) -> Iterator[JSONObject]:
    if not isinstance(told, list):
        raise CallFailed([problem("platform_odd", what=path, status=200)])
    return (row for row in told if isinstance(row, Mapping))


def _listed_model(name: str, row: JSONObject) -> ListedModel:
    about, openapi = row.get("metadata"), row.get("openapi")
    status = about.get("status") if isinstance(about, Mapping) else None
    whole = openapi if isinstance(openapi, Mapping) and "paths" in openapi else None
    return ListedModel(id=name, status=str(status or "active"), openapi=whole)


def _past_request(row: JSONObject, endpoint: str, start: float) -> PastRequest | None:
    """A request; without a sending time it counts as sent at `start`, the beginning of the queried period."""
    sent_at = moment_of(row.get("sent_at"))
    name, code, given = row.get("request_id"), row.get("status_code"), row.get("json_input")
    if not isinstance(name, str) or not name:
        return None
    return PastRequest(
        request_id=name,
        endpoint=str(row.get("endpoint_id") or endpoint),
        sent_at=start if sent_at is None else sent_at,
        ended_at=moment_of(row.get("ended_at")),
        status_code=code if isinstance(code, int) else None,
        json_input=given if isinstance(given, Mapping) else None,
    )


T = TypeVar("T")

INTERACTIVE_BACKOFF = Backoff(first=0.25, longest=2.0, total=6.0)
"""For interactive commands."""


async def ask_platform(config: FalConfig, question: Callable[[FalPlatform], Awaitable[T]]) -> T:
    """Ask one question. Raises CallFailed without an answer, Refused (`platform_denied`) without permission."""
    session = FalSession(config, Clock())
    try:
        return await question(FalPlatform(session, backoff=INTERACTIVE_BACKOFF))
    except PlatformDenied as error:
        raise Refused([problem("platform_denied", what=error.what, status=error.status)]) from error
    finally:
        await session.close()
