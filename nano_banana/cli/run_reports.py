"""A run at the terminal: its forecast, its questions and its result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager

from msgspec.structs import replace

from nano_banana.catalog.provider_registry import find_provider
from nano_banana.cli.diagnostics import describe, install_command, place_text
from nano_banana.cli.formatting import duration, money, plural, short_path, spent_text, utc_time, visible
from nano_banana.cli.options import OptionValues
from nano_banana.cli.progress import progress
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import say_acceptance
from nano_banana.model.event import EventHandler
from nano_banana.model.nodes import NodeStatus
from nano_banana.model.problem import LimitReached, Problem, Unusable, problem
from nano_banana.model.ticket import Ticket
from nano_banana.planner.cost_forecast import ForecastTotals, StageCount
from nano_banana.session.forecasting import Forecast
from nano_banana.session.permissions import accept_demands, not_trusted_problem, untrusted_demands
from nano_banana.session.recipe_run import RunCaller
from nano_banana.session.run_execution import RunOutcome
from nano_banana.session.run_records import NodeRecord
from nano_banana.session.session import Session

MAX_PATHS = 20
"""Most paths that are listed; `--json` has all."""

NOT_DELIVERED = "No copies written: `outputs.files` needs a full run (no --only or --sample)."


def say_handout(screen: Screen, outcome: RunOutcome) -> None:
    """Print where the copies are, how many are new, and which files were kept or deleted."""
    if outcome.export_skipped:
        screen.say(NOT_DELIVERED)
    handout = outcome.exported
    if handout is None:
        return
    if where := " and ".join(short_path(path) for path in (handout.folder, handout.zip) if path is not None):
        fresh = f" ({handout.fresh:,} new)" if handout.fresh and handout.folder is not None else ""
        screen.say(f"{_copies(handout.copies)} in {where}{fresh}")
    if handout.enlarged:
        why = "because the pictures are smaller than the crop; upscale them first"
        screen.say(f"{_copies(handout.enlarged)} enlarged, {why}")
    if handout.faceless:
        screen.say(f"{_copies(handout.faceless)} without a face, cropped around the centre")
    for paths, what in (
        (handout.edited, "edited by hand and kept"),
        (handout.pruned, "from earlier runs deleted"),
        (handout.older, "from earlier runs kept; `nano-banana run --prune` deletes unmodified ones"),
    ):
        if paths:
            screen.say(f"{_copies(len(paths))} {what}:")
            screen.table([(short_path(path),) for path in paths], indent=2, most=MAX_PATHS)


def _copies(count: int) -> str:
    return plural(count, "copy", "copies")


SOME_FAILED = 1
NODE_NOUNS = {"take": "picture"}
MAX_FAILURES = 20
"""Most failures that are listed; the manifest has all."""


def exit_code(outcome: RunOutcome) -> int:
    """0: done; 1: some takes failed; else the exit code of the error that stopped the run."""
    if outcome.halted is not None:
        return outcome.halted.exit_code
    return 0 if outcome.status == "done" else SOME_FAILED


def say_outcome(screen: Screen, outcome: RunOutcome, *, seconds: float) -> None:
    """Print the failures, a line of totals, the gate results, and where the pictures are."""
    takes = [record for record in outcome.records if record.card.kind == "take"]
    adapters = [record for record in outcome.records if record.card.kind == "adapter"]
    wanted, noun = (takes, "picture") if takes else (adapters, "adapter")
    done = sum(record.status is NodeStatus.DONE for record in wanted)
    lost = [record for record in outcome.records if record.status in {NodeStatus.FAILED, NodeStatus.BLOCKED}]
    if lost:
        say_failures(screen, lost, "failed")
    if outcome.halted is not None:
        screen.problems(outcome.halted.problems)
    if outcome.still_at_service:
        waiting = plural(outcome.still_at_service, "request")
        screen.say(f"{waiting} still running at the provider; the next run collects the results")
    if outcome.restored:
        screen.say(f"restored {plural(outcome.restored, 'picture')} from the store")
    if not outcome.records:
        screen.say("Nothing to do: the recipe has no takes.")
        return
    cost = spent_text(outcome.cost_usd, outcome.unknown_cost)
    spent = f" for {cost}" if cost else ""
    calls = f"{plural(outcome.made, 'call')} made"
    screen.say(f"{done:,} of {plural(len(wanted), noun)} done in {duration(seconds)}{spent} ({calls})")
    say_acceptance(screen, outcome.records, str(outcome.folder))
    _say_files(screen, outcome)
    if outcome.made and any(record.is_degraded for record in outcome.records):
        screen.note(
            "the local provider drew simplified pictures, because optional packages are missing:"
            f" `{install_command('local')}`, then `nano-banana setup`"
        )
    unchanged = sum(record.is_unchanged for record in outcome.records) if outcome.made else 0
    if unchanged:
        screen.note(
            f"the local provider left {plural(unchanged, 'picture')} visibly unchanged: it only paints backgrounds,"
            " colours and faces of people with an adapter; use `--provider fal` for everything else"
        )


def _say_files(screen: Screen, outcome: RunOutcome) -> None:
    """Print where the pictures, the contact sheet, the copies and pictures of earlier runs are."""
    if any(record.pictures for record in outcome.records):
        screen.say(f"pictures: {short_path(outcome.folder)}")
        for name in [name for name in outcome.files if name.startswith("sheet.")][:1]:
            screen.say(f"contact sheet: {short_path(outcome.folder / name)}")
    say_handout(screen, outcome)
    if older := outcome.stale_pictures:  # they could be mistaken for this run's
        folders = Counter(name.rpartition("/")[0] for name in older)
        where = ", ".join(f"{count:,} in {visible(folder)}" for folder, count in sorted(folders.items()))
        kept = "picture from an earlier run was" if len(older) == 1 else "pictures from earlier runs were"
        screen.say(f"{len(older):,} {kept} kept: {where}")


def say_failures(screen: Screen, lost: Sequence[NodeRecord], what: str) -> None:
    """Print what `failed` (or `would fail`): each reason once, with its help and the names it applies to."""
    counts = Counter(record.card.kind for record in lost)
    named = " and ".join(plural(counts[kind], NODE_NOUNS.get(kind, kind)) for kind in sorted(counts))
    screen.say(screen.paint("red", f"{named} {what}:"))
    groups: dict[tuple[str, str], list[str]] = {}
    for record in lost:
        groups.setdefault(_failure_reason(screen, record), []).append(record.id)
    most = max(MAX_FAILURES // len(groups), 2)
    for (reason, hint), names in groups.items():
        screen.say(f"  {reason}")
        if hint:
            screen.say(f"    {hint}")
        screen.table([(f"- {name}",) for name in names], indent=4, most=most)


def _failure_reason(screen: Screen, record: NodeRecord) -> tuple[str, str]:
    """What went wrong, with its place in the recipe, and what to do."""
    told = [(problem.position, *describe(problem)) for problem in map(screen.relocate, record.problems)]
    words = [f"{place_text(place)}: {what}" if place else what for place, what, _ in told]
    return "; ".join(words) or str(record.status), "; ".join(hint for _, _, hint in told if hint)


def say_forecast(screen: Screen, forecast: Forecast, *, provider: str, budget_usd: float | None = None) -> None:
    """Print pictures and cost in one line, a row per stage, and what the numbers are based on."""
    budget = "" if budget_usd is None else f"; budget {money(budget_usd)}"
    where = f"{visible(forecast.recipe)} on {visible(provider)}"
    screen.say(f"{where}: {forecast_headline(forecast.records, forecast.tally)}{budget}")
    screen.say()
    _say_stages(screen, forecast.tally)
    screen.say()
    lost = [record for record in forecast.records if record.status in FAILING]
    if lost:
        say_failures(screen, lost, "would fail")
    screen.say(forecast_summary(forecast.tally, visible(provider), whole=not lost))
    if forecast.tally.total.possible:
        screen.say(second_chances_text(forecast.tally, visible(provider)))
    if forecast.open_requests:
        sent = plural(len(forecast.open_requests), "call")
        screen.say(f"{sent} already sent and paid for; the run collects the results")
    if forecast.unknown_requests:
        say_unknown_requests(screen, forecast.unknown_requests)
    if (forecast.tally.total.high or forecast.tally.total.possible_high) and forecast.prices_as_of:
        screen.say(f"prices as of {forecast.prices_as_of}; fal may change them")


FAILING = frozenset({NodeStatus.FAILED, NodeStatus.BLOCKED})


def forecast_headline(records: Sequence[NodeRecord], tally: ForecastTotals) -> str:
    """`8 pictures: 3 reused, 5 to make, 1 adapter to train, about $0.42 (up to $0.90 with retries)`."""
    takes = [record.status for record in records if record.card.kind == "take"]
    done, failing = takes.count(NodeStatus.DONE), sum(status in FAILING for status in takes)
    counts = {"reused": done, "to make": len(takes) - done - failing, "would fail": failing}
    parts = [f"{count:,} {what}" for what, count in counts.items() if count]
    if len(parts) == 1:
        parts = [f"{plural(len(takes), 'picture')}{parts[0].removeprefix(f'{len(takes):,}')}"]
    elif parts:
        parts[0] = f"{plural(len(takes), 'picture')}: {parts[0]}"
    adapters = [record for record in records if record.card.kind == "adapter"]
    training = sum(record.status is not NodeStatus.DONE and record.status not in FAILING for record in adapters)
    if training:
        parts.append(f"{plural(training, 'adapter')} to train")
    if tally.total.to_make or tally.total.possible:
        parts.append(price_with_retries(tally))
    return ", ".join(parts) or "nothing to make"


def say_unknown_requests(screen: Screen, lost: Sequence[Ticket]) -> None:
    """Print requests with unknown outcome, and what can be done."""
    screen.say(screen.paint("yellow", f"{plural(len(lost), 'request')} with unknown outcome:"))
    rows = [
        (ticket.requester.node, ticket.endpoint, utc_time(ticket.begun_at), ticket.request_id or "no ID")
        for ticket in lost
    ]
    screen.table(rows, indent=2, most=MAX_FAILURES)
    screen.say(
        "`run` looks for them at the provider; then `--resubmit` resends what was not found (may be billed twice),"
        " `--abandon` drops it"
    )


def forecast_summary(tally: ForecastTotals, provider: str, *, whole: bool) -> str:
    """The calls behind the pictures, and where they run; `whole` if nothing would fail."""
    total = tally.total
    if not total.to_make and not total.possible and whole:
        return f"Nothing to do: {plural(total.cached, 'call')}, all cached."
    here = total.to_make - total.paid
    who = f" ({total.paid:,} on {provider}, {here:,} on this machine)" if here and _is_remote(provider) else ""
    return f"{plural(total.to_make, 'call')} to make{who}, {total.cached:,} cached"


def _is_remote(provider: str) -> bool:
    spec = find_provider(provider)
    return spec is not None and spec.sends_data


def second_chances_text(tally: ForecastTotals, provider: str) -> str:
    """How many calls retries may add, how many are expected, and why."""
    most = f"up to {plural(tally.total.possible, 'more call')} for retries"
    assumed = tally.assumed
    if assumed is None or not tally.total.possible_paid or not _is_remote(provider):
        return most
    cost = f" ({money(tally.expected.usd)})" if tally.expected.usd else ""
    passed = f"{assumed.passed:,} of {assumed.judged:,}"
    basis = f"based on the pass rate so far ({passed})" if assumed.known else f"if {passed} pass (nothing judged yet)"
    return f"{most}; about {round(tally.expected.calls):,} on {provider}{cost} expected, {basis}"


def price_range_text(tally: ForecastTotals) -> str:
    """The cost of what is to be made: `$0.42`, `$0.10–$0.20`, `$0.42 + 1 call of unknown price`."""
    return _usd_range(tally.total.low, tally.total.high) + _unknown_calls(tally.total.unpriced)


def price_with_retries(tally: ForecastTotals) -> str:
    """The cost of what is to be made, and with all retries: `about $0.42 (up to $0.90 with retries)`; or `free`."""
    total = tally.total
    high, unpriced = total.high + total.possible_high, total.unpriced + total.possible_unpriced
    if not high and not unpriced:
        return "free"
    text = price_range_text(tally)
    text = text if total.low != total.high else f"about {text}"
    retries = total.possible_high or total.possible_unpriced
    return f"{text} (up to {money(high)}{_unknown_calls(unpriced)} with retries)" if retries else text


def _unknown_calls(count: int) -> str:
    return f" + {plural(count, 'call')} of unknown price" if count else ""


def _say_stages(screen: Screen, tally: ForecastTotals) -> None:
    """Print a row per stage; the columns of retries only if there may be some."""
    total = tally.total
    columns = 6 if total.possible_high or total.possible_unpriced else 5
    shown = slice(columns if total.possible else 4)
    rows = [
        (stage, f"{count.cached:,}", f"{count.to_make:,}", _stage_cost(count), *_retry_cells(count))[shown]
        for stage, count in tally.stages.items()
    ]
    head = ("stage", "cached", "to make", "cost", "retries (max)", "retry cost (max)")
    screen.table(rows, head=head[shown], indent=2)


def _retry_cells(count: StageCount) -> tuple[str, str]:
    if not count.possible:
        return ("", "")
    if count.possible_unpriced == count.possible:
        return (f"{count.possible:,}", "unknown")
    return (f"{count.possible:,}", money(count.possible_high) + (" + unknown" if count.possible_unpriced else ""))


def _stage_cost(count: StageCount) -> str:
    if not count.to_make:
        return ""
    if count.unpriced == count.to_make:
        return "unknown"
    return _usd_range(count.low, count.high) + (" + unknown" if count.unpriced else "")


def _usd_range(low: float, high: float) -> str:
    return money(low) if abs(high - low) < 0.00005 else f"{money(low)}–{money(high)}"


PEOPLE_NOTICE = """\
These are AI-generated pictures of real people. Only make them with consent (record it under `consent`), label
them as AI-made where you publish them (each file is already marked), and follow the law.
`nano-banana forget SUBJECT` deletes a person's data. (Shown once per project.)
"""


class TerminalCaller(RunCaller):
    """A person at the terminal, with the options they gave."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._given = OptionValues.given()

    def progress(self) -> AbstractContextManager[EventHandler]:
        """A live table of the calls."""
        return progress(self._screen)

    def warn(self, problems: Sequence[Problem]) -> None:
        """Print the warnings."""
        self._screen.problems(problems)

    def explain_people_rules(self) -> None:
        """Print what pictures of real people require."""
        self._screen.note(PEOPLE_NOTICE)

    def confirm(self, session: Session, forecast: Forecast) -> None:
        """Ask before anything unusual is sent and before much is spent. Raises LimitReached if the answer is no."""
        if session.stages_to_buy(forecast):
            ask_for_trust(self._screen, session, trust=self._given.trust)
        if self._given.yes or not session.is_expensive(forecast):
            return
        price = price_with_retries(forecast.tally)
        if not self._screen.confirm(f"This may cost {price}. Continue?"):
            raise LimitReached([problem("too_dear", price=price, limit=session.ask_above_usd)])

    def confirm_resend(self, forecast: Forecast) -> bool:
        """Ask whether to send lost requests again."""
        if not self._screen.lively or self._screen.machine:
            return False
        say_unknown_requests(self._screen, forecast.unknown_requests)
        price = price_range_text(forecast.tally)
        where = " or ".join(sorted({ticket.provider for ticket in forecast.unknown_requests}))
        return self._screen.confirm(f"They were not found at {where}. Resend them? The rest may cost {price}.")


def ask_for_trust(screen: Screen, session: Session, *, trust: bool) -> None:
    """Show new demands and ask for trust. Raises LimitReached (`not_trusted`) for a no."""
    found = untrusted_demands(session)
    if not found:
        return
    screen.problems(found)
    if not trust and not screen.confirm("Trust this recipe, now and for later runs?"):
        raise LimitReached([not_trusted_problem(session)])
    try:
        accept_demands(session, found)
    except Unusable as error:
        # Without a home folder it can't be remembered; it holds for this run.
        screen.problems([replace(problem, warning=True) for problem in error.problems])
