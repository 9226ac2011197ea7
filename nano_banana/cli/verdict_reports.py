"""What gates decided: one verdict, a run's totals, and re-judged takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from nano_banana.cli.diagnostics import fill_message, message_for
from nano_banana.cli.formatting import plural, visible
from nano_banana.cli.screen import Screen
from nano_banana.features.rejudging import RejudgedTake, RejudgeResult
from nano_banana.model.flow import Reason, Ruling
from nano_banana.session.manifest import judged_picture
from nano_banana.session.run_records import DECISION_WORDS, NodeRecord, VerdictSummary
from nano_banana.session.run_report import acceptance_by_gate, by_attempt_kind
from nano_banana.session.run_report_schema import ReportedAcceptance, ReportedVerdicts


def verdict_text(ruled: VerdictSummary) -> str:
    """`rejected: 0.31, needs 0.45 (too far)`; `accepted: 0.62, needs 0.45; dropped by hand`."""
    numbers = [likeness_text(ruled.score)] if ruled.score is not None else []
    if ruled.threshold is not None:
        numbers.append(f"needs {likeness_text(ruled.threshold)}")
    reasons = reasons_text(ruled)
    told = ", ".join(numbers) + (f" ({reasons})" if reasons else "")
    said = str(ruled.ruling).replace("_", " ")
    by_hand = f"; {DECISION_WORDS[ruled.decision]}" if ruled.decision else ""
    return (f"{said}: {told.strip()}" if told else said) + by_hand


def reasons_text(ruled: VerdictSummary) -> str:
    """The reasons with their numbers: `face too small: 31 px wide, needs 48`; empty if there are none.

    In a picture of several people, each reason names the person.
    """
    return "; ".join(reason_text(reason, named=ruled.several_people) for reason in ruled.reasons)


def reason_name(kind: str) -> str:
    """A reason's name in a list of counts: `too far`."""
    return message_for(kind).text


def likeness_text(score: float | None) -> str:
    """`0.31`; a dash if there was nothing to compare."""
    return "–" if score is None else f"{score:.2f}"


def reason_text(reason: Reason, *, named: bool) -> str:
    """A reason with its numbers; `named` adds whom it is about."""
    message = message_for(reason.kind)
    detail = fill_message(message.help, reason.data)
    who = f"{reason.data['subject']} " if named and "subject" in reason.data else ""
    return f"{who}{message.text}" + (f": {detail}" if detail else "")


MAX_UNSURE = 20
"""Most takes that are listed; `run --json` has all."""

MAX_VALUES = 12
"""Most values of an axis that are listed."""


def say_acceptance(screen: Screen, records: Sequence[NodeRecord], folder: str) -> None:
    """Print each gate's totals and where they differ, and the takes that need a person's review."""
    accounts = acceptance_by_gate(records)
    for stage, account in accounts.items():
        screen.say(f"{visible(stage)}: {counts_summary(account) or 'no takes judged yet'}")
        for name, values in groupings(account).items():
            screen.say(f"  {visible(name)}: {_values_text(values)}")
        if len(kinds := by_attempt_kind(account)) > 1:
            shares = [f"{kind} {counts['accepted']:,}/{counts['judged']:,}" for kind, counts in kinds.items()]
            screen.say(f"  attempts: {', '.join(shares)}")
    if accounts:
        _say_same_photos(screen, records)
    unchosen = Counter(
        record.exited_early.stage
        for record in records
        if record.exited_early and record.exited_early.why == "not_chosen"
    )
    for stage, count in unchosen.items():
        screen.say(f"{visible(stage)}: {count:,} not selected")
    _say_unsure(screen, records, folder)


def counts_summary(counts: ReportedVerdicts) -> str:
    """`39 of 48 accepted, 2 unsure, 7 rejected (5 too far, 2 no face), 4 not judged`."""
    parts = [f"{counts.accepted:,} of {counts.judged:,} accepted"] if counts.judged else []
    if counts.unsure:
        parts.append(f"{counts.unsure:,} unsure")
    if counts.rejected:
        reasons = _reason_counts(counts)
        parts.append(f"{counts.rejected:,} rejected" + (f" ({reasons})" if reasons else ""))
    if counts.not_judged:
        parts.append(f"{counts.not_judged:,} not judged")
    return ", ".join(parts)


def groupings(account: ReportedAcceptance) -> dict[str, Mapping[str, ReportedVerdicts]]:
    """The groupings of takes with more than one value."""
    named = {"template": account.templates, "subject": account.subjects, **account.axes}
    return {name: values for name, values in named.items() if len(values) > 1}


def _values_text(values: Mapping[str, ReportedVerdicts]) -> str:
    """`corporate 14/16, oil not judged, street 9/16: 5 too far, 2 no face`; one with reasons comes last."""
    shown = dict(list(values.items())[:MAX_VALUES])
    refused = [name for name, counts in shown.items() if counts.reasons]
    ordered = [name for name in shown if [name] != refused] + (refused if len(refused) == 1 else [])
    said = [_value_text(name, shown[name], alone=len(refused) == 1) for name in ordered]
    more = [f"and {len(values) - MAX_VALUES:,} more"] if len(values) > MAX_VALUES else []
    return ", ".join([*more, *said] if len(refused) == 1 else [*said, *more])


