"""How many people a prompt asks for."""

from __future__ import annotations

import pytest

from nano_banana.providers.local.prompt_parser import MAX_PEOPLE, parse_prompt, people_in_prompt
from nano_banana.providers.local.strangers import MAN, WOMAN


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
    assert people_in_prompt(text) == expected
    assert tuple(parse_prompt(text.upper()).people) == expected


def test_nobody_draws_a_crowd() -> None:
    assert len(people_in_prompt(", ".join(["a man"] * 9) + " and a woman")) <= MAX_PEOPLE
