"""Collect a request's result: its files, its cost, and how it differs.

A result is fetched, paid for and checked, and its files are on disk, before it counts. The cost follows from the units
that fal says it billed.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator, Mapping, Sequence

import httpx
from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_value, known_result_size
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.problem import CallFailed, Problem, problem
from nano_banana.model.provider_protocol import Answer, CallContext
from nano_banana.model.ticket import Ticket, TicketState, transition
from nano_banana.providers.fal.downloads import DownloadedFile, Downloader, RemoteFile, is_product, split_result
from nano_banana.providers.fal.fal_errors import ErrorResponse, error_text, is_fal_answer
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.http_client import RetryLater, error_in, json_or_text, retry
from nano_banana.providers.fal.timing import Attempts, Backoff

UNITS_HEADER = "x-fal-billable-units"


def billed_units(headers: Mapping[str, str]) -> float | None:
    """The billed units; None if the answer doesn't say."""
    try:
        units = float(headers.get(UNITS_HEADER, ""))
    except ValueError:
        return None
    return units if math.isfinite(units) and units >= 0 else None


def cost_of(units: float | None, call: Call, catalog: Catalog) -> float | None:
    """Units in US dollars.

    None if units or price are unknown or the price's sources disagree; also if the price depends on arguments
    (a resolution, an extra), since units may or may not include these.
    """
    if units == 0:
        return 0.0
    endpoint = catalog.get(call.endpoint)
    if units is None or endpoint is None or endpoint.price is None:
        return None
    price = endpoint.price
    extras = (*price.times, *price.plus, *price.unknown_with)
    if price.first is not None or price.block != 1 or price.usd_high not in (None, price.usd):
        return None
    if any(argument_value(endpoint, call.arguments, name) for name in extras):
        return None
    return round(units * price.usd, 6)


SIDE_MULTIPLE = 64
"""Endpoints may crop sides to multiples of this many pixels."""

TINY_SIDE = 64
"""Pixels. No model draws pictures this small: they are the emulator's, and not reported."""


def result_mismatches(
    endpoint: Endpoint, asked: JSONObject, result: JSONObject, sizes: Sequence[tuple[int, int]]
) -> Iterator[Problem]:
    """Notes about a result: another seed was used, or a picture is smaller than requested."""
    seed, used = asked.get(endpoint.roles.seed or ""), result.get("seed")
    if isinstance(seed, int) and isinstance(used, int) and seed != used:
        yield problem("seed_unlike", endpoint=endpoint.id, asked=seed, used=used)
    wanted = known_result_size(endpoint, asked) if endpoint.roles.size else None
    small = [size for size in sizes if wanted and _is_smaller(size, wanted)]
    if wanted and small:
        asked_size, used_size = ("x".join(map(str, size)) for size in (wanted, small[0]))
        yield problem("size_unlike", endpoint=endpoint.id, asked=asked_size, used=used_size)


def _is_smaller(size: tuple[int, int], wanted: tuple[int, int]) -> bool:
    cut = [want - want % SIDE_MULTIPLE if want >= SIDE_MULTIPLE else want for want in wanted]
    return max(size) > TINY_SIDE and any(side < least for side, least in zip(size, cut, strict=True))


RESULT_BACKOFF = Backoff(first=0.5, longest=15.0, total=300.0)
RESULT_RECHECKS = 2
"""How often a result is fetched again that failed on fal's side or isn't there yet: otherwise the request would be
bought again, and perhaps only the fetching failed."""

RECHECK_BACKOFF = Backoff(first=0.5, longest=15.0, total=math.inf, tries=RESULT_RECHECKS)

MAX_RESULT_FILES = 1000
"""Most files of one result. Endpoints make at most a few dozen."""

_MAYBE_BILLED = frozenset({"content_refused", "nothing_generated", "request_cancelled", "no_face_found"})
"""Failures after which the model may have run, so that a missing bill doesn't mean "free"."""


