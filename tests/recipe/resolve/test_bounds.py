"""Recipes that nobody means: many problems, many names, many takes, each answered soon."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.recipe.resolve_context import MAX_PROBLEMS_TOLD
from tests.recipe.resolve.tools import kinds, load

MANY = 5_000


def numbered(text: str, count: int = MANY) -> str:
    """`text` many times with a number for each `#`."""
    return ", ".join(text.replace("#", str(at)) for at in range(count))


AXIS = f"axes: {{a: {{{numbered('v#: x')}}}}}"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"vars: {{{numbered('v#: [1]')}}}", "wrong_type"),
        (f"shots: {{{numbered('s#: 3')}}}", "wrong_type"),
        (f"shots: {{one: {{template: a wall, seeds: [{numbered('1')}]}}}}", "repeated_value"),
        (
            f"{AXIS}\nshots: {{one: {{template: a b, seeds: [1], matrix: {{a: [{numbered('w#')}]}}}}}}",
            "unknown_reference",
        ),
    ],
)
def test_no_more_problems_than_anybody_reads(tmp_path: Path, text: str, kind: str) -> None:
    found = kinds(tmp_path, text)
    assert set(found) == {kind}
    assert len(found) == MAX_PROBLEMS_TOLD


def test_many_warnings_are_no_error(tmp_path: Path) -> None:
    loaded = load(tmp_path, f"templates: {{{numbered('t#: a wall', 300)}}}")
    assert len(loaded.warnings) == MAX_PROBLEMS_TOLD


def test_a_matrix_that_is_too_big_is_not_written_out(tmp_path: Path) -> None:
    matrix = numbered("a#: [b, c, d, e]", 30)
    assert kinds(tmp_path, f"shots: {{one: {{template: a wall, seeds: [1], matrix: {{{matrix}}}}}}}") == [
        "too_many_takes"
    ]


def test_a_template_is_checked_once_for_shots_that_are_alike(tmp_path: Path) -> None:
    shots = numbered("s#: {template: plain, matrix: {scene: [wall]}, seeds: [1]}", 2000)
    slow = "".join("{% if seed %}{{ scene }}{% endif %}" for _ in range(400))
    assert len(load(tmp_path, f"templates: {{plain: '{slow}'}}\nshots: {{{shots}}}").recipe.shots) == 2000
