"""Content credentials as findings."""

from __future__ import annotations

from nano_banana.core.json import JSONValue
from nano_banana.marks.c2pa.read import Credentials
from nano_banana.marks.found.finding import C2PA, Certainty, Finding, Unchecked
from nano_banana.marks.found.said import bounded

_CERTAINTY = {
    "trusted": Certainty.TRUSTED,
    "valid": Certainty.SIGNED,
    "expired": Certainty.EXPIRED,
    "unfit": Certainty.UNFIT,
    "changed": Certainty.BROKEN,
    "unproven": Certainty.UNPROVEN,
}


def told(credentials: Credentials) -> Finding | Unchecked:
    """What the credentials come to. A broken manifest still tells what it says, but proves nothing."""
    if credentials.state == "elsewhere":
        return Unchecked(of=C2PA, why="c2pa_elsewhere")
    agents = dict.fromkeys(action.agent for action in credentials.actions if action.agent)
    facts: dict[str, JSONValue] = {
        "by": bounded(credentials.generator),
        "signer": bounded(credentials.organisation or credentials.signer),
        "actions": bounded(", ".join(action.name for action in credentials.actions)),
        "agents": bounded(", ".join(agents)),
        "source_types": bounded(", ".join(credentials.source_types)),
        "reasons": bounded(", ".join(credentials.reasons)),
    }
    return Finding(
        of=C2PA,
        name="manifest",
        certainty=_CERTAINTY[credentials.state],
        ai=True if credentials.ai else None,
        facts={name: value for name, value in facts.items() if value},
    )


def programs(credentials: Credentials) -> tuple[str, ...]:
    """Whatever the credentials say took part."""
    return (credentials.generator, *(action.agent for action in credentials.actions))
