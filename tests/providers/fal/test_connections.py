"""Connections that are used again, told from the server's side."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx
import pytest
import trustme

from nano_banana.providers.fal import connections
from nano_banana.providers.fal.connections import ConnectionPool

CLOSE, TORN, MUTE, ASTRAY = "/close", "/torn", "/mute", "/astray"


class Host:
    """A server that keeps connections open, and counts them."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests = 0
        self.open: set[asyncio.StreamWriter] = set()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.add(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
                self.requests += 1
                await asyncio.sleep(3600 if path == MUTE else 0.02)
                length = 20 if path == TORN else 5
                status = "421 Misdirected Request" if path == ASTRAY else "200 OK"
                head = f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n"
                head += "Connection: close\r\n" if path == CLOSE else ""
                writer.write(f"{head}\r\nhello".encode())
                await writer.drain()
                if path in {CLOSE, TORN}:
                    break
        self.open.discard(writer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def hosted() -> AsyncIterator[tuple[Host, httpx.AsyncClient]]:
    """A server over TLS, and a client of it."""
    authority = trustme.CA()
    there, here = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), ssl.create_default_context()
    authority.issue_cert("127.0.0.1").configure_cert(there)
    authority.configure_trust(here)
    host = Host()
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0, ssl=there)
    host.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        async with httpx.AsyncClient(transport=ConnectionPool(here), base_url=host.url, timeout=5) as client:
            yield host, client
    finally:
        server.close()
        for writer in list(host.open):
            writer.transport.abort()
        await asyncio.sleep(0.02)


def test_one_after_the_other_takes_one_connection_and_side_by_side_one_each() -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            for _ in range(3):
                assert (await client.get("/")).text == "hello"
            assert host.connections == 1
            answers = await asyncio.gather(*(client.get("/") for _ in range(4)))
            assert [answer.text for answer in answers] == ["hello"] * 4
            assert host.connections == 4
            await client.get("/")
            assert host.connections == 4

    asyncio.run(story())


def test_a_connection_that_the_server_closes_is_not_used_again() -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            await client.get(CLOSE)
            await client.get("/")
            assert host.connections == 2
            for writer in list(host.open):
                writer.transport.abort()
            await asyncio.sleep(0.02)
            await client.get("/")
            assert host.connections == 3

    asyncio.run(story())


def test_what_may_not_be_sent_twice_never_goes_over_a_connection_that_may_be_closing() -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            await client.get("/")
            for _ in range(3):
                await client.post("/")
            assert host.connections == 4
            await client.get("/")
            assert host.connections == 4

    asyncio.run(story())


def test_a_server_that_is_not_the_right_one_is_not_asked_over_the_same_connection() -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            assert (await client.get(ASTRAY)).status_code == 421
            await client.get("/")
            assert host.connections == 2

    asyncio.run(story())


def test_a_body_that_is_not_read_to_its_end_costs_the_connection() -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            async with client.stream("GET", "/") as answer:
                assert answer.status_code == 200
            await client.get("/")
            assert host.connections == 2

    asyncio.run(story())


def test_what_was_idle_for_long_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            await asyncio.gather(client.get("/"), client.get("/"))
            monkeypatch.setattr(connections, "IDLE_SECONDS", 0.0)
            await asyncio.sleep(0.01)
            await client.get("/")
            await asyncio.sleep(0.05)
            assert host.connections == 3
            assert not host.open

    asyncio.run(story())


def test_no_more_than_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 2)

    async def story() -> None:
        async with hosted() as (host, client):
            await asyncio.gather(*(client.get("/") for _ in range(6)))
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(TORN)
            with pytest.raises(httpx.ReadTimeout):
                await client.get(MUTE, timeout=0.05)
            # Those that failed left their places.
            await asyncio.gather(*(client.get("/") for _ in range(6)))
            assert host.connections <= 4

    asyncio.run(story())


def test_errors_are_httpx_own() -> None:
    async def story() -> None:
        async with hosted() as (host, client):
            with pytest.raises(httpx.ConnectError) as refused:
                await client.get("https://127.0.0.1:1/")
            assert refused.value.__cause__ is not None
            with pytest.raises(httpx.UnsupportedProtocol):
                await client.get(host.url.replace("https", "ftp"))
            async with httpx.AsyncClient(transport=ConnectionPool(ssl.create_default_context())) as stranger:
                with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                    await stranger.get(host.url)

    asyncio.run(story())
