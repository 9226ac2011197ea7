"""An order: a plan to be done; and its outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nano_banana.core.call import Call
from nano_banana.core.errors import NanoBananaError
from nano_banana.core.json import JSONObject
from nano_banana.core.lost import Lost, Resend
from nano_banana.core.node import Plan
from nano_banana.core.result import Status
from nano_banana.core.ticket import Ticket
from nano_banana.reports.handout import Handout
from nano_banana.reports.record import Record
from nano_banana.store.link import LinkStat
from nano_banana.workshop.marking import Marks


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A plan to be done, and what is known of it already.

    `known` are the ends of nodes that the store could answer whole, `missing` the keys of the calls that it had no
    reply to; `whole` says that the plan is all of the recipe, so that what is not in it is gone, and `sole` that no
    other recipe has its name either; `head` is what the manifest says of the run. `resumes` names the provider whose
    open requests are collected, `lost` and `resend` what to do about those that nobody knows the end of; `saved` is
    what the store spared: subject and endpoint to calls and USD; `checked` are the keys of the calls that were made
    just before, to find mistakes early; `budget_name` says where the budget can be changed; `marks` says what the
    pictures tell of themselves.
    """

    plan: Plan
    known: Sequence[Record]
    missing: Collection[str]
    kind_of: Callable[[Call], str]
    price: Callable[[Call], float | None]
    whole: bool
    head: JSONObject
    arguments: JSONObject
    sole: bool = False
    resumes: str = ""
    lost: Lost = Lost.ASK
    resend: Resend = Resend.CHEAP
    saved: Mapping[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    checked: Collection[str] = frozenset()
    budget_name: str = "`--budget`"
    marks: Marks = field(default_factory=Marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended. `halted` is why it ended early.

    `made`, `cached` and `failed` count distinct calls; `older` are the pictures in the folder that an
    earlier run put there and this one did not: of takes that are no more, or that are refused now; `restored` is
    how many pictures of takes that were done before had to be put back in place. `left` counts the requests that
    are still at the service, to be collected by the next run; `lost` are those that nobody knows the end of. `handed`
    is what was copied out for the user; `withheld` says that copies are wanted, and that only whole runs make them.
    """

    run: str
    records: Sequence[Record]
    made: int
    cached: int
    failed: int
    cost_usd: float
    unknown_cost: int
    halted: NanoBananaError | None
    folder: Path
    written: Mapping[str, LinkStat]
    restored: int
    older: Sequence[str] = ()
    left: int = 0
    lost: Sequence[Ticket] = ()
    handed: Handout | None = None
    withheld: bool = False

    @property
    def status(self) -> str:
        """`done`, `failed` (some takes), or `stopped` (Ctrl-C, a limit, the provider)."""
        if self.halted is not None:
            return "stopped"
        return "done" if all(record.status is Status.DONE for record in self.records) else "failed"


def summary_of(outcome: Outcome) -> JSONObject:
    """What the log of runs keeps of an outcome: its calls, its cost, and its takes by status and by verdict."""
    takes = [record for record in outcome.records if record.card.kind == "take"]
    return {
        "made": outcome.made,
        "cached": outcome.cached,
        "failed": outcome.failed,
        "cost_usd": round(outcome.cost_usd, 6),
        "unknown_cost": outcome.unknown_cost,
        "takes": dict(Counter(str(take.status) for take in takes)),
        "verdicts": dict(Counter(str(take.word.ruling) for take in takes if take.word)),
    }
