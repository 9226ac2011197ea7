"""The studio's events, kept for replay and sent to every open page."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Mapping

import msgspec

EVENTS_KEPT = 4_000
"""Events that a page can catch up with after its connection broke."""

PING_SECONDS = 15.0
"""How often a connection without events gets a comment, so that both sides see that it lives."""


class EventLog:
    """Events in order. Any thread may add one; listeners live in the server's event loop.

    Numbers begin with the time in milliseconds, so that a page never takes those of an earlier studio for ours.
    """

    def __init__(self) -> None:
        self._events: deque[tuple[int, str, bytes]] = deque(maxlen=EVENTS_KEPT)
        self._last = time.time_ns() // 1_000_000
        self._lock = threading.Lock()
        self._listeners: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._is_closed = False

    @property
    def listeners(self) -> int:
        """How many pages listen."""
        return len(self._listeners)

    def add(self, kind: str, data: Mapping[str, object]) -> None:
        """Add an event and wake whoever listens."""
        payload = msgspec.json.encode(data)
        with self._lock:
            self._last += 1
            self._events.append((self._last, kind, payload))
        self._wake()

    def close(self) -> None:
        """End every stream."""
        self._is_closed = True
        self._wake()

    async def stream(self, after: int | None) -> AsyncIterator[bytes]:
        """Server-sent events after number `after`; None: only what comes from now on.

        If the events behind `after` are gone (or the studio was started again), it begins with `reset`: the page must
        fetch everything anew.
        """
        woken = asyncio.Event()
        listener = (asyncio.get_running_loop(), woken)
        with self._lock:
            self._listeners.add(listener)
            last = self._last if after is None else after
        try:
            # The number alone lets a page that has heard nothing yet catch up after its connection broke.
            yield b"retry: 1000\nid: %d\n\n" % last
            if self._is_lost(last):
                last = self._last
                yield _frame(last, "reset", b"{}")
            while not self._is_closed:
                woken.clear()
                for number, kind, payload in self._since(last):
                    last = number
                    yield _frame(number, kind, payload)
                try:
                    await asyncio.wait_for(woken.wait(), PING_SECONDS)
                except TimeoutError:
                    yield b": ping\n\n"
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def _is_lost(self, last: int) -> bool:
        with self._lock:
            oldest = self._events[0][0] if self._events else self._last + 1
            return last > self._last or last + 1 < oldest

    def _since(self, last: int) -> list[tuple[int, str, bytes]]:
        with self._lock:
            missed = min(self._last - last, len(self._events))
            return [self._events[at] for at in range(len(self._events) - missed, len(self._events))]

    def _wake(self) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for loop, woken in listeners:
            loop.call_soon_threadsafe(woken.set)


def _frame(number: int, kind: str, payload: bytes) -> bytes:
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, kind.encode(), payload)
