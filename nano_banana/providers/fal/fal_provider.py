"""The fal provider: each call is submitted once, followed and collected.

A call's ticket says where it stands, so the provider goes on from there after whatever happened: not sent yet, accepted
(perhaps days ago, by another process), lost, or ended.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Coroutine
from typing import TypeVar

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONValue, as_object
from nano_banana.model.problem import CallFailed, Problem, Refused, problem
from nano_banana.model.provider_protocol import Answer, CallContext
from nano_banana.model.ticket import (
    ResendPolicy,
    Ticket,
    TicketState,
    UnknownRequestPolicy,
    is_loopback_url,
    transition,
)
from nano_banana.providers.fal.fal_config import FalConfig, fal_config
from nano_banana.providers.fal.fal_errors import RetryAdvice
from nano_banana.providers.fal.fal_results import RequestFailure, ResultCollector
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.fal_uploads import FileUploader
from nano_banana.providers.fal.following import FollowOutcome, RequestFollower
from nano_banana.providers.fal.lost_requests import FRESH_SECONDS, HistoryEvidence, RequestFinder
from nano_banana.providers.fal.submission import Submitter
from nano_banana.providers.fal.timing import (
    Attempts,
    Backoff,
    Clock,
    pause,
    raise_if_stopping,
    stopped_error,
    stopping_within,
)
from nano_banana.providers.provider_context import ProviderContext

MAX_REQUESTS = 3
"""Most requests for one call in one run; another is sent only after a temporary failure."""

RESUBMIT_BACKOFF = Backoff(first=4.0, longest=30.0, total=math.inf, tries=MAX_REQUESTS - 1)
STOP_SECONDS = 3.0
"""Seconds that uploads and downloads get to finish when the run stops; the next run repeats what was cut short."""

SUBMIT_HOLD = 5.0
"""Extra seconds for the answer to a submission under way, which the next run would otherwise have to look for."""

UNSAFE_PICTURE = "unsafe_picture"
"""A failure that is always billed and would recur, since the same seed draws the same picture."""

KEPT_RESULT_NOTE = "result"
"""Prefix of the notes with unusable results."""

MAX_KEPT_RESULT = 4 * 1024 * 1024
"""Most characters of an unusable result that is kept."""

_RESULT_PROBLEMS = frozenset({"result_unreadable", "result_withheld", "result_redirected"})
"""Problems with a result that may be permanent; once it is old, the user may abandon it."""

CHEAP_USD = 0.5
"""The most that a request may cost to be resent without asking."""

T = TypeVar("T")


class FalProvider:
    """The fal provider. Create it inside the event loop that uses it."""

    name = "fal"

    def __init__(self, config: FalConfig, catalog: Catalog, clock: Clock | None = None) -> None:
        """`catalog` describes where results are and what units cost."""
        self._session = FalSession(config, clock or Clock())
        self._uploads = FileUploader(self._session)
        self._submitting = Submitter(self._session)
        self._finding = RequestFinder(self._session, catalog)
        self._following = RequestFollower(self._session)
        self._collecting = ResultCollector(self._session, catalog)

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Continue the call from its ticket's state to its end.

        Raises CallFailed (with its cost), Refused, Unusable, and Stopped if it was left at the service.
        """
        async with stopping_within(context.shutdown, seconds=STOP_SECONDS):
            last = await context.last_ticket()
            return await self._had_before(last, call, context) or await self._answer(last, call, context)

    async def _answer(self, last: Ticket | None, call: Call, context: CallContext) -> Answer:
        ticket = await self._taken_up(last, context)
        fresh, attempts = False, Attempts(RESUBMIT_BACKOFF, self._session.clock)
        while True:
            ticket = await self._accepted(ticket, call, context, fresh=fresh)
            end = await self._to_end(ticket, call, context)
            if isinstance(end, Answer):
                return end
            wait = attempts.next_wait()
            # A billed failure isn't resent before the budget knows of it.
            if end.fault.again is RetryAdvice.NEVER or wait is None or not context.may_submit or end.cost_usd != 0:
                raise end.fault.error(cost_usd=end.cost_usd)
            ticket, fresh = None, end.fault.again is RetryAdvice.WITH_FRESH_FILES
            await pause(wait, clock=self._session.clock, shutdown=context.shutdown)

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def _had_before(self, ticket: Ticket | None, call: Call, context: CallContext) -> Answer | None:
        """A result that was collected before and then lost or damaged here, if fal still has it.

        Raises CallFailed if that can't be found out now, unless it may be bought again.
        """
        if ticket is None or self._is_strange(ticket):
            return None
        if ticket.state is TicketState.FAILED:
            return await self._read_again(ticket, context)
        if ticket.state is not TicketState.COLLECTED:
            return None
        resubmit = context.unknown_requests is UnknownRequestPolicy.RESUBMIT
        try:
            found = await self._collecting.collect(ticket, call, context)
        except CallFailed as error:
            # It may still be there: what is paid for is not bought again because of a bad moment.
            if not resubmit:
                raise CallFailed(error.problems) from error
            return None
        if isinstance(found, RequestFailure) and found.fault.again is not RetryAdvice.NEVER and not resubmit:
            raise found.fault.error()
        return found if isinstance(found, Answer) else None

    async def _read_again(self, ticket: Ticket, context: CallContext) -> Answer | None:
        """The answer in a kept result. Raises CallFailed if its files can't be fetched now."""
        result = await _kept_result(ticket, context)
        if result is None:
            return None
        try:
            return await self._collecting.read_again(ticket, result, context)
        except CallFailed as error:
            if context.unknown_requests is UnknownRequestPolicy.RESUBMIT:
                return None
            raise CallFailed(error.problems) from error

    def _is_strange(self, ticket: Ticket) -> bool:
        """Whether the ticket is an emulator's and this is fal, or vice versa."""
        return is_loopback_url(ticket.service) is not is_loopback_url(self._session.hosts.service)

    async def _taken_up(self, ticket: Ticket | None, context: CallContext) -> Ticket | None:
        """The open ticket of an earlier attempt.

        Raises CallFailed if it was billed and would fail again, or if it was sent to an emulator and this is fal (or
        vice versa).
        """
        if ticket is None:
            return None
        if context.unknown_requests is not UnknownRequestPolicy.RESUBMIT and await _is_billed_failure(ticket, context):
            raise CallFailed([_billed_before(ticket)])
        if ticket.open and self._is_strange(ticket):
            at, request = ticket.service, ticket.request_id
            elsewhere = problem("request_elsewhere", endpoint=ticket.endpoint, service=at, request=request)
            raise CallFailed([elsewhere], cost_usd=None)
        if ticket.state is TicketState.SENDING:
            return await context.save_ticket(transition(ticket, TicketState.UNKNOWN, reason="interrupted"))
        return ticket if ticket.open else None

    async def _accepted(self, ticket: Ticket | None, call: Call, context: CallContext, *, fresh: bool) -> Ticket:
        """The ticket of an accepted request: the given one, one found again, or a new one."""
        if ticket is None and not context.may_submit:
            raise CallFailed([problem("request_ended", endpoint=call.endpoint)])
        while ticket is None or ticket.state is TicketState.UNKNOWN:
            if ticket is not None:
                ticket = await self._found(ticket, context)
            else:
                await context.acquire_slot()
                body = await self._uploads.body(call, context, fresh=fresh)
                raise_if_stopping(context.shutdown)
                ticket = await _shielded(self._submitting.submit(call, body, context), context)
        return ticket

    async def _found(self, ticket: Ticket, context: CallContext) -> Ticket | None:
        """The lost request, found again; None if it should be resent. Raises CallFailed otherwise."""
        # Looking may take most of a minute, in which others go on.
        context.release_slot()
        trace = HistoryEvidence.UNSURE
        if not ticket.request_id:
            try:
                found = await self._finding.find(ticket, context)
            except CallFailed as error:
                # It may be in the history all the same, so that buying it again would be paying twice.
                if context.unknown_requests in {UnknownRequestPolicy.REPLACE, UnknownRequestPolicy.RESUBMIT}:
                    raise CallFailed(error.problems, cost_usd=None) from error
                found = trace
            if isinstance(found, Ticket):
                return found
            trace = found
        elif context.unknown_requests is UnknownRequestPolicy.ASK and await self._following.knows(ticket, context):
            # It may have been denied to another key, or on a bad day.
            return await context.save_ticket(transition(ticket, TicketState.SENT))
        if context.unknown_requests is UnknownRequestPolicy.ASK and not _may_resend(
            trace, context, training=self._finding.is_training(ticket.endpoint)
        ):
            raise CallFailed([_request_unknown(ticket)], cost_usd=None)
        state = TicketState.WITHDRAWN if trace is HistoryEvidence.NONE else TicketState.ABANDONED
        await context.save_ticket(transition(ticket, state, reason=ticket.reason, at=self._session.clock.now()))
        if context.unknown_requests is UnknownRequestPolicy.ABANDON:
            raise CallFailed([problem("request_abandoned", endpoint=ticket.endpoint)])
        return None

    async def _to_end(self, ticket: Ticket, call: Call, context: CallContext) -> Answer | RequestFailure:
        """Follow and collect. Raises Stopped if it was left or cancelled, CallFailed if its result is gone."""
        try:
            end = await self._following.follow(ticket, context)
            if end is FollowOutcome.LEFT:
                raise stopped_error()
            found = await self._collecting.collect(ticket, call, context) if end is FollowOutcome.COMPLETED else None
        except Refused:
            if self._session.clock.now() - ticket.begun_at > FRESH_SECONDS:
                # This key may not see it, nor perhaps ever: from here on a person can give it up.
                await context.save_ticket(transition(ticket, TicketState.UNKNOWN, reason="result_denied"))
            raise
        except CallFailed as error:
            reasons = [problem.kind for problem in error.problems if problem.kind in _RESULT_PROBLEMS]
            if reasons and self._session.clock.now() - ticket.begun_at > FRESH_SECONDS:
                await context.save_ticket(transition(ticket, TicketState.UNKNOWN, reason=reasons[0]))
            raise
        now = self._session.clock.now()
        is_cancelled = isinstance(found, RequestFailure) and found.fault.kind == "request_cancelled"
        if end is FollowOutcome.CANCELLED or (is_cancelled and context.shutdown.forced.is_set()):
            await context.save_ticket(transition(ticket, TicketState.CANCELLED, units=0.0, cost_usd=0.0, at=now))
            raise stopped_error()
        if found is None:
            lost = await context.save_ticket(transition(ticket, TicketState.UNKNOWN, reason="result_gone"))
            raise CallFailed([_request_unknown(lost)], cost_usd=None)
        if isinstance(found, RequestFailure):
            if found.result is not None:
                await _keep_result(ticket, found.result, context)
            state, units, cost, why = TicketState.FAILED, found.units, found.cost_usd, found.fault.kind
            await context.save_ticket(transition(ticket, state, units=units, cost_usd=cost, reason=why, at=now))
        return found


