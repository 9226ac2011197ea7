"""The result of a request: fetched, paid for, checked, its files on disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import httpx

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.answer import Answer, Desk
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object
from nano_banana.core.problem import Problem
from nano_banana.core.ticket import Ticket, TicketState, moved
from nano_banana.providers.fal.billing import cost_of, units_in
from nano_banana.providers.fal.bodies import read
from nano_banana.providers.fal.download import Downloads, Fetched
from nano_banana.providers.fal.faults import Fault, fault_of, is_verdict, prose
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.resend import Patience, insist
from nano_banana.providers.fal.result import Remote, is_made, split
from nano_banana.providers.fal.unlike import unlike
from nano_banana.providers.fal.wire import Declined

PATIENCE = Patience(first=0.5, most=15.0, total=300.0)
DOUBTS = 2
"""More times that a result is asked for which is said to have failed on fal's side, or not to be there yet: the request
would be bought again, and it may only be the asking that failed."""

MOST_FILES = 1000
"""Files of one result. Endpoints make at most a few dozen."""

_MAYBE_BILLED = frozenset({"content_refused", "nothing_generated", "request_cancelled", "no_face_found"})
"""Failures after which a runner may have worked, so that silence about the bill is not "nothing"."""


_ODD = (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, ExceptionGroup)
"""What our own code may raise over an answer that nobody thought of: it fails this call, and not the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The request ended badly: why, and what it cost. `result` is the JSON that came, where it was of no use."""

    fault: Fault
    units: float | None
    cost_usd: float | None
    result: JSONValue = None


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
        try:
            return await self._collected(ticket, call, desk)
        except _ODD as error:
            raise _unreadable(ticket) from error

    async def read_again(self, ticket: Ticket, result: JSONValue, desk: Desk) -> Answer | None:
        """The answer in a result that was kept because it was of no use, where this version can read it.

        Raises CallFailed where a file of it can't be had now.
        """
        try:
            found = await self._answer(ticket, result, desk, ticket.units, ticket.cost_usd)
        except _ODD:
            return None
        return found if isinstance(found, Answer) else None

    async def _collected(self, ticket: Ticket, call: Call, desk: Desk) -> Answer | Failed | None:
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
            return Failed(fault=fault, units=units, cost_usd=0.0 if free else cost)
        if not isinstance(body, Mapping) and not any(name.startswith("x-fal-") for name in response.headers):
            raise _unreadable(ticket)
        return await self._answer(ticket, body, desk, units, cost)

    async def _answer(
        self, ticket: Ticket, body: JSONValue, desk: Desk, units: float | None, cost: float | None
    ) -> Answer | Failed | None:
        endpoint = self._catalog.get(ticket.endpoint)
        told = body if isinstance(body, Mapping) else {}
        if any(flag is True for flag in as_items(told.get("has_nsfw_concepts") or [])):
            return Failed(fault=_unsafe(ticket), units=units, cost_usd=cost)
        makes = endpoint.makes if endpoint else ()
        data, remotes = split(told, makes)
        if len(remotes) > MOST_FILES:
            raise _unreadable(ticket)
        if not isinstance(body, Mapping) or (makes and not any(is_made(place, makes) for place in remotes)):
            return Failed(fault=_unusable(ticket, body, makes), units=units, cost_usd=cost, result=body)
        try:
            files = await self._fetch(remotes, desk)
        except CallFailed as error:
            if any(problem.kind == "file_gone" for problem in error.problems):
                return None
            raise CallFailed(error.problems, cost_usd=cost) from error
        is_checked = "has_nsfw_concepts" in told or (endpoint is not None and endpoint.roles.safety is not None)
        if is_checked and any(file.black for file in files.values()):
            return Failed(fault=_unsafe(ticket), units=units, cost_usd=cost)
        payloads = {place: file.payload for place, file in files.items()}
        if not ticket.open:
            return Answer(data=data, files=payloads, cost_usd=ticket.cost_usd, bought=False)
        sizes = [file.size for place, file in files.items() if file.size and is_made(place, makes)]
        notes = () if endpoint is None else tuple(unlike(endpoint, as_object(json.loads(ticket.body)), data, sizes))
        closed = moved(ticket, TicketState.COLLECTED, units=units, cost_usd=cost, at=self._line.clock.now())
        return Answer(data=data, files=payloads, cost_usd=cost, ticket=closed, notes=notes)

    async def _fetch(self, remotes: Mapping[str, Remote], desk: Desk) -> dict[str, Fetched]:
        """All files of a result, side by side; one that fails does not leave the others running on unheard."""
        fetching = [self._downloads.fetch(remote, desk) for remote in remotes.values()]
        fetched = await asyncio.gather(*fetching, return_exceptions=True)
        for one in fetched:
            if isinstance(one, BaseException):
                raise one
        return {place: one for place, one in zip(remotes, fetched, strict=True) if isinstance(one, Fetched)}

    async def _result(self, ticket: Ticket) -> httpx.Response:
        """The result, or what fal itself says in its place. Raises CallFailed where only others answer."""
        url, clock = self._line.url(ticket, "response"), self._line.clock

        async def once() -> httpx.Response:
            try:
                response = await self._line.ask(url)
            except Declined as error:
                response = error.response
            status = response.status_code
            if 300 <= status < 400:
                raise CallFailed([_redirected(ticket, response)], cost_usd=None)
            if status != 200 and not (status >= 400 and is_verdict(status, response.headers, read(response))):
                raise Declined(response)
            return response

        async def insisted() -> httpx.Response:
            try:
                return await insist(once, patience=PATIENCE, clock=clock, what=ticket.endpoint)
            except CallFailed as error:
                raise CallFailed([_withheld(problem) for problem in error.problems], cost_usd=None) from error

        response = await insisted()
        for turn in range(DOUBTS):
            if response.status_code < 500 and response.status_code != 400:
                break
            await clock.sleep(PATIENCE.wait(turn, clock))
            response = await insisted()
        return response


def _withheld(problem: Problem) -> Problem:
    """The problem; where it is an odd answer and not "too busy", it says so."""
    status = problem.data.get("status")
    is_busy = problem.kind != "fal_busy" or not isinstance(status, int) or status in {408, 429} or status >= 500
    return problem if is_busy else replace(problem, kind="result_withheld")


def _redirected(ticket: Ticket, response: httpx.Response) -> Problem:
    location = response.headers.get("Location", "")
    try:
        host = response.url.join(location).host
    except httpx.InvalidURL:
        host = ""
    return trouble("result_redirected", endpoint=ticket.endpoint, status=response.status_code, host=host[:80])


def _unreadable(ticket: Ticket) -> CallFailed:
    return CallFailed([trouble("result_unreadable", endpoint=ticket.endpoint)], cost_usd=None)


def _unusable(ticket: Ticket, body: JSONValue, makes: Sequence[str]) -> Fault:
    """A result without what the endpoint makes: it says that there is nothing, or it has a shape that we don't know."""
    told = body if isinstance(body, Mapping) else {}
    heads = {place.partition("/")[0] for place in makes}
    if heads & told.keys() and not any(told.get(head) for head in heads):
        nothing: JSONObject = {"endpoint": ticket.endpoint, "said": "the result names no file"}
        return Fault(kind="nothing_generated", data=nothing)
    fields = ", ".join(sorted(map(str, told))) or type(body).__name__
    data: JSONObject = {"endpoint": ticket.endpoint, "wanted": ", ".join(makes), "said": prose(fields)}
    return Fault(kind="result_unusable", data=data)


def _unsafe(ticket: Ticket) -> Fault:
    return Fault(kind="unsafe_picture", data={"endpoint": ticket.endpoint})
