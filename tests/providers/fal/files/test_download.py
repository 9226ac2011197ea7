"""Results come down whole, or not at all; what was paid for is fetched again."""

from __future__ import annotations

import asyncio
import base64
import gzip
import shutil
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nano_banana.model.problem import CallFailed, Unusable
from nano_banana.providers.fal import downloads
from nano_banana.providers.fal.downloads import (
    DOWNLOADS_AT_ONCE,
    MAX_PICTURE_BYTES,
    MAX_RETRIES,
    DownloadedFile,
    Downloader,
    ExpectedKind,
    RemoteFile,
)
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_session import FalSession
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.context import BookDesk
from tests.providers.fal.files.peer import Answer, Peer, Said
from tests.providers.fal.files.samples import adapter, other, png

PAGE = b"<!DOCTYPE html><title>Sign in</title>"
GOOD = Said(body=png(), headers={"Content-Type": "text/html"})


@asynccontextmanager
async def downloading(tls: ssl.SSLContext, clock: QuickClock) -> AsyncIterator[tuple[Downloader, Peer]]:
    async with Peer(tls) as peer:
        session = FalSession(FalConfig(key=lambda: "id:secret", base=peer.url), clock)
        try:
            yield Downloader(session), peer
        finally:
            await session.close()


class Fetching:
    """Fetches `/a` from a server that gives these answers in turn."""

    def __init__(self, tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
        self.tls, self.clock, self.context = tls, clock, context
        self.asked: list[str] = []
        self.keys: list[str] = []

    def get(
        self,
        answers: Sequence[Said | Answer],
        *,
        expect: ExpectedKind = "picture",
        size: int | None = None,
        name: str = "a",
    ) -> DownloadedFile:
        async def story() -> DownloadedFile:
            async with downloading(self.tls, self.clock) as (downloads, peer):
                peer.routes["/a"] = list(answers)
                remote = RemoteFile(url=f"{peer.url}/a", size=size, name=name)
                try:
                    return await downloads.fetch(remote, self.context, expect=expect)
                finally:
                    self.asked = peer.paths()
                    self.keys = [one.headers["authorization"] for one in peer.asked if "authorization" in one.headers]

        return asyncio.run(story())

    def fail(
        self, answers: Sequence[Said | Answer], *, expect: ExpectedKind = "picture", size: int | None = None
    ) -> str:
        """The kind of the failure, and why."""
        with pytest.raises(CallFailed) as caught:
            self.get(answers, expect=expect, size=size)
        assert self.context.left == []
        problem = caught.value.problems[0]
        return f"{problem.kind} {problem.data.get('why', '')}".strip()


@pytest.fixture
def fetching(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> Fetching:
    return Fetching(tls, clock, context)


def bytes_of(fetched: DownloadedFile) -> bytes:
    assert isinstance(fetched.payload.data, Path)
    return fetched.payload.data.read_bytes()


def test_a_picture_comes_down(fetching: Fetching) -> None:
    fetched = fetching.get([GOOD], size=len(png()))
    assert bytes_of(fetched) == png()
    assert fetched.payload.media == "image/png"
    assert fetching.keys == []
    assert fetching.clock.slept == []
    assert isinstance(fetched.payload.data, Path)
    assert [fetched.payload.data.parent] == fetching.context.left


@pytest.mark.parametrize(
    ("body", "name", "media"),
    [
        (adapter(), "lora.safetensors", "application/octet-stream"),
        (b'{"a": 1}', "config.json", "application/json"),
        (other("JPEG"), "sheet", "image/jpeg"),
    ],
)
def test_a_file_comes_down(body: bytes, name: str, media: str, fetching: Fetching) -> None:
    fetched = fetching.get([Said(body=body)], expect="file", name=name)
    assert bytes_of(fetched) == body
    assert fetched.payload.media == media


@pytest.mark.parametrize(
    "trouble",
    [
        Said(body=png(), length=len(png()) + 10),
        Said(body=png()[:-30]),
        Said(body=png()[:40] + bytes(20) + png()[60:]),
        Said(body=PAGE),
        Said(body=b""),
        Said(body=b"not a picture at all"),
        Said(status=500),
        Said(status=503),
        Said(status=403),
        Said(body=png(), headers={"Content-Encoding": "gzip"}),
    ],
)
def test_a_bad_copy_is_fetched_again(trouble: Said, fetching: Fetching) -> None:
    fetched = fetching.get([trouble, trouble, GOOD])
    assert bytes_of(fetched) == png()
    assert fetching.asked == ["/a"] * 3
    assert len(fetching.clock.slept) == 2


def test_a_wait_that_is_asked_for_is_kept(fetching: Fetching) -> None:
    fetching.get([Said(status=429, headers={"Retry-After": "33"}), GOOD])
    assert fetching.clock.slept == [33.0]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Said(body=png(), length=len(png()) + 10), "lost"),
        (Said(body=PAGE), "page"),
        (Said(body=b""), "empty"),
        (Said(body=png()[:60]), "damaged"),
        (Said(body=b"words"), "no picture"),
        (Said(status=502), "status 502"),
        (Said(status=401), "status 401"),
    ],
)
def test_patience_ends(said: Said, why: str, fetching: Fetching) -> None:
    assert fetching.fail([said]) == f"download_failed {why}"
    assert len(fetching.asked) == 1 + MAX_RETRIES