_UNEXPECTED_ERRORS = (ArithmeticError, LookupError, TypeError, ValueError, RecursionError, ExceptionGroup)
"""What our code may raise for an unexpected answer: this fails the call, not the run."""


class RequestFailure(Struct, frozen=True, kw_only=True):
    """A failed request: why, and what it cost. `result` is the JSON of an unusable result."""

    fault: ErrorResponse
    units: float | None
    cost_usd: float | None
    result: JSONValue = None


class ResultCollector:
    """Fetches results. `catalog` describes where an endpoint's files are and what its units cost."""

    def __init__(self, session: FalSession, catalog: Catalog) -> None:
        self._session = session
        self._catalog = catalog
        self._downloads = Downloader(session)

    async def collect(self, ticket: Ticket, call: Call, context: CallContext) -> Answer | RequestFailure | None:
        """The answer with its ticket closed, or the failure; None if the result is gone.

        Raises CallFailed if the answer or one of its files can't be read, and Refused without permission. The result
        is paid for and stays at the service, and the next run tries again.
        """
        context.report_progress(phase="collecting")
        try:
            return await self._collected(ticket, call, context)
        except _UNEXPECTED_ERRORS as error:
            raise _result_unreadable(ticket) from error

    async def read_again(self, ticket: Ticket, result: JSONValue, context: CallContext) -> Answer | None:
        """The answer in a result that was kept as unusable, if this version can read it.

        Raises CallFailed if one of its files can't be fetched now.
        """
        try:
            found = await self._answer(ticket, result, context, ticket.units, ticket.cost_usd)
        except _UNEXPECTED_ERRORS:
            return None
        return found if isinstance(found, Answer) else None

    async def _collected(self, ticket: Ticket, call: Call, context: CallContext) -> Answer | RequestFailure | None:
        response = await self._result(ticket)
        units = billed_units(response.headers)
        cost = cost_of(units, call, self._catalog)
        body = json_or_text(response)
        if response.status_code in (404, 410):
            return None
        if response.status_code >= 400:
            fault = error_in(response, ticket.endpoint)
            if fault.all_calls:
                raise fault.error(cost_usd=None)
            free = units is None and fault.kind not in _MAYBE_BILLED
            return RequestFailure(fault=fault, units=units, cost_usd=0.0 if free else cost)
        if not isinstance(body, Mapping) and not any(name.startswith("x-fal-") for name in response.headers):
            raise _result_unreadable(ticket)
        return await self._answer(ticket, body, context, units, cost)

    async def _answer(
        self, ticket: Ticket, body: JSONValue, context: CallContext, units: float | None, cost: float | None
    ) -> Answer | RequestFailure | None:
        endpoint = self._catalog.get(ticket.endpoint)
        told = body if isinstance(body, Mapping) else {}
        if any(flag is True for flag in as_items(told.get("has_nsfw_concepts") or [])):
            return RequestFailure(fault=_unsafe_picture(ticket), units=units, cost_usd=cost)
        makes = endpoint.makes if endpoint else ()
        data, remotes = split_result(told, makes)
        if len(remotes) > MAX_RESULT_FILES:
            raise _result_unreadable(ticket)
        if not isinstance(body, Mapping) or (makes and not any(is_product(place, makes) for place in remotes)):
            return RequestFailure(fault=_result_unusable(ticket, body, makes), units=units, cost_usd=cost, result=body)
        try:
            files = await self._fetch(remotes, context)
        except CallFailed as error:
            if any(problem.kind == "file_gone" for problem in error.problems):
                return None
            raise CallFailed(error.problems, cost_usd=cost) from error
        is_checked = "has_nsfw_concepts" in told or (endpoint is not None and endpoint.roles.safety is not None)
        if is_checked and any(file.black for file in files.values()):
            return RequestFailure(fault=_unsafe_picture(ticket), units=units, cost_usd=cost)
        payloads = {place: file.payload for place, file in files.items()}
        if not ticket.open:
            return Answer(data=data, files=payloads, cost_usd=ticket.cost_usd, newly_billed=False)
        sizes = [file.size for place, file in files.items() if file.size and is_product(place, makes)]
        asked = as_object(json.loads(ticket.body))
        notes = tuple(result_mismatches(endpoint, asked, data, sizes)) if endpoint else ()
        closed = transition(ticket, TicketState.COLLECTED, units=units, cost_usd=cost, at=self._session.clock.now())
        return Answer(data=data, files=payloads, cost_usd=cost, ticket=closed, notes=notes)

    async def _fetch(self, remotes: Mapping[str, RemoteFile], context: CallContext) -> dict[str, DownloadedFile]:
        """All files of a result, concurrently; if one fails, the others finish first."""
        fetching = [self._downloads.fetch(remote, context) for remote in remotes.values()]
        fetched = await asyncio.gather(*fetching, return_exceptions=True)
        for one in fetched:
            if isinstance(one, BaseException):
                raise one
        return {place: one for place, one in zip(remotes, fetched, strict=True) if isinstance(one, DownloadedFile)}

    async def _result(self, ticket: Ticket) -> httpx.Response:
        """The result, or fal's own error. Raises CallFailed if only gateways answer."""
        url, clock = self._session.url(ticket, "response"), self._session.clock

        async def once() -> httpx.Response:
            try:
                response = await self._session.get_once(url)
            except RetryLater as error:
                response = error.response
            status = response.status_code
            if 300 <= status < 400:
                raise CallFailed([_result_redirected(ticket, response)], cost_usd=None)
            if status == 200 or (status >= 400 and is_fal_answer(status, response.headers, json_or_text(response))):
                return response
            raise RetryLater(response)

        attempts = Attempts(RECHECK_BACKOFF, clock)
        while True:
            try:
                response = await retry(once, backoff=RESULT_BACKOFF, clock=clock, what=ticket.endpoint)
            except CallFailed as error:
                raise CallFailed([_result_withheld(problem) for problem in error.problems], cost_usd=None) from error
            is_answer = response.status_code < 500 and response.status_code != 400
            if is_answer or (wait := attempts.next_wait()) is None:
                return response
            await clock.sleep(wait)


