"""Words on sheets: states, verdicts, money; the rest is handed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nano_banana.core.problem import Problem
from nano_banana.project.nouns import Ruled
from nano_banana.project.sheet.layout import Grid
from nano_banana.project.sheet.sheet import Sheet
from nano_banana.project.sheet.shown import Shown, State, cost_of, place_of

STATES = {
    State.ACCEPTED: "accepted",
    State.UNSURE: "unsure",
    State.REJECTED: "rejected",
    State.NOT_JUDGED: "not judged",
    State.DONE: "done",
    State.FAILED: "failed",
    State.MISSING: "not made yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Puts a verdict's reasons, and a problem, into words."""

    reasons: Callable[[Ruled], str]
    problem: Callable[[Problem], str]

    def why(self, take: Shown) -> str:
        """Why a take is not accepted, or failed; empty where there is nothing to say."""
        if take.problems:
            return "; ".join(map(self.problem, take.problems))
        return self.reasons(take.ruled) if take.ruled is not None else ""


def heading(grid: Grid) -> str:
    """What stands above a grid; empty where the sheet has no other."""
    apart = [f"{axis}: {value}" for axis, value in zip(grid.axes.apart, grid.title, strict=True)]
    return " · ".join([*([", ".join(grid.shots)] if grid.shots else []), *apart])


def said(axis: str, value: str) -> str:
    """A value of an axis as a label says it."""
    if axis == "seed":
        return f"seed {value}"
    return value or ("nobody" if axis == "subject" else "–")


def said_all(axes: Sequence[str], values: Sequence[str]) -> list[str]:
    """The values of a row or a column."""
    return [said(axis, value) for axis, value in zip(axes, values, strict=True)]


def said_inside(axes: Sequence[str], take: Shown) -> list[str]:
    """The values that are said with a take, where its grid has no columns."""
    return [said(axis, str(take.card.seed) if axis == "seed" else place_of(take, axis)) for axis in axes]


def said_below(take: Shown, show: str) -> str:
    """What is written below a picture for one of a sheet's `show`; empty where there is nothing to say."""
    if show == "verdict":
        # Where nobody judges, "done" below every picture says nothing.
        return "" if take.state is State.DONE else STATES[take.state]
    if show == "score":
        score = None if take.ruled is None else take.ruled.score
        return "" if score is None else f"{score:.2f}"
    if show == "cost":
        return money(cost_of(take.calls)) if take.picture else ""
    if show == "seed":
        return "" if take.seed is None else f"seed {take.seed}"
    return f"{take.attempts} tries" if take.attempts > 1 else ""


def money(usd: float | None) -> str:
    """`$0.12`, with more digits where it is less than ten cents; `cost unknown`."""
    if usd is None:
        return "cost unknown"
    return f"${usd:.4f}" if 0 < usd < 0.1 else f"${usd:.2f}"


def summary(sheet: Sheet) -> Iterator[str]:
    """What a sheet says of itself, in pieces: how many takes, how they were judged, what they cost, who drew them."""
    takes = list(sheet.takes)
    yield f"{len(takes):,} take{'' if len(takes) == 1 else 's'}"
    counts = sheet.counts
    if set(counts) != {State.DONE}:
        yield ", ".join(f"{count:,} {STATES[state]}" for state, count in counts.items())
    if sheet.unmade:
        yield f"{sheet.unmade:,} more not made yet"
    if sheet.unchosen:
        yield f"{sheet.unchosen:,} not chosen"
    costs = [cost_of(take.calls) for take in takes]
    known = sum(cost for cost in costs if cost is not None)
    yield money(known) + (" and more" if None in costs else "")
    yield sheet.provider
    if sheet.against:
        yield f"compared with {sheet.against}"
