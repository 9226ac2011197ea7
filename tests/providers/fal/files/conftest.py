"""A certificate that the client trusts, and a desk."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from nano_banana.store.store import Store
from tests.providers.fal.clock import QuickClock
from tests.providers.fal.desk import BookDesk

VARIABLES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Signs the servers' certificates."""
    return trustme.CA()


@pytest.fixture
def context(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """For a server; its authority is the client's, and no proxy is in the way."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(made)
    return made


@pytest.fixture
def clock() -> QuickClock:
    """The time of the store and the client."""
    return QuickClock()


@pytest.fixture
def desk(tmp_path: Path, clock: QuickClock) -> Iterator[BookDesk]:
    """A desk for one call."""
    with Store.open(tmp_path / "store", clock=clock.now) as store:
        yield BookDesk(store, "key")
