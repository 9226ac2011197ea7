"""Questions to fal's platform, answered by pages that are as odd as they can be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from nano_banana.model.problem import CallFailed
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_platform_api import FalPlatform, PlatformDenied
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.timing import format_timestamp, parse_timestamp
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.platform.pages import Asked, Page, serve

T = TypeVar("T")


def ask(answer: Callable[[str, Asked], Page], question: Callable[[FalPlatform], Awaitable[T]]) -> T:
    async def asked(base: str) -> T:
        session = FalSession(FalConfig(key=lambda: "id:secret", base=base), QuickClock())
        try:
            return await question(FalPlatform(session))
        finally:
            await session.close()

    with serve(answer) as base:
        return asyncio.run(asked(base))


def price(name: str) -> dict[str, object]:
    return {"endpoint_id": name, "unit_price": 0.035, "unit": "megapixels", "currency": "USD"}


def test_one_unknown_endpoint_loses_no_other() -> None:
    asked: list[int] = []

    def answer(_path: str, query: Asked) -> Page:
        asked.append(len(query["endpoint_id"]))
        if "a/37" in query["endpoint_id"]:
            return 404, {"error": {"type": "not_found", "message": "a/37"}}
        return 200, {"prices": [price(name) for name in query["endpoint_id"]], "has_more": False}

    found = ask(answer, lambda platform: platform.prices([f"a/{number}" for number in range(60)]))
    assert set(found) == {f"a/{number}" for number in range(60)} - {"a/37"}
    assert max(asked) <= 50
    assert len(asked) < 16
    assert (found["a/1"].amount, found["a/1"].unit) == (0.035, "megapixels")


def test_a_price_that_is_no_number_is_none() -> None:
    rows = [{**price("a/b"), "unit_price": "cheap"}, {**price("c/d"), "unit_price": -1}, price("e/f"), "odd"]
    rows += [{**price("g/h"), "unit_price": 1e999}, {**price("i/j"), "unit_price": 10**400}, {"\ud800": 1}]
    assert set(ask(lambda *_: (200, {"prices": rows}), lambda platform: platform.prices(["e/f"]))) == {"e/f"}


def test_all_pages_are_read() -> None:
    def answer(_path: str, query: Asked) -> Page:
        at = int(query.get("cursor", ["0"])[0])
        row = {"request_id": f"r{at}", "endpoint_id": "a/b", "sent_at": "2026-08-01T12:00:00Z", "json_input": {"n": at}}
        return 200, {"items": [row], "has_more": at < 3, "next_cursor": str(at + 1)}

    found = ask(answer, lambda platform: platform.requests("a/b", start=0))
    assert [(one.request_id, one.json_input) for one in found] == [(f"r{at}", {"n": at}) for at in range(4)]


def test_history_is_asked_for_a_stretch_of_time_with_payloads() -> None:
    seen: list[tuple[str, Asked]] = []

    def answer(path: str, query: Asked) -> Page:
        seen.append((path, query))
        return 200, {"items": []}

    assert ask(answer, lambda platform: platform.requests("a/b", start=0.25, end=60)) == []
    assert seen == [
        (
            "/v1/models/requests/by-endpoint",
            {
                "endpoint_id": ["a/b"],
                "start": ["1970-01-01T00:00:00.250Z"],
                "end": ["1970-01-01T00:01:00.000Z"],
                "limit": ["100"],
                "expand": ["payloads"],
            },
        )
    ]


def test_history_that_tells_little_is_read_all_the_same() -> None:
    rows = [{"request_id": "r"}, {"endpoint_id": "a/b"}, None]
    (past,) = ask(lambda *_: (200, {"items": rows}), lambda platform: platform.requests("a/b", start=5))
    assert (past.endpoint, past.sent_at, past.ended_at, past.status_code, past.json_input) == (
        "a/b",
        5,
        None,
        None,
        None,
    )


def test_history_without_end_is_not_cut_short() -> None:
    endless = {"items": [], "has_more": True, "next_cursor": "again"}
    asked: list[Asked] = []

    def answer(_path: str, query: Asked) -> Page:
        asked.append(query)
        return 200, endless

    with pytest.raises(CallFailed, match="history_too_long"):
        ask(answer, lambda platform: platform.requests("a/b", start=0))
    assert len(asked) == 2


def test_no_history_is_not_an_empty_one() -> None:
    with pytest.raises(PlatformDenied):
        ask(lambda *_: (404, {}), lambda platform: platform.requests("a/b", start=0))


def test_models_come_with_their_description_where_there_is_one() -> None:
    rows = [
        {"endpoint_id": "a/b", "metadata": {"status": "deprecated"}, "openapi": {"paths": {}}},
        {"endpoint_id": "c/d", "openapi": {"error": {"code": "expansion_failed"}}},
        {"metadata": {}},
    ]
    found = ask(lambda *_: (200, {"models": rows}), lambda platform: platform.models(["a/b", "c/d"]))
    assert {name: (model.status, model.openapi) for name, model in found.items()} == {
        "a/b": ("deprecated", {"paths": {}}),
        "c/d": ("active", None),
    }


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_may_not_ask_is_told_apart(status: int) -> None:
    with pytest.raises(PlatformDenied) as caught:
        ask(lambda *_: (status, {"error": {}}), lambda platform: platform.prices(["a/b"]))
    assert caught.value.status == status


@pytest.mark.parametrize(
    "page", [(200, b"<html>"), (200, []), (200, {"prices": 3}), (418, {"prices": []}), (500, {"prices": []})]
)
def test_odd_answers_are_errors(page: Page) -> None:
    with pytest.raises(CallFailed, match="platform_odd"):
        ask(lambda *_: page, lambda platform: platform.prices(["a/b"]))


def test_a_busy_platform_is_asked_again() -> None:
    answers = iter([(429, {}), (503, {}), (500, {}), (500, b""), (200, {"prices": [price("a/b")]})])
    assert set(ask(lambda *_: next(answers), lambda platform: platform.prices(["a/b"]))) == {"a/b"}


def test_moments_are_read_and_written() -> None:
    assert parse_timestamp(format_timestamp(1_790_000_000.5)) == 1_790_000_000.5
    assert (
        parse_timestamp("2026-08-01T12:00:00")
        == parse_timestamp("2026-08-01T14:00:00+02:00")
        == parse_timestamp("2026-08-01T12:00:00.000Z")
    )
    assert [parse_timestamp(odd) for odd in (None, 3, "soon", "2026-13-01T00:00:00Z")] == [None] * 4
