"""A result that was lost here is fetched once more, and not bought once more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import as_object
from nano_banana.model.provider_protocol import Answer
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_provider import FalProvider
from nano_banana.store.local_store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.conftest import PROXIES
from tests.providers.fal.context import BookDesk
from tests.providers.fal.scene import CATALOG, KEY, call_for


async def ask(server: Emulator, store: Store) -> Answer:
    """Answer the call, and close its ticket as the engine does with the reply."""
    call = call_for()
    context = BookDesk(store, call.key)
    fal = FalProvider(FalConfig(key=lambda: KEY, base=server.url), CATALOG, QuickClock())
    try:
        answer = await fal.answer(call, context)
    finally:
        await fal.close()
    if answer.ticket is not None:
        await context.save_ticket(answer.ticket)
    return answer


def test_a_result_that_was_lost_here_is_fetched_again_while_fal_has_it(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    with Emulator(tmp_path / "server", EmulatorOptions(pictures="plain")) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.ca))
        first = asyncio.run(ask(server, store))
        # (As if the blob had been damaged: nothing but the ticket is left.)
        second = asyncio.run(ask(server, store))
        assert second.files.keys() == first.files.keys()
        assert second.cost_usd == first.cost_usd
        assert (first.newly_billed, second.newly_billed) == (True, False)
        assert as_object(server.control("GET", "counts"))["accepted"] == 1
        server.control("POST", "results/expire")
        third = asyncio.run(ask(server, store))
        assert third.newly_billed
        assert as_object(server.control("GET", "counts"))["accepted"] == 2
