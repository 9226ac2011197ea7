"""Does orders: drives the engine, keeps what it makes, writes the reports."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path

from nano_banana.core.answer import Provider
from nano_banana.core.json import JSONValue
from nano_banana.core.lost import Lost
from nano_banana.core.news import Watcher
from nano_banana.core.node import Plan
from nano_banana.core.ticket import Ticket, TicketState, moved
from nano_banana.engine.policy import Policy
from nano_banana.reports.manifest import older_pictures, write_manifest
from nano_banana.reports.outputs import Outputs
from nano_banana.reports.packed import dump
from nano_banana.reports.record import slim
from nano_banana.reports.snapshot import kept
from nano_banana.settings import Settings
from nano_banana.shelf.shelf import Shelf
from nano_banana.store.ledger import Saving
from nano_banana.store.store import Store
from nano_banana.workshop.answering import End, Errands, answered
from nano_banana.workshop.doing import Doing
from nano_banana.workshop.marking import Marking
from nano_banana.workshop.order import Order, Outcome, summary_of


class Workshop:
    """The store and the providers of one project. Close it at the end."""

    def __init__(self, settings: Settings, providers: Mapping[str, Callable[[], Provider]]) -> None:
        """`providers` make each provider when it is first needed."""
        self.settings = settings
        self.store = Store.open(settings.store, group=settings.store_group)
        self.shelf = Shelf(self.store)
        self._providers = providers

    def close(self) -> None:
        """Give the store back."""
        self.store.close()

    def do(self, order: Order, folder: Path, watch: Watcher) -> Outcome:
        """Drive what is left of the plan, keep everything it makes, and write the reports."""
        run = self.store.begin(order.plan.recipe, arguments=order.arguments)
        marking = Marking(self.store, order.plan.recipe, folder, order.marks, order.kind_of)
        doing = Doing(self.store, order, Outputs(self.store, folder, marking.dress), watch)
        try:
            if order.lost is Lost.ABANDON and order.sole:
                self._give_up(order)
            doing.restore()
            policy = Policy(
                providers=self._providers,
                kind_of=order.kind_of,
                limits=self._limits(order.plan),
                price=order.price,
                budget_usd=order.plan.budget_usd,
                budget_name=order.budget_name,
                missing=order.missing,
                told={key for record in order.known if record.card.kind == "take" for key in record.keys.values()},
                lost=order.lost,
                resend=order.resend,
                resumes=order.resumes,
            )
            halted = asyncio.run(doing.drive(policy, run))
            outcome = self._reported(order, doing.outcome(run, halted), doing.made)
        except BaseException as error:
            self.store.end(run, status="broken", summary={"error": type(error).__name__})
            raise
        saved = order.saved.items()
        self.store.ledger.note(
            run,
            [
                Saving(recipe=order.plan.recipe, subject=subject, endpoint=endpoint, calls=calls, usd=usd)
                for (subject, endpoint), (calls, usd) in saved
            ],
        )
        self.store.end(run, status=outcome.status, summary=summary_of(outcome))
        return outcome

    def answer(self, errands: Errands, watch: Watcher) -> list[End]:
        """Have this machine work something out that is no part of a plan; see `answered`."""
        return answered(self.store, self._providers, errands, at_once=self.settings.parallel_compute, watch=watch)

    def opened(self, provider: str) -> list[Ticket]:
        """The provider's requests whose end is not known yet, oldest first."""
        return self.store.tickets.opened(provider)

    def _give_up(self, order: Order) -> None:
        """Give up lost requests of this recipe that no call of it asks for any more: no run would ever settle them."""
        lost = [
            moved(ticket, TicketState.ABANDONED, reason=ticket.reason)
            for ticket in self.opened(order.resumes)
            if ticket.state is TicketState.UNKNOWN
            and ticket.errand.recipe == order.plan.recipe
            and ticket.key not in order.missing
        ]
        self.store.tickets.keep(lost)

    def _limits(self, plan: Plan) -> dict[str, int]:
        settings = self.settings
        limits = {
            "train": settings.parallel_train,
            "image": settings.parallel_image,
            "compute": settings.parallel_compute,
        }
        return {**limits, **plan.limits}

    def _reported(self, order: Order, outcome: Outcome, made: Collection[str]) -> Outcome:
        keys = {position: key for record in outcome.records for position, key in record.keys.items()}
        whole = order.whole and outcome.halted is None
        self._leave_trail(order.plan.recipe, keys, whole=whole)
        head: dict[str, JSONValue] = {**order.head, "run": outcome.run}
        older = older_pictures(outcome.folder, outcome.written) if whole else []
        write_manifest(outcome.folder, head, outcome.records, whole=whole)
        recipe = order.plan.recipe
        packed = dump(outcome.run, recipe, kept(outcome.records, made), whole=whole)
        self.store.snapshots.keep(outcome.run, recipe, packed)
        return replace(outcome, older=older, records=[slim(record) for record in outcome.records])

    def _leave_trail(self, recipe: str, keys: Mapping[str, str], *, whole: bool) -> None:
        """Note which call stands where, and which stood there before, for those who ask what changed."""
        old = self.store.trail(recipe)
        before = {place: old[place] for place, key in keys.items() if old.get(place, key) != key}
        self.store.set_trail(recipe, keys, whole=whole)
        self.store.note(before_note(recipe), json.dumps(before))


def before_note(recipe: str) -> str:
    """The name of the note of what a recipe's calls were before its last run changed them."""
    return f"before/{recipe}"