def _value_text(name: str, counts: ReportedVerdicts, *, alone: bool) -> str:
    said = f"{counts.accepted:,}/{counts.judged:,}" if counts.judged else "not judged"
    reasons = _reason_counts(counts)
    told = f": {reasons}" if alone else f" ({reasons})"
    return f"{visible(name)} {said}{told if reasons else ''}"


def _reason_counts(counts: ReportedVerdicts) -> str:
    return ", ".join(f"{count:,} {reason_name(kind)}" for kind, count in counts.reasons.items())


def _say_same_photos(screen: Screen, records: Sequence[NodeRecord]) -> None:
    people = [record for record in records if record.card.kind == "person"]
    same = dict.fromkeys(record.card.subject for record in people if record.person.get("held_out") is False)
    if same:
        names = ", ".join(map(visible, same))
        screen.say(f"{names}: no held-out photos, so likeness was measured against the training photos and reads high")


def _say_unsure(screen: Screen, records: Sequence[NodeRecord], folder: str) -> None:
    """List the takes that a gate left unsure."""
    found: dict[tuple[str, str, str], tuple[str, str, str, str]] = {}
    for record in records:
        name = record.id.partition("@")[0]
        for ruled in record.verdicts:
            if ruled.is_final and ruled.counts_as is Ruling.UNSURE:
                picture, key = judged_picture(record, ruled), (name, ruled.stage, ruled.digest)
                place = f"{folder}/{picture.name}" if picture else ""
                # A take that continues on several paths has several records, but needs one review.
                found.setdefault(key, (record.id, likeness_text(ruled.score), reasons_text(ruled), place))
    if found:
        need = "need" if len(found) > 1 else "needs"
        screen.say(screen.paint("yellow", f"{len(found):,} {need} your review (unsure):"))
        screen.table(list(found.values()), indent=2, most=MAX_UNSURE)


MAX_REJUDGED = 60
"""Most takes in the table; `--json` has all."""


def say_rejudged(screen: Screen, rejudged: RejudgeResult, *, accept: float | None, unsure: float | None) -> None:
    """Print the takes, those with a new ruling first, and the totals."""
    if rejudged.words:
        words = sorted(rejudged.words, key=lambda word: not ruling_changes(word))
        screen.table([_rejudged_row(word) for word in words], head=_REJUDGED_HEAD, most=MAX_REJUDGED)
        screen.say()
    for stage, account in rejudged.now.items():
        screen.say(f"{visible(stage)}: {counts_summary(account)}")
    if rejudged.waiting:
        screen.say(f"{plural(rejudged.waiting, 'take')} not judged yet (needs a run)")
    asked, thresholds = [], []
    if accept is not None:
        asked.append(f"--accept {accept:g}")
        thresholds.append(f"`accept: {{at_least: {accept:g}, calibrate: false}}`")
    if unsure is not None:
        asked.append(f"--unsure {unsure:g}")
        thresholds.append(f"`unsure: {{at_least: {unsure:g}}}`")
    if not asked:
        return
    for stage, account in rejudged.now.items():
        screen.say(f"{' '.join(asked)}: {counts_difference(rejudged.before[stage], account)} at {visible(stage)}")
    stages = ", ".join(f"`{visible(stage)}`" for stage in rejudged.gates)
    screen.say(f"To apply this, set {' and '.join(thresholds)} in {stages}.")


def ruling_changes(word: RejudgedTake) -> bool:
    """Whether a take's ruling changes."""
    return word.before is not None and word.now.ruling is not word.before


def counts_difference(before: ReportedVerdicts, now: ReportedVerdicts) -> str:
    """`3 fewer accepted`, `same number accepted, 1 more unsure`, `no change`."""
    gained = now.accepted - before.accepted
    if gained:
        return f"{abs(gained):,} {'more' if gained > 0 else 'fewer'} accepted"
    moved = now.unsure - before.unsure
    if moved:
        return f"same number accepted, {abs(moved):,} {'more' if moved > 0 else 'fewer'} unsure"
    return "no change"


_REJUDGED_HEAD = ("take", "gate", "likeness", "needs", "ruling", "before", "why")


def _rejudged_row(word: RejudgedTake) -> Sequence[str]:
    ruled, label = word.now, word.now.attempt.label
    before = _ruling_text(word.before) if word.before is not None and ruling_changes(word) else ""
    take = f"{word.take} ({label})" if label else word.take
    numbers = likeness_text(ruled.score), likeness_text(ruled.threshold)
    return take, ruled.stage, *numbers, _ruling_text(ruled.ruling), before, reasons_text(ruled)


def _ruling_text(ruling: Ruling) -> str:
    return str(ruling).replace("_", " ")
