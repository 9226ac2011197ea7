"""A stage for fal's provider: certificates, a clock, a store, and nobody's proxy."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import trustme

from nano_banana.store.local_store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.scene import Player
from tests.providers.fal.scene import play as played

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """For a server that the client trusts."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return serving(authority)


def serving(authority: trustme.CA) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(made)
    return made


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
def store(tmp_path: Path, clock: QuickClock) -> Iterator[Store]:
    with Store.open(tmp_path / "store", clock=clock.now) as opened:
        yield opened


@pytest.fixture
def play(tls: ssl.SSLContext, store: Store, clock: QuickClock) -> Player:
    return partial(played, tls=tls, store=store, clock=clock)