def _result_withheld(problem: Problem) -> Problem:
    """The problem; an unexpected status becomes `result_withheld` instead of "too busy"."""
    status = problem.data.get("status")
    is_busy = problem.kind != "fal_busy" or not isinstance(status, int) or status in {408, 429} or status >= 500
    return problem if is_busy else replace(problem, kind="result_withheld")


def _result_redirected(ticket: Ticket, response: httpx.Response) -> Problem:
    location = response.headers.get("Location", "")
    try:
        host = response.url.join(location).host
    except httpx.InvalidURL:
        host = ""
    return problem("result_redirected", endpoint=ticket.endpoint, status=response.status_code, host=host[:80])


def _result_unreadable(ticket: Ticket) -> CallFailed:
    return CallFailed([problem("result_unreadable", endpoint=ticket.endpoint)], cost_usd=None)


def _result_unusable(ticket: Ticket, body: JSONValue, makes: Sequence[str]) -> ErrorResponse:
    """A result without the endpoint's files: either it is empty, or its shape is unknown."""
    told = body if isinstance(body, Mapping) else {}
    heads = {place.partition("/")[0] for place in makes}
    if heads & told.keys() and not any(told.get(head) for head in heads):
        nothing: JSONObject = {"endpoint": ticket.endpoint, "said": "the result names no file"}
        return ErrorResponse(kind="nothing_generated", data=nothing)
    fields = ", ".join(sorted(map(str, told))) or type(body).__name__
    data: JSONObject = {"endpoint": ticket.endpoint, "wanted": ", ".join(makes), "said": error_text(fields)}
    return ErrorResponse(kind="result_unusable", data=data)


def _unsafe_picture(ticket: Ticket) -> ErrorResponse:
    return ErrorResponse(kind="unsafe_picture", data={"endpoint": ticket.endpoint})
