"""A request is followed to its end, by whatever way the service leaves open."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from nano_banana.model.problem import CallFailed, Refused
from nano_banana.model.provider_protocol import ShutdownSignal
from nano_banana.model.ticket import TicketState
from nano_banana.providers.fal.following import MAX_ODD_POLLS, MAX_STREAM_DROPS, FollowOutcome, RequestFollower
from tests.providers.fal.context import BookDesk
from tests.providers.fal.odd import APP, CUT, HANG, NGINX, Act, Asked, Play, events, said, status
from tests.providers.fal.scene import Player, Scene, kinds

SENT = TicketState.SENT
HERE = f"{APP}/requests/r1"
LOOK, STREAM, CANCEL = f"GET {HERE}/status", f"GET {HERE}/status/stream", f"PUT {HERE}/cancel"
QUEUED, RUNNING, DONE = status("IN_QUEUE", queue_position=3), status("IN_PROGRESS"), status("COMPLETED")
REQUESTED = said({"status": "CANCELLATION_REQUESTED"}, 202)


async def follow(
    scene: Scene, context: BookDesk | None = None, following: RequestFollower | None = None
) -> FollowOutcome:
    ticket = scene.ticket(SENT)
    return await (following or RequestFollower(scene.session, silence=0.1, grace=0.05)).follow(
        ticket, context or scene.context()
    )


def test_a_stream_tells_everything_in_one_request(play: Player) -> None:
    async def story(scene: Scene) -> None:
        context = scene.context()
        logged = status("IN_PROGRESS") | {"logs": [{"message": "step 1"}, {"message": "step 2"}]}
        scene.odd.routes[STREAM] = [events(QUEUED, logged, {"odd": 1}, "text", DONE)]
        assert await follow(scene, context) is FollowOutcome.COMPLETED
        assert context.told == [
            {"phase": "queued", "position": 3, "log": ""},
            {"phase": "running", "position": None, "log": "step 2"},
            {"phase": "completed", "position": None, "log": ""},
        ]
        assert [one.query for one in scene.odd.asked] == ["logs=1"]
        assert scene.clock.slept == []

    play(story)


@pytest.mark.parametrize(
    "stream",
    [
        CUT,
        events(RUNNING, torn=True),
        events(RUNNING),
        events(),
        events(RUNNING, still=60),
        said({}, 503),
        Act(body=b"data: {]\n\n", headers={"Content-Type": "text/event-stream"}),
        Act(body=b"no gzip", headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}),
    ],
    ids=repr,
)
def test_a_stream_that_ends_is_taken_up_again_a_few_times_and_never_in_haste(play: Player, stream: Act) -> None:
    async def story(scene: Scene) -> None:
        looks: list[Play] = [said(RUNNING, 202)] * (MAX_STREAM_DROPS + 3)
        scene.odd.routes |= {STREAM: [stream], LOOK: [*looks, said(DONE)]}
        assert await follow(scene) is FollowOutcome.COMPLETED
        assert MAX_STREAM_DROPS <= scene.odd.count(STREAM) <= MAX_STREAM_DROPS + 1
        assert scene.odd.count(LOOK) == MAX_STREAM_DROPS + 4
        assert len(scene.clock.slept) >= MAX_STREAM_DROPS + 3

    play(story)


def test_a_stream_that_never_says_that_it_is_over_is_checked_by_looks(play: Player) -> None:
    async def story(scene: Scene) -> None:
        looks = [said(RUNNING, 202)] * (MAX_STREAM_DROPS + 2)
        scene.odd.routes |= {STREAM: [events(RUNNING, still=60)], LOOK: [*looks, said(DONE)]}
        following = RequestFollower(scene.session, beside=0.05)
        assert await follow(scene, following=following) is FollowOutcome.COMPLETED
        # (The stream lives, and stays in use.)
        assert scene.odd.count(STREAM) == scene.odd.count(LOOK) == MAX_STREAM_DROPS + 3

    play(story)


@pytest.mark.parametrize("look", [said([1]), said("x"), Act(body=b"<html>"), said({"a": 1}), Act(status=302)], ids=repr)
def test_a_status_that_can_not_be_read_is_not_asked_for_for_ever(play: Player, look: Act) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes |= {STREAM: [said({}, 404)], LOOK: [look]}
        with pytest.raises(CallFailed) as caught:
            await follow(scene)
        assert kinds(caught.value) == ["status_unreadable"]
        assert scene.odd.count(LOOK) == MAX_ODD_POLLS

    play(story)


def test_a_word_that_nobody_knows_may_be_one_for_its_end(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes |= {STREAM: [said({}, 404)], LOOK: [said(status("FINISHED"))]}
        assert await follow(scene) is FollowOutcome.COMPLETED
        assert scene.odd.count(LOOK) == MAX_ODD_POLLS

    play(story)


def test_a_stream_that_brings_news_each_time_stays_in_use(play: Player) -> None:
    async def story(scene: Scene) -> None:
        said_so = [events(status("IN_QUEUE", queue_position=9 - turn), torn=True) for turn in range(8)]
        scene.odd.routes |= {STREAM: [*said_so, events(DONE)], LOOK: [said(RUNNING, 202)]}
        assert await follow(scene) is FollowOutcome.COMPLETED
        assert scene.odd.count(STREAM) == 9

    play(story)


@pytest.mark.parametrize("stream", [said({}, 404), said({"status": "IN_QUEUE"}), Act(status=500, body=b"x")], ids=repr)
def test_a_service_without_streams_is_asked_for_one_once(play: Player, stream: Act) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes |= {STREAM: [stream], LOOK: [said(QUEUED, 202), said(RUNNING, 202), said(DONE)] * 2}
        following = RequestFollower(scene.session)
        assert await follow(scene, following=following) is FollowOutcome.COMPLETED
        assert scene.odd.count(LOOK) == 3
        ticket = replace(scene.last(), request_id="r1")
        assert await following.follow(ticket, scene.context()) is FollowOutcome.COMPLETED
        assert scene.odd.count(STREAM) == 1

    play(story)


def test_odd_words_and_lost_looks_are_lived_with(play: Player) -> None:
    async def story(scene: Scene) -> None:
        context = scene.context()
        odd: list[Play] = [said({}), Act(body=b"<html>"), said([1]), said(status("RESCHEDULED"), 202), CUT]
        odd += [Act(status=502, body=NGINX), said({"status": "IN_QUEUE"}, 202), said({"status": "COMPLETED"})]
        scene.odd.routes |= {STREAM: [said({}, 404)], LOOK: odd}
        assert await follow(scene, context) is FollowOutcome.COMPLETED
        assert [told["phase"] for told in context.told] == ["queued", "completed"]

    play(story)


@pytest.mark.parametrize("code", [404, 410])
def test_what_the_service_does_not_know_is_gone(play: Player, code: int) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes |= {STREAM: [said({}, code)], LOOK: [said({"status": "NOT_FOUND"}, code)]}
        assert await follow(scene) is FollowOutcome.GONE

    play(story)


def test_a_service_that_will_not_say_refuses_and_one_that_can_not_fails(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes |= {STREAM: [said({}, 401)], LOOK: [said({"detail": "who?"}, 401)]}
        with pytest.raises(Refused, match="fal_key_refused"):
            await follow(scene)
        scene.store.tickets.keep([replace(scene.last(), state=TicketState.FAILED)])
        scene.odd.routes[LOOK] = [said({"detail": "x"}, 400)]
        with pytest.raises(CallFailed, match="request_refused") as caught:
            await follow(scene)
        assert caught.value.cost_usd is None
        scene.store.tickets.keep([replace(scene.last(), state=TicketState.FAILED)])
        scene.odd.routes[LOOK] = [CUT]
        begun = scene.clock.now()
        with pytest.raises(CallFailed, match="fal_unreachable"):
            await follow(scene)
        assert 300 < scene.clock.now() - begun <= 700

    play(story)


def test_an_endpoint_of_a_minute_is_looked_at_seldom_and_its_time_is_learnt(play: Player) -> None:
    async def story(scene: Scene) -> None:
        begun = scene.clock.now()

        async def look(_asked: Asked) -> Act:
            return said(DONE) if scene.clock.now() - begun >= 60 else said(RUNNING, 202)

        context = scene.context()
        scene.store.notes.write("typical/fal-ai/flux/dev", "60.0")
        scene.odd.routes |= {STREAM: [said({}, 404)], LOOK: [look]}
        assert await follow(scene, context) is FollowOutcome.COMPLETED
        assert scene.odd.count(LOOK) <= 20
        assert scene.clock.now() - begun <= 62

    play(story)


def test_a_request_of_an_earlier_run_is_looked_at_before_anything_is_waited_for(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.store.notes.write("typical/fal-ai/flux/dev", "600.0")
        done = status("COMPLETED", metrics={"inference_time": 30.0})
        scene.odd.routes |= {STREAM: [said({}, 404)], LOOK: [said(RUNNING, 202), said(done), said(DONE)]}
        ticket = scene.ticket(SENT)
        scene.clock.at += 300
        following = RequestFollower(scene.session)
        assert await following.follow(ticket, scene.context()) is FollowOutcome.COMPLETED
        assert scene.clock.slept == [60.0]
        assert scene.store.notes.read("typical/fal-ai/flux/dev") == "429.000"
        scene.clock.slept.clear()
        scene.clock.at += 3600
        assert await following.follow(ticket, scene.context()) is FollowOutcome.COMPLETED
        assert scene.clock.slept == []

    play(story)


async def until(condition: Callable[[], object]) -> None:
    """Wait until it is so; a machine may be busy."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for knows no event
            await asyncio.sleep(0.005)


