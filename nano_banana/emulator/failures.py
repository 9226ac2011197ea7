"""How fal refuses: 422 details, model and runner errors, cut connections."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit
from uuid import uuid4

from msgspec.structs import replace
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from nano_banana.catalog.arguments import ArgumentProblem, argument_problems
from nano_banana.catalog.endpoint import Endpoint, Field, FieldType
from nano_banana.emulator.fault_injection import InjectedFault
from nano_banana.emulator.request_queue import EmulatedRequest, RequestOutcome
from nano_banana.model.json_values import JSONObject, JSONValue

ERROR_DOCS = "https://docs.fal.ai/errors"

_TYPES: Mapping[str, str] = {
    "integer": "int_type",
    "number": "float_type",
    "boolean": "bool_type",
    "object": "dict_type",
    "list": "list_type",
    "urls": "list_type",
    "adapters": "list_type",
}
_IGNORED_MISFITS = {"field_unknown", "no_negative_prompt"}
"""fal's endpoints ignore unknown fields."""

MAX_PICTURES = 16
"""Pictures per request if the catalog has no maximum. No endpoint of fal's is known to make more."""

MAX_SIDE = 14_142
"""Pixels a side if the catalog has no maximum: the limit of fal's own toolkit."""

MAX_ITEMS = 1000
"""Items of a list if the catalog has no maximum."""

MAX_NUMBER = (1 << 53) - 1
"""Any other number if the catalog has no maximum: the largest that every JSON parser reads exactly."""


def error_detail(
    loc: list[JSONValue], type_: str, msg: str, *, given: JSONValue = None, **ctx: JSONValue
) -> JSONObject:
    """One entry of a 422's list of details."""
    extra: JSONObject = {"ctx": ctx} if ctx else {}
    return {"loc": loc, "msg": msg, "type": type_, "url": f"{ERROR_DOCS}#{type_}", "input": given, **extra}


def with_bounds(endpoint: Endpoint) -> Endpoint:
    """The endpoint with bounds for every number, and without roles that a runner would fill."""
    fields = {name: _field_with_bounds(endpoint, field) for name, field in endpoint.fields.items()}
    most = MAX_ITEMS if endpoint.adapters_max is None else endpoint.adapters_max
    return replace(endpoint, fields=fields, adapters_max=most, roles=replace(endpoint.roles, count=None, sync=None))


def _field_with_bounds(endpoint: Endpoint, field: Field) -> Field:
    low, high = -MAX_NUMBER, MAX_NUMBER
    if field.name == endpoint.roles.count:
        low, high = 1, MAX_PICTURES
    elif field.type is FieldType.IMAGE_SIZE:
        low, high = 1, MAX_SIDE
    return replace(
        field,
        minimum=low if field.minimum is None else field.minimum,
        maximum=high if field.maximum is None else field.maximum,
        max_items=MAX_ITEMS if field.max_items is None else field.max_items,
    )


def validation_error(endpoint: Endpoint, given: JSONObject) -> JSONObject | None:
    """The body of the 422 for these arguments; None if they are valid."""
    endpoint = with_bounds(endpoint)
    misfits = argument_problems(endpoint, {name: value for name, value in given.items() if value is not None})
    wrong = [misfit for misfit in misfits if not misfit.warning and misfit.kind not in _IGNORED_MISFITS]
    return {"detail": [_misfit_detail(endpoint, misfit, given) for misfit in wrong]} if wrong else None


def _misfit_detail(endpoint: Endpoint, misfit: ArgumentProblem, given: JSONObject) -> JSONObject:
    loc: list[JSONValue] = ["body", *misfit.path]
    value = _value_at(given, misfit.path)
    field = endpoint.fields[str(misfit.path[0])]
    if misfit.kind == "field_missing":
        return error_detail(loc, "missing", "Field required", given=given)
    if misfit.kind in {"field_range", "size_range"}:
        return _out_of_range(field, loc, value)
    if misfit.kind in {"field_choice", "field_needs_quotes"}:
        choices = misfit.data.get("choices", list(field.choices))
        return error_detail(loc, "literal_error", f"Input should be one of {choices}", given=value, expected=choices)
    if misfit.kind in {"adapters_too_many", "list_too_long"}:
        most = misfit.data["most"]
        msg = f"List should have at most {most} items, not {misfit.data['count']}"
        return error_detail(loc, "sequence_too_long", msg, given=value, max_length=most)
    type_ = _TYPES.get(str(misfit.data.get("wants")), "string_type") if misfit.kind == "field_type" else "model_type"
    return error_detail(loc, type_, f"Input should be a valid {misfit.data.get('wants', 'object')}", given=value)


def _out_of_range(field: Field, loc: list[JSONValue], value: JSONValue) -> JSONObject:
    if field.minimum is not None and isinstance(value, int | float) and value < field.minimum:
        msg = f"Input should be greater than or equal to {field.minimum:.16g}"
        return error_detail(loc, "greater_than_equal", msg, given=value, ge=field.minimum)
    if field.maximum is not None:
        msg = f"Input should be less than or equal to {field.maximum:.16g}"
        return error_detail(loc, "less_than_equal", msg, given=value, le=field.maximum)
    return error_detail(loc, "finite_number", "Input should be a finite number")


