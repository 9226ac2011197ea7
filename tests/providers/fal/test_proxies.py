"""Proxies are taken from the environment as people write them there; what can't be used is named."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest

from nano_banana.model.problem import Unusable
from nano_banana.providers.fal.connections import ProxyTransport, proxy_of
from nano_banana.providers.fal.fal_config import FalConfig
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.http_client import NoResponse
from nano_banana.providers.fal.timing import Clock
from tests.providers.fal.odd import said
from tests.providers.fal.scene import KEY, Player, Scene

FAL = "https://queue.fal.run/x"
NAMES = [f"{name}_PROXY" for name in ("HTTP", "HTTPS", "ALL", "NO")]


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxies but those of the test."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, FAL, None),
        ({"HTTPS_PROXY": "http://p:3128"}, FAL, "http://p:3128"),
        ({"https_proxy": "p:3128"}, FAL, "http://p:3128"),
        ({"HTTP_PROXY": "http://p:3128"}, FAL, None),
        ({"HTTP_PROXY": "http://p:3128"}, "http://127.0.0.1:9/", "http://p:3128"),
        ({"ALL_PROXY": "socks5://p:1080"}, FAL, "socks5://p:1080"),
        ({"all_proxy": "socks://p:1080/"}, FAL, "socks5://p:1080/"),
        ({"ALL_PROXY": "SOCKS5H://p:1080"}, FAL, "socks5h://p:1080"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "fal.run"}, FAL, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "localhost, .fal.run"}, FAL, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, FAL, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "queue.fal.run:443"}, FAL, None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "al.run"}, FAL, "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "localhost,::1,fe80::/10"}, FAL, "http://p"),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "fd00::/8, [fe80::]/10"}, "https://[fe80::1]:9/", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "::1"}, "https://[::1]:9/", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8,,/,x/y"}, "https://10.1.2.3/", None),
        ({"HTTPS_PROXY": "http://p", "NO_PROXY": "10.0.0.0/8"}, "https://11.1.2.3/", "http://p"),
    ],
)
def test_which_request_goes_through_which(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_of(httpx.URL(url)) == proxy


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("HTTPS_PROXY", "http://me:secret@127.0.0.1:notaport", "address"),
        ("HTTPS_PROXY", "http://[::1", "address"),
        ("ALL_PROXY", "socks4://127.0.0.1:1", "socks4"),
        ("all_proxy", "ftp://127.0.0.1:1", "ftp"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, why: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Unusable) as caught:
        FalSession(FalConfig(key=lambda: KEY), Clock())
    (problem,) = caught.value.problems
    assert (problem.kind, problem.data["name"]) == ("proxy_unusable", name)
    assert why in str(problem.data["why"])
    assert "secret" not in str(problem)


def test_one_that_nothing_goes_through_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:notaport")
    asyncio.run(FalSession(FalConfig(key=lambda: KEY), Clock()).close())


@asynccontextmanager
async def socks(reply: bytes = b"\x05\x00\x00\x01\0\0\0\0\0\0") -> AsyncIterator[tuple[str, list[int]]]:
    """A SOCKS 5 proxy (RFC 1928) on this machine, and the ports that it was asked for."""
    ports: list[int] = []
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.readexactly((await reader.readexactly(2))[1])
        writer.write(b"\x05\x00")
        head = await reader.readexactly(4)
        size = 4 if head[3] == 1 else (await reader.readexactly(1))[0]
        host = await reader.readexactly(size)
        ports.append(int.from_bytes(await reader.readexactly(2), "big"))
        writer.write(reply)
        if reply[:2] != b"\x05\x00":
            return
        name = socket.inet_ntoa(host) if head[3] == 1 else host.decode()
        there, back = await asyncio.open_connection(name, ports[-1])
        writers.append(back)
        for one in (pipe(reader, back), pipe(there, writer)):
            tasks.add(asyncio.create_task(one))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}", ports
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for one in writers:
        one.transport.abort()
    await asyncio.sleep(0)


def test_requests_go_through_a_socks_proxy(play: Player, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(scene: Scene) -> None:
        scene.odd.routes |= {"GET /a": [said({"a": 1})], "POST /a": [said({"a": 2})]}
        async with socks() as (address, ports):
            monkeypatch.setenv("ALL_PROXY", address)
            assert (await scene.session.http.get(f"{scene.odd.url}/a")).json() == {"a": 1}
            assert (await scene.session.http.post(f"{scene.odd.url}/a")).json() == {"a": 2}
            assert set(ports) == {scene.odd.port}
            await scene.session.close()

    play(story)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # httpcore leaves the socket open
@pytest.mark.parametrize(("reply", "sent"), [(b"\x05\x01\x00\x01\0\0\0\0\0\0", False), (b"HTTP/1.1 400 no", True)])
def test_a_proxy_that_fails_is_a_broken_connection(
    play: Player, monkeypatch: pytest.MonkeyPatch, reply: bytes, *, sent: bool
) -> None:
    async def story(scene: Scene) -> None:
        async with socks(reply) as (address, _):
            monkeypatch.setenv("ALL_PROXY", address)
            with pytest.raises(NoResponse) as caught:
                await scene.session.http.post(f"{scene.odd.url}/a")
            assert caught.value.sent is sent
            assert scene.odd.asked == []
            await scene.session.close()

    play(story)
    gc.collect()


def test_without_the_package_for_socks_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import ssl
    import sys

    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(Unusable) as caught:
        ProxyTransport(ssl.create_default_context()).check(httpx.URL(FAL))
    assert "socksio" in str(caught.value.problems[0].data["why"])