def later(shutdown: ShutdownSignal, *, forced: bool = False) -> None:
    def ask() -> None:
        shutdown.requested.set()
        if forced:
            shutdown.forced.set()

    asyncio.get_running_loop().call_later(0.02, ask)


@pytest.mark.parametrize("now", [QUEUED, RUNNING])
def test_asked_once_it_is_left_where_it_is(play: Player, now: object) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()
        later(shutdown)
        scene.odd.routes[STREAM] = [events(now, still=60)]
        following = RequestFollower(scene.session, grace=0.05)
        assert await follow(scene, scene.context(shutdown=shutdown), following) is FollowOutcome.LEFT
        assert scene.odd.count(CANCEL) == 0

    play(story)


def test_what_ends_within_the_grace_is_taken_along(play: Player) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()
        shutdown.requested.set()
        scene.odd.routes[STREAM] = [dataclasses.replace(events(DONE), hang=0.02)]
        assert (
            await follow(scene, scene.context(shutdown=shutdown), RequestFollower(scene.session, grace=5))
            is FollowOutcome.COMPLETED
        )

    play(story)


@pytest.mark.parametrize(
    ("cancel", "look", "want"),
    [
        (REQUESTED, said({}, 404), FollowOutcome.CANCELLED),
        (REQUESTED, said(QUEUED, 202), FollowOutcome.CANCELLED),
        (REQUESTED, said(RUNNING, 202), FollowOutcome.LEFT),
        (REQUESTED, said(status("RESCHEDULED"), 202), FollowOutcome.LEFT),
        (REQUESTED, said(DONE), FollowOutcome.COMPLETED),
        (REQUESTED, CUT, FollowOutcome.LEFT),
        (REQUESTED, said({}, 401), FollowOutcome.LEFT),
        (said({"status": "ALREADY_COMPLETED"}, 400), said(DONE), FollowOutcome.LEFT),
        (said({}, 503), said(DONE), FollowOutcome.LEFT),
        (CUT, said(DONE), FollowOutcome.LEFT),
    ],
    ids=repr,
)
def test_insisted_on_it_is_taken_back_where_it_waits(play: Player, cancel: Act, look: Act, want: FollowOutcome) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()
        later(shutdown, forced=True)
        scene.odd.routes |= {STREAM: [events(QUEUED, still=60)], LOOK: [look], CANCEL: [cancel]}
        assert await follow(scene, scene.context(shutdown=shutdown), RequestFollower(scene.session)) is want

    play(story)