def _value_at(given: JSONObject, path: tuple[str | int, ...]) -> JSONValue:
    value: JSONValue = given
    for step in path:
        if isinstance(value, list) and isinstance(step, int):
            value = value[step]
        else:
            value = value.get(str(step)) if isinstance(value, Mapping) else None
    return value


REQUEST_ERRORS: Mapping[str, int] = {
    "request_timeout": 504,
    "startup_timeout": 504,
    "runner_scheduling_failure": 503,
    "runner_connection_timeout": 503,
    "runner_disconnected": 503,
    "runner_connection_refused": 503,
    "runner_connection_error": 503,
    "runner_incomplete_response": 502,
    "runner_server_error": 500,
    "internal_error": 500,
}
"""fal's errors that the request didn't cause, and their HTTP status."""

_MODEL_ERROR_DETAILS: Mapping[str, tuple[str, str, JSONObject]] = {
    "content_policy_violation": ("prompt", "The content could not be processed: flagged by a content checker.", {}),
    "no_media_generated": ("prompt", "The model did not generate any media.", {}),
    "face_detection_error": ("image_url", "Could not detect a face in the image.", {}),
    "file_download_error": ("image_url", "Failed to download the file.", {}),
    "image_load_error": ("image_url", "Failed to load the image.", {}),
    "image_too_small": ("image_url", "The image is too small.", {"min_width": 64, "min_height": 64}),
    "image_too_large": ("image_url", "The image is too large.", {"max_width": 4096, "max_height": 4096}),
    "file_too_large": ("image_url", "The file is too large.", {"max_size": 10_485_760}),
    "unsupported_image_format": ("image_url", "Unsupported image format.", {"supported_formats": [".png", ".jpg"]}),
    "invalid_archive": ("images_data_url", "The archive is invalid.", {"supported_extensions": [".zip"]}),
    "archive_file_count_below_minimum": ("images_data_url", "Too few files in the archive.", {"min_count": 4}),
    "generation_timeout": ("prompt", "The generation took too long.", {}),
    "downstream_service_error": ("prompt", "A downstream service failed.", {}),
    "downstream_service_unavailable": ("prompt", "A downstream service is unavailable.", {}),
    "internal_server_error": ("prompt", "Internal server error.", {}),
}
_NOT_422: Mapping[str, int] = {
    "generation_timeout": 504,
    "downstream_service_error": 500,
    "downstream_service_unavailable": 500,
    "internal_server_error": 500,
}


def model_error(type_: str, *, field: str = "", msg: str = "") -> RequestOutcome:
    """A model's error of one of fal's types, for this field."""
    usual, said, ctx = _MODEL_ERROR_DETAILS.get(type_, ("prompt", "The input is invalid.", {}))
    entry = error_detail(["body", field or usual], type_, msg or said, **ctx)
    status = _NOT_422.get(type_, 422)
    headers = {"x-fal-needs-retry": "true" if status >= 500 else "false"}
    return RequestOutcome(status=status, body={"detail": [entry]}, headers=headers)


def forced_422(arg: str) -> RequestOutcome:
    """A 422 as requested: of an error type, `missing:FIELD`, or `string` for a detail in prose."""
    if arg == "string":
        return RequestOutcome(status=422, body={"detail": "The input is invalid."})
    if arg.startswith("missing"):
        loc: list[JSONValue] = ["body", arg.partition(":")[2] or "prompt"]
        return RequestOutcome(status=422, body={"detail": [error_detail(loc, "missing", "Field required", given={})]})
    return model_error(arg or "content_policy_violation")


def malformed_result(body: JSONObject, order: EmulatedRequest) -> JSONValue:
    """The result, changed by the faults `empty-result` and `odd-result` if the request has them."""
    empty, odd = order.outcome_fault("empty-result"), order.outcome_fault("odd-result")
    if empty:
        return {name: _emptied(value, empty.arg) for name, value in body.items()}
    if odd is None:
        return body
    if odd.arg == "list":
        return [body]
    if odd.arg == "text":
        return "done"
    files = [value for value in body.values() if _url_of(value)]
    url = _url_of(files[0]) if files else ""
    rest = {name: value for name, value in body.items() if not _url_of(value)}
    if odd.arg == "relative":
        return {**rest, "images": [{"url": urlsplit(url).path}]}
    return {**rest, "image_url": url}


def _emptied(value: JSONValue, arg: str) -> JSONValue:
    if not _url_of(value):
        return value
    return [] if isinstance(value, list) and arg != "null" else None


def _url_of(value: JSONValue) -> str:
    """The URL of a file, or of the first in a list."""
    first = value[0] if isinstance(value, list) and value else value
    url = first.get("url") if isinstance(first, Mapping) else None
    return url if isinstance(url, str) else ""


