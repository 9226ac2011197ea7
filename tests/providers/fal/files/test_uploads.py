"""Each content goes up once, by fal's own client, over real TLS."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nano_banana.model.call import Blob, Call
from nano_banana.model.problem import CallFailed, Refused
from nano_banana.providers.fal import fal_uploads as uploads_module
from nano_banana.providers.fal.fal_config import DAY_SECONDS, FalConfig
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.fal_uploads import UPLOADS_AT_ONCE, FileUploader
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.context import BookDesk
from tests.providers.fal.files.peer import Peer, Said, told
from tests.providers.fal.files.samples import SECRET, adapter, picture, png
from tests.providers.fal.files.storage import INITIATE, TOKEN, UPLOAD, Storage


@asynccontextmanager
async def uploading(
    tls: ssl.SSLContext, clock: QuickClock, *, life: int | None = DAY_SECONDS, key: str = "id:secret"
) -> AsyncIterator[tuple[FileUploader, Storage]]:
    async with Peer(tls) as peer:
        session = FalSession(FalConfig(key=lambda: key, base=peer.url, uploads_expire_after=life), clock)
        try:
            yield FileUploader(session), Storage(peer=peer)
        finally:
            await session.close()


def calling(inputs: Mapping[str, Blob]) -> Call:
    return Call(provider="fal", endpoint="fal-ai/x", arguments={"prompt": "a", "loras": [{"scale": 1}]}, inputs=inputs)


def test_inputs_become_addresses(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    image, lora = context.put(png(note="at home")), context.put(adapter())

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            call = calling({"image_url": image, "loras/0/path": lora, "mask_url": image})
            body = await uploads.body(call, context)
            loras = body["loras"]
            assert isinstance(loras, list)
            assert body["image_url"] == body["mask_url"]
            assert loras == [{"scale": 1, "path": loras[0]["path"]}]
            assert sorted(storage.kept) == sorted([body["image_url"], loras[0]["path"]])
            assert b"at home" not in storage.kept[str(body["image_url"])]
            assert storage.peer.paths().count(UPLOAD) == 2
            sent = [one for one in storage.peer.asked if one.path == UPLOAD]
            assert {one.headers["content-type"] for one in sent} == {"image/png", "application/octet-stream"}
            assert json.loads(sent[0].headers["x-fal-object-lifecycle"]) == {"expiration_duration_seconds": DAY_SECONDS}
            assert {one.headers["authorization"] for one in sent} == {"Bearer t"}

    asyncio.run(story())
    assert {told["phase"] for told in context.told} == {"uploading"}
    assert context.left == []


def test_calls_share_an_upload(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    image = context.put(png())

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            bodies = await asyncio.gather(*(uploads.body(calling({"image_url": image}), context) for _ in range(5)))
            assert len({str(body["image_url"]) for body in bodies}) == 1
            assert storage.peer.paths().count(UPLOAD) == 1

    asyncio.run(story())


def test_an_upload_is_remembered_by_the_store(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            first = await uploads.body(call, context)
            later = FileUploader(uploads._session)
            assert await later.body(call, context) == first
            assert len(context.told) == 1
            clock.at += DAY_SECONDS
            assert await later.body(call, context) != first
            assert storage.peer.paths().count(UPLOAD) == 2

    asyncio.run(story())


def test_fresh_sends_again(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, _):
            first = await uploads.body(call, context)
            second = await uploads.body(call, context, fresh=True)
            assert second != first
            assert await uploads.body(call, context) == second

    asyncio.run(story())


@pytest.mark.parametrize(
    ("life", "later", "sent"),
    [(None, 10 * DAY_SECONDS, 1), (300, 100, 1), (300, 200, 2), (DAY_SECONDS, DAY_SECONDS, 2)],
)
def test_an_upload_is_used_while_it_lasts(
    life: int | None, later: float, sent: int, tls: ssl.SSLContext, clock: QuickClock, context: BookDesk
) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock, life=life) as (uploads, storage):
            await uploads.body(call, context)
            clock.at += later
            await uploads.body(call, context)
            assert storage.peer.paths().count(UPLOAD) == sent

    asyncio.run(story())


def test_no_more_than_a_few_at_once(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    images = {f"images/{at}": context.put(png(picture(colour=at))) for at in range(12)}

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            body = await uploads.body(calling(images), context)
            urls = body["images"]
            assert isinstance(urls, list)
            assert [storage.kept[url] for url in urls] == [context.path(blob).read_bytes() for blob in images.values()]
            assert 1 < storage.peer.most <= UPLOADS_AT_ONCE

    asyncio.run(story())


def test_what_may_not_leave_is_named(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    inputs = {"image_url": context.put(SECRET), "images/3": context.put(SECRET + b"2"), "mask_url": context.put(png())}

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            with pytest.raises(CallFailed) as caught:
                await uploads.body(calling(inputs), context)
            assert [(one.kind, one.data["input"]) for one in caught.value.problems] == [
                ("file_not_sent", "image_url"),
                ("file_not_sent", "images/3"),
            ]
            assert all(SECRET not in sent for sent in storage.kept.values())

    asyncio.run(story())
    assert context.left == []


@pytest.mark.parametrize("trouble", [Said(status=503), Said(status=500), Said(status=429), Said(length=90)])
def test_trouble_is_met_with_patience(
    trouble: Said, tls: ssl.SSLContext, clock: QuickClock, context: BookDesk, capfd: pytest.CaptureFixture[str]
) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            routes = storage.peer.routes
            routes[UPLOAD].insert(0, trouble)
            routes[INITIATE].insert(0, trouble)
            assert str((await uploads.body(call, context))["image_url"]) in storage.kept

    asyncio.run(story())
    assert clock.slept
    assert capfd.readouterr() == ("", "")


def test_who_hangs_is_left(
    tls: ssl.SSLContext, clock: QuickClock, context: BookDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_module, "LEAST_SECONDS", 0.3)
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            storage.peer.routes[UPLOAD].insert(0, Said(seconds=60))
            assert str((await uploads.body(call, context))["image_url"]) in storage.kept
            assert storage.peer.paths().count(UPLOAD) == 2

    asyncio.run(story())
    assert len(clock.slept) == 1


def test_the_other_storage_is_used(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            storage.peer.routes[UPLOAD] = [Said(status=500)]
            assert (await uploads.body(call, context))["image_url"] == f"{storage.peer.url}/files/other"
            assert list(storage.kept.values()) == [png()]

    asyncio.run(story())


def test_patience_ends_and_everybody_hears_it(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            storage.peer.routes |= {TOKEN: [Said(status=503)], INITIATE: [Said(status=503)]}
            asked = [uploads.body(call, context) for _ in range(3)]
            ends = await asyncio.gather(*asked, return_exceptions=True)
            assert [end.problems[0].kind for end in ends if isinstance(end, CallFailed)] == ["fal_busy"] * 3

    asyncio.run(story())
    assert sum(clock.slept) <= 120


@pytest.mark.parametrize("answer", [told({"other": 1}), Said(body=b"{"), told({"access_url": 7}), Said(status=413)])
def test_an_answer_without_an_address(answer: Said, tls: ssl.SSLContext, clock: QuickClock, context: BookDesk) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            storage.peer.routes |= {UPLOAD: [answer], INITIATE: [answer]}
            with pytest.raises(CallFailed) as caught:
                await uploads.body(call, context)
            assert caught.value.problems[0].kind == "upload_failed"
            assert caught.value.problems[0].data["input"] == "image_url"

    asyncio.run(story())


def test_a_wrong_key_stops_the_run_and_is_not_said(
    tls: ssl.SSLContext, clock: QuickClock, context: BookDesk, caplog: pytest.LogCaptureFixture
) -> None:
    call = calling({"image_url": context.put(png()), "mask_url": context.put(SECRET)})

    async def story() -> None:
        async with uploading(tls, clock, key="id:wr0ng") as (uploads, storage):
            storage.peer.routes[INITIATE] = [Said(status=401)]
            with pytest.raises(Refused) as caught:
                await uploads.body(call, context)
            assert "wr0ng" not in repr(caught.value.problems)

    with caplog.at_level(logging.INFO):
        asyncio.run(story())
    assert "wr0ng" not in caplog.text


def test_who_is_cancelled_leaves_the_upload_to_the_next(
    tls: ssl.SSLContext, clock: QuickClock, context: BookDesk
) -> None:
    call = calling({"image_url": context.put(png())})

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            tasks = [asyncio.ensure_future(uploads.body(call, context)) for _ in range(3)]
            await storage.peer.begun.wait()
            tasks[0].cancel()
            tasks[2].cancel()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(ends[1], dict)
            assert [type(end) for end in (ends[0], ends[2])] == [asyncio.CancelledError] * 2

    asyncio.run(story())
    assert context.left == []


@pytest.mark.slow
def test_a_large_file_goes_in_parts(tls: ssl.SSLContext, clock: QuickClock, context: BookDesk, tmp_path: Path) -> None:
    path = tmp_path / "large"
    tensor = 101 * 1024 * 1024
    header = json.dumps({"a": {"dtype": "U8", "shape": [tensor], "data_offsets": [0, tensor]}}).encode()
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(8 + len(header) + tensor)
    blob = context.store.blobs.put(path, media="application/octet-stream")

    async def story() -> None:
        async with uploading(tls, clock) as (uploads, storage):
            body = await uploads.body(calling({"image_url": blob}), context)
            assert body["image_url"] == f"{storage.peer.url}/files/big"
            assert len(storage.kept[f"{storage.peer.url}/files/big"]) == blob.size
            assert len(storage.parts) == 11

    asyncio.run(story())
    assert context.left == []
