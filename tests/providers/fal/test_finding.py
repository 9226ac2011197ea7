"""A lost request is found by what was sent and when, and no two find the same."""

from __future__ import annotations

import asyncio
import email.utils
import json

import pytest

from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject, JSONValue, as_object
from nano_banana.model.problem import CallFailed, Stopped, Unusable, problem
from nano_banana.model.provider_protocol import ShutdownSignal
from nano_banana.model.ticket import Ticket, TicketState, UnknownRequestPolicy
from nano_banana.providers.fal.following import DurationEstimator
from nano_banana.providers.fal.lost_requests import (
    CLOCK_SKEW,
    ENDED_SECONDS,
    FRESH_SECONDS,
    FRESH_TRAINING_SECONDS,
    HISTORY_WAITS,
    HistoryEvidence,
    RequestFinder,
)
from nano_banana.providers.fal.timing import format_timestamp
from tests.providers.fal.context import BookDesk
from tests.providers.fal.odd import CUT, ENDPOINT, Act, Asked, said
from tests.providers.fal.scene import CATALOG, Player, Scene, call_for, kinds

HISTORY = "GET /v1/models/requests/by-endpoint"
SENT, UNKNOWN = TicketState.SENT, TicketState.UNKNOWN
BODY: JSONObject = {"prompt": "a cat", "seed": 1}
NOW = 1_700_000_000.0


def row(name: str, body: JSONValue = BODY, *, at: float = 0.0) -> JSONObject:
    """A request of the history, sent `at` seconds after the ticket was begun."""
    return {"request_id": name, "endpoint_id": ENDPOINT, "sent_at": format_timestamp(NOW + at), "json_input": body}


def listing(*rows: JSONObject) -> Act:
    return said({"items": list(rows), "next_cursor": None, "has_more": False})


async def found(scene: Scene, *rows: JSONObject) -> str | None:
    """The id that is found for one lost ticket."""
    scene.odd.routes[HISTORY] = [listing(*rows)]
    ticket = await RequestFinder(scene.session, CATALOG).find(scene.ticket(UNKNOWN), scene.context())
    return ticket.request_id if isinstance(ticket, Ticket) else None


@pytest.mark.parametrize(
    ("rows", "want"),
    [
        ([row("a")], "a"),
        ([row("a", at=60), row("b", at=3)], "b"),
        ([row("a", at=-CLOCK_SKEW + 1)], "a"),
        ([row("a", at=CLOCK_SKEW - 1)], "a"),
        ([row("a", at=CLOCK_SKEW + 1)], None),
        ([row("a", at=7200)], None),
        ([row("a", {**BODY, "num_images": 1})], "a"),
        ([row("a", {**BODY, "sync_mode": False})], "a"),
        ([row("a", {**BODY, "enable_safety_checker": False})], None),
        ([row("a", {**BODY, "num_images": 1}), row("b", at=9)], "b"),
        ([row("a", {"prompt": "a cat", "seed": 1.0})], "a"),
        ([row("a", {"prompt": "a cat"})], None),
        ([row("a", {"prompt": "a dog", "seed": 1})], None),
        ([row("a", None), row("b", "text")], None),
        ([], None),
    ],
)  # fmt: skip
def test_it_is_found_by_its_arguments_within_its_time(play: Player, rows: list[JSONObject], want: str | None) -> None:
    async def story(scene: Scene) -> None:
        assert await found(scene, *rows) == want
        last = scene.last()
        assert (last.state, last.request_id) == ((SENT, want) if want else (UNKNOWN, ""))

    play(story)


def test_deep_arguments_are_compared_deep() -> None:
    from nano_banana.providers.fal.lost_requests import _is_contained

    whole: JSONValue = {"loras": [{"path": "p", "scale": 1, "weight_name": None}], "size": {"width": 1}}
    assert _is_contained({"loras": [{"path": "p", "scale": 1}]}, whole)
    assert not _is_contained({"loras": []}, whole)
    assert not _is_contained({"loras": [{"path": "q"}]}, whole)
    assert not _is_contained({"loras": "p"}, whole)
    assert not _is_contained({"size": {"height": 1}}, whole)


def test_what_another_ticket_has_is_not_taken(play: Player) -> None:
    async def story(scene: Scene) -> None:
        other = call_for("another")
        scene.ticket(SENT, call=other, name="a")
        assert await found(scene, row("a")) is None
        assert scene.clock.slept == list(HISTORY_WAITS)

    play(story)


