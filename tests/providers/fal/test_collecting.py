"""A result is fetched, priced and checked; what is paid for is never given up lightly."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import CallFailed, NanoBananaError, Refused
from nano_banana.model.provider_protocol import Answer
from nano_banana.model.ticket import TicketState, transition
from nano_banana.providers.fal.fal_results import RESULT_RECHECKS, RequestFailure, ResultCollector
from tests.providers.fal.odd import CUT, DOT, NGINX, Act, said
from tests.providers.fal.scene import CATALOG, Player, Scene, call_for, kinds

PRICE = 0.025


def png(color: str) -> Act:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), color).save(file, "PNG")
    return Act(body=file.getvalue(), headers={"Content-Type": "image/png"})


async def collect(scene: Scene, *acts: Act) -> Answer | RequestFailure | NanoBananaError | None:
    scene.odd.request(result=acts)
    ticket = scene.ticket(TicketState.SENT)
    try:
        return await ResultCollector(scene.session, CATALOG).collect(ticket, call_for(), scene.context())
    except NanoBananaError as error:
        return error


def result(scene: Scene, **more: JSONValue) -> JSONObject:
    picture: JSONObject = {
        "url": f"{scene.odd.url}/files/a.png",
        "content_type": "image/png",
        "width": 64,
        "height": 64,
    }
    return {"images": [picture], "seed": 7, **more}


def test_an_answer_comes_with_its_files_its_cost_and_its_closed_ticket(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes["GET /files/a.png"] = [png("red")]
        answer = await collect(scene, said(result(scene, has_nsfw_concepts=[False]), x_fal_billable_units="2"))
        assert isinstance(answer, Answer)
        assert list(answer.files) == ["images/0"]
        assert answer.data["seed"] == 7
        assert answer.cost_usd == pytest.approx(2 * PRICE)
        assert answer.ticket is not None
        assert (answer.ticket.state, answer.ticket.units) == (TicketState.COLLECTED, 2.0)
        assert answer.ticket.ended_at == scene.clock.now()
        assert scene.last().state is TicketState.SENT  # until the answer itself is kept
        assert [one.headers.get("authorization") for one in scene.odd.asked] == ["Key id:secret", None]

    play(story)


@pytest.mark.parametrize("flags", [[True], [False, True], True])
def test_an_unsafe_picture_is_a_failure_that_was_billed(play: Player, flags: JSONValue) -> None:
    async def story(scene: Scene) -> None:
        failed = await collect(scene, said(result(scene, has_nsfw_concepts=flags), x_fal_billable_units="1"))
        assert isinstance(failed, RequestFailure)
        assert (failed.fault.kind, failed.units, failed.cost_usd) == ("unsafe_picture", 1.0, PRICE)
        assert scene.odd.count("GET /files/a.png") == 0

    play(story)


def test_a_black_picture_is_an_unsafe_one(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes["GET /files/a.png"] = [png("black")]
        failed = await collect(scene, said(result(scene, has_nsfw_concepts=None)))
        assert isinstance(failed, RequestFailure)
        assert (failed.fault.kind, failed.cost_usd) == ("unsafe_picture", None)

    play(story)


REFUSED = {"detail": [{"type": "content_policy_violation"}]}
NOTHING = {"detail": [{"type": "no_media_generated"}]}
LOST = {"detail": "x", "error_type": "runner_disconnected"}


@pytest.mark.parametrize(
    ("act", "kind", "units", "cost"),
    [
        (said(LOST, 503, x_fal_request_id="r"), "fal_failed", None, 0.0),
        (said({"detail": [{"type": "internal_server_error"}]}, 500), "fal_failed", None, 0.0),
        (Act(status=500, body=b"x", headers={"x-fal-served-from": "y"}), "fal_failed", None, 0.0),
        (said(REFUSED, 422), "content_refused", None, None),
        (said(REFUSED, 422, x_fal_billable_units="1"), "content_refused", 1.0, PRICE),
        (said(NOTHING, 422, x_fal_billable_units="0"), "nothing_generated", 0.0, 0.0),
        (said({"detail": "x", "error_type": "client_cancelled"}, 499), "request_cancelled", None, None),
        (said({"detail": [{"loc": ["body", "seed"], "type": "int_type"}]}, 422), "argument_refused", None, 0.0),
    ],
    ids=repr,
)
def test_a_failure_says_what_it_cost(
    play: Player, act: Act, kind: str, units: float | None, cost: float | None
) -> None:
    async def story(scene: Scene) -> None:
        failed = await collect(scene, act)
        assert isinstance(failed, RequestFailure)
        assert (failed.fault.kind, failed.units, failed.cost_usd) == (kind, units, cost)
        assert len(scene.odd.asked) == (1 if act.status < 500 else 1 + RESULT_RECHECKS)

    play(story)


def test_a_failure_of_fal_s_is_doubted_before_it_is_believed(play: Player) -> None:
    async def story(scene: Scene) -> None:
        assert isinstance(await collect(scene, said(LOST, 503), said({"images": [DOT]})), Answer)

    play(story)


def test_a_result_that_is_late_is_waited_for(play: Player) -> None:
    async def story(scene: Scene) -> None:
        early = said({"detail": "Request is still in progress", "error_type": "bad_request"}, 400)
        for act in (early, said({"status": "IN_PROGRESS", "logs": None}, 202)):
            answer = await collect(scene, act, said({"images": [DOT], "seed": 1}))
            assert isinstance(answer, Answer)
            assert answer.data["seed"] == 1
            scene.store.tickets.keep([answer.ticket] if answer.ticket else [])

    play(story)


PAGE = Act(status=400, body=NGINX)


@pytest.mark.parametrize(
    "act",
    [
        PAGE,
        *(Act(status=code, body=NGINX) for code in (403, 404, 410, 422)),
        *(said({"detail": "no"}, code, x_fal_request_id="r1") for code in (405, 421, 425, 431)),
        said({"message": "blocked"}, 403),
        said({"detail": "Request is still in progress", "error_type": "bad_request"}, 400, x_fal_request_id="r"),
    ],
    ids=repr,
)
def test_a_refusal_that_is_not_fal_s_word_on_the_request_closes_nothing(play: Player, act: Act) -> None:
    async def story(scene: Scene) -> None:
        answer = await collect(scene, act, act, act, act, said({"images": [DOT], "seed": 1}))
        assert isinstance(answer, Answer)
        scene.store.tickets.keep([answer.ticket] if answer.ticket else [])
        error = await collect(scene, act)
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd) == (["result_withheld"], None)
        assert scene.last().state is TicketState.SENT

    play(story)


def test_a_redirect_at_fal_is_followed_with_the_key_and_any_other_is_not(play: Player) -> None:
    async def story(scene: Scene) -> None:
        there = {"Location": "/elsewhere"}
        scene.odd.routes["GET /elsewhere"] = [said({"images": [DOT], "seed": 1})]
        answer = await collect(scene, Act(status=307, headers=there))
        assert isinstance(answer, Answer)
        assert [one.headers["authorization"] for one in scene.odd.asked] == ["Key id:secret"] * 2
        scene.store.tickets.keep([answer.ticket] if answer.ticket else [])
        begun = scene.clock.now()
        for location in (f"https://localhost:{scene.odd.port}/elsewhere", "http://10.0.0.1/x", ""):
            error = await collect(scene, Act(status=307, headers={"Location": location} if location else {}))
            assert isinstance(error, CallFailed)
            assert kinds(error) == ["result_redirected"]
            scene.store.tickets.keep([transition(scene.last(), TicketState.FAILED)])
        assert scene.odd.count("GET /elsewhere") == 1
        assert scene.clock.now() == begun

    play(story)


@pytest.mark.parametrize("code", [404, 410])
def test_a_result_may_be_gone(play: Player, code: int) -> None:
    async def story(scene: Scene) -> None:
        assert await collect(scene, said({"detail": "gone"}, code)) is None

    play(story)


@pytest.mark.parametrize(
    "act", [CUT, *(Act(status=code, body=NGINX) for code in (408, 429, 500, 502, 520)), said([], 503)], ids=repr
)
def test_a_gateway_before_the_result_is_outwaited_and_closes_nothing(play: Player, act: Act) -> None:
    async def story(scene: Scene) -> None:
        answer = await collect(scene, act, act, said({"images": [DOT], "seed": 1}))
        assert isinstance(answer, Answer)
        scene.store.tickets.keep([answer.ticket] if answer.ticket else [])
        error = await collect(scene, act)
        assert isinstance(error, CallFailed)
        assert kinds(error)[0] in {"fal_busy", "fal_unreachable"}
        assert scene.last().state is TicketState.SENT

    play(story)


@pytest.mark.parametrize("act", [Act(body=b"<html>"), said([1]), said("text"), Act()], ids=repr)
def test_garbage_in_the_result_s_place_leaves_it_open(play: Player, act: Act) -> None:
    async def story(scene: Scene) -> None:
        error = await collect(scene, act)
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd) == (["result_unreadable"], None)
        assert scene.last().state is TicketState.SENT

    play(story)


def test_an_answer_of_another_shape_fails_with_what_it_cost_and_is_kept(play: Player) -> None:
    async def story(scene: Scene) -> None:
        for body, kind in (
            ({"image_url": "https://x/y"}, "result_unusable"),
            ({"images": [{"url": "/files/a.png"}]}, "result_unusable"),
            ({"images": None, "seed": 1}, "nothing_generated"),
            ([1], "result_unusable"),
        ):
            failed = await collect(scene, said(body, x_fal_billable_units="1"))
            assert isinstance(failed, RequestFailure)
            assert (failed.fault.kind, failed.cost_usd, failed.result) == (kind, PRICE, body)
            scene.store.tickets.keep([transition(scene.last(), TicketState.FAILED)])

    play(story)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":' * 100_000,
        b'{"images": [{"url": "https://127.0.0.1:99999999/x"}]}',
        b'{"images": [{"url": "https://127.0.0.1:0x7/x"}]}',
        b'{"images": [{"url": "https://[::1/x"}], "seed": 1e999}',
        b'{"images": [' + b'{"url": "https://127.0.0.1/x"},' * 2000 + b"{}]}",
    ],
    ids=range(5),
)
def test_an_odd_answer_fails_its_call_alone(play: Player, body: bytes) -> None:
    async def story(scene: Scene) -> None:
        error = await collect(scene, Act(body=body))
        assert isinstance(error, CallFailed)
        assert kinds(error)[0] in {"result_unreadable", "download_unsafe"}

    play(story)


@pytest.mark.parametrize("code", [401, 402, 403])
def test_a_key_that_may_not_ask_any_more_leaves_it_open(play: Player, code: int) -> None:
    async def story(scene: Scene) -> None:
        assert isinstance(await collect(scene, said({"detail": "who?"}, code)), Refused)
        assert scene.last().state is TicketState.SENT

    play(story)


def test_a_file_that_can_not_be_had_leaves_it_open(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes["GET /files/a.png"] = [Act(status=500)]
        error = await collect(scene, said(result(scene), x_fal_billable_units="1"))
        assert isinstance(error, CallFailed)
        assert (kinds(error), error.cost_usd) == (["download_failed"], PRICE)
        assert scene.last().state is TicketState.SENT
        scene.odd.routes["GET /files/a.png"] = [said({}, 410)]
        assert await ResultCollector(scene.session, CATALOG).collect(scene.last(), call_for(), scene.context()) is None

    play(story)


def test_the_key_stays_here_where_files_and_results_lie_elsewhere(play: Player) -> None:
    async def story(scene: Scene) -> None:
        elsewhere = f"https://localhost:{scene.odd.port}"
        scene.odd.routes["GET /files/a.png"] = [png("red")]
        body: JSONObject = {
            **result(scene),
            "images": [{"url": f"{elsewhere}/files/a.png", "content_type": "image/png"}],
        }
        await collect(scene, said(body))
        assert [
            one.path for one in scene.odd.asked if "localhost" in one.headers["host"] and "authorization" in one.headers
        ] == []

    play(story)
