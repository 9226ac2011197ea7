"""What an error answer of fal means, by its type and never by its prose.

The tables are fal's own: "Model errors" and "Request errors" of its documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct, field

from nano_banana.model.json_values import JSONObject, JSONValue, as_items
from nano_banana.model.problem import CallFailed, NanoBananaError, Problem, Refused

MAX_ERROR_TEXT = 300


class RetryAdvice(Enum):
    """Whether the same request may succeed later."""

    NEVER = "never"
    LATER = "later"
    WITH_FRESH_FILES = "with fresh files"
    """The service couldn't load an uploaded file."""


class ErrorResponse(Struct, frozen=True, kw_only=True):
    """An error response. `kind` and `data` are a problem's; `all_calls` means that every other call would fail, too."""

    kind: str
    data: JSONObject = field(default_factory=dict)
    again: RetryAdvice = RetryAdvice.NEVER
    all_calls: bool = False

    def error(self, *, cost_usd: float | None = 0.0) -> NanoBananaError:
        """The exception to raise."""
        problem = Problem(kind=self.kind, data=self.data)
        return Refused([problem]) if self.all_calls else CallFailed([problem], cost_usd=cost_usd)


_TRANSPORT_STATUSES = frozenset({405, 407, 408, 409, 421, 423, 425, 426, 428, 429, 431, 511})
"""Statuses with which servers and proxies refuse the HTTP request itself (RFC 9110 §15.5, RFC 6585)."""

_ACCOUNT_ERRORS = {401: "fal_key_refused", 402: "fal_balance", 403: "fal_forbidden"}

_TRANSIENT = frozenset(
    {
        "internal_server_error",
        "generation_timeout",
        "downstream_service_error",
        "downstream_service_unavailable",
        "request_timeout",
        "startup_timeout",
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_disconnected",
        "runner_connection_refused",
        "runner_connection_error",
        "runner_incomplete_response",
        "runner_server_error",
        "internal_error",
        "concurrent_requests_limit",
    }
)
_REFUSAL_KINDS = {
    "content_policy_violation": "content_refused",
    "no_media_generated": "nothing_generated",
    "client_cancelled": "request_cancelled",
    "client_disconnected": "request_cancelled",
    "face_detection_error": "no_face_found",
}
_FILE_ERRORS = frozenset({"image_load_error", "file_download_error"})


def is_fal_answer(status: int, headers: Mapping[str, str], body: JSONValue) -> bool:
    """Whether this answer (status ≥ 400) comes from fal or the model and is about the request.

    Gateways answer too, with pages and other shapes, which say nothing about the request. Nor does an answer that the
    request is still running.
    """
    told = body if isinstance(body, Mapping) else {}
    is_own = not told.keys().isdisjoint({"detail", "error_type"}) or (
        status in {404, 410} and isinstance(body, Mapping)
    )
    if status >= 500:
        return is_own or any(name.startswith("x-fal-") for name in headers)
    return is_own and status not in _TRANSPORT_STATUSES and not _is_still_running(told)


def _is_still_running(told: JSONObject) -> bool:
    """There is no error type for it: `Request is still in progress` has that of any bad request."""
    detail = told.get("detail")
    return isinstance(detail, str) and any(words in detail.casefold() for words in ("in progress", "in queue"))


def classify_error(status: int, headers: Mapping[str, str], body: JSONValue, *, endpoint: str) -> ErrorResponse:
    """What this answer (status ≥ 400) means. `body` is its JSON, or its text if it isn't JSON."""
    told = body if isinstance(body, Mapping) else {}
    detail = told.get("detail", body)
    first = _first_item(detail)
    kind = str(told.get("error_type") or headers.get("x-fal-error-type") or first.get("type") or "")
    said: JSONObject = {"endpoint": endpoint, "status": status, "said": error_text(detail), "type": kind or "error"}
    if status in _ACCOUNT_ERRORS:
        return ErrorResponse(kind=_ACCOUNT_ERRORS[status], data=said, all_calls=True)
    if status == 404 and not kind:
        return ErrorResponse(kind="endpoint_gone", data=said, all_calls=True)
    if kind in _TRANSIENT or (status >= 500 and kind not in {*_FILE_ERRORS, *_REFUSAL_KINDS}):
        return ErrorResponse(kind="fal_failed", data=said, again=_retry_advice(headers))
    return _request_error(status, kind, {**said, **_field(first)})


def _request_error(status: int, kind: str, data: JSONObject) -> ErrorResponse:
    """An error of this request only."""
    if kind in _FILE_ERRORS:
        return ErrorResponse(kind="file_not_loaded", data=data, again=RetryAdvice.WITH_FRESH_FILES)
    if kind in _REFUSAL_KINDS or status == 499:
        return ErrorResponse(kind=_REFUSAL_KINDS.get(kind, "request_cancelled"), data=data)
    return ErrorResponse(kind="argument_refused" if "field" in data else "request_refused", data=data)


def _retry_advice(headers: Mapping[str, str]) -> RetryAdvice:
    """By fal's own header, if there is one."""
    said = headers.get("x-fal-needs-retry") or headers.get("x-fal-retryable") or "true"
    return RetryAdvice.LATER if said.casefold() in {"true", "1"} else RetryAdvice.NEVER


def _first_item(detail: JSONValue) -> JSONObject:
    items = as_items(detail) if isinstance(detail, list) else ()
    return next((item for item in items if isinstance(item, Mapping)), {})


def _field(item: JSONObject) -> JSONObject:
    """The endpoint's name for the wrong field: `loc` is `[body, loras, 0, path]`."""
    loc = item.get("loc")
    names = [str(name) for name in loc if name != "body"] if isinstance(loc, list) else []
    return {"field": ".".join(names)} if names else {}


def error_text(detail: JSONValue) -> str:
    """The service's message in one line, to show and never to interpret."""
    if isinstance(detail, list):
        detail = "; ".join(str(item.get("msg", item)) if isinstance(item, Mapping) else str(item) for item in detail)
    return " ".join(str(detail).split())[:MAX_ERROR_TEXT]
