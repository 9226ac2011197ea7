"""A fal-compatible server in a process of its own, and what it counted."""

from __future__ import annotations

import json
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from benchmarks.places import PROGRAM
from nano_banana.model.json_values import JSONObject, JSONValue, as_object

STOPPING = 20.0
"""Seconds that the server may take to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What the server saw of one run: HTTP requests by kind, and seconds from the first submit to the last file."""

    makespan: float
    accepted: int
    distinct: int
    requests: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All HTTP requests."""
        return sum(self.requests.values())

    def __str__(self) -> str:
        """The requests, by kind."""
        return ", ".join(f"{kind} {count:,}" for kind, count in sorted(self.requests.items()))


class Server:
    """A server that runs; every question about it goes to its control API."""

    def __init__(self, told: JSONObject) -> None:
        self.url = str(told["url"])
        self.ca = str(told["ca"])
        self.pid = int(str(told["pid"]))
        trust = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=self.ca))
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), trust)

    @property
    def environment(self) -> dict[str, str]:
        """What sends a client here, ours or anybody's."""
        host = self.url.removeprefix("https://")
        return {
            "NANO_BANANA_FAL_URL": self.url,
            "FAL_RUN_HOST": host,
            "FAL_QUEUE_RUN_HOST": host,
            "FAL_KEY": "bench:mark",
            "SSL_CERT_FILE": self.ca,
        }

    def ask(self, method: str, path: str, body: JSONValue = None) -> JSONObject:
        """The answer of the control API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_emulator/{path}", data, method=method)  # noqa: S310 - our own
        with self._opener.open(request, timeout=60) as answer:
            return as_object(cast(JSONValue, json.load(answer)))

    def reset(self) -> None:
        """Forget everything."""
        self.ask("POST", "reset")

    def counted(self) -> Counted:
        """What happened since the last reset."""
        found = self.ask("GET", "counts")
        begun, ended = found["first_accepted_at"], found["last_served_at"]
        makespan = ended - begun if isinstance(begun, float) and isinstance(ended, float) else 0.0
        return Counted(
            makespan=makespan,
            accepted=int(str(found["accepted"])),
            distinct=int(str(found["distinct"])),
            requests={kind: int(str(count)) for kind, count in as_object(found["requests"]).items()},
        )


@contextmanager
def emulator(*, seconds: float, environment: Mapping[str, str]) -> Iterator[Server]:
    """Serve plain pictures that take `seconds` each, over TLS, while the block lasts."""
    argv = [*PROGRAM, "emulate", "--json", "--pictures", "plain", "--seconds", str(seconds)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=dict(environment)) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            yield Server(as_object(cast(JSONValue, json.loads(line))))
        finally:
            process.terminate()
            process.wait(STOPPING)
