"""Words and thumbnail sizes that a sheet's page and its prints share.

Also writes a sheet's files, whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import SheetGrid, SheetTake, TakeState, calls_cost, value_on_axis
from nano_banana.formats.file_writing import atomic_write
from nano_banana.model.problem import Problem, Unusable, problem
from nano_banana.session.run_records import VerdictSummary

STATE_WORDS = {
    TakeState.ACCEPTED: "accepted",
    TakeState.UNSURE: "unsure",
    TakeState.REJECTED: "rejected",
    TakeState.NOT_JUDGED: "not judged",
    TakeState.DONE: "done",
    TakeState.FAILED: "failed",
    TakeState.MISSING: "not made yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetWording:
    """Puts a verdict's reasons, and a problem, into words."""

    reasons: Callable[[VerdictSummary], str]
    problem: Callable[[Problem], str]

    def why(self, take: SheetTake) -> str:
        """Why a take is not accepted, or failed; empty where there is nothing to say."""
        if take.problems:
            return "; ".join(map(self.problem, take.problems))
        return self.reasons(take.ruled) if take.ruled is not None else ""


def grid_heading(grid: SheetGrid) -> str:
    """What stands above a grid; empty where the sheet has no other."""
    apart = [f"{axis}: {value}" for axis, value in zip(grid.axes.apart, grid.title, strict=True)]
    return " · ".join([*([", ".join(grid.shots)] if grid.shots else []), *apart])


def axis_label(axis: str, value: str) -> str:
    """A value of an axis as a label says it."""
    if axis == "seed":
        return f"seed {value}"
    return value or ("nobody" if axis == "subject" else "–")


def axis_labels(axes: Sequence[str], values: Sequence[str]) -> list[str]:
    """The values of a row or a column."""
    return [axis_label(axis, value) for axis, value in zip(axes, values, strict=True)]


def take_labels(axes: Sequence[str], take: SheetTake) -> list[str]:
    """The values that are said with a take, where its grid has no columns."""
    return [axis_label(axis, str(take.card.seed) if axis == "seed" else value_on_axis(take, axis)) for axis in axes]


def take_caption(take: SheetTake, show: str) -> str:
    """What is written below a picture for one of a sheet's `show`; empty where there is nothing to say."""
    if show == "verdict":
        # Where nobody judges, "done" below every picture says nothing.
        return "" if take.state is TakeState.DONE else STATE_WORDS[take.state]
    if show == "score":
        score = None if take.ruled is None else take.ruled.score
        return "" if score is None else f"{score:.2f}"
    if show == "cost":
        return sheet_money(calls_cost(take.calls)) if take.picture else ""
    if show == "seed":
        return "" if take.seed is None else f"seed {take.seed}"
    return f"{take.attempts} tries" if take.attempts > 1 else ""


def sheet_money(usd: float | None) -> str:
    """`$0.12`, with more digits where it is less than ten cents; `cost unknown`."""
    if usd is None:
        return "cost unknown"
    return f"${usd:.4f}" if 0 < usd < 0.1 else f"${usd:.2f}"


def sheet_summary(sheet: ContactSheet) -> Iterator[str]:
    """What a sheet says of itself, in pieces: how many takes, how they were judged, what they cost, who drew them."""
    takes = list(sheet.takes)
    yield f"{len(takes):,} take{'' if len(takes) == 1 else 's'}"
    counts = sheet.counts
    if set(counts) != {TakeState.DONE}:
        yield ", ".join(f"{count:,} {STATE_WORDS[state]}" for state, count in counts.items())
    if sheet.unmade:
        yield f"{sheet.unmade:,} more not made yet"
    if sheet.unchosen:
        yield f"{sheet.unchosen:,} not chosen"
    costs = [calls_cost(take.calls) for take in takes]
    known = sum(cost for cost in costs if cost is not None)
    yield sheet_money(known) + (" and more" if None in costs else "")
    yield sheet.provider
    if sheet.against:
        yield f"compared with {sheet.against}"


THUMBNAIL_SIDES = ((120, 480), (400, 320), (1000, 240), (2500, 144))
"""Up to so many pictures, the longer side of each in pixels."""

SMALLEST_THUMBNAIL = 128


def thumbnail_side(takes: Sequence[SheetTake]) -> int:
    """The longer side of small pictures of these takes, so that a page with all of them stays below about 12 MB."""
    pictures = len(takes) + sum(take.before is not None and take.before.differs for take in takes)
    return next((side for most, side in THUMBNAIL_SIDES if pictures <= most), SMALLEST_THUMBNAIL)


def write_pieces(file: Path, pieces: Iterable[bytes]) -> None:
    """Write `file` at once, piece by piece; an older one stays where that fails. Raises Unusable."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as fresh, fresh.open("wb") as out:
            out.writelines(pieces)
    except OSError as error:
        raise Unusable([problem("unwritable", file=str(file), why=error.strerror or str(error))]) from error
