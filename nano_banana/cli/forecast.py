"""A forecast in words: calls and cost by stage."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.cli.amounts import moment, money
from nano_banana.cli.cells import visible
from nano_banana.cli.outcome import SHOWN, say_lost
from nano_banana.cli.render import numbered
from nano_banana.cli.screen import Screen
from nano_banana.core.result import Status
from nano_banana.core.ticket import Ticket
from nano_banana.project.forecast import Forecast
from nano_banana.project.nouns import StageCount, Tally

HERE = "local"
"""The provider that is this machine itself."""


def say_forecast(screen: Screen, forecast: Forecast, *, provider: str) -> None:
    """Print a row for each stage, then the sum."""
    takes = [record for record in forecast.records if record.card.kind == "take"]
    done = sum(record.status is Status.DONE for record in takes)
    named = f"{visible(forecast.project)} on {visible(provider)}"
    screen.say(f"{named}: {numbered(len(takes), 'take')}, {done:,} of them done")
    screen.say()
    screen.table(_rows(forecast.tally), head=_head(forecast.tally), indent=2)
    screen.say()
    lost = [record for record in forecast.records if record.status in {Status.FAILED, Status.BLOCKED}]
    if lost:
        say_lost(screen, lost, "would fail")
    screen.say(verdict(forecast.tally, visible(provider), whole=not lost))
    if forecast.tally.may:
        screen.say(second_chances(forecast.tally, visible(provider)))
    if forecast.sent:
        screen.say(f"{numbered(len(forecast.sent), 'call')} of these sent already: paid for, to be collected")
    if forecast.lost:
        say_open(screen, forecast.lost)
    if (forecast.tally.money.high or forecast.tally.may_high) and forecast.prices_as_of:
        screen.say(f"by prices of {forecast.prices_as_of}; fal changes them now and then")


def say_open(screen: Screen, lost: Sequence[Ticket]) -> None:
    """Print the requests that nobody knows the end of, and what can be done."""
    screen.say(screen.paint("yellow", f"{numbered(len(lost), 'request')} of which nobody knows the end:"))
    rows = [
        (ticket.errand.node, ticket.endpoint, moment(ticket.begun_at), ticket.request_id or "no id")
        for ticket in lost[:SHOWN]
    ]
    screen.table(rows, indent=2)
    if len(lost) > SHOWN:
        screen.say(f"  … {len(lost) - SHOWN:,} more")
    screen.say("a run looks for them at fal; then `--resubmit` buys again what is not found, `--abandon` gives it up")


def verdict(tally: Tally, provider: str, *, whole: bool) -> str:
    """What is left to do, by whom and for how much; `whole` where nothing would fail."""
    if not tally.to_make and not tally.may and whole:
        return f"nothing to do: {numbered(tally.cached, 'call')}, all in the store"
    here = tally.to_make - tally.paid
    who = f" ({tally.paid:,} on {provider}, {here:,} on this machine)" if here and provider != HERE else ""
    made = f"{numbered(tally.to_make, 'call')} to make{who}, {tally.cached:,} in the store"
    return f"{made}; {price(tally)}"


def second_chances(tally: Tally, provider: str) -> str:
    """What gates may ask for beside, what of it is likely, and what that is judged by."""
    most = f"up to {numbered(tally.may, 'more call')}{_for(_may_price(tally))} if a gate refuses"
    assumed = tally.assumed
    if assumed is None or not tally.may_paid:
        return most
    likely = f"about {round(tally.expected.calls):,} on {provider}{_for(_usd(tally.expected.usd))}"
    passed = f"{assumed.passed:,} of {assumed.judged:,}"
    if assumed.known:
        return f"{most}; {likely} by what passed before ({passed})"
    return f"{most}; {likely} assuming that {passed} pass, since nothing was judged yet"


def price(tally: Tally) -> str:
    """The cost of what is to be made: one sum or a range, and how many calls nobody can price."""
    spread = _range(tally.money.low, tally.money.high)
    return spread + (f" and {numbered(tally.unpriced, 'call')} at an unknown price" if tally.unpriced else "")


def whole_price(tally: Tally) -> str:
    """The cost of what is to be made, and the most that second chances may add."""
    more = _may_price(tally)
    return f"{price(tally)}, and {more} more if gates refuse" if more else price(tally)


def _head(tally: Tally) -> tuple[str, ...]:
    chances = ("may be made", *(("for up to",) if _may_price(tally) else ()))
    return ("stage", "cached", "to make", "cost", *(chances if tally.may else ()))


def _rows(tally: Tally) -> list[tuple[str, ...]]:
    """A row for each stage, as wide as the head."""
    return [
        (stage, f"{count.cached:,}", f"{count.to_make:,}", _cost(count), *_chances(count))[: len(_head(tally))]
        for stage, count in tally.stages.items()
    ]


def _chances(count: StageCount) -> tuple[str, str]:
    if not count.may:
        return ("", "")
    if count.may_unpriced == count.may:
        return (f"{count.may:,}", "unknown")
    return (f"{count.may:,}", money(count.may_high) + (" + unknown" if count.may_unpriced else ""))


def _may_price(tally: Tally) -> str:
    """The most that second chances may cost; empty where they cost nothing."""
    unknown = f"{numbered(tally.may_unpriced, 'call')} at an unknown price" if tally.may_unpriced else ""
    known = f"up to {money(tally.may_high)}" if tally.may_high else ""
    return " and ".join(filter(None, (known, unknown)))


def _usd(usd: float) -> str:
    return money(usd) if usd else ""


def _for(price: str) -> str:
    return f" for {price}" if price else ""


def _cost(count: StageCount) -> str:
    if not count.to_make:
        return ""
    if count.unpriced == count.to_make:
        return "unknown"
    return _range(count.low, count.high) + (" + unknown" if count.unpriced else "")


def _range(low: float, high: float) -> str:
    return money(low) if abs(high - low) < 0.00005 else f"{money(low)}–{money(high)}"
