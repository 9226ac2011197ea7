"""What a run would do and cost, and what gates are likely to accept.

The odds of retries follow from what passed a gate before, by template.
"""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import cache

import msgspec
from msgspec import Struct, field
from msgspec.structs import asdict, replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Task
from nano_banana.catalog.provider_registry import find_provider, is_free
from nano_banana.model.call import Call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.flow import Ruling
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
    """Pause garbage collection, which would search a hundred thousand objects again and again.

    Without this, the time of a forecast grows faster than its takes (measured: 1.5 times as long for 100,000).
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

    `prices_as_of` is the date of the oldest price of the recipe's endpoints (`2026-08`), if any has one. `saved` is
    what stored replies save (subject and endpoint to calls and USD). Of the calls to be made, `open_requests` are at
    the service already and paid for; the result of `unknown_requests` is unknown. `inputs` are the digests of the
    user's files that those calls read.
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
        """Whether some node can't be made as the recipe has it."""
        return any(record.status is NodeStatus.FAILED for record in self.records)


def paid_calls_in(tally: ForecastTotals, stage: str) -> int:
    """How many calls of a stage the provider would make or may make."""
    count = tally.stages.get(stage)
    return 0 if count is None else count.paid + count.possible_paid


def emit_planned_events(tally: ForecastTotals, known: Sequence[NodeRecord], on_event: EventHandler) -> None:
    """Emit how many calls each stage has, and how many of them are cached in finished takes."""
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


class PassCounts(Struct, frozen=True, kw_only=True):
    """How many pictures were judged, and how many of them were not rejected."""

    judged: int = 0
    passed: int = 0


class GatePast(Struct, frozen=True, kw_only=True):
    """What passed of first attempts, of retries, and of repairs."""

    first: PassCounts = PassCounts()
    retry: PassCounts = PassCounts()
    repair: PassCounts = PassCounts()


def template_key(recipe: str, card: NodeInfo) -> str:
    """What a take's past is stored under: its template's name, or the recipe's and the shot's for a shot's own text."""
    return f"{recipe}/{card.shot}" if card.template in ("", card.shot) else card.template


def gate_past(store: Store, template: str) -> dict[str, GatePast]:
    """What passed before, by the gate's stage; `template` is a template's key."""
    try:
        return msgspec.json.decode(store.notes.read(_acceptance_note(template)) or "{}", type=dict[str, GatePast])
    except msgspec.DecodeError:
        # Another version wrote it.
        return {}


def remember_verdicts(store: Store, recipe: str, records: Iterable[NodeRecord]) -> None:
    """Add what this run judged for the first time: a picture counts once, however often it is judged again."""
    found: dict[str, dict[str, GatePast]] = {}
    for record in records:
        template = template_key(recipe, record.card)
        for ruled in record.verdicts:
            if ruled.is_first_look:
                stages = found[template] if template in found else gate_past(store, template)
                stages[ruled.stage] = _with_verdict(stages.get(ruled.stage, GatePast()), ruled)
                found[template] = stages
    for template, stages in found.items():
        store.notes.write(_acceptance_note(template), msgspec.json.encode(stages).decode())


def _with_verdict(past: GatePast, ruled: VerdictSummary) -> GatePast:
    kind = attempt_kind(ruled.attempt.label)
    # Attempts of unknown kinds count as first ones.
    kind = kind if kind in past.__struct_fields__ else FIRST_LABEL
    counts: PassCounts = getattr(past, kind)
    passed = counts.passed + (ruled.ruling is not Ruling.REJECTED)
    return replace(past, **{kind: PassCounts(judged=counts.judged + 1, passed=passed)})


def _acceptance_note(template: str) -> str:
    return f"acceptance/{template}"


def gate_odds(store: Store, recipe: str) -> PassRatesOf:
    """A function that gives the expected pass rates of a node's first gate, from its template's past."""

    @cache
    def past_of(template: str) -> dict[str, GatePast]:
        return gate_past(store, template)

    @cache
    def odds(template: str, stage: str) -> PassRates:
        past = past_of(template).get(stage)
        if past is None:
            return PassRates()
        kinds: dict[str, PassCounts] = asdict(past)
        rates = {kind: expected_pass_rate(counts.passed, counts.judged) for kind, counts in kinds.items()}
        return PassRates(**rates, judged=past.first.judged, passed=past.first.passed)

    def odds_of(result: NodeResult) -> PassRates:
        info = result.node.info
        return odds(template_key(recipe, info), result.judged[0].stage) if result.judged else PassRates()

    return odds_of


def choice_warnings(plan: Plan, recipe: Recipe, records: Sequence[NodeRecord], *, whole: bool) -> list[Problem]:
    """Warnings about choices: picks of no take, or if this is not the `whole` recipe, that fewer takes are compared."""
    if whole:
        return unreached_picks(recipe, [record.id for record in records if record.card.kind == "take"])
    few = any(group.after_groups for group in plan.groups)
    return [Problem(kind="choice_of_few", data={"takes": plan.takes}, warning=True)] if few else []


def unreached_picks(recipe: Recipe, ids: Sequence[str]) -> list[Problem]:
    """A warning for each pick that matches none of the recipe's takes: renamed or misspelled."""
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
    """The date of the oldest price of the recipe's endpoints; None if none has a price."""
    endpoints = [catalog.get(stage.endpoint) for stage in recipe.asking]
    return min((found.price.as_of for found in endpoints if found is not None and found.price), default=None)


def call_kind(catalog: Catalog) -> Callable[[Call], str]:
    """A function that gives a call's kind, which has its own limit: `train`, `image` or `compute`."""

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
    tally = ForecastTotals(price_function(catalog), gate_odds(runner.store, plan.recipe), sent_keys=keys)
    ends: dict[str, NodeRecord] = {}
    inputs: set[str] = set()
    saved: dict[tuple[str, str], tuple[int, float]] = {}
    counted: set[str] = set()
    with gc_paused():
        for result in preview(plan, runner.store.replies.get, reply_imaginer(catalog)):
            tally.add(result)
            for step in result.steps:
                if not step.cached:
                    inputs |= {blob.digest for blob in step.call.inputs.values()}
                elif not is_free(step.call.provider) and step.call.key not in counted:
                    counted.add(step.call.key)
                    place = (result.node.info.subject, step.call.endpoint)
                    calls, usd = saved.get(place, (0, 0.0))
                    saved[place] = (calls + 1, usd + (step.reply.cost_usd or 0.0))
            # A chosen take comes again, with its later stages.
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
        saved=saved,
        open_requests=[ticket for ticket in ours if ticket.state is TicketState.SENT],
        unknown_requests=[ticket for ticket in ours if ticket.state is not TicketState.SENT],
    )