def test_two_lost_identical_requests_take_two_different_ones(play: Player) -> None:
    async def story(scene: Scene) -> None:
        calls = [call_for(), call_for("the same to fal")]
        tickets = [scene.ticket(UNKNOWN, call=call) for call in calls]
        scene.odd.routes[HISTORY] = [listing(row("a"), row("b", at=1))]
        finding = RequestFinder(scene.session, CATALOG)
        pairs = zip(tickets, calls, strict=True)
        got = await asyncio.gather(*(finding.find(ticket, scene.context(call)) for ticket, call in pairs))
        assert sorted(ticket.request_id for ticket in got if isinstance(ticket, Ticket)) == ["a", "b"]
        assert len(scene.odd.asked) == 1, "one question for both"

    play(story)


def test_it_is_looked_for_again_while_it_may_still_be_queued(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[HISTORY] = [listing(), listing(), listing(row("a"))]
        ticket = await RequestFinder(scene.session, CATALOG).find(scene.ticket(UNKNOWN), scene.context())
        assert isinstance(ticket, Ticket)
        assert scene.clock.slept == [0.5, 1.0]
        asked = scene.odd.asked[0]
        assert f"endpoint_id={ENDPOINT.replace('/', '%2F')}" in asked.query
        assert "expand=payloads" in asked.query

    play(story)


def test_an_old_one_is_looked_for_once(play: Player) -> None:
    async def story(scene: Scene) -> None:
        ticket = scene.ticket(UNKNOWN)
        scene.clock.at += FRESH_SECONDS + 1
        scene.odd.routes[HISTORY] = [listing()]
        assert await RequestFinder(scene.session, CATALOG).find(ticket, scene.context()) is HistoryEvidence.NONE
        assert (scene.clock.slept, len(scene.odd.asked)) == ([], 1)

    play(story)


@pytest.mark.parametrize(
    ("took", "age", "want"),
    [
        (None, FRESH_SECONDS - 1, HistoryEvidence.UNSURE),
        (None, FRESH_SECONDS + 1, HistoryEvidence.NONE),
        (5.0, FRESH_SECONDS + 1, HistoryEvidence.NONE),
        (400.0, FRESH_SECONDS + 1, HistoryEvidence.UNSURE),
        (400.0, 1201.0, HistoryEvidence.NONE),
    ],
)
def test_what_should_be_there_by_now_and_is_not_never_arrived(
    play: Player, took: float | None, age: float, want: HistoryEvidence
) -> None:
    async def story(scene: Scene) -> None:
        ticket, context = scene.ticket(UNKNOWN), scene.context()
        if took is not None:
            await DurationEstimator().learn(ENDPOINT, took, context)
        scene.clock.at += age
        scene.odd.routes[HISTORY] = [listing()]
        assert await RequestFinder(scene.session, CATALOG).find(ticket, context) is want

    play(story)


@pytest.mark.parametrize(
    ("ahead", "want"),
    [(60.0, HistoryEvidence.NONE), (3600.0, HistoryEvidence.UNSURE), (-3600.0, HistoryEvidence.UNSURE)],
)
def test_by_a_clock_that_is_wrong_nothing_is_sure(play: Player, ahead: float, want: HistoryEvidence) -> None:
    async def story(scene: Scene) -> None:
        ticket = scene.ticket(UNKNOWN)
        scene.clock.at += FRESH_SECONDS + 1
        date = email.utils.formatdate(scene.clock.at + ahead, usegmt=True)
        scene.odd.routes[HISTORY] = [said({"items": [], "has_more": False}, Date=date)]
        assert await RequestFinder(scene.session, CATALOG).find(ticket, scene.context()) is want

    play(story)


def test_a_quick_one_is_looked_for_once_as_soon_as_it_should_have_ended(play: Player) -> None:
    async def story(scene: Scene) -> None:
        ticket, context = scene.ticket(UNKNOWN), scene.context()
        await DurationEstimator().learn(ENDPOINT, 4.0, context)
        scene.clock.at += 21
        scene.odd.routes[HISTORY] = [listing()]
        assert await RequestFinder(scene.session, CATALOG).find(ticket, context) is HistoryEvidence.UNSURE
        assert scene.clock.slept == []

    play(story)


def test_a_training_gets_hours(play: Player) -> None:
    async def story(scene: Scene) -> None:
        call = Call(provider="fal", endpoint="fal-ai/flux-lora-fast-training", arguments={})
        ticket = scene.ticket(UNKNOWN, call=call)
        scene.odd.routes[HISTORY] = [listing()]
        for more, want in ((FRESH_SECONDS + 1, HistoryEvidence.UNSURE), (FRESH_TRAINING_SECONDS, HistoryEvidence.NONE)):
            scene.clock.at += more
            assert await RequestFinder(scene.session, CATALOG).find(ticket, scene.context(call)) is want

    play(story)


def test_one_whose_arguments_are_not_told_may_be_ours(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.ticket(SENT, call=call_for("another"), name="a")
        ticket = scene.ticket(UNKNOWN)
        scene.clock.at += FRESH_SECONDS + 1
        scene.odd.routes[HISTORY] = [listing(row("a", None)), listing(row("a", None), row("b", None))]
        finding = RequestFinder(scene.session, CATALOG)
        assert await finding.find(ticket, scene.context()) is HistoryEvidence.NONE
        scene.clock.at += 1
        assert await finding.find(ticket, scene.context()) is HistoryEvidence.UNREADABLE

    play(story)


@pytest.mark.parametrize(
    ("age", "is_bounded"), [(0.0, False), (ENDED_SECONDS - FRESH_SECONDS, False), (ENDED_SECONDS + FRESH_SECONDS, True)]
)
def test_what_came_long_after_it_is_not_read(play: Player, age: float, *, is_bounded: bool) -> None:
    async def story(scene: Scene) -> None:
        ticket = scene.ticket(UNKNOWN)
        scene.clock.at += age
        scene.odd.routes[HISTORY] = [listing(row("a"))]
        assert isinstance(await RequestFinder(scene.session, CATALOG).find(ticket, scene.context()), Ticket)
        assert ("&end=" in scene.odd.asked[0].query) is is_bounded

    play(story)


@pytest.mark.parametrize("act", [said({}, 500), Act(body=b"<html>"), said({"items": 5}), CUT], ids=repr)
def test_a_history_that_can_not_be_read_now_is_not_one_without_it(play: Player, act: Act) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[HISTORY] = [act]
        with pytest.raises(CallFailed):
            await RequestFinder(scene.session, CATALOG).find(scene.ticket(UNKNOWN), scene.context())
        assert scene.clock.now() - NOW < 120
        assert scene.last().state is UNKNOWN
        for lost in (UnknownRequestPolicy.ASK, UnknownRequestPolicy.REPLACE, UnknownRequestPolicy.RESUBMIT):
            error = await scene.answer(scene.context(lost=lost))
            assert isinstance(error, CallFailed)
            assert ("request_unknown" in kinds(error)) is (lost is UnknownRequestPolicy.ASK)
            assert (scene.posts, scene.last().state) == (0, UNKNOWN)

    play(story)


@pytest.mark.parametrize("extra", [{"loras": [{"path": "x"}]}, {"note": "text"}, {"num_inference_steps": 50}])
def test_what_asks_for_more_is_another_request(play: Player, extra: JSONObject) -> None:
    async def story(scene: Scene) -> None:
        ours = scene.ticket(UNKNOWN)
        told = {**as_object(json.loads(ours.body)), **extra}
        scene.odd.routes[HISTORY] = [listing(row("a", told))]
        assert await RequestFinder(scene.session, CATALOG).find(ours, scene.context()) is HistoryEvidence.UNSURE

    play(story)


@pytest.mark.parametrize("act", [said({}, 401), said({}, 403), said({}, 404)], ids=repr)
def test_a_history_that_may_not_be_read_is_as_good_as_none(play: Player, act: Act) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[HISTORY] = [act]
        assert (
            await RequestFinder(scene.session, CATALOG).find(scene.ticket(UNKNOWN), scene.context())
            is HistoryEvidence.UNSURE
        )
        assert scene.clock.now() - NOW < 120
        scene.clock.at += FRESH_SECONDS + 1
        assert (
            await RequestFinder(scene.session, CATALOG).find(scene.last(), scene.context())
            is HistoryEvidence.UNREADABLE
        )
        assert scene.last().state is UNKNOWN

    play(story)


def test_one_that_is_found_and_can_not_be_kept_is_not_missing(play: Player) -> None:
    """Somebody who asked for that would buy it again."""

    class Full(BookDesk):
        async def save_ticket(self, ticket: Ticket) -> Ticket:
            raise Unusable([problem("store_full", folder=ticket.service)])

    async def story(scene: Scene) -> None:
        scene.odd.routes[HISTORY] = [listing(row("a"))]
        context = Full(scene.store, call_for().key, unknown_requests=UnknownRequestPolicy.RESUBMIT)
        with pytest.raises(Unusable):
            await RequestFinder(scene.session, CATALOG).find(scene.ticket(UNKNOWN), context)

    play(story)


def test_the_wish_to_end_ends_it_and_decides_nothing(play: Player) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()

        async def look(_asked: Asked) -> Act:
            shutdown.requested.set()
            return listing()

        scene.odd.routes[HISTORY] = [look]
        with pytest.raises(Stopped):
            await RequestFinder(scene.session, CATALOG).find(scene.ticket(UNKNOWN), scene.context(shutdown=shutdown))
        assert len(scene.odd.asked) == 1
        assert scene.last().state is UNKNOWN

    play(story)
