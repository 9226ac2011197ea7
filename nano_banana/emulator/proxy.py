"""A proxy that leads fal's host names to this server, for CONNECT alone."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from nano_banana.emulator.hosts import is_fal

_CONNECT = re.compile(rb"CONNECT ([^\s:]+):(\d{1,5}) HTTP/1\.[01]\r\n")
_WAIT = 10.0
"""Seconds in which a client must have said where it wants to go."""

_OK = b"HTTP/1.1 200 Connection established\r\n\r\n"
_OTHERS = "This proxy leads to fal's hosts only, not to {0}. Name {0} in NO_PROXY."
_NO_CONNECT = "This proxy takes CONNECT only: set HTTPS_PROXY to it, not HTTP_PROXY."


class Proxy:
    """Tunnels to one port of this machine, and to nowhere else."""

    def __init__(self, host: str, port: int) -> None:
        """Lead everybody there."""
        self._to = (host, port)
        self._tunnels: set[asyncio.Task[None]] = set()

    async def enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        task = asyncio.current_task()
        if task is not None:
            self._tunnels.add(task)
            task.add_done_callback(self._tunnels.discard)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _WAIT)
            wish = _CONNECT.match(head)
            name = wish[1].decode("ascii", "replace").lower() if wish else ""
            if not wish or not is_fal(name):
                await _refuse(writer, _OTHERS.format(name) if wish else _NO_CONNECT, 403 if wish else 405)
                return
            there = await asyncio.open_connection(*self._to)
            writer.write(_OK)
            await asyncio.gather(_flow(reader, there[1]), _flow(there[0], writer))
        writer.transport.abort()

    async def close(self) -> None:
        """Cut all tunnels."""
        for task in list(self._tunnels):
            task.cancel()
        await asyncio.gather(*self._tunnels, return_exceptions=True)


async def _refuse(writer: asyncio.StreamWriter, said: str, status: int) -> None:
    body = said.encode()
    head = f"HTTP/1.1 {status} Refused\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\nconnection: close"
    writer.write(f"{head}\r\n\r\n".encode() + body)
    await writer.drain()
    writer.close()


async def _flow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, to its end."""
    try:
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    finally:
        writer.close()
