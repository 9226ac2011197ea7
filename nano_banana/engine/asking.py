"""One call put to its provider: within the budget, with a desk of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from nano_banana.core.answer import Provider
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.json import JSONValue
from nano_banana.core.leave import Leave
from nano_banana.core.lost import Lost
from nano_banana.core.news import News, Watcher
from nano_banana.core.problem import Problem
from nano_banana.core.ticket import Errand, Ticket, TicketState
from nano_banana.engine.desk import CallDesk, StoreDesk
from nano_banana.engine.keeper import Answered, Keeper
from nano_banana.engine.policy import Policy
from nano_banana.engine.purse import Purse
from nano_banana.engine.scratch import Scratch
from nano_banana.engine.turn import Turn


class Asking:
    """Makes providers when their first call comes, and asks them."""

    def __init__(
        self, policy: Policy, house: StoreDesk, keeper: Keeper, purse: Purse, leave: Leave, watch: Watcher
    ) -> None:
        self._policy = policy
        self._house = house
        self._keeper = keeper
        self._purse = purse
        self._leave = leave
        self._watch = watch
        self._scratch = Scratch(house.store.folder)
        self._providers: dict[str, Provider] = {}
        self._noted: set[tuple[str, JSONValue]] = set()

    async def ask(
        self, call: Call, errand: Errand, ticket: Ticket | None, turn: Turn, *, buys: bool = True
    ) -> Answered:
        """The provider's answer. `ticket` is the call's last: what was sent already is paid for, budget or not.

        Unless it `buys`, it only collects that. `turn` is the call's place among those of its kind.

        Raises what the provider raises, and LimitReached where the budget does not hold the call.
        """
        price = self._policy.price(call)
        is_paid_for = self._is_paid_for(ticket)
        reserved = self._purse.reserve(price, committed=is_paid_for) if buys else 0.0
        # Should it have failed, and cost nothing, it is only bought again where the budget holds that.
        desk = self._desk(errand, price, ticket, turn, buys=buys and (not is_paid_for or self._purse.holds(price)))
        cost: float | None = 0.0
        try:
            self._watch(News(kind="running", stage=errand.stage, node=errand.node))
            begun = time.perf_counter()
            answer = await self._provider(call.provider).answer(call, desk)
            cost = answer.cost_usd if answer.bought else 0.0
            self._note(answer.notes, errand)
            return Answered(call=call, answer=answer, seconds=time.perf_counter() - begun, folders=desk.folders)
        except BaseException as error:
            # What is at the service now will be billed, whoever collects it.
            is_open = desk.last is not None and desk.last.open
            cost = None if is_open else 0.0
            await self.sweep(desk.folders)
            if isinstance(error, CallFailed):
                cost = error.cost_usd if error.cost_usd or not is_open else None
                # What an earlier run sent is in that run's bill.
                ours = ticket is None or desk.last is None or desk.last.number != ticket.number
                self._watch(News(kind="failed", stage=errand.stage, node=errand.node, cost_usd=cost if ours else 0.0))
                raise CallFailed(self._told(call, errand, error.problems), cost_usd=cost) from error
            raise
        finally:
            self._purse.settle(reserved, cost, ours=buys)

    async def sweep(self, folders: Sequence[Path]) -> None:
        """Remove folders of files that are kept by now, or given up."""
        for folder in folders:
            await asyncio.to_thread(self._scratch.remove, folder)

    async def close(self) -> None:
        """Close the providers that were made."""
        for provider in self._providers.values():
            await provider.close()

    def _note(self, notes: Sequence[Problem], errand: Errand) -> None:
        """Say these, each kind once for an endpoint: all of its answers may have it."""
        for note in notes:
            seen = (note.kind, note.data.get("endpoint"))
            if seen not in self._noted:
                self._noted.add(seen)
                data = {**note.data, "kind": note.kind}
                self._watch(News(kind="note", stage=errand.stage, node=errand.node, data=data))

    def _is_paid_for(self, ticket: Ticket | None) -> bool:
        """Whether nothing more is bought for the call; one that is lost may be, where a person said so."""
        if ticket is None or not ticket.open:
            return False
        return ticket.state is TicketState.SENT or self._policy.lost in {Lost.ASK, Lost.ABANDON}

    def _told(self, call: Call, errand: Errand, problems: Iterable[Problem]) -> list[Problem]:
        """What went wrong, with the stage that asked where it is about a field of the endpoint's."""
        named = self._house.named(call, problems)
        return [
            replace(problem, data={**problem.data, "stage": errand.stage}) if "field" in problem.data else problem
            for problem in named
        ]

    def _desk(self, errand: Errand, price: float | None, ticket: Ticket | None, turn: Turn, *, buys: bool) -> CallDesk:
        return CallDesk(
            house=self._house,
            keeper=self._keeper,
            watch=self._watch,
            scratches=self._scratch,
            errand=errand,
            estimate_usd=price,
            buys=buys,
            lost=self._policy.lost,
            resend=self._policy.resend,
            turn=turn,
            leave=self._leave,
            last=ticket,
        )

    def _provider(self, name: str) -> Provider:
        if name not in self._providers:
            self._providers[name] = self._policy.providers[name]()
        return self._providers[name]