def runner_error(type_: str, said: str = "") -> RequestOutcome:
    """The outcome of a request that failed in fal's runner; never billed."""
    type_ = type_ or "runner_disconnected"
    said = said or _title_of(type_)
    return RequestOutcome(
        status=REQUEST_ERRORS.get(type_, 500),
        body={"detail": said, "error_type": type_},
        error=said,
        error_type=type_,
        headers={"x-fal-error-type": type_},
    )


class TrackedConnection(HttpToolsProtocol):
    """A connection whose requests can reach its transport: `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as its base has it
        """Put the transport into the state of the connection's requests."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}

    def _unsupported_upgrade_warning(self) -> None:
        """Print nothing: the answer refuses the WebSocket."""

    def close_when_idle(self, seconds: float) -> None:
        """Close the connection after so many seconds without a request."""
        self.timeout_keep_alive = seconds  # type: ignore[assignment] # its base has whole seconds only


NGINX_PAGE = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n"
    "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
_REASONS: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus} | {
    503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}
"""As nginx words them."""


def json_response(value: JSONValue, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Response(body, status, headers, "application/json")


def error_response(
    status: int, detail: str, *, error_type: str = "", headers: Mapping[str, str] | None = None
) -> Response:
    """An error response of fal's."""
    typed = {"error_type": error_type} if error_type else {}
    more = {"x-fal-error-type": error_type} if error_type else {}
    head = {"x-fal-request-id": str(uuid4()), "x-fal-billable-units": "0", **more, **(headers or {})}
    return json_response({"detail": detail, **typed}, status, head)


UNAUTHORIZED = "Authentication is required to access this application."


def in_progress_response() -> Response:
    """The response for the result of a request that hasn't ended."""
    return error_response(400, "Request is still in progress", error_type="bad_request")


def fault_response(fault: InjectedFault, closing: asyncio.Event) -> ASGIApp:
    """The fault's replacement for a response."""
    if fault.kind.startswith("drop"):
        return no_answer(0, closing)
    if fault.kind.startswith("hang"):
        return no_answer(fault.number(3600), closing)
    if fault.kind.startswith("nginx"):
        return _nginx(fault.code(502))
    if fault.kind == "result-4xx":
        return _nginx(fault.code(421))
    if fault.kind == "result-in-progress":
        return in_progress_response()
    return _FAULT_RESPONSES.get(fault.kind, _server_error)(fault.arg)


def _nginx(code: int) -> Response:
    text = NGINX_PAGE.format(f"{code} {_REASONS.get(code, '')}".strip())
    return Response(text, code, {"server": "nginx"}, "text/html")


def _too_many(seconds: str) -> Response:
    return error_response(429, "Too many requests", headers={"retry-after": seconds or "1", "x-fal-needs-retry": "1"})


def _server_error(arg: str) -> Response:
    """A 5xx by its error type, or by its code."""
    if arg in REQUEST_ERRORS:
        return error_response(REQUEST_ERRORS[arg], _title_of(arg), error_type=arg)
    code = int(arg) if re.fullmatch("5[0-9]{2}", arg) else 500
    types = [name for name, status in REQUEST_ERRORS.items() if status == code] or ["internal_error"]
    return error_response(code, _title_of(types[-1]), error_type=types[-1])


def _title_of(error_type: str) -> str:
    return error_type.replace("_", " ").capitalize()


_FAULT_RESPONSES: Mapping[str, Callable[[str], Response]] = {
    "429": _too_many,
    "401": lambda _: error_response(401, UNAUTHORIZED),
    "403": lambda _: error_response(403, "Forbidden"),
    "balance": lambda _: error_response(
        403, "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
    ),
}


def cut_body(body: bytes, media: str, length: int | None = None) -> ASGIApp:
    """An answer that is cut after `body`; it announces `length` bytes if given."""
    headers = [(b"content-type", media.encode())]
    headers += [] if length is None else [(b"content-length", str(length).encode())]

    async def reply(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(0.05)  # so that the body is sent before the connection is cut
        await cut_connection(scope, receive)

    return reply


def no_answer(seconds: float, closing: asyncio.Event) -> ASGIApp:
    """No answer: the connection is cut after so many seconds, without a byte."""

    async def reply(scope: Scope, receive: Receive, _: Send) -> None:
        if seconds > 0:
            waits = [asyncio.ensure_future(closing.wait()), asyncio.ensure_future(client_gone(receive))]
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        await cut_connection(scope, receive)

    return reply


def close_when_idle(scope: Scope, seconds: float) -> None:
    """Close the connection after so many idle seconds; earlier requests are answered."""
    cast(TrackedConnection, scope["state"]["transport"].get_protocol()).close_when_idle(seconds)


async def cut_connection(scope: Scope, receive: Receive) -> None:
    """Abort the connection."""
    scope["state"]["transport"].abort()
    await client_gone(receive)


async def client_gone(receive: Receive) -> None:
    """Wait until the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
