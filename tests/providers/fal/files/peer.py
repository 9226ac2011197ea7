"""A small TLS server that answers exactly what a test says, broken or not."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

CHUNK = b"\0" * 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer. `length` is what its header claims (None: none), `zeros` follow the body, after `seconds`."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = -1
    zeros: int = 0
    seconds: float = 0.005


def told(value: object, status: int = 200) -> Said:
    """JSON."""
    return Said(status=status, body=json.dumps(value).encode(), headers={"Content-Type": "application/json"})


Answer = Callable[[Asked], Said]


class Peer:
    """Runs in the test's own loop. `routes` gives each path its answers, the last one for ever; unknown is 404."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._context = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: dict[str, list[Said | Answer]] = {}
        self.asked: list[Asked] = []
        self.begun = asyncio.Event()
        self.port = 0
        self.most = 0
        """Requests that were open at the same time."""
        self._open = 0

    @property
    def url(self) -> str:
        """Its address, by number."""
        return f"https://127.0.0.1:{self.port}"

    def paths(self, start: str = "/") -> list[str]:
        """What was asked for, in order."""
        return [one.path for one in self.asked if one.path.startswith(start)]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
                await self._answer(await _read(reader), writer)
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        self.begun.set()
        self._open += 1
        self.most = max(self.most, self._open)
        said = self._said(asked)
        await asyncio.sleep(said.seconds)
        length = len(said.body) + said.zeros if said.length == -1 else said.length
        headers = {**said.headers, "Connection": "close"}
        if length is not None:
            headers["Content-Length"] = str(length)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {said.status} Said\r\n{lines}\r\n".encode() + said.body)
        try:
            for start in range(0, said.zeros, len(CHUNK)):
                writer.write(CHUNK[: said.zeros - start])
                await writer.drain()
            await writer.drain()
        finally:
            self._open -= 1

    def _said(self, asked: Asked) -> Said:
        answers = self.routes.get(asked.path.partition("?")[0]) or [Said(status=404)]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer if isinstance(answer, Said) else answer(asked)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, path=path, headers=headers, body=body)