def create_provider(context: ProviderContext) -> FalProvider:
    """The fal provider. Raises Refused (`no_key`)."""
    config = fal_config(context.settings, context.environ, limits=context.limits, privacy=context.privacy)
    return FalProvider(config, context.catalog)


async def _keep_result(ticket: Ticket, result: JSONValue, context: CallContext) -> None:
    """Keep an unusable result for a version that can read it; `forget` finds it by the key."""
    text = json.dumps({"key": ticket.key, "request": ticket.request_id, "result": result})
    if len(text) <= MAX_KEPT_RESULT:
        await context.write_note(f"{KEPT_RESULT_NOTE}/{ticket.key}", text)


async def _kept_result(ticket: Ticket, context: CallContext) -> JSONValue:
    """The kept result of this request; None if there is none."""
    found = json.loads(await context.read_note(f"{KEPT_RESULT_NOTE}/{ticket.key}") or "{}")
    return as_object(found).get("result") if found.get("request") == ticket.request_id else None


async def _is_billed_failure(ticket: Ticket, context: CallContext) -> bool:
    """Whether it failed and was billed, so that it is only bought again if the user says so.

    A delivered result is billed even if fal doesn't say so.
    """
    if ticket.state is not TicketState.FAILED:
        return False
    if ticket.reason in {UNSAFE_PICTURE, "result_unusable"} or ticket.units or ticket.cost_usd:
        return True
    return ticket.units is None and await _kept_result(ticket, context) is not None


