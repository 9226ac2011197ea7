"""One verdict in words: its ruling, its numbers and why."""

from __future__ import annotations

from nano_banana.cli.words.index import fill, wording
from nano_banana.core.verdict import Reason
from nano_banana.project.nouns import Ruled


def say_verdict(ruled: Ruled) -> str:
    """`rejected: 0.31, needs 0.45 (too far)`; `accepted: 0.62, needs 0.45`."""
    numbers = [likeness(ruled.score)] if ruled.score is not None else []
    if ruled.threshold is not None:
        numbers.append(f"needs {likeness(ruled.threshold)}")
    reasons = why(ruled)
    told = ", ".join(numbers) + (f" ({reasons})" if reasons else "")
    said = str(ruled.ruling).replace("_", " ")
    return f"{said}: {told.strip()}" if told else said


def why(ruled: Ruled) -> str:
    """The reasons with their numbers: `face too small: 31 px wide, 48 needed`; empty where there are none.

    Of a picture of several people it is said whose face is meant.
    """
    return "; ".join(_reason(reason, named=ruled.several) for reason in ruled.reasons)


def reason_name(kind: str) -> str:
    """A reason's name in a list of counts: `too far`."""
    return wording(kind).say


def likeness(score: float | None) -> str:
    """`0.31`; a dash where there was nothing to compare."""
    return "–" if score is None else f"{score:.2f}"


def _reason(reason: Reason, *, named: bool) -> str:
    words = wording(reason.kind)
    detail = fill(words.hint, reason.data)
    who = f"{reason.data['subject']} " if named and "subject" in reason.data else ""
    return f"{who}{words.say}" + (f": {detail}" if detail else "")
