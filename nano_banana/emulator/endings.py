"""The failures that a fault gives a request to end with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import urlsplit

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.order import Ending, Order
from nano_banana.emulator.verdict import detail

CODES: Mapping[str, int] = MappingProxyType(
    {
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
)
"""fal's request errors that are no fault of the request, and their HTTP status."""

_DETAILS: Mapping[str, tuple[str, str, JSONObject]] = MappingProxyType(
    {
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
)
_NOT_422: Mapping[str, int] = MappingProxyType(
    {
        "generation_timeout": 504,
        "downstream_service_error": 500,
        "downstream_service_unavailable": 500,
        "internal_server_error": 500,
    }
)


def model_error(type_: str, *, field: str = "", msg: str = "") -> Ending:
    """An error that a model reports: of a type of fal's, in this field."""
    usual, said, ctx = _DETAILS.get(type_, ("prompt", "The input is invalid.", {}))
    entry = detail(["body", field or usual], type_, msg or said, **ctx)
    status = _NOT_422.get(type_, 422)
    headers = {"x-fal-needs-retry": "true" if status >= 500 else "false"}
    return Ending(status=status, body={"detail": [entry]}, headers=headers)


def refused(arg: str) -> Ending:
    """A 422 of the shape that is asked for: a type, `missing:FIELD`, or `string` for a detail in prose."""
    if arg == "string":
        return Ending(status=422, body={"detail": "The input is invalid."})
    if arg.startswith("missing"):
        loc: list[JSONValue] = ["body", arg.partition(":")[2] or "prompt"]
        return Ending(status=422, body={"detail": [detail(loc, "missing", "Field required", given={})]})
    return model_error(arg or "content_policy_violation")


def charged(ending: Ending, units: float, header: str) -> Ending:
    """A failure that is billed all the same, and says so in `header`."""
    return replace(ending, units=units, headers={**ending.headers, header: f"{units:g}"})


def spoilt(body: JSONObject, order: Order) -> JSONValue:
    """A result as the faults `empty-result` and `odd-result` leave it; whole where there is neither."""
    empty, odd = order.fate("empty-result"), order.fate("odd-result")
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
    """The address of a file, or of the first of a list."""
    first = value[0] if isinstance(value, list) and value else value
    url = first.get("url") if isinstance(first, Mapping) else None
    return url if isinstance(url, str) else ""


def runner_error(type_: str, said: str = "") -> Ending:
    """A request that a runner lost; fal bills none of these."""
    type_ = type_ or "runner_disconnected"
    said = said or type_.replace("_", " ").capitalize()
    return Ending(
        status=CODES.get(type_, 500),
        body={"detail": said, "error_type": type_},
        error=said,
        error_type=type_,
        headers={"x-fal-error-type": type_},
    )
