"""An account is read as it was written, and nothing else passes for one."""

from __future__ import annotations

import json

import pytest

from nano_banana.model.json_values import as_object
from nano_banana.model.problem import Invalid
from nano_banana.provenance.generation_record import MAX_CALLS, parse_record
from tests.marks.files import account


def test_it_comes_back_as_it_was() -> None:
    told = account(verdict={"ruling": "accepted", "score": 0.61}, attempt=2, label="retry2", seed=None)
    assert parse_record(told.text) == told
    assert parse_record(told.text).text == told.text


def changed(**facts: object) -> str:
    return json.dumps({**as_object(json.loads(account().text)), **facts})


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "account_broken"),
        ("[]", "account_broken"),
        ("[" * 100_000, "account_broken"),
        ('{"nano_banana": 1}', "account_broken"),
        (changed(nano_banana=2), "account_newer"),
        (changed(take=7), "account_broken"),
        (changed(axes={"scene": 1}), "account_broken"),
        (changed(calls=["x"]), "account_broken"),
        (changed(calls=[{}] * (MAX_CALLS + 1)), "account_broken"),
        (changed(seed="eleven"), "account_broken"),
        (changed(seed=float("inf")), "account_broken"),
    ],
)
def test_anything_else_is_refused(text: str, kind: str) -> None:
    with pytest.raises(Invalid) as error:
        parse_record(text)
    assert error.value.problems[0].kind == kind
