"""What gates said of the last takes, added up by recipe or by subject."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from nano_banana.core.verdict import Ruling
from nano_banana.reports.snapshot import KeptTake, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgements:
    """The gates' last words on the takes of one recipe or subject (`name`; of several people joined by `+`)."""

    name: str
    accepted: int = 0
    unsure: int = 0
    rejected: int = 0
    not_judged: int = 0

    @property
    def judged(self) -> int:
        """Those that were compared with anybody."""
        return self.accepted + self.unsure + self.rejected


def judgements(snapshots: Iterable[Snapshot], *, by_subject: bool) -> tuple[Judgements, ...]:
    """By recipe or by subject, by name; takes that no gate has seen are left out."""
    counts: dict[str, Counter[str]] = {}
    for snapshot in snapshots:
        for take in snapshot.takes:
            if take.verdict is not None:
                name = _subject(take) if by_subject else snapshot.recipe
                counts.setdefault(name, Counter())[take.verdict.ruling] += 1
    return tuple(
        Judgements(
            name=name,
            accepted=found[Ruling.ACCEPTED],
            unsure=found[Ruling.UNSURE],
            rejected=found[Ruling.REJECTED],
            not_judged=found[Ruling.NOT_JUDGED],
        )
        for name, found in sorted(counts.items())
    )


def _subject(take: KeptTake) -> str:
    return take.card.subject or "+".join(take.card.cast)
