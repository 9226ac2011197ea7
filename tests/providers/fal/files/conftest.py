"""A clock, a store and a context; the certificate is the folder's above."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.store.local_store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.context import BookDesk


@pytest.fixture
def clock() -> QuickClock:
    """The time of the store and the client."""
    return QuickClock()


@pytest.fixture
def context(tmp_path: Path, clock: QuickClock) -> Iterator[BookDesk]:
    """A context for one call."""
    with Store.open(tmp_path / "store", clock=clock.now) as store:
        yield BookDesk(store, "key")
