"""The service of a story: an emulator in a thread, and what it saw."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from http.client import HTTPSConnection

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object, as_whole

PATIENCE = 30.0
"""Seconds that a test waits for what must come; a slow machine may need most of them."""


class Service:
    """What tests ask of an emulator, and do to it."""

    def __init__(self, emulator: Emulator) -> None:
        self._line = HTTPSConnection(
            emulator.host, timeout=PATIENCE, context=ssl.create_default_context(cafile=emulator.ca)
        )

    def control(self, method: str, path: str, body: JSONValue = None) -> JSONValue:
        """Ask the control API, on one connection: tests that wait ask often."""
        self._line.request(method, f"/_emulator/{path}", None if body is None else json.dumps(body))
        answer = self._line.getresponse()
        told: JSONValue = json.load(answer)
        assert answer.status == 200, told
        return told

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def counts(self) -> JSONObject:
        """Everything that was counted since the last reset."""
        return as_object(self.control("GET", "counts"))

    def count(self, name: str) -> int:
        """One of the counts; `submit`, `upload` and so on are numbers of HTTP requests."""
        counts = self.counts()
        found = counts.get(name, as_object(counts["requests"]).get(name, 0))
        return as_whole(found)

    def asked(self) -> int:
        """How many HTTP requests came, of all kinds."""
        return sum(as_whole(number) for number in as_object(self.counts()["requests"]).values())

    def struck(self, kind: str) -> int:
        """How often a fault struck."""
        return as_whole(as_object(self.counts()["faults"]).get(kind, 0))

    def accepted(self) -> list[JSONObject]:
        """Every accepted request, oldest first."""
        return [as_object(one) for one in as_items(as_object(self.control("GET", "requests"))["requests"])]

    def states(self) -> list[str]:
        """The states of the accepted requests, sorted."""
        return sorted(str(one["state"]) for one in self.accepted())

    def fault(self, kind: str, **rule: JSONValue) -> Service:
        """Let this fault strike from now on; see the emulator's control API for the rule."""
        self.control("POST", "faults", [{"kind": kind, **rule}])
        return self

    def faultless(self) -> Service:
        """No faults from now on."""
        self.control("DELETE", "faults")
        return self

    def turn(self, what: str) -> Service:
        """`reset`, `pause`, `resume`, `files/expire` or `results/expire`."""
        self.control("POST", what)
        return self


def until(condition: Callable[[], bool], what: str, *, seconds: float = PATIENCE) -> None:
    """Wait for a condition, and insist on it."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.01)
