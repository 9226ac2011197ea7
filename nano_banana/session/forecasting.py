"""What a run would do and cost, and what gates are likely to accept.

The odds of second chances follow from what passed a gate before, by template: each picture counts once, however often
it is judged again.
"""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

from msgspec import Struct, field

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Task
from nano_banana.catalog.provider_registry import find_provider, is_free
from nano_banana.model.call import Call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import JSONObject, as_object, as_whole
from nano_banana.model.nodes import NodeInfo, NodeResult, NodeStatus, Plan
from nano_banana.model.problem import Problem, did_you_mean
from nano_banana.model.ticket import Ticket, TicketState
from nano_banana.planner.cost_forecast import ForecastTotals, PassRates, PassRatesOf, expected_pass_rate, price_function
from nano_banana.planner.preview import preview, reply_imaginer
from nano_banana.recipe.recipe_model import Recipe, is_glob
from nano_banana.session.run_records import FIRST_LABEL, NodeRecord, VerdictSummary, attempt_kind, node_record
from nano_banana.session.store_runner import Runner
from nano_banana.store.local_store import Store


@contextmanager
def gc_paused() -> Iterator[None]:
    """Keep Python from searching again and again through a hundred thousand things that all stay.

    Without this the time of a forecast grows faster than the number of its takes (measured: 1.5 times as
    long for 100,000 of them).
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Forecast(Struct, frozen=True, kw_only=True):
    """What a run would do: the nodes as they would end today, and what is to be made at what cost.

    `prices_as_of` is the date of the oldest price that the recipe's endpoints have (`2026-08`), if any has one.
    `saved` is what the store spares (subject and endpoint to calls and USD). Of the calls to be made, `sent` are at the
    service already and paid for; of `lost` ones nobody knows what became. `inputs` are the digests of the user's
    files among what those calls take in.
    """

    recipe: str
    records: Sequence[NodeRecord]
    tally: ForecastTotals
    prices_as_of: str | None = None
    saved: Mapping[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    open_requests: Sequence[Ticket] = ()
    unknown_requests: Sequence[Ticket] = ()
    inputs: Collection[str] = frozenset()
    warnings: Sequence[Problem] = ()

    @property
    def fails(self) -> bool:
        """Whether some node can't be made as it is written."""
        return any(record.status is NodeStatus.FAILED for record in self.records)


class CacheSavings(Struct):
    """What the store's replies cost once, added up; a call that several nodes share counts once."""

    sums: dict[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)

    def add(self, result: NodeResult) -> None:
        """Count a node's calls."""
        for step in result.steps:
            cost = step.reply.cost_usd
            if not step.cached or is_free(step.call.provider) or step.call.key in self._seen:
                continue
            self._seen.add(step.call.key)
            place = (result.node.info.subject, step.call.endpoint)
            calls, usd = self.sums.get(place, (0, 0.0))
            self.sums[place] = (calls + 1, usd + (cost or 0.0))


def paid_calls_in(tally: ForecastTotals, stage: str) -> int:
    """How many calls of a stage a provider would have to make, or may have to."""
    count = tally.stages.get(stage)
    return 0 if count is None else count.paid + count.possible_paid


def emit_planned_events(tally: ForecastTotals, known: Sequence[NodeRecord], on_event: EventHandler) -> None:
    """Tell how many calls each stage has, and how many of them a run passes over: those of takes that are whole."""
    for stage, count in tally.stages.items():
        on_event(Event(kind="planned", stage=stage, count=count.cached + count.to_make))
    passed = {
        key: place.partition("|")[0]
        for record in known
        if record.card.kind == "take"
        for place, key in record.keys.items()
    }
    for stage, calls in Counter(passed.values()).items():
        on_event(Event(kind="cached", stage=stage, count=calls))


ATTEMPT_KINDS = (FIRST_LABEL, "retry", "repair")
"""Sorts of attempts; others are counted with the first tries."""


