"""What this program says of itself in a picture's metadata."""

from __future__ import annotations

from nano_banana.core.errors import Invalid
from nano_banana.core.json import JSONValue
from nano_banana.marks.account import Account
from nano_banana.marks.embedded import account_in, digest_in
from nano_banana.marks.found.finding import METADATA, Certainty, Finding
from nano_banana.marks.found.said import bounded

NAME = "nano-banana"


def own(data: bytes) -> tuple[Finding | None, tuple[str, ...]]:
    """Our mark in the picture's bytes, and the endpoints that drew it as far as it says so."""
    try:
        account = account_in(data)
    except Invalid as error:
        facts: dict[str, JSONValue] = {"unreadable": error.problems[0].kind}
        return Finding(of=METADATA, name=NAME, certainty=Certainty.STATED, ai=None, facts=facts), ()
    if account is not None:
        return _finding(account), tuple(call.endpoint for call in account.calls if call.provider != "compute")
    if digest_in(data) is None:
        return None, ()
    return Finding(of=METADATA, name=NAME, certainty=Certainty.STATED, ai=None), ()


def _finding(account: Account) -> Finding:
    drawn = [call.endpoint for call in account.calls if call.provider != "compute"]
    facts: dict[str, JSONValue] = {
        "recipe": bounded(account.recipe),
        "take": bounded(account.take),
        "stage": bounded(account.stage),
        "endpoint": bounded(drawn[-1]) if drawn else "",
        "made_at": bounded(account.made_at),
        "version": bounded(account.program),
    }
    told = {name: value for name, value in facts.items() if value}
    return Finding(of=METADATA, name=NAME, certainty=Certainty.STATED, ai=bool(account.source) or None, facts=told)
