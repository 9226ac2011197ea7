"""Every error that fal documents, by its type; and the odd ones."""

from __future__ import annotations

import pytest

from nano_banana.model.json_values import JSONValue
from nano_banana.model.problem import CallFailed, Refused
from nano_banana.providers.fal.fal_errors import MAX_ERROR_TEXT, ErrorResponse, RetryAdvice, classify_error, error_text

MODEL_FAILED = {
    "internal_server_error": 500,
    "generation_timeout": 504,
    "downstream_service_error": 400,
    "downstream_service_unavailable": 500,
}
REQUEST_FAILED = {
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
    "concurrent_requests_limit": 429,
}
BAD_FIELD = [
    "one_of",
    "greater_than",
    "greater_than_equal",
    "less_than",
    "less_than_equal",
    "multiple_of",
    "sequence_too_short",
    "sequence_too_long",
    "feature_not_supported",
    "missing",
    "string_type",
    "image_too_small",
    "image_too_large",
    "file_too_large",
    "unsupported_image_format",
    "invalid_archive",
    "archive_file_count_below_minimum",
    "archive_file_count_exceeds_maximum",
]
HEADERS = [({}, True), ({"x-fal-needs-retry": "true"}, True), ({"x-fal-needs-retry": "1"}, True)]
HEADERS += [({"x-fal-retryable": "false"}, False), ({"x-fal-needs-retry": "0", "x-fal-retryable": "true"}, False)]


def model_error(kind: str, *loc: JSONValue) -> JSONValue:
    return {"detail": [{"loc": list(loc) or ["body", "prompt"], "msg": "It  is\nwrong", "type": kind, "input": None}]}


def fault(status: int, body: JSONValue, headers: dict[str, str] | None = None) -> ErrorResponse:
    return classify_error(status, headers or {}, body, endpoint="fal-ai/x")


@pytest.mark.parametrize(("headers", "again"), HEADERS)
@pytest.mark.parametrize("kind", [*MODEL_FAILED, *REQUEST_FAILED])
def test_what_fal_failed_at_may_go_better_later_unless_it_says_no(
    kind: str, headers: dict[str, str], *, again: bool
) -> None:
    bodies: list[tuple[JSONValue, dict[str, str]]] = [({"detail": "x", "error_type": kind}, {})]
    bodies += [(model_error(kind), {}), ({"detail": "x"}, {"x-fal-error-type": kind})]
    for body, more in bodies:
        found = fault({**MODEL_FAILED, **REQUEST_FAILED}[kind], body, {**headers, **more})
        assert (found.kind, found.all_calls) == ("fal_failed", False)
        assert found.again is (RetryAdvice.LATER if again else RetryAdvice.NEVER)
        assert found.data["type"] == kind


@pytest.mark.parametrize("kind", BAD_FIELD)
def test_a_bad_field_is_named_and_never_sent_again(kind: str) -> None:
    found = fault(422, model_error(kind, "body", "loras", 0, "path"), {"x-fal-needs-retry": "true"})
    assert (found.kind, found.again, found.all_calls) == ("argument_refused", RetryAdvice.NEVER, False)
    assert found.data == {
        "endpoint": "fal-ai/x",
        "status": 422,
        "said": "It is wrong",
        "type": kind,
        "field": "loras.0.path",
    }


@pytest.mark.parametrize(
    ("status", "kind", "want"),
    [
        (422, "content_policy_violation", "content_refused"),
        (500, "content_policy_violation", "content_refused"),
        (422, "no_media_generated", "nothing_generated"),
        (422, "face_detection_error", "no_face_found"),
        (499, "client_cancelled", "request_cancelled"),
        (499, "client_disconnected", "request_cancelled"),
        (499, "never_heard_of", "request_cancelled"),
        (400, "bad_request", "argument_refused"),
    ],
)
def test_refusals_are_final(status: int, kind: str, want: str) -> None:
    found = fault(status, model_error(kind))
    assert (found.kind, found.again) == (want, RetryAdvice.NEVER)


@pytest.mark.parametrize("kind", ["image_load_error", "file_download_error"])
def test_a_file_that_fal_could_not_load_is_uploaded_anew(kind: str) -> None:
    found = fault(422, model_error(kind, "body", "image_url"))
    assert (found.kind, found.again, found.data["field"]) == (
        "file_not_loaded",
        RetryAdvice.WITH_FRESH_FILES,
        "image_url",
    )


@pytest.mark.parametrize(
    ("status", "body", "want"),
    [
        (401, {"detail": "who?"}, "fal_key_refused"),
        (402, "pay", "fal_balance"),
        (403, {"detail": "no", "error_type": "internal_error"}, "fal_forbidden"),
        (404, {"detail": "Application 'x' not found"}, "endpoint_gone"),
        (404, "", "endpoint_gone"),
    ],
)
def test_what_no_call_can_get_past_refuses_the_run(status: int, body: JSONValue, want: str) -> None:
    found = fault(status, body)
    assert (found.kind, found.all_calls) == (want, True)
    assert isinstance(found.error(), Refused)


@pytest.mark.parametrize(
    "body",
    [None, "", "text", 5, True, [], ["a", 1], {}, {"detail": None}, {"detail": []}, {"detail": ["a", {"type": None}]},
     {"detail": [{"loc": "body", "msg": 5}]}, {"detail": [{"loc": ["body"]}]}, {"detail": {"a": 1}},
     {"error_type": ""}],
    ids=repr,
)  # fmt: skip
def test_odd_bodies_are_refusals_below_500_and_fal_s_own_failures_above(body: JSONValue) -> None:
    found = fault(422, body)
    assert (found.kind, found.again, found.data["type"]) == ("request_refused", RetryAdvice.NEVER, "error")
    found = fault(500, body)
    assert (found.kind, found.again, found.all_calls) == ("fal_failed", RetryAdvice.LATER, False)


def test_a_type_that_nobody_knows_is_judged_by_its_status() -> None:
    assert fault(503, {"detail": "x", "error_type": "comet_strike"}).kind == "fal_failed"
    assert (
        fault(503, {"detail": "x", "error_type": "comet_strike"}, {"x-fal-retryable": "false"}).again
        is RetryAdvice.NEVER
    )
    assert fault(404, {"detail": "x", "error_type": "comet_strike"}).kind == "request_refused"
    assert fault(422, {"detail": "The input is invalid."}).data["said"] == "The input is invalid."


def test_prose_never_decides() -> None:
    for text in ("500 internal_server_error", "content_policy_violation", "401 unauthorized", "240x240"):
        assert fault(422, {"detail": text}).kind == "request_refused"


def test_prose_is_one_short_line() -> None:
    assert error_text([{"msg": "a\nb"}, "c", {"type": "d"}]) == "a b; c; {'type': 'd'}"
    assert len(error_text("x" * 1000)) == MAX_ERROR_TEXT
    assert error_text(None) == "None"


def test_a_fault_is_raised_with_what_it_cost() -> None:
    error = ErrorResponse(kind="content_refused").error(cost_usd=None)
    assert isinstance(error, CallFailed)
    assert error.cost_usd is None
