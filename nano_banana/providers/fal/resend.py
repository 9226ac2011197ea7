"""When a request that may be sent again is sent again: bounded, jittered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.providers.fal.clock import Clock
from nano_banana.providers.fal.moments import read_header
from nano_banana.providers.fal.wire import Broken, Declined

T = TypeVar("T")

LONGEST_RETRY_AFTER = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to go on: waits double from `first` to `most` seconds, and end after `total` of them."""

    first: float = 0.25
    most: float = 10.0
    total: float = 60.0

    def wait(self, turn: int, clock: Clock) -> float:
        """The wait before the next try, `turn` counting from 0: full jitter, anything from 0 to the bound.

        As in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), which spreads retries best.
        """
        bound: float = min(self.most, self.first * 2**turn)
        return clock.chance() * bound


async def insist(work: Callable[[], Awaitable[T]], *, patience: Patience, clock: Clock, what: str) -> T:
    """Do what may be done twice without harm until it works; `what` names it in the error.

    Raises CallFailed `fal_unreachable` or `fal_busy` when patience is over, and at once where a certificate is refused.
    """
    over = clock.now() + patience.total
    turn = 0
    while True:
        try:
            return await work()
        except Broken as error:
            wait, failure = patience.wait(turn, clock), unreachable(error, what)
            if error.why == "tls":
                raise failure from error
        except Declined as error:
            wait, failure = max(patience.wait(turn, clock), retry_after(error, clock)), busy(error, what)
            if error.response.status_code == 409:
                raise failure from error
        turn += 1
        if clock.now() + wait > over:
            raise failure
        await clock.sleep(wait)


def retry_after(declined: Declined, clock: Clock) -> float:
    """The seconds that the service asks to wait, 0 where it does not say (RFC 9110 §10.2.3: seconds or a date)."""
    text = declined.response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), LONGEST_RETRY_AFTER)
    at = read_header(text)
    return 0.0 if at is None else min(max(at - clock.now(), 0.0), LONGEST_RETRY_AFTER)


def unreachable(error: Broken, what: str) -> CallFailed:
    """No answer came."""
    kind = "fal_certificate" if error.why == "tls" else "fal_unreachable"
    return CallFailed([trouble(kind, what=what, why=error.why, host=error.host or "fal")])


def busy(error: Declined, what: str) -> CallFailed:
    """The service says: not now."""
    return CallFailed([trouble("fal_busy", what=what, status=error.response.status_code)])