class PassCounts(Struct, frozen=True, kw_only=True):
    """How many pictures were judged, and how many of them were not refused."""

    judged: int = 0
    passed: int = 0


class GatePast(Struct, frozen=True, kw_only=True):
    """What passed of first tries, of new seeds, and of repairs."""

    first: PassCounts
    retry: PassCounts
    repair: PassCounts


def template_key(recipe: str, card: NodeInfo) -> str:
    """What a take's prompt goes by: its template's name, or the recipe's and the shot's where it is the shot's own."""
    return f"{recipe}/{card.shot}" if card.template in ("", card.shot) else card.template


def gate_past(store: Store, keys: Iterable[str]) -> dict[tuple[str, str], GatePast]:
    """What passed before, by the template's key and the gate's stage; what was never judged is not there."""
    return {
        (key, stage): GatePast(**{kind: PassCounts(**counts) for kind, counts in kinds.items()})
        for key in dict.fromkeys(keys)
        for stage, kinds in _read_counts(store, key).items()
    }


def remember_verdicts(store: Store, recipe: str, records: Iterable[NodeRecord]) -> None:
    """Add what this run saw for the first time: a picture counts once, however often it is judged again."""
    found: dict[str, Counter[tuple[str, str, str]]] = {}
    for record in records:
        counts = found.setdefault(template_key(recipe, record.card), Counter())
        for ruled in record.verdicts:
            if ruled.is_first_look:
                counts.update(_verdict_keys(ruled))
    for key, counts in found.items():
        if counts:
            _add_counts(store, key, counts)


def _verdict_keys(ruled: VerdictSummary) -> list[tuple[str, str, str]]:
    kind = attempt_kind(ruled.attempt.label)
    kind = kind if kind in ATTEMPT_KINDS else FIRST_LABEL
    passed = [] if ruled.ruling is Ruling.REJECTED else [(ruled.stage, kind, "passed")]
    return [(ruled.stage, kind, "judged"), *passed]


def _add_counts(store: Store, key: str, counts: Counter[tuple[str, str, str]]) -> None:
    known = _read_counts(store, key)
    stages = dict.fromkeys([*known, *(stage for stage, _, _ in counts)])
    told: JSONObject = {
        stage: {
            kind: {
                name: known.get(stage, {}).get(kind, {}).get(name, 0) + counts[stage, kind, name]
                for name in ("judged", "passed")
            }
            for kind in ATTEMPT_KINDS
        }
        for stage in stages
    }
    store.notes.write(_acceptance_note(key), json.dumps(told))


def _read_counts(store: Store, key: str) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """The counts by stage and kind; none where nothing is noted, or it is of another make."""
    try:
        told = as_object(json.loads(store.notes.read(_acceptance_note(key)) or "{}"))
        return {
            stage: {
                kind: {name: as_whole(as_object(as_object(kinds)[kind])[name]) for name in ("judged", "passed")}
                for kind in ATTEMPT_KINDS
            }
            for stage, kinds in told.items()
        }
    except (ValueError, KeyError, TypeError):
        return {}


def _acceptance_note(key: str) -> str:
    return f"acceptance/{key}"


def gate_odds(runner: Runner, recipe: str) -> PassRatesOf:
    """A function that says what is to be expected of a node's first gate, by its template's past."""
    known: dict[str, Mapping[tuple[str, str], GatePast]] = {}
    odds: dict[tuple[str, str], PassRates] = {}

    def odds_of(result: NodeResult) -> PassRates:
        if not result.judged:
            return PassRates()
        key = (template_key(recipe, result.node.info), result.judged[0].stage)
        if key not in odds:
            if key[0] not in known:
                known[key[0]] = gate_past(runner.store, [key[0]])
            odds[key] = _odds(known[key[0]].get(key))
        return odds[key]

    return odds_of


def _odds(before: GatePast | None) -> PassRates:
    if before is None:
        return PassRates()
    return PassRates(
        first=_pass_share(before.first),
        retry=_pass_share(before.retry),
        repair=_pass_share(before.repair),
        judged=before.first.judged,
        passed=before.first.passed,
    )


