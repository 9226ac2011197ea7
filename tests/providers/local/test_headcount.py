"""How many people a prompt asks for."""

from __future__ import annotations

import pytest

from nano_banana.providers.local.features import MAN, WOMAN
from nano_banana.providers.local.headcount import MOST, kinds
from nano_banana.providers.local.prompt import read


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two people", ("", "")),
        ("3 old friends in a cafe", ("", "", "")),
        ("three laughing women", (WOMAN, WOMAN, WOMAN)),
        ("a couple on a beach", ("", "")),
        ("a group of colleagues", ("", "", "")),
        ("a pair of brothers", (MAN, MAN)),
        ("a woman and a man", (WOMAN, MAN)),
        ("anqz7 man and hbpr3 woman side by side, studio", (MAN, WOMAN)),
        ("a man in a navy suit beside a tall woman", (MAN, WOMAN)),
        ("a woman, a man and a child, family portrait", (WOMAN, MAN, "")),
        ("anqz7 woman, editorial headshot, and soft light", (WOMAN,)),
        ("a pair of lamps behind a man", (MAN,)),
        ("a forest and a lake", ("",)),
        ("a woman. in the distance a man", (WOMAN,)),
        ("", ("",)),
    ],
)
def test_people_are_counted_from_left_to_right(text: str, expected: tuple[str, ...]) -> None:
    assert kinds(text) == expected
    assert tuple(read(text.upper()).people) == expected


def test_nobody_draws_a_crowd() -> None:
    assert len(kinds(", ".join(["a man"] * 9) + " and a woman")) <= MOST
