"""Answers that are no answers: refusals, broken connections, silence."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import cast
from uuid import uuid4

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nano_banana.core.json import JSONValue
from nano_banana.emulator.endings import CODES
from nano_banana.emulator.faults import Fault
from nano_banana.emulator.wire import Wire

NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_REASONS: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus} | {
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""As nginx words them."""


def as_json(value: JSONValue, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(body, status, headers, "application/json")


def refuse(status: int, detail: str, *, error_type: str = "", headers: Mapping[str, str] | None = None) -> Response:
    """An answer of fal's own that says no."""
    typed = {"error_type": error_type} if error_type else {}
    more = {"x-fal-error-type": error_type} if error_type else {}
    head = {"x-fal-request-id": str(uuid4()), "x-fal-billable-units": "0", **more, **(headers or {})}
    return as_json({"detail": detail, **typed}, status, head)


def unauthorised() -> Response:
    """What a missing or wrong key gets."""
    return refuse(401, "Authentication is required to access this application.")


def in_progress() -> Response:
    """What the result of a request that has not ended is answered with."""
    return refuse(400, "Request is still in progress", error_type="bad_request")


def struck(fault: Fault, closing: asyncio.Event) -> Response | Broken:
    """What the fault gives in place of an answer."""
    if fault.kind.startswith("drop"):
        return Broken(0, closing)
    if fault.kind.startswith("hang"):
        return Broken(fault.number(3600), closing)
    if fault.kind.startswith("nginx"):
        return _nginx(fault.code(502))
    if fault.kind == "result-4xx":
        return _nginx(fault.code(421))
    if fault.kind == "result-in-progress":
        return in_progress()
    return _REFUSALS.get(fault.kind, _server_error)(fault.arg)


def _nginx(code: int) -> Response:
    text = NGINX.format(f"{code} {_REASONS.get(code, '')}".strip())
    return Response(text, code, {"server": "nginx"}, "text/html")


def _too_many(seconds: str) -> Response:
    return refuse(429, "Too many requests", headers={"retry-after": seconds or "1", "x-fal-needs-retry": "1"})


def _server_error(arg: str) -> Response:
    """A 5xx by its type, or by its code with the last of the types that have it."""
    if arg in CODES:
        return refuse(CODES[arg], _said(arg), error_type=arg)
    code = int(arg) if re.fullmatch("5[0-9]{2}", arg) else 500
    types = [name for name, status in CODES.items() if status == code] or ["internal_error"]
    return refuse(code, _said(types[-1]), error_type=types[-1])


def _said(error_type: str) -> str:
    return error_type.replace("_", " ").capitalize()


_REFUSALS: Mapping[str, Callable[[str], Response]] = {
    "429": _too_many,
    "401": lambda _: unauthorised(),
    "403": lambda _: refuse(403, "Forbidden"),
    "balance": lambda _: refuse(
        403, "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
    ),
}


class Broken:
    """No answer: after so many seconds the connection is cut, without a byte."""

    def __init__(self, seconds: float, closing: asyncio.Event) -> None:
        self._seconds = seconds
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - the shape of an ASGI answer
        """Wait, then cut."""
        if self._seconds > 0:
            waits = [asyncio.ensure_future(self._closing.wait()), asyncio.ensure_future(gone(receive))]
            await asyncio.wait(waits, timeout=self._seconds, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        await cut(scope, receive)


def closing_early(scope: Scope, seconds: float) -> None:
    """Close the connection when it has been idle for so long; what is asked before is answered."""
    cast(Wire, scope["state"]["transport"].get_protocol()).close_when_idle(seconds)


async def cut(scope: Scope, receive: Receive) -> None:
    """Kill the connection."""
    scope["state"]["transport"].abort()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Wait until the client is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