def _pass_share(rates: PassCounts) -> float:
    return expected_pass_rate(rates.passed, rates.judged)


def choice_warnings(plan: Plan, recipe: Recipe, records: Sequence[NodeRecord], *, whole: bool) -> list[Problem]:
    """Warnings about choices; of a plan that is not the `whole` recipe, that only what is selected is chosen from."""
    if whole:
        return unreached_picks(recipe, [record.id for record in records if record.card.kind == "take"])
    few = any(group.after_groups for group in plan.groups)
    return [Problem(kind="choice_of_few", data={"takes": plan.takes}, warning=True)] if few else []


def unreached_picks(recipe: Recipe, ids: Sequence[str]) -> list[Problem]:
    """A warning for each pick that none of all the recipe's takes answers to: it was renamed, or is misspelled."""
    picks = [(stage.id, name) for stage in recipe.stages for name in (*stage.decisions.kept, *stage.decisions.dropped)]
    if not picks:
        return []
    names = {*ids, *(name.partition("@")[0] for name in ids)}
    return [
        Problem(
            kind="stray_pick", data={"stage": stage, "name": pick}, suggestions=did_you_mean(pick, names), warning=True
        )
        for stage, pick in sorted(picks)
        if pick not in names and not (is_glob(pick) and any(fnmatchcase(name, pick) for name in names))
    ]


def oldest_price_date(recipe: Recipe, catalog: Catalog) -> str | None:
    """The date of the oldest price of the recipe's endpoints; None where none has a price."""
    endpoints = [catalog.get(stage.endpoint) for stage in recipe.asking]
    return min((found.price.as_of for found in endpoints if found is not None and found.price), default=None)


def call_kind(catalog: Catalog) -> Callable[[Call], str]:
    """A function that sorts calls by the limit that holds for them: `train`, `image` or `compute`."""

    def kind_of(call: Call) -> str:
        spec = find_provider(call.provider)
        if spec is not None and spec.limit:
            return spec.limit
        endpoint = catalog.get(call.endpoint)
        return "train" if endpoint is not None and endpoint.does is Task.TRAIN else "image"

    return kind_of


def max_price(catalog: Catalog) -> Callable[[Call], float | None]:
    """A function that gives the most that a call may cost, in USD; None if unknown."""
    money_of = price_function(catalog)

    def price(call: Call) -> float | None:
        money = money_of(call)
        return None if money is None else money.high

    return price


def forecast_plan(
    plan: Plan, catalog: Catalog, runner: Runner, provider: str, *, prices_as_of: str | None = None
) -> Forecast:
    """How each node would end today, and what the provider would be paid."""
    opened = runner.store.tickets.opened(provider)
    keys = frozenset(ticket.key for ticket in opened)
    tally, spared = (
        ForecastTotals(price_function(catalog), gate_odds(runner, plan.recipe), sent_keys=keys),
        CacheSavings(),
    )
    ends: dict[str, NodeRecord] = {}
    inputs: set[str] = set()
    with gc_paused():
        for result in preview(plan, runner.store.replies.get, reply_imaginer(catalog)):
            tally.add(result)
            spared.add(result)
            for step in result.steps:
                if not step.cached:
                    inputs |= {blob.digest for blob in step.call.inputs.values()}
            # One that was chosen is foreseen again, further on its way.
            ends[result.node.id] = node_record(result)
    records = list(ends.values())
    wanted = {key for record in records for key in record.missing} if opened else set()
    ours = [ticket for ticket in opened if ticket.key in wanted]
    return Forecast(
        recipe=plan.recipe,
        records=records,
        tally=tally,
        inputs=inputs & plan.files.keys(),
        prices_as_of=prices_as_of,
        saved=spared.sums,
        open_requests=[ticket for ticket in ours if ticket.state is TicketState.SENT],
        unknown_requests=[ticket for ticket in ours if ticket.state is not TicketState.SENT],
    )