def test_what_runs_is_never_cancelled(play: Player) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()
        scene.odd.routes |= {STREAM: [events(QUEUED, RUNNING, still=60)]}
        context = scene.context(shutdown=shutdown)
        task = asyncio.create_task(follow(scene, context, RequestFollower(scene.session)))
        await until(lambda: any(told.get("phase") == "running" for told in context.told))
        shutdown.requested.set()
        shutdown.forced.set()
        assert await task is FollowOutcome.LEFT
        assert scene.odd.count(CANCEL) == 0

    play(story)


@pytest.mark.parametrize("asked_first", [False, True])
def test_a_task_that_is_cancelled_on_the_way_takes_back_what_it_can(play: Player, *, asked_first: bool) -> None:
    async def story(scene: Scene) -> None:
        shutdown = ShutdownSignal()
        scene.odd.routes |= {STREAM: [HANG], LOOK: [said({}, 404)], CANCEL: [REQUESTED]}
        task = asyncio.create_task(
            follow(scene, scene.context(shutdown=shutdown), RequestFollower(scene.session, grace=60))
        )
        await until(lambda: scene.odd.count(STREAM))
        if asked_first:
            shutdown.requested.set()
            await asyncio.sleep(0.01)
        shutdown.requested.set()
        shutdown.forced.set()
        task.cancel()
        assert await task is FollowOutcome.CANCELLED

    play(story)


def test_a_task_that_is_cancelled_without_a_word_is_cancelled(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes[STREAM] = [HANG]
        task = asyncio.create_task(follow(scene))
        await until(lambda: scene.odd.count(STREAM))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert scene.odd.count(CANCEL) == 0

    play(story)


def test_a_look_that_fails_at_the_service_is_no_failure_of_the_request(play: Player) -> None:
    async def story(scene: Scene) -> None:
        typed = said({"detail": "x"}, 500, x_fal_error_type="internal_error")
        scene.odd.routes |= {STREAM: [said({}, 404)], LOOK: [typed, Act(status=520), said(DONE)]}
        assert await follow(scene) is FollowOutcome.COMPLETED
        assert scene.odd.count(LOOK) == 3

    play(story)
