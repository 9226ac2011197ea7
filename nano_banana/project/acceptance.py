"""How many pictures passed gates: by template, axis, subject, attempt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.node import Card
from nano_banana.core.verdict import Ruling
from nano_banana.reports.record import Record
from nano_banana.reports.ruled import FIRST_TRY, Ruled, kind_of

JUDGED = (Ruling.ACCEPTED, Ruling.UNSURE, Ruling.REJECTED)
"""The rulings of what was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Verdicts by ruling, and why pictures were rejected: each reason once a picture."""

    rulings: Mapping[Ruling, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """How many were looked at."""
        return sum(self[ruling] for ruling in JUDGED)

    def __getitem__(self, ruling: Ruling) -> int:
        """How many had this ruling."""
        return self.rulings.get(ruling, 0)

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        reasons = Counter(self.reasons) + Counter(other.reasons)
        return Counts(rulings=Counter(self.rulings) + Counter(other.rulings), reasons=_most_first(reasons))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What a gate said of the takes it came to an end with, and of each attempt at them.

    `takes` are all of them, and then by template (a text of the shot's own goes by the shot's name), by who is in them
    and by each axis's values; `attempts` are pictures by label (`first`, `retry1`, `repair2`).
    """

    takes: Counts
    templates: Mapping[str, Counts]
    subjects: Mapping[str, Counts]
    axes: Mapping[str, Mapping[str, Counts]]
    attempts: Mapping[str, Counts]


def acceptance(records: Iterable[Record]) -> dict[str, Acceptance]:
    """Each gate's account, by its stage's id, in the order of the stages' first verdicts.

    A take that goes on by several ways is several records, but what it had in common was judged once.
    """
    found: dict[str, dict[tuple[str, str, str], tuple[Card, Ruled]]] = {}
    for record in records:
        name = record.id.partition("@")[0]
        for ruled in record.verdicts:
            words, key = found.setdefault(ruled.stage, {}), (name, ruled.attempt.label, ruled.digest)
            if key not in words or ruled.last:
                words[key] = (record.card, ruled)
    return {stage: _account(list(words.values())) for stage, words in found.items()}


def acceptance_json(accounts: Mapping[str, Acceptance]) -> dict[str, JSONValue]:
    """The accounts as the reports tell them."""
    return {stage: _told(account) for stage, account in accounts.items()}


def by_kind(account: Acceptance) -> dict[str, Counts]:
    """The attempts by their sort (`first`, `retry`, `repair`), all numbers of one added up."""
    found: dict[str, Counts] = {}
    for label, counts in account.attempts.items():
        kind = FIRST_TRY if label == FIRST_TRY else kind_of(label)
        found[kind] = found[kind] + counts if kind in found else counts
    return found


def _account(words: Sequence[tuple[Card, Ruled]]) -> Acceptance:
    last = [(card, ruled) for card, ruled in words if ruled.last]
    axes = dict.fromkeys(axis for card, _ in last for axis in card.axes)
    return Acceptance(
        takes=_counts(ruled for _, ruled in last),
        templates=_by((card.template or card.shot, ruled) for card, ruled in last),
        subjects=_by((" + ".join(card.cast) or card.subject, ruled) for card, ruled in last),
        axes={axis: _by((card.axes[axis], ruled) for card, ruled in last if axis in card.axes) for axis in axes},
        attempts=_by((ruled.attempt.label or FIRST_TRY, ruled) for _, ruled in words),
    )


def _by(words: Iterable[tuple[str, Ruled]]) -> dict[str, Counts]:
    """Counts by name, without those that have none."""
    found: dict[str, list[Ruled]] = {}
    for name, ruled in words:
        if name:
            found.setdefault(name, []).append(ruled)
    return {name: _counts(some) for name, some in found.items()}


def _counts(words: Iterable[Ruled]) -> Counts:
    rulings: Counter[Ruling] = Counter()
    reasons: Counter[str] = Counter()
    for ruled in words:
        rulings[ruled.ruling] += 1
        if ruled.ruling is Ruling.REJECTED:
            reasons.update({reason.kind for reason in ruled.reasons})
    return Counts(rulings=rulings, reasons=_most_first(reasons))


def _most_first(reasons: Counter[str]) -> dict[str, int]:
    return dict(sorted(reasons.items(), key=lambda found: (-found[1], found[0])))


def _told(account: Acceptance) -> JSONObject:
    return {
        **_numbers(account.takes),
        "templates": _named(account.templates),
        "subjects": _named(account.subjects),
        "axes": {axis: _named(values) for axis, values in account.axes.items()},
        "attempts": _named(account.attempts),
    }


def _named(counts: Mapping[str, Counts]) -> JSONObject:
    return {name: _numbers(some) for name, some in counts.items()}


def _numbers(counts: Counts) -> dict[str, JSONValue]:
    return {
        "judged": counts.judged,
        **{str(ruling): counts[ruling] for ruling in (*JUDGED, Ruling.NOT_JUDGED)},
        "reasons": dict(counts.reasons),
    }
