"""Answers are bounded: what is too long, too deep, too slow or packed too tightly can't be read, and stops nothing."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from nano_banana.model.json_values import JSONValue
from nano_banana.providers.fal import http_client
from nano_banana.providers.fal.http_client import CHUNK_BYTES, bounded_stream, iter_decoded, json_or_text, read_bounded
from tests.providers.fal.odd import Act
from tests.providers.fal.scene import Player, Scene

MIB = 1024 * 1024
BODY = json.dumps({"a": "text " * 200}).encode()


class _Parts(httpx.AsyncByteStream):
    """A body that comes in these parts, a moment apart; `closed` says that nobody reads it any more."""

    def __init__(self, *parts: bytes, wait: float = 0.0) -> None:
        self._parts = parts
        self._wait = wait
        self.read = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            await asyncio.sleep(self._wait)
            self.read += 1
            yield part

    async def aclose(self) -> None:
        self.closed = True


def response(*parts: bytes, wait: float = 0.0, **headers: str) -> tuple[httpx.Response, _Parts]:
    stream = _Parts(*parts, wait=wait)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(200, headers=named, stream=stream, request=httpx.Request("GET", "https://x")), stream


def packed(size: int) -> bytes:
    """So many zeros, in a thousandth of the space."""
    pack = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(pack.compress(bytes(MIB)) for _ in range(size // MIB)) + pack.flush()


def read_whole(*parts: bytes, wait: float = 0.0, **headers: str) -> JSONValue:
    answer, stream = response(*parts, wait=wait, **headers)
    try:
        return json_or_text(asyncio.run(read_bounded(answer)))
    finally:
        assert stream.closed


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("identity", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)),
        ("GZIP", gzip.compress(BODY, mtime=0)),
        ("deflate", zlib.compress(BODY)),
    ],
)
def test_an_answer_is_unpacked(coding: str, data: bytes) -> None:
    halves = data[:20], data[20:]
    assert read_whole(*halves, content_encoding=coding, content_length=str(len(data))) == json.loads(BODY)


@pytest.mark.parametrize(
    ("coding", "data"), [("gzip", b"no gzip"), ("gzip", gzip.compress(BODY, mtime=0)[:-9]), ("br", BODY), ("gzip", b"")]
)
def test_what_can_not_be_unpacked_is_no_answer(coding: str, data: bytes) -> None:
    with pytest.raises(httpx.DecodingError):
        read_whole(data, content_encoding=coding)


def test_a_bomb_is_unpacked_in_small_pieces_and_given_up() -> None:
    async def sizes() -> set[bool]:
        answer, _ = response(packed(8 * MIB), content_encoding="gzip")
        return {len(piece) <= CHUNK_BYTES async for piece in iter_decoded(answer)}

    assert asyncio.run(sizes()) == {True}
    assert read_whole(packed(80 * MIB), content_encoding="gzip") == ""


def test_an_answer_without_an_end_is_given_up() -> None:
    answer, stream = response(*[bytes(MIB)] * 100)
    assert asyncio.run(read_bounded(answer)).content == b""
    assert (stream.closed, stream.read) == (True, 65)


def test_an_answer_that_trickles_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MAX_BODY_SECONDS", 0.05)
    with pytest.raises(httpx.ReadTimeout):
        read_whole(*[b"x"] * 10_000, wait=0.01)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 100_000, b"[" * 70 + b"1" + b"]" * 70, b'[{"a":' * 200])
def test_an_answer_that_is_too_deep_is_none(body: bytes) -> None:
    found = read_whole(body)
    assert isinstance(found, str)


def test_many_brackets_are_not_depth() -> None:
    many = [{"url": "["} for _ in range(1000)]
    assert read_whole(json.dumps(many).encode()) == many


@pytest.mark.parametrize("charset", ["zlib", "utf-16", "nobody", "hex"])
def test_how_a_text_is_to_be_read_is_not_for_the_answer_to_say(charset: str) -> None:
    assert read_whole(b"plain \xff text", content_type=f"text/plain; charset={charset}") == "plain \ufffd text"


def test_a_stream_has_an_end() -> None:
    async def drained() -> None:
        answer, stream = response(*[bytes(MIB)] * 20)
        limited = bounded_stream(answer)
        with pytest.raises(httpx.ReadError):
            async for _ in limited.aiter_bytes():
                pass
        await limited.aclose()
        assert stream.closed

    asyncio.run(drained())


def test_a_bomb_in_the_place_of_an_acceptance_is_a_request_that_may_have_been_taken(play: Player) -> None:
    async def story(scene: Scene) -> None:
        head = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        scene.odd.routes["POST /fal-ai/flux/dev"] = [Act(body=packed(80 * MIB), headers=head)]
        answer = await scene.session.http.post("https://queue.fal.run/fal-ai/flux/dev", json={})
        assert (answer.status_code, answer.content) == (200, b"")
        assert scene.odd.asked[0].headers["accept-encoding"] == "gzip, deflate"

    play(story)
