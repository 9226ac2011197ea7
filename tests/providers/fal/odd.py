"""A TLS server that plays fal as a test says, however odd."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self, TypeAlias

from nano_banana.model.json_values import JSONObject

ENDPOINT, APP = "fal-ai/flux/dev", "/fal-ai/flux"
SUBMIT = f"POST /{ENDPOINT}"
EVENTS = {"Content-Type": "text/event-stream"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; header names are small."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One answer: after `hang` seconds, cut off before the first byte or (`torn`) after the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0.0
    cut: bool = False
    torn: bool = False
    open: float = 0.0
    """Seconds for which the line stays open after the body."""


Play: TypeAlias = Act | Callable[[Asked], Awaitable[Act]]

CUT = Act(cut=True)
HANG = Act(hang=60)
NGINX = b"<html><center>nginx</center></html>"


def said(value: object, status: int = 200, **headers: str) -> Act:
    """JSON; `x_fal_error_type` is a header."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Act(status=status, body=json.dumps(value).encode(), headers={"Content-Type": "application/json", **named})


def events(*statuses: object, torn: bool = False, still: float = 0.0) -> Act:
    """A stream of statuses."""
    body = b"".join(b"data: " + json.dumps(status).encode() + b"\n\n" for status in statuses)
    return Act(body=body, headers=EVENTS, torn=torn, open=still)


def status(word: str, **more: object) -> dict[str, object]:
    """A status as fal words it."""
    return {"status": word, "logs": None, **more}


_PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGM4IScHAAK2AQU0pnWqAAAAAElFTkSuQmCC"
DOT: JSONObject = {"url": f"data:image/png;base64,{_PNG}", "content_type": "image/png", "width": 1, "height": 1}
"""A picture of one red pixel, as a result names it."""


class Odd:
    """Runs in the test's own loop; a route (`GET /path`) plays its acts in order, the last one for ever."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._context = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.routes: dict[str, list[Play]] = {}
        self.asked: list[Asked] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'http' if self._context is None else 'https'}://127.0.0.1:{self.port}"

    def count(self, route: str) -> int:
        """How often this was asked."""
        return sum(f"{one.method} {one.path}" == route for one in self.asked)

    def takes(self, name: str = "r1", *, base: str = "") -> Act:
        """What submit answers."""
        here = f"{base or self.url}{APP}/requests/{name}"
        urls = {"status_url": f"{here}/status", "response_url": here, "cancel_url": f"{here}/cancel"}
        return said({"status": "IN_QUEUE", "request_id": name, "queue_position": 0, **urls})

    def request(self, name: str = "r1", *, result: Sequence[Play] = (), statuses: Sequence[Play] = ()) -> None:
        """Play a request: completed, without streams, unless something else is said."""
        here = f"GET {APP}/requests/{name}"
        self.routes[here] = list(result) or [said({"images": [DOT], "seed": 1}, x_fal_billable_units="1")]
        self.routes[f"{here}/status"] = list(statuses) or [said(status("COMPLETED"))]

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
            with suppress(ConnectionError, ssl.SSLError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        plays = self.routes.get(f"{asked.method} {asked.path}") or [said({"detail": "no such thing"}, 404)]
        play = plays.pop(0) if len(plays) > 1 else plays[0]
        act = play if isinstance(play, Act) else await play(asked)
        await asyncio.sleep(act.hang)
        if act.cut:
            writer.transport.abort()
            return
        whole = {} if act.torn or act.open else {"Content-Length": str(len(act.body))}
        headers = {**whole, **act.headers, "Connection": "close"}
        lines = "".join(f"{name}: {text}\r\n" for name, text in headers.items())
        if act.torn:
            lines += f"Content-Length: {len(act.body) + 9}\r\n"
        writer.write(f"HTTP/1.1 {act.status} Said\r\n{lines}\r\n".encode() + act.body)
        await writer.drain()
        await asyncio.sleep(act.open)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    path, _, query = target.partition("?")
    headers = {name.lower(): text.strip() for name, _, text in (line.partition(":") for line in head[1:-2])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, path=path, query=query, headers=headers, body=body)
