"""Submit a request once: a durable ticket before the POST, its id after."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import httpx
from fal_client import AsyncRequestHandle, FalClientHTTPError
from fal_client.client import AppId

from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, NanoBananaError, problem
from nano_banana.model.provider_protocol import CallContext
from nano_banana.model.ticket import Ticket, TicketState, transition
from nano_banana.providers.fal.fal_config import DAY_SECONDS
from nano_banana.providers.fal.fal_session import FalSession
from nano_banana.providers.fal.http_client import (
    SUBMIT_HEADER,
    NoResponse,
    RetryLater,
    busy_error,
    error_in,
    retry_after,
    unreachable_error,
)
from nano_banana.providers.fal.timing import Attempts, Backoff, pause, raise_if_stopping

SUBMIT_BACKOFF = Backoff(first=0.5, longest=20.0, total=180.0)
MAX_REQUEST_ID = 200
"""Characters. fal's ids have 36; longer ones would not fit into a URL."""

_ENDPOINT_PART = re.compile(r"[\w.~+:@-]+")
"""A part of an endpoint's id that needs no escaping in a URL."""
_FAL_HEADERS = ("x-fal-request-id", "x-fal-error-type")
_NOT_ACCEPTED = frozenset({409, 429})


class Submitter:
    """Submits requests to the queue."""

    def __init__(self, session: FalSession) -> None:
        self._session = session
        self._owners: dict[str, str] = {}
        """The call's key by request id, for requests accepted in this run."""
        # Results live a day at the least, so that the next run finds them.
        keep = session.config.uploads_expire_after
        lifecycle = {"expiration_duration_seconds": None if keep is None else max(keep, DAY_SECONDS)}
        self._headers = {
            SUBMIT_HEADER: "true",
            "X-Fal-Object-Lifecycle-Preference": json.dumps(lifecycle),
        }

    async def submit(self, call: Call, body: JSONObject, context: CallContext) -> Ticket:
        """Submit a call's request; the ticket is `sent`, or `unknown` if fal may have it but didn't confirm.

        What surely was not accepted (no connection, 429) is resent within `SUBMIT_BACKOFF`. Raises CallFailed after
        that or if the request is refused, Refused if every request would be, and Stopped if the run stops before it is
        accepted.
        """
        _check_endpoint_id(call.endpoint)
        clock = self._session.clock
        attempts = Attempts(SUBMIT_BACKOFF, clock)
        before = await context.last_ticket()
        while True:
            # Nothing waits while it is written down as on its way.
            await self._session.rate_limiter.wait()
            raise_if_stopping(context.shutdown)
            ticket = await context.save_ticket(self._new(call, body, context))
            sent = await self._post(call, body, ticket)
            if isinstance(sent, Ticket):
                return await self._own(ticket, sent, context, before)
            await context.save_ticket(transition(ticket, TicketState.WITHDRAWN, at=clock.now()))
            failure, at_least = sent
            wait = attempts.next_wait(at_least)
            if at_least < 0 or wait is None:
                raise failure
            context.report_progress(
                phase="unreachable" if any(one.kind == "fal_unreachable" for one in failure.problems) else "busy"
            )
            await pause(wait, clock=clock, shutdown=context.shutdown)

    async def _own(self, ticket: Ticket, sent: Ticket, context: CallContext, before: Ticket | None) -> Ticket:
        """Save the ticket after the POST; `before` is the call's previous one.

        Raises CallFailed if another call's request has the same id, since its result would be taken for this one's.
        """
        name = sent.request_id
        is_new = name not in self._owners and (before is None or before.request_id != name)
        owner = self._owners.setdefault(name, sent.key)
        is_shared = owner != sent.key or (is_new and bool(await context.known_requests(sent.service, [name])))
        if not name or not is_shared:
            return await context.save_ticket(sent)
        await context.save_ticket(transition(ticket, TicketState.UNKNOWN, reason="request_id_shared"))
        raise CallFailed([problem("request_id_shared", endpoint=ticket.endpoint, request=name)], cost_usd=None)

    def _new(self, call: Call, body: JSONObject, context: CallContext) -> Ticket:
        return Ticket(
            key=call.key,
            document=call.text,
            provider=call.provider,
            service=self._session.hosts.service,
            endpoint=call.endpoint,
            body=json.dumps(body),
            requester=context.requester,
            begun_at=self._session.clock.now(),
            estimate_usd=context.estimate_usd,
        )

    async def _post(self, call: Call, body: JSONObject, ticket: Ticket) -> Ticket | tuple[NanoBananaError, float]:
        """The ticket after the POST; if nothing was accepted, why, and how long to wait (< 0: don't retry)."""
        lost = transition(ticket, TicketState.UNKNOWN, reason="answer_lost")
        try:
            handle = await self._session.client.submit(call.endpoint, dict(body), headers=self._headers)
        except NoResponse as error:
            if error.sent:
                return lost
            return unreachable_error(error, call.endpoint), -1.0 if error.why == "tls" else 0.0
        except RetryLater as error:
            return self._declined(error, call, lost)
        except FalClientHTTPError as error:
            if error.status_code >= 500 and not _is_from_fal(error.response):
                return lost
            return error_in(error.response, call.endpoint).error(), -1.0
        except (ValueError, KeyError, TypeError, RecursionError):
            # An answer of success that can't be read: something was accepted.
            handle = None
        return (handle and _accepted(ticket, handle)) or lost

    def _declined(self, error: RetryLater, call: Call, lost: Ticket) -> Ticket | tuple[NanoBananaError, float]:
        """Only fal itself or a 429 surely accepted nothing; a gateway may have forwarded the request."""
        response = error.response
        if response.status_code == 409:
            return error_in(response, call.endpoint).error(), -1.0
        if response.status_code in _NOT_ACCEPTED or _is_from_fal(response):
            return busy_error(error, call.endpoint), retry_after(error, self._session.clock)
        return lost


def _check_endpoint_id(endpoint: str) -> None:
    """Raise CallFailed if the id can't be used in URLs, which are built from owner and application.

    It must not lead to another owner, as `fal-ai/../else/app` would.
    """
    is_path = all(_ENDPOINT_PART.fullmatch(part) and part not in {".", ".."} for part in endpoint.split("/"))
    with suppress(ValueError, IndexError):
        AppId.from_endpoint_id(endpoint)
        if is_path:
            return
    raise CallFailed([problem("endpoint_unnamed", endpoint=endpoint)])


def _accepted(ticket: Ticket, handle: AsyncRequestHandle) -> Ticket | None:
    """The ticket with its request id; None if the answer has no usable id."""
    name: object = handle.request_id
    if not isinstance(name, str) or not 0 < len(name) <= MAX_REQUEST_ID or not name.isprintable():
        return None
    urls: dict[str, object] = {what: getattr(handle, f"{what}_url") for what in ("status", "response", "cancel")}
    texts = {what: url for what, url in urls.items() if isinstance(url, str)}
    return transition(ticket, TicketState.SENT, request_id=name, urls=texts)


def _is_from_fal(response: httpx.Response) -> bool:
    """Whether the answer is from fal's queue itself, not from a gateway, which may have forwarded the request."""
    return any(name in response.headers for name in _FAL_HEADERS)
