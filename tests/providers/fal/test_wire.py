"""Each request goes out once, to where it may, with the key for those alone who may see it."""

from __future__ import annotations

import httpx
import pytest
from msgspec.structs import replace

from nano_banana.model.problem import CallFailed
from nano_banana.model.ticket import TicketState
from nano_banana.providers.fal.fal_session import FalClient, auth_headers
from nano_banana.providers.fal.http_client import NoResponse, RetryLater
from nano_banana.providers.fal.timing import Backoff
from tests.providers.fal.odd import APP, CUT, HANG, Act, said
from tests.providers.fal.scene import KEY, Player, Scene

SENT = TicketState.SENT


@pytest.mark.parametrize(
    ("act", "why", "sent"),
    [
        (CUT, "lost", True),
        (HANG, "timeout", True),
        (Act(body=b"x", torn=True), "lost", True),
        (Act(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "lost", True),
    ],
    ids=repr,
)
def test_what_brings_no_answer_is_broken_and_sent_once(play: Player, act: Act, why: str, *, sent: bool) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes["POST /a"] = [act]
        with pytest.raises(NoResponse) as caught:
            await scene.session.http.post(f"{scene.odd.url}/a", timeout=0.2)
        assert (caught.value.why, caught.value.sent) == (why, sent)
        assert len(scene.odd.asked) == 1

    play(story)


def test_what_never_left_is_told_apart(play: Player) -> None:
    async def story(scene: Scene) -> None:
        for url in ("https://127.0.0.1:1/", "ftp://127.0.0.1/"):
            with pytest.raises(NoResponse) as caught:
                await scene.session.http.get(url)
            assert (caught.value.why, caught.value.sent) == ("connect", False)
        with pytest.raises(NoResponse) as caught:
            await scene.session.http.get(scene.odd.url, timeout=httpx.Timeout(5, connect=1e-9))
        assert (caught.value.why, caught.value.sent) == ("timeout", False)

    play(story)


@pytest.mark.parametrize("status", [408, 409, 429, 502, 503, 504])
def test_not_now_is_declined_with_its_words(play: Player, status: int) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes["GET /a"] = [said({"detail": "later"}, status)]
        with pytest.raises(RetryLater) as caught:
            await scene.session.http.get(f"{scene.odd.url}/a")
        assert caught.value.response.json() == {"detail": "later"}
        with pytest.raises(RetryLater):
            async with scene.session.http.stream("GET", f"{scene.odd.url}/a"):
                pass
        assert len(scene.odd.asked) == 2

    play(story)


def test_the_key_is_shown_to_the_base_and_nobody_else(play: Player) -> None:
    async def story(scene: Scene) -> None:
        odd, wire = scene.odd, scene.session.http
        odd.routes["GET /a"] = [said({}, 302, Location=f"https://localhost:{odd.port}/b")]
        odd.routes["GET /b"] = [said({})]
        for url in (f"{odd.url}/b", "https://queue.fal.run/b", "https://rest.fal.ai/b", "https://api.fal.ai/b"):
            assert (await wire.get(url)).status_code == 200
        assert {one.headers["host"] for one in odd.asked} == {f"127.0.0.1:{odd.port}"}
        assert {one.headers["authorization"] for one in odd.asked} == {f"Key {KEY}"}
        odd.asked.clear()
        assert (await wire.get(f"https://localhost:{odd.port}/b")).status_code == 200
        assert (await wire.get(f"{odd.url}/a")).status_code == 302
        assert (await wire.get(f"{odd.url}/a", follow_redirects=True)).status_code == 200
        keyed = {one.path: one.headers.get("authorization") for one in odd.asked if "localhost" in one.headers["host"]}
        assert keyed == {"/b": None}
        kept = {"Authorization": "Bearer upload"}
        await wire.get(f"https://localhost:{odd.port}/b", headers=kept)
        assert odd.asked[-1].headers["authorization"] == "Bearer upload"

    play(story)


def test_addresses_of_strangers_are_not_followed(play: Player) -> None:
    async def story(scene: Scene) -> None:
        ticket, here = scene.ticket(SENT), f"https://queue.fal.run{APP}/requests/r1"
        for base in (
            f"https://localhost:{scene.odd.port}",
            "http://127.0.0.1:1",
            "https://evil.test",
            "https://[",
            "x",
        ):
            strange = replace(ticket, urls={"status": f"{base}/s", "response": f"{base}/r", "cancel": f"{base}/c"})
            assert scene.session.url(strange, "response") == here
            assert scene.session.url(strange, "status") == f"{here}/status"
            assert scene.session.url(strange, "cancel") == f"{here}/cancel"
        own = replace(ticket, urls={"status": f"{scene.odd.url}/mine"})
        assert scene.session.url(own, "status") == f"{scene.odd.url}/mine"

    play(story)


def test_questions_are_asked_again_and_other_answers_are_given_back(play: Player) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes["GET /a"] = [CUT, said({}, 503), said({"detail": "no"}, 404)]
        answer = await scene.session.get(f"{scene.odd.url}/a", what="it", params={"n": 1, "of": ["a", "b"]})
        assert answer.status_code == 404
        assert {one.query for one in scene.odd.asked} == {"n=1&of=a&of=b"}
        scene.odd.routes["GET /a"] = [CUT]
        with pytest.raises(CallFailed, match="fal_unreachable"):
            await scene.session.get(f"{scene.odd.url}/a", what="it", backoff=Backoff(total=1.0))

    play(story)


def test_fal_s_client_is_on_our_wire_with_one_token_for_all_uploads(play: Player) -> None:
    async def story(scene: Scene) -> None:
        token = {"token": "t", "token_type": "Bearer", "base_url": "x", "expires_at": "2099-01-01T00:00:00+00:00"}
        scene.odd.routes["POST /storage/auth/token"] = [said(token)]
        client = scene.session.client
        assert isinstance(client, FalClient)
        assert await client._client is scene.session.http
        async with client._cdn_client() as cdn:
            assert cdn is scene.session.http
        manager = await client._token_manager
        assert [(await manager.get_token()).token for _ in range(2)] == ["t", "t"]
        assert len(scene.odd.asked) == 1
        assert auth_headers(KEY)["Authorization"] == f"Key {KEY}"

    play(story)
