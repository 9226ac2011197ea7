"""A status is read whatever it looks like."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.model.json_values import JSONValue
from nano_banana.providers.fal.following import RequestPhase, RequestStatus, parse_status

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
NAMES = st.sampled_from(["status", "queue_position", "logs", "metrics"])


@pytest.mark.parametrize(
    ("told", "want"),
    [
        ({"status": "IN_QUEUE", "queue_position": 2}, RequestStatus(phase=RequestPhase.QUEUED, position=2)),
        ({"status": "IN_QUEUE"}, RequestStatus(phase=RequestPhase.QUEUED)),
        ({"status": "IN_QUEUE", "queue_position": True}, RequestStatus(phase=RequestPhase.QUEUED)),
        ({"status": "IN_QUEUE", "queue_position": "2"}, RequestStatus(phase=RequestPhase.QUEUED)),
        ({"status": "IN_PROGRESS", "logs": None}, RequestStatus(phase=RequestPhase.RUNNING)),
        (
            {"status": "IN_PROGRESS", "logs": [{"message": "a"}, {"message": " step\n3 "}]},
            RequestStatus(phase=RequestPhase.RUNNING, log="step 3"),
        ),
        ({"status": "IN_PROGRESS", "logs": ["bare"]}, RequestStatus(phase=RequestPhase.RUNNING, log="bare")),
        ({"status": "IN_PROGRESS", "logs": [{"level": "INFO"}]}, RequestStatus(phase=RequestPhase.RUNNING)),
        ({"status": "IN_PROGRESS", "logs": "text"}, RequestStatus(phase=RequestPhase.RUNNING)),
        (
            {"status": "COMPLETED", "metrics": {"inference_time": 3}, "error": "x"},
            RequestStatus(phase=RequestPhase.COMPLETED, seconds=3.0),
        ),
        ({"status": "COMPLETED", "metrics": {"inference_time": True}}, RequestStatus(phase=RequestPhase.COMPLETED)),
        ({"status": "COMPLETED", "metrics": {"inference_time": -1}}, RequestStatus(phase=RequestPhase.COMPLETED)),
        (
            {"status": "COMPLETED", "metrics": {"inference_time": float("inf")}},
            RequestStatus(phase=RequestPhase.COMPLETED),
        ),
        ({"status": "COMPLETED", "metrics": []}, RequestStatus(phase=RequestPhase.COMPLETED)),
        ({"status": "RESCHEDULED"}, RequestStatus(phase=RequestPhase.ODD)),
        ({"status": ["COMPLETED"]}, RequestStatus(phase=RequestPhase.ODD)),
        ({}, RequestStatus(phase=RequestPhase.ODD)),
        (None, RequestStatus(phase=RequestPhase.ODD)),
        ("COMPLETED", RequestStatus(phase=RequestPhase.ODD)),
        ([{"status": "COMPLETED"}], RequestStatus(phase=RequestPhase.ODD)),
    ],
)
def test_statuses(told: JSONValue, want: RequestStatus) -> None:
    assert parse_status(told) == want


@given(VALUES | st.dictionaries(NAMES, VALUES))
def test_nothing_is_too_odd_to_be_read(told: JSONValue) -> None:
    assert parse_status(told).phase in RequestPhase
