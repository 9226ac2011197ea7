"""The result of a request: fetched, paid for, checked, its files on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.answer import Answer
from nano_banana.core.answer import Desk
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.json import as_items
from nano_banana.core.ticket import Ticket
from nano_banana.core.ticket import TicketState
from nano_banana.core.ticket import moved
from nano_banana.providers.fal.billing import cost_of
from nano_banana.providers.fal.billing import units_in
from nano_banana.providers.fal.download import Downloads
from nano_banana.providers.fal.download import Fetched
from nano_banana.providers.fal.faults import Fault
from nano_banana.providers.fal.faults import fault_of
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.resend import Patience
from nano_banana.providers.fal.resend import insist
from nano_banana.providers.fal.result import Remote
from nano_banana.providers.fal.result import split
from nano_banana.providers.fal.submit import read
from nano_banana.providers.fal.wire import REFUSALS
from nano_banana.providers.fal.wire import Declined

PATIENCE = Patience(first=0.5, most=15.0, total=300.0)
DOUBTS = 2
"""More times that a result is asked for which is said to have failed on fal's side, or not to be there yet: the request
would be bought again, and it may only be the asking that failed."""

_OF_NO_MODEL = frozenset({408, 429})
_MAYBE_BILLED = frozenset({"content_refused", "nothing_generated", "request_cancelled", "no_face_found"})
"""Failures after which a runner may have worked, so that silence about the bill is not "nothing"."""


class Failed:
    """The request ended badly: why, and what it cost."""

    __slots__ = ("cost_usd", "fault", "units")

    def __init__(self, fault: Fault, units: float | None, cost_usd: float | None) -> None:
        self.fault = fault
        self.units = units
        self.cost_usd = cost_usd


class Collecting:
    """Fetches results. `catalog` says where an endpoint's files stand and what its units cost."""

    def __init__(self, line: Line, catalog: Catalog) -> None:
        self._line = line
        self._catalog = catalog
        self._downloads = Downloads(line)

    async def collect(self, ticket: Ticket, call: Call, desk: Desk) -> Answer | Failed | None:
        """The answer with its ticket closed, or how it failed; None where the result is gone.

        Raises CallFailed where the answer or a file of it can't be read, and Refused where the key may not ask: the
        result stays at the service, is paid for, and the next run tries again.
        """
        desk.tell(phase="collecting")
        response = await self._result(ticket)
        units = units_in(response.headers)
        cost = cost_of(units, call, self._catalog)
        body = read(response)
        if response.status_code in (404, 410):
            return None
        if response.status_code >= 400:
            fault = fault_of(response.status_code, response.headers, body, endpoint=ticket.endpoint)
            if fault.all_calls:
                raise fault.error(cost_usd=None)
            free = units is None and fault.kind not in _MAYBE_BILLED
            return Failed(fault, units, 0.0 if free else cost)
        if not isinstance(body, Mapping):
            raise CallFailed([trouble("result_unreadable", endpoint=ticket.endpoint)], cost_usd=None)
        if any(flag is True for flag in as_items(body.get("has_nsfw_concepts") or [])):
            return Failed(_unsafe(ticket), units, cost)
        return await self._answer(ticket, body, desk, units, cost)

    async def _answer(
        self, ticket: Ticket, body: JSONObject, desk: Desk, units: float | None, cost: float | None
    ) -> Answer | Failed | None:
        endpoint = self._catalog.get(ticket.endpoint)
        data, remotes = split(body, endpoint.makes if endpoint else ())
        if endpoint is not None and not remotes:
            nothing: JSONObject = {"endpoint": ticket.endpoint, "said": "the result names no file"}
            return Failed(Fault(kind="nothing_generated", data=nothing), units, cost)
        try:
            files = await self._fetch(remotes, desk)
        except CallFailed as error:
            if any(problem.kind == "file_gone" for problem in error.problems):
                return None
            raise CallFailed(error.problems, cost_usd=cost) from error
        is_checked = "has_nsfw_concepts" in body or (endpoint is not None and endpoint.roles.safety is not None)
        if is_checked and any(file.black for file in files.values()):
            return Failed(_unsafe(ticket), units, cost)
        payloads = {place: file.payload for place, file in files.items()}
        if not ticket.open:
            return Answer(data=data, files=payloads, cost_usd=ticket.cost_usd, bought=False)
        closed = moved(ticket, TicketState.COLLECTED, units=units, cost_usd=cost, at=self._line.clock.now())
        return Answer(data=data, files=payloads, cost_usd=cost, ticket=closed)

    async def _fetch(self, remotes: Mapping[str, Remote], desk: Desk) -> dict[str, Fetched]:
        """All files of a result, side by side; one that fails does not leave the others running on unheard."""
        fetching = [self._downloads.fetch(remote, desk) for remote in remotes.values()]
        fetched = await asyncio.gather(*fetching, return_exceptions=True)
        for one in fetched:
            if isinstance(one, BaseException):
                raise one
        return {place: one for place, one in zip(remotes, fetched, strict=True) if isinstance(one, Fetched)}

    async def _result(self, ticket: Ticket) -> httpx.Response:
        url = self._line.url(ticket, "response")

        async def once() -> httpx.Response:
            try:
                response = await self._line.wire.get(url)
            except Declined as error:
                response = error.response
            # The status of a result is the model's own, unless a gateway said it.
            is_doubtful = response.status_code in REFUSALS or response.status_code >= 500
            is_none = 200 < response.status_code < 400
            if is_none or response.status_code in _OF_NO_MODEL or (is_doubtful and not _is_own(response)):
                raise Declined(response)
            return response

        clock = self._line.clock
        response = await insist(once, patience=PATIENCE, clock=clock, what=ticket.endpoint)
        for turn in range(DOUBTS):
            # (Fal says 400 of a request that is still in progress, and its status may know better sooner.)
            if response.status_code < 500 and response.status_code != 400:
                break
            await clock.sleep(PATIENCE.wait(turn, clock))
            response = await insist(once, patience=PATIENCE, clock=clock, what=ticket.endpoint)
        return response


def _is_own(response: httpx.Response) -> bool:
    """Whether fal or the model says it: in fal's headers, or as fal words errors."""
    body = read(response)
    return any(name.startswith("x-fal-") for name in response.headers) or (
        isinstance(body, Mapping) and not body.keys().isdisjoint({"detail", "error_type"})
    )


def _unsafe(ticket: Ticket) -> Fault:
    return Fault(kind="unsafe_picture", data={"endpoint": ticket.endpoint})