def _billed_before(ticket: Ticket) -> Problem:
    if ticket.reason == UNSAFE_PICTURE:
        return problem("unsafe_picture_before", endpoint=ticket.endpoint)
    return problem(
        "billed_before",
        endpoint=ticket.endpoint,
        request=ticket.request_id,
        reason=ticket.reason,
        cost_usd=ticket.cost_usd,
        begun_at=ticket.begun_at,
    )


def _may_resend(trace: HistoryEvidence, context: CallContext, *, training: bool) -> bool:
    """Whether to resend a request without asking, by the history and the recipe's policy."""
    price = context.estimate_usd
    match context.resend if context.may_submit else ResendPolicy.NEVER:
        case ResendPolicy.ALWAYS:
            return trace is HistoryEvidence.NONE or (trace is HistoryEvidence.UNREADABLE and not training)
        case ResendPolicy.CHEAP:
            return trace is HistoryEvidence.NONE and not training and price is not None and price <= CHEAP_USD
        case _:
            return False


async def _shielded(sending: Coroutine[None, None, T], context: CallContext, *, hold: float = SUBMIT_HOLD) -> T:
    """Wait for a submission under way; if the run is aborted, for `hold` more seconds."""
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=hold)
        if task.done() and context.shutdown.forced.is_set():
            # What has just been accepted is left, or taken back, in good order.
            return task.result()
        # It is not to go on unheard, and send again.
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


def _request_unknown(ticket: Ticket) -> Problem:
    """The request's outcome is unknown, or its result is gone."""
    kind = "result_gone" if ticket.request_id else "request_unknown"
    begun, price = ticket.begun_at, ticket.estimate_usd
    return problem(kind, endpoint=ticket.endpoint, request=ticket.request_id, begun_at=begun, price_usd=price)
