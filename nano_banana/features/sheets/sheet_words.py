"""What a sheet's page and prints share: words, thumbnail sizes, writing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from nano_banana.features.sheets.contact_sheet import ContactSheet
from nano_banana.features.sheets.sheet_takes import SheetGrid, SheetTake, TakeState, calls_cost, value_on_axis
from nano_banana.formats.file_writing import replaced_file
from nano_banana.model.problem import Problem
from nano_banana.session.run_records import DECISION_WORDS, VerdictSummary

STATE_WORDS = {
    TakeState.ACCEPTED: "accepted",
    TakeState.UNSURE: "unsure",
    TakeState.REJECTED: "rejected",
    TakeState.NOT_JUDGED: "not judged",
    TakeState.DONE: "done",
    TakeState.FAILED: "failed",
    TakeState.MISSING: "not made yet",
}


class SheetWording(Struct, frozen=True, kw_only=True):
    """Functions that describe a verdict's reasons, and a problem."""

    reasons: Callable[[VerdictSummary], str]
    problem: Callable[[Problem], str]

    def why(self, take: SheetTake) -> str:
        """Why a take failed or wasn't accepted; empty if there is no reason."""
        if take.problems:
            return "; ".join(map(self.problem, take.problems))
        if take.ruled is None:
            return ""
        said = f"{by_hand}; {take.ruled.stage}: {take.ruled.ruling}" if (by_hand := decided_by_hand(take)) else ""
        return "; ".join(filter(None, [said, self.reasons(take.ruled)]))


def decided_by_hand(take: SheetTake) -> str:
    """`kept by hand` if a person overruled the gate; else empty."""
    return DECISION_WORDS[take.ruled.decision] if take.ruled and take.ruled.decision else ""


def grid_heading(grid: SheetGrid) -> str:
    """The heading of a grid; empty if the sheet has only one."""
    apart = [f"{axis}: {value}" for axis, value in zip(grid.axes.apart, grid.title, strict=True)]
    return " · ".join([*([", ".join(grid.shots)] if grid.shots else []), *apart])


def axis_label(axis: str, value: str) -> str:
    """The label for a value of an axis."""
    if axis == "seed":
        return f"seed {value}"
    return value or ("nobody" if axis == "subject" else "–")


def axis_labels(axes: Sequence[str], values: Sequence[str]) -> list[str]:
    """The labels of a row or a column."""
    return [axis_label(axis, value) for axis, value in zip(axes, values, strict=True)]


def take_labels(axes: Sequence[str], take: SheetTake) -> list[str]:
    """The labels that stand at the take itself, because its grid has no columns for these axes."""
    return [axis_label(axis, str(take.card.seed) if axis == "seed" else value_on_axis(take, axis)) for axis in axes]


def take_caption(take: SheetTake, show: str) -> str:
    """The caption below a picture for one of a sheet's `show`; may be empty."""
    if show == "verdict":
        # Without a gate, "done" below every picture would say nothing.
        return "" if take.state is TakeState.DONE else decided_by_hand(take) or STATE_WORDS[take.state]
    if show == "score":
        score = None if take.ruled is None else take.ruled.score
        return "" if score is None else f"{score:.2f}"
    if show == "cost":
        return sheet_money(calls_cost(take.calls)) if take.picture else ""
    if show == "seed":
        return "" if take.seed is None else f"seed {take.seed}"
    return f"{take.attempts} tries" if take.attempts > 1 else ""


def sheet_money(usd: float | None) -> str:
    """`$0.12`, with more digits below ten cents; `cost unknown`."""
    if usd is None:
        return "cost unknown"
    return f"${usd:.4f}" if 0 < usd < 0.1 else f"${usd:.2f}"


def sheet_summary(sheet: ContactSheet) -> Iterator[str]:
    """Yield the parts of a sheet's summary: the takes, their verdicts, their cost, the provider."""
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
"""The longer side of thumbnails, in pixels, by the largest number of pictures that it's for."""

SMALLEST_THUMBNAIL = 128


def thumbnail_side(takes: Sequence[SheetTake]) -> int:
    """The longer side of these takes' thumbnails, in pixels: a page with all of them stays below about 12 MB."""
    pictures = len(takes) + sum(take.before is not None and take.before.differs for take in takes)
    return next((side for most, side in THUMBNAIL_SIDES if pictures <= most), SMALLEST_THUMBNAIL)


def write_text_pieces(file: Path, pieces: Iterable[str]) -> None:
    """Write `file` piece by piece, in UTF-8, whole or not at all. Raises Unusable."""
    with replaced_file(file) as fresh, fresh.open("w", encoding="utf-8", newline="") as out:
        out.writelines(pieces)
