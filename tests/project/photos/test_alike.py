"""Likeness to the others of a set."""

from __future__ import annotations

import math

import pytest

from nano_banana.session.photo_observations import SAME_PERSON_LIKENESS, likenesses_to_others


def face(degrees: float) -> list[float]:
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees)), 0.0]


STRANGER = [0.0, 0.0, 1.0]


def test_each_is_held_against_the_mean_of_the_others() -> None:
    found = likenesses_to_others([face(0), face(20), face(40)])
    assert found[1] == pytest.approx(1)
    assert found[0] == pytest.approx(math.cos(math.radians(30)))


def test_a_stranger_is_odd_and_does_not_spoil_the_others() -> None:
    found = likenesses_to_others([face(0), STRANGER, face(10), face(-10), None, STRANGER])
    assert found[4] is None
    assert found[1] == pytest.approx(0, abs=1e-9)
    assert found[5] == pytest.approx(0, abs=1e-9)
    assert found[0] == pytest.approx(1)


def test_of_two_people_with_a_photo_each_both_are_odd() -> None:
    found = likenesses_to_others([face(0), STRANGER])
    assert [near is not None and near < SAME_PERSON_LIKENESS for near in found] == [True, True]


def test_nobody_is_like_nobody() -> None:
    assert likenesses_to_others([face(0)]) == [None]
    assert likenesses_to_others([None, face(3), None]) == [None, None, None]
    assert likenesses_to_others([]) == []