@pytest.mark.parametrize("size", [len(png()) + 1, len(png()) - 1])
def test_a_size_that_is_not_what_was_said(size: int, fetching: Fetching) -> None:
    assert fetching.fail([Said(body=png(), length=None)], size=size) == "download_failed cut short"


@pytest.mark.parametrize("size", [1, len(png()) + 1, 10**7])
@pytest.mark.parametrize("length", [-1, len(png())])
def test_a_file_that_the_connection_proves_whole_needs_no_other_size(
    size: int, length: int, fetching: Fetching
) -> None:
    assert bytes_of(fetching.get([Said(body=png(), length=length)], size=size)) == png()
    assert len(fetching.asked) == 1


@pytest.mark.parametrize(
    ("coding", "packed"), [("gzip", gzip.compress(png(), mtime=0)), ("deflate", zlib.compress(png()))]
)
def test_a_file_that_comes_packed_is_unpacked(coding: str, packed: bytes, fetching: Fetching) -> None:
    said = Said(body=packed, headers={"Content-Encoding": coding})
    assert bytes_of(fetching.get([said], size=len(png()))) == png()
    assert len(fetching.asked) == 1


def test_a_packed_file_is_bounded_by_what_comes_out(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_PICTURE_BYTES", 1_000_000)
    said = Said(body=gzip.compress(bytes(50_000_000), mtime=0), headers={"Content-Encoding": "gzip"})
    assert fetching.fail([said]) == "download_too_big"


def test_a_broken_adapter_is_fetched_again(fetching: Fetching) -> None:
    bad, good = Said(body=adapter()[:-1]), Said(body=adapter())
    assert bytes_of(fetching.get([bad, good], expect="file", name="l.safetensors")) == adapter()


@pytest.mark.parametrize("status", [404, 410])
def test_what_is_gone_is_gone_at_once(status: int, fetching: Fetching) -> None:
    assert fetching.fail([Said(status=status)]) == "file_gone"
    assert len(fetching.asked) == 1


def test_too_much_is_said_and_not_read(fetching: Fetching) -> None:
    assert fetching.fail([Said(length=MAX_PICTURE_BYTES + 1)]) == "download_too_big"
    assert fetching.fail([GOOD], size=MAX_PICTURE_BYTES + 1) == "download_too_big"
    assert len(fetching.asked) == 1


def test_an_endless_body_has_an_end(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_PICTURE_BYTES", 1_000_000)
    assert fetching.fail([Said(length=None, zeros=50_000_000)]) == "download_too_big"


def test_a_bomb_is_not_decoded(fetching: Fetching) -> None:
    wide = bytearray(png())
    wide[16:24] = (30_000).to_bytes(4, "big") * 2
    wide[29:33] = zlib.crc32(wide[12:29]).to_bytes(4, "big")
    assert fetching.fail([Said(body=bytes(wide))]) == "download_bomb"


def test_who_hangs_is_left(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "LEAST_SECONDS", 0.2)
    assert bytes_of(fetching.get([Said(seconds=60), GOOD])) == png()
    assert len(fetching.clock.slept) == 1


def to(url: str, status: int = 302) -> Said:
    return Said(status=status, headers={"Location": url})


def test_redirects_are_followed(fetching: Fetching) -> None:
    answers = [to("/a", status) for status in (301, 302, 303, 307, 308)]
    assert bytes_of(fetching.get([*answers, GOOD])) == png()
    assert fetching.keys == []


def test_not_for_ever(fetching: Fetching) -> None:
    assert fetching.fail([to("/a")]) == "download_failed redirects"
    assert len(fetching.asked) == 6


@pytest.mark.parametrize(
    "url",
    [
        *["https://127.0.0.2/a", "https://localhost/a", "https://169.254.169.254/latest", "http://8.8.8.8/a"],
        *["file:///etc/passwd", "https://[::1]/a", "//10.0.0.1/a", "data:image/png;base64,AAAA"],
    ],
)
def test_no_redirect_leads_home(url: str, fetching: Fetching) -> None:
    assert fetching.fail([to(url)]) == "download_unsafe"
    assert len(fetching.asked) == 1


def test_without_a_base_nothing_private_is_fetched(clock: QuickClock, context: BookDesk, tls: ssl.SSLContext) -> None:
    async def story() -> None:
        async with Peer(tls) as peer:
            session = FalSession(FalConfig(key=lambda: "id:secret"), clock)
            for url in (
                f"{peer.url}/a",
                f"https://localhost:{peer.port}/a",
                "no address",
                "https://[::g]/a",
                "https://0177.0.0.1/a",
            ):
                with pytest.raises(CallFailed, match="download_unsafe"):
                    await Downloader(session).fetch(RemoteFile(url=url), context)
            await session.close()
            assert peer.asked == []

    asyncio.run(story())


def inline(url: str, clock: QuickClock, context: BookDesk) -> DownloadedFile:
    async def story() -> DownloadedFile:
        session = FalSession(FalConfig(key=lambda: "id:secret"), clock)
        try:
            return await Downloader(session).fetch(RemoteFile(url=url, expect="picture"), context)
        finally:
            await session.close()

    return asyncio.run(story())


@pytest.mark.usefixtures("context")
def test_a_file_may_stand_in_its_address(clock: QuickClock, context: BookDesk) -> None:
    text = base64.b64encode(png()).decode()
    assert bytes_of(inline(f"data:image/png;base64,{text}", clock, context)) == png()
    escaped = "".join(f"%{byte:02x}" for byte in png())
    assert bytes_of(inline(f"DATA:image/png,{escaped}", clock, context)) == png()


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("url", ["data:image/png;base64,AAA", "data:image/png", "data:,words"])
def test_a_damaged_address_is_no_file(url: str, clock: QuickClock, context: BookDesk) -> None:
    with pytest.raises(CallFailed, match="download_failed"):
        inline(url, clock, context)
    assert clock.slept == []


@pytest.mark.usefixtures("context")
def test_an_address_has_its_ceiling_too(clock: QuickClock, context: BookDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "MAX_PICTURE_BYTES", 10)
    with pytest.raises(CallFailed, match="download_too_big"):
        inline("data:image/png;base64," + "A" * 100, clock, context)


def test_a_foreign_certificate_is_not_tried_again(
    tls: ssl.SSLContext, clock: QuickClock, context: BookDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert Fetching(tls, clock, context).fail([GOOD]) == "download_failed tls"
    assert clock.slept == []


def test_a_disk_that_refuses_is_said(fetching: Fetching) -> None:
    def vanish(_: object) -> Said:
        for folder in fetching.context.left:
            shutil.rmtree(folder)
        return GOOD

    with pytest.raises(Unusable, match="download_unwritable"):
        fetching.get([vanish])


def test_a_bounded_number_at_once(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    async def story() -> None:
        async with downloading(tls, clock) as (downloads, peer):
            peer.routes["/a"] = [GOOD]
            remote = RemoteFile(url=f"{peer.url}/a", expect="picture")
            fetched = await asyncio.gather(*(downloads.fetch(remote, context) for _ in range(3 * DOWNLOADS_AT_ONCE)))
            assert len({one.payload.data for one in fetched}) == 3 * DOWNLOADS_AT_ONCE
            assert 1 < peer.most <= DOWNLOADS_AT_ONCE

    asyncio.run(story())


@pytest.mark.slow
def test_a_large_file_is_never_in_memory(fetching: Fetching) -> None:
    tracemalloc.start()
    try:
        fetched = fetching.get([Said(body=b"\1", zeros=300_000_000)], expect="file")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(fetched.payload.data, Path)
    assert fetched.payload.data.stat().st_size == 300_000_001
    assert peak < 40_000_000
