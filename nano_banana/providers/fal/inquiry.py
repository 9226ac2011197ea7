"""One question to fal's platform, asked while nothing runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from nano_banana.core.errors import Refused, trouble
from nano_banana.providers.fal.clock import Clock
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.platform import Platform, PlatformDenied
from nano_banana.providers.fal.resend import Patience
from nano_banana.providers.fal.terms import Terms

T = TypeVar("T")

WAITING = Patience(first=0.25, most=2.0, total=6.0)
"""Somebody sits and waits for the answer."""


async def inquire(terms: Terms, question: Callable[[Platform], Awaitable[T]]) -> T:
    """The answer. Raises CallFailed where there is none, Refused (`platform_denied`) where the key may not ask."""
    line = Line(terms, Clock())
    try:
        return await question(Platform(line, patience=WAITING))
    except PlatformDenied as error:
        raise Refused([trouble("platform_denied", what=error.what, status=error.status)]) from error
    finally:
        await line.close()
