"""What a run would do and cost, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nano_banana.catalog.provider_registry import find_provider
from nano_banana.cli.diagnostics import describe, install_command, place_text, plural, short_path
from nano_banana.cli.formatting import duration, money, spent_text, utc_time, visible
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import say_acceptance
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.ticket import Ticket
from nano_banana.planner.cost_forecast import ForecastTotals, StageCount
from nano_banana.session.forecasting import Forecast
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_records import NodeRecord

MAX_PATHS = 20
"""Paths that are listed; `--json` has all of them."""

NOT_DELIVERED = "nothing was handed out: `outputs.files` needs a whole run, without --only and --sample"


def say_handout(screen: Screen, outcome: RunOutcome) -> None:
    """Print where the copies are, how many are new, and which files were left alone or removed."""
    if outcome.export_skipped:
        screen.say(NOT_DELIVERED)
    handout = outcome.exported
    if handout is None:
        return
    places = [short_path(str(path), Path.cwd()) for path in (handout.folder, handout.zip) if path is not None]
    where = " and ".join(places)
    if where:
        count = f"{handout.fresh:,} " if handout.folder is not None else ""
        fresh = f", {count}written now" if handout.fresh else ""
        screen.say(f"{_copies(handout.copies)} in {where}{fresh}")
    if handout.enlarged:
        screen.say(f"{_copies(handout.enlarged)} enlarged: the pictures are smaller than the crop; upscale them first")
    if handout.faceless:
        screen.say(f"{_copies(handout.faceless)} without a face: cropped around the centre")
    _say_paths(screen, handout.edited, "changed by somebody and left alone")
    _say_paths(screen, handout.pruned, "of earlier runs removed")
    _say_paths(
        screen, handout.older, "of earlier runs left there; `nano-banana run --prune` removes those that nobody changed"
    )


def _say_paths(screen: Screen, paths: Sequence[Path], what: str) -> None:
    if paths:
        screen.say(f"{_copies(len(paths))} {what}:")
        for path in paths[:MAX_PATHS]:
            screen.say(f"  {short_path(str(path), Path.cwd())}")
        if len(paths) > MAX_PATHS:
            screen.say(f"  … and {len(paths) - MAX_PATHS:,} more")


def _copies(count: int) -> str:
    return f"{count:,} {'copy' if count == 1 else 'copies'}"


SOME_FAILED = 1
MAX_FAILURES = 20
"""Failures that are listed; the manifest has all of them."""


def exit_code(outcome: RunOutcome) -> int:
    """0 done, 1 some takes failed, or what the reason for the early end says."""
    if outcome.halted is not None:
        return outcome.halted.exit_code
    return 0 if outcome.status == "done" else SOME_FAILED


def say_outcome(screen: Screen, outcome: RunOutcome, *, seconds: float) -> None:
    """Print the failures, then one line of sums, what the gates said, and where the pictures are."""
    takes = [record for record in outcome.records if record.card.kind == "take"]
    adapters = [record for record in outcome.records if record.card.kind == "adapter"]
    wanted, noun = (takes, "take") if takes else (adapters, "adapter")
    done = sum(record.status is NodeStatus.DONE for record in wanted)
    lost = [record for record in outcome.records if record.status in {NodeStatus.FAILED, NodeStatus.BLOCKED}]
    if lost:
        say_failures(screen, lost, "failed")
    if outcome.halted is not None:
        screen.problems(outcome.halted.problems)
    if outcome.still_at_service:
        screen.say(
            f"{plural(outcome.still_at_service, 'request')} left at the service; "
            "the next run collects what comes of them"
        )
    if outcome.restored:
        screen.say(f"{plural(outcome.restored, 'picture')} put back from the store")
    if not outcome.records:
        screen.say("nothing to do: the recipe asks for nothing")
        return
    calls = f"{plural(outcome.made, 'call')} made"
    cost = spent_text(outcome.cost_usd, outcome.unknown_cost)
    tail = f", {cost}" if cost else ""
    screen.say(f"{done:,} of {plural(len(wanted), noun)} done: {calls} in {duration(seconds)}{tail}")
    say_acceptance(screen, outcome.records, str(outcome.folder))
    if any(record.pictures for record in outcome.records):
        _say_places(screen, outcome)
    say_handout(screen, outcome)
    if outcome.stale_pictures:
        _say_older(screen, outcome.stale_pictures)
    if outcome.made and any(record.is_degraded for record in outcome.records):
        screen.note(
            "the local provider drew plain pictures, since parts of it are not installed:"
            f" `{install_command('local')}`, then `nano-banana setup`"
        )
    unchanged = sum(record.is_unchanged for record in outcome.records) if outcome.made else 0
    if unchanged:
        screen.note(
            f"the local provider changed nothing that can be seen in {plural(unchanged, 'picture')}: it paints"
            " backgrounds, colours, and faces of people with an adapter; `--provider fal` paints everything"
        )


def _say_places(screen: Screen, outcome: RunOutcome) -> None:
    """Say where the pictures are, and the sheet of them."""
    screen.say(f"pictures: {short_path(str(outcome.folder), Path.cwd())}")
    sheets = [name for name in outcome.files if name.startswith("sheet.")]
    if sheets:
        screen.say(f"sheet: {short_path(str(outcome.folder / sheets[0]), Path.cwd())}")


def _say_older(screen: Screen, names: Sequence[str]) -> None:
    """Say where pictures lie that a person might take for this run's: a refused take's among the chosen."""
    folders = Counter(name.rpartition("/")[0] for name in names)
    where = ", ".join(f"{count:,} in {visible(folder)}" for folder, count in sorted(folders.items()))
    are = "is" if len(names) == 1 else "are"
    screen.say(f"{plural(len(names), 'picture')} there {are} of an earlier run only: {where}; nothing was removed")


def say_failures(screen: Screen, lost: Sequence[NodeRecord], what: str) -> None:
    """Print what `failed` (or `would fail`): each reason once, with what to do and the names that it holds for."""
    counts = Counter(record.card.kind for record in lost)
    named = " and ".join(plural(counts[kind], kind) for kind in sorted(counts))
    screen.say(screen.paint("red", f"{named} {what}:"))
    groups: dict[tuple[str, str], list[str]] = {}
    for record in lost:
        groups.setdefault(_failure_reason(screen, record), []).append(record.id)
    most = max(MAX_FAILURES // len(groups), 2)
    for (reason, hint), names in groups.items():
        screen.say(f"  {reason}")
        if hint:
            screen.say(f"    {hint}")
        for name in names[:most]:
            screen.say(f"    - {visible(name)}")
        if len(names) > most:
            screen.say(f"    … and {len(names) - most:,} more")


def _failure_reason(screen: Screen, record: NodeRecord) -> tuple[str, str]:
    """What went wrong, with its place in the recipe; and what to do about it."""
    told = [(problem.position, *describe(problem)) for problem in map(screen.relocate, record.problems)]
    words = [f"{place_text(place, Path.cwd())}: {what}" if place else what for place, what, _ in told]
    return "; ".join(words) or str(record.status), "; ".join(hint for _, _, hint in told if hint)


def say_forecast(screen: Screen, forecast: Forecast, *, provider: str) -> None:
    """Print a row for each stage, then the sum."""
    takes = [record for record in forecast.records if record.card.kind == "take"]
    done = sum(record.status is NodeStatus.DONE for record in takes)
    named = f"{visible(forecast.recipe)} on {visible(provider)}"
    screen.say(f"{named}: {plural(len(takes), 'take')}, {done:,} of them done")
    screen.say()
    screen.table(_forecast_rows(forecast.tally), head=_forecast_head(forecast.tally), indent=2)
    screen.say()
    lost = [record for record in forecast.records if record.status in {NodeStatus.FAILED, NodeStatus.BLOCKED}]
    if lost:
        say_failures(screen, lost, "would fail")
    screen.say(forecast_summary(forecast.tally, visible(provider), whole=not lost))
    if forecast.tally.total.possible:
        screen.say(second_chances_text(forecast.tally, visible(provider)))
    if forecast.open_requests:
        screen.say(f"{plural(len(forecast.open_requests), 'call')} of these sent already: paid for, to be collected")
    if forecast.unknown_requests:
        say_unknown_requests(screen, forecast.unknown_requests)
    if (forecast.tally.total.high or forecast.tally.total.possible_high) and forecast.prices_as_of:
        screen.say(f"by prices of {forecast.prices_as_of}; fal changes them now and then")


def say_unknown_requests(screen: Screen, lost: Sequence[Ticket]) -> None:
    """Print the requests that nobody knows the end of, and what can be done."""
    screen.say(screen.paint("yellow", f"{plural(len(lost), 'request')} of which nobody knows the end:"))
    rows = [
        (ticket.requester.node, ticket.endpoint, utc_time(ticket.begun_at), ticket.request_id or "no id")
        for ticket in lost[:MAX_FAILURES]
    ]
    screen.table(rows, indent=2)
    if len(lost) > MAX_FAILURES:
        screen.say(f"  … {len(lost) - MAX_FAILURES:,} more")
    screen.say("a run looks for them at fal; then `--resubmit` buys again what is not found, `--abandon` gives it up")


def forecast_summary(tally: ForecastTotals, provider: str, *, whole: bool) -> str:
    """What is left to do, by whom and for how much; `whole` where nothing would fail."""
    if not tally.total.to_make and not tally.total.possible and whole:
        return f"nothing to do: {plural(tally.total.cached, 'call')}, all in the store"
    here = tally.total.to_make - tally.total.paid
    spec = find_provider(provider)
    is_remote = spec is not None and spec.sends_data
    who = f" ({tally.total.paid:,} on {provider}, {here:,} on this machine)" if here and is_remote else ""
    made = f"{plural(tally.total.to_make, 'call')} to make{who}, {tally.total.cached:,} in the store"
    return f"{made}; {price_range_text(tally)}"


def second_chances_text(tally: ForecastTotals, provider: str) -> str:
    """What gates may ask for beside, what of it is likely, and what that is judged by."""
    most = f"up to {plural(tally.total.possible, 'more call')}{_for_price(_retry_price(tally))} if a gate refuses"
    assumed = tally.assumed
    if assumed is None or not tally.total.possible_paid:
        return most
    likely = f"about {round(tally.expected.calls):,} on {provider}{_for_price(_usd_or_empty(tally.expected.usd))}"
    passed = f"{assumed.passed:,} of {assumed.judged:,}"
    if assumed.known:
        return f"{most}; {likely} by what passed before ({passed})"
    return f"{most}; {likely} assuming that {passed} pass, since nothing was judged yet"


def price_range_text(tally: ForecastTotals) -> str:
    """The cost of what is to be made: one sum or a range, and how many calls nobody can price."""
    spread = _usd_range(tally.total.low, tally.total.high)
    return spread + (f" and {plural(tally.total.unpriced, 'call')} at an unknown price" if tally.total.unpriced else "")


def price_with_retries(tally: ForecastTotals) -> str:
    """The cost of what is to be made, and the most that second chances may add."""
    more = _retry_price(tally)
    return f"{price_range_text(tally)}, and {more} more if gates refuse" if more else price_range_text(tally)


def _forecast_head(tally: ForecastTotals) -> tuple[str, ...]:
    chances = ("may be made", *(("for up to",) if _retry_price(tally) else ()))
    return ("stage", "cached", "to make", "cost", *(chances if tally.total.possible else ()))


def _forecast_rows(tally: ForecastTotals) -> list[tuple[str, ...]]:
    """A row for each stage, as wide as the head."""
    return [
        (stage, f"{count.cached:,}", f"{count.to_make:,}", _stage_cost(count), *_retry_cells(count))[
            : len(_forecast_head(tally))
        ]
        for stage, count in tally.stages.items()
    ]


def _retry_cells(count: StageCount) -> tuple[str, str]:
    if not count.possible:
        return ("", "")
    if count.possible_unpriced == count.possible:
        return (f"{count.possible:,}", "unknown")
    return (f"{count.possible:,}", money(count.possible_high) + (" + unknown" if count.possible_unpriced else ""))


def _retry_price(tally: ForecastTotals) -> str:
    """The most that second chances may cost; empty where they cost nothing."""
    unknown = (
        f"{plural(tally.total.possible_unpriced, 'call')} at an unknown price" if tally.total.possible_unpriced else ""
    )
    known = f"up to {money(tally.total.possible_high)}" if tally.total.possible_high else ""
    return " and ".join(filter(None, (known, unknown)))


def _usd_or_empty(usd: float) -> str:
    return money(usd) if usd else ""


def _for_price(price: str) -> str:
    return f" for {price}" if price else ""


def _stage_cost(count: StageCount) -> str:
    if not count.to_make:
        return ""
    if count.unpriced == count.to_make:
        return "unknown"
    return _usd_range(count.low, count.high) + (" + unknown" if count.unpriced else "")


def _usd_range(low: float, high: float) -> str:
    return money(low) if abs(high - low) < 0.00005 else f"{money(low)}–{money(high)}"
