"""One server for all tests of the emulator, and fal's own clients pointed at it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeVar

import fal_client
import fal_client.client as fc
import httpx
import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator

T = TypeVar("T")
KEY = "id:secret"


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("emulator"), EmulatorOptions(pictures="plain", proxy_port=0)) as server:
        yield server


@pytest.fixture
def server(serving: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """The server, as new; fal-client knows no other and tries everything once."""
    serving.control("POST", "reset")
    monkeypatch.setenv("SSL_CERT_FILE", str(serving.ca))
    names = ("RUN_URL_FORMAT", "QUEUE_URL_FORMAT", "REST_URL", "CDN_URL", "MAX_ATTEMPTS")
    before = {name: getattr(fc, name) for name in names}
    fc.RUN_URL_FORMAT = fc.QUEUE_URL_FORMAT = f"{serving.url}/"
    fc.REST_URL = fc.CDN_URL = serving.url
    fc.MAX_ATTEMPTS = 1
    yield serving
    for name, value in before.items():
        setattr(fc, name, value)


@pytest.fixture
def http(server: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=server.url, headers={"Authorization": f"Key {KEY}"}, timeout=5, verify=trust(server)
    ) as client:
        yield client


@pytest.fixture
def sync(server: Emulator) -> Iterator[fal_client.SyncClient]:  # noqa: ARG001 - the client finds it by the environment
    client = fal_client.SyncClient(key=KEY)
    yield client
    client._client.close()


def trust(server: Emulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca)


def talk(work: Callable[[fal_client.AsyncClient], Coroutine[None, None, T]]) -> T:
    """Do some work with fal's async client, and close it."""

    async def whole() -> T:
        client = fal_client.AsyncClient(key=KEY)
        try:
            return await work(client)
        finally:
            await (await client._client).aclose()

    return asyncio.run(whole())


def ended(http: httpx.Client, request_id: str, app: str = "fal-ai/flux-lora") -> httpx.Response:
    """Wait for a request's end, and ask for its result."""
    here = f"/{app}/requests/{request_id}"
    while http.get(f"{here}/status").status_code == 202:
        pass
    return http.get(here)


def submitted(http: httpx.Client, *, fault: str = "", endpoint: str = "fal-ai/flux-lora", **given: object) -> str:
    """Submit a request, and return its id."""
    headers = {"x-emulator-fault": fault} if fault else {}
    answer = http.post(f"/{endpoint}", json={"prompt": "a photo", **given}, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])
