"""A status is read whatever it looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.core.json import JSONValue
from nano_banana.providers.fal.status import Phase, StatusNow, status_of

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
NAMES = st.sampled_from(["status", "queue_position", "logs", "metrics"])


@pytest.mark.parametrize(
    ("told", "want"),
    [
        ({"status": "IN_QUEUE", "queue_position": 2}, StatusNow(phase=Phase.QUEUED, position=2)),
        ({"status": "IN_QUEUE"}, StatusNow(phase=Phase.QUEUED)),
        ({"status": "IN_QUEUE", "queue_position": True}, StatusNow(phase=Phase.QUEUED)),
        ({"status": "IN_QUEUE", "queue_position": "2"}, StatusNow(phase=Phase.QUEUED)),
        ({"status": "IN_PROGRESS", "logs": None}, StatusNow(phase=Phase.RUNNING)),
        (
            {"status": "IN_PROGRESS", "logs": [{"message": "a"}, {"message": " step\n3 "}]},
            StatusNow(phase=Phase.RUNNING, log="step 3"),
        ),
        ({"status": "IN_PROGRESS", "logs": ["bare"]}, StatusNow(phase=Phase.RUNNING, log="bare")),
        ({"status": "IN_PROGRESS", "logs": [{"level": "INFO"}]}, StatusNow(phase=Phase.RUNNING)),
        ({"status": "IN_PROGRESS", "logs": "text"}, StatusNow(phase=Phase.RUNNING)),
        (
            {"status": "COMPLETED", "metrics": {"inference_time": 3}, "error": "x"},
            StatusNow(phase=Phase.COMPLETED, seconds=3.0),
        ),
        ({"status": "COMPLETED", "metrics": {"inference_time": True}}, StatusNow(phase=Phase.COMPLETED)),
        ({"status": "COMPLETED", "metrics": {"inference_time": -1}}, StatusNow(phase=Phase.COMPLETED)),
        ({"status": "COMPLETED", "metrics": {"inference_time": float("inf")}}, StatusNow(phase=Phase.COMPLETED)),
        ({"status": "COMPLETED", "metrics": []}, StatusNow(phase=Phase.COMPLETED)),
        ({"status": "RESCHEDULED"}, StatusNow(phase=Phase.ODD)),
        ({"status": ["COMPLETED"]}, StatusNow(phase=Phase.ODD)),
        ({}, StatusNow(phase=Phase.ODD)),
        (None, StatusNow(phase=Phase.ODD)),
        ("COMPLETED", StatusNow(phase=Phase.ODD)),
        ([{"status": "COMPLETED"}], StatusNow(phase=Phase.ODD)),
    ],
)
def test_statuses(told: JSONValue, want: StatusNow) -> None:
    assert status_of(told) == want


@given(VALUES | st.dictionaries(NAMES, VALUES))
def test_nothing_is_too_odd_to_be_read(told: JSONValue) -> None:
    assert status_of(told).phase in Phase
