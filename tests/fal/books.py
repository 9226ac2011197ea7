"""The service's book and the store's, laid side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.model.call import canonical_json
from nano_banana.model.json_values import JSONObject, JSONValue, as_number, as_whole
from tests.fal.project import FalProject

Row = Mapping[str, JSONValue]

FAILED = {"failed", "cancelled", "withdrawn"}
"""Tickets that were closed without a picture: another one for the same call is no doubling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What was accepted, and what the store says of it."""

    accepted: list[JSONObject]
    tickets: list[dict[str, JSONValue]]
    billed: float

    @property
    def strangers(self) -> list[JSONObject]:
        """Accepted requests that no ticket is known for by their id."""
        ids = {ticket["request_id"] for ticket in self.tickets}
        return [one for one in self.accepted if one["request_id"] not in ids]

    @property
    def unknown(self) -> list[dict[str, JSONValue]]:
        """Tickets without an id that may have been accepted."""
        lost = {"sending", "unknown", "abandoned"}
        return [ticket for ticket in self.tickets if ticket["state"] in lost and not ticket["request_id"]]

    @property
    def doubled(self) -> list[str]:
        """Keys of calls that were bought more often than they failed, or were given up by a person, and once."""
        sent = Counter(str(ticket["key"]) for ticket in self.tickets)
        excused = FAILED | {"abandoned"}
        over = Counter(str(ticket["key"]) for ticket in self.tickets if ticket["state"] in excused)
        return [key for key, times in sent.items() if times - over[key] > 1]


def books(project: FalProject) -> Books:
    """Read both."""
    counts = project.service.counts()
    return Books(accepted=project.service.accepted(), tickets=project.tickets(), billed=as_number(counts["units"]))


def agree(project: FalProject) -> Books:
    """Insist that both books say the same: every request once, under its ticket, for its units."""
    read = books(project)
    ids = [str(ticket["request_id"]) for ticket in read.tickets if ticket["request_id"]]
    assert len(ids) == len(set(ids)), "two tickets for one request"
    assert not read.doubled, f"bought twice: {read.doubled}"
    known = {str(one["request_id"]): one for one in read.accepted}
    for ticket in read.tickets:
        if ticket["request_id"]:
            _same(ticket, known[str(ticket["request_id"])])
    _accounted(read.strangers, read.unknown)
    return read


def agree_wholly(project: FalProject) -> Books:
    """As `agree`; and nothing is open or unknown, and the money is the same to the last unit."""
    read = agree(project)
    assert not read.strangers
    assert {ticket["state"] for ticket in read.tickets} <= {"collected", *FAILED}
    assert sum(as_number(ticket["units"] or 0) for ticket in read.tickets) == read.billed
    stats = project.stats()
    assert as_whole(stats["requests"]) == len(read.accepted)
    return read


def _same(ticket: Row, request: Row) -> None:
    assert ticket["endpoint"] == request["endpoint"]
    assert canonical_json(json.loads(str(ticket["body"]))) == canonical_json(request["arguments"])
    if ticket["state"] == "collected":
        assert request["state"] == "done"
        assert ticket["units"] in (None, request["units"])
    if ticket["state"] == "cancelled":
        assert request["state"] == "cancelled"


def _accounted(strangers: list[JSONObject], unknown: list[dict[str, JSONValue]]) -> None:
    """Every stranger is one that a ticket without an id may be about."""
    left = Counter(canonical_json(json.loads(str(ticket["body"]))) for ticket in unknown)
    came = Counter(canonical_json(one["arguments"]) for one in strangers)
    assert came <= left, f"accepted, and in no book: {came - left}"
