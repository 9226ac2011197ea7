"""The desk of these tests is a desk."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nano_banana.model.provider_protocol import CallContext
from nano_banana.model.ticket import Upload
from nano_banana.store.local_store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.context import BookDesk


def test_it_keeps_what_a_desk_keeps(tmp_path: Path) -> None:
    clock = QuickClock()
    with Store.open(tmp_path / "store", clock=clock.now) as store:
        book = BookDesk(store, "key")
        context: CallContext = book
        blob = book.put(b"bytes")
        assert context.path(blob).read_bytes() == b"bytes"
        upload = Upload(service="https://fal", digest=blob.digest, url="https://fal/1")
        asyncio.run(context.save_upload(upload))
        assert asyncio.run(context.find_upload("https://fal", blob)) == upload
        asyncio.run(context.write_note("a", "b"))
        assert asyncio.run(context.read_note("a")) == "b"
        assert asyncio.run(context.last_ticket()) is None
        assert context.scratch() in book.left


def test_its_clock_waits_without_waiting() -> None:
    clock = QuickClock(at=10.0)
    asyncio.run(clock.sleep(600.0))
    assert clock.now() == 610.0
    assert clock.slept == [600.0]
