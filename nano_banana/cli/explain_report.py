"""Why a take or picture is as it is: its calls, and what changed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from nano_banana.cli.formatting import money, one_line, pick_text, plural, visible
from nano_banana.cli.screen import Screen
from nano_banana.cli.verdict_reports import likeness_text, verdict_text
from nano_banana.model.flow import Ruling
from nano_banana.model.json_values import as_items, as_number, as_object, as_whole
from nano_banana.model.nodes import NodeStatus
from nano_banana.provenance.generation_record import COMPOSITE_MEDIA, TRAINED_MEDIA, CallRecord, GenerationRecord
from nano_banana.session.explanation import (
    LIKENESS_ENDPOINT,
    CallExplanation,
    Explanation,
    FaceComparison,
    MarkedPicture,
)
from nano_banana.session.history import CallDifference, ValueChange
from nano_banana.session.run_records import NodeRecord, VerdictSummary

FATE_COLOURS = {"ran": "green", "reused": "cyan", "would run": "yellow"}
RULING_COLOURS = {Ruling.ACCEPTED: "green", Ruling.UNSURE: "yellow", Ruling.REJECTED: "red"}
DIFF_CONTEXT = 4
"""Words shown on either side of a change."""


def say_story(screen: Screen, story: Explanation) -> None:
    """Print the verdict and the photos it is based on; then by attempt each call, what changed, and each verdict."""
    record = story.record
    screen.say(f"{record.id}: {record.status}" + _ending_text(record) + _pick_suffix(story))
    for compared in story.compared:
        screen.say(f"  {comparison_text(compared)}")
    if record.person:
        screen.say(f"  {comparison_text(FaceComparison(subject=record.card.subject, person=record.person))}")
    width = max((len(call.stage) for call in story.calls), default=0)
    tried = {ruled.attempt.label for ruled in record.verdicts}
    ahead = [  # retries and repairs that have not run
        call
        for call in story.calls
        if call.attempt.number and call.fate == "would run" and call.attempt.label not in tried
    ]
    label = ""
    for some in _grouped_calls([call for call in story.calls if call not in ahead]):
        call = some[-1]
        if call.attempt.label != label:
            label = call.attempt.label
            detail = ", ".join(f"{name} {value}" for name, value in call.attempt.detail.items())
            # Calls after all attempts belong to the take itself.
            screen.say(f"  {label} ({detail})" if label and detail else f"  {label or 'then'}")
        times = f" ×{len(some)}" if len(some) > 1 else ""
        screen.say(f"  {call.stage:<{width}}  {call.provider} {call.endpoint}: {_fate_text(screen, call)}{times}")
        for change in call.changes or ():
            screen.say(f"      {one_line(difference_text(change, story.sources))}")
        if ruled := _verdict_after(record, call):
            text = screen.paint(RULING_COLOURS.get(ruled.ruling, "dim"), verdict_text(ruled))
            screen.say(f"  {ruled.stage:<{width}}  {text}")
    if ahead:
        labels = dict.fromkeys(call.attempt.label for call in ahead)
        screen.say(f"  {', '.join(labels)}: would run only if the gate rejects (up to {plural(len(ahead), 'call')})")
    for call in story.calls:
        if not call.attempt.label and (prompt := as_object(call.document["arguments"]).get("prompt")):
            screen.say(f"  prompt of {call.stage}: {one_line(str(prompt))}")


def _grouped_calls(calls: Sequence[CallExplanation]) -> Iterator[list[CallExplanation]]:
    """Consecutive calls that would look the same, such as those for each of twenty photos."""

    def look(numbered: tuple[int, CallExplanation]) -> tuple[object, ...]:
        number, call = numbered
        shown = (call.stage, call.attempt.label, call.provider, call.endpoint, call.fate, call.run, call.own)
        return *shown, number if call.changes else None

    for _, some in groupby(enumerate(calls), key=look):
        yield [call for _, call in some]


def _pick_suffix(story: Explanation) -> str:
    return f"; picks.yaml: {pick_text(story.pick)}" if story.pick else ""


def _ending_text(record: NodeRecord) -> str:
    """The last gate's verdict, and where the take stopped."""
    last, left = record.final_verdict, record.exited_early
    said = f"; {verdict_text(last)}" if last else ""
    # The selection among planned takes is unknown.
    if left is None or (record.status is NodeStatus.PLANNED and left.why == "not_chosen"):
        return said
    if left.why == "not_chosen":
        return f"{said}; not selected at {left.stage}"
    if last and (last.stage, str(last.counts_as)) == (left.stage, left.why):
        return f"{said}; stopped at {left.stage}"
    return f"{said}; stopped at {left.stage}: {left.why.replace('_', ' ')}"


def comparison_text(compared: FaceComparison) -> str:
    """`compared with 3 held-out photos of ana (0.91 to 0.97 among themselves); nearest: 04.jpg (0.38)`."""
    person = compared.person
    photos = plural(as_whole(person.get("references", 0)), "held-out photo" if person["held_out"] else "training photo")
    likenesses = [as_number(value) for value in as_items(person.get("calibration"))]
    spread = f"{likeness_text(min(likenesses))} to {likeness_text(max(likenesses))}" if likenesses else ""
    among = f" ({spread} among themselves)" if spread else ""
    nearest = f"; nearest: {visible(compared.photo)} ({likeness_text(compared.similarity)})" if compared.photo else ""
    return f"compared with {photos} of {visible(compared.subject)}{among}{nearest}"


def _verdict_after(record: NodeRecord, call: CallExplanation) -> VerdictSummary | None:
    """The verdict based on this call's measurements."""
    if not call.own or call.endpoint != LIKENESS_ENDPOINT:
        return None
    at = (call.stage, call.attempt.label)
    return next((ruled for ruled in record.verdicts if (ruled.stage, ruled.attempt.label) == at), None)


def _fate_text(screen: Screen, call: CallExplanation) -> str:
    fate = screen.paint(FATE_COLOURS[call.fate], call.fate)
    if call.run is not None:
        return f"{fate} (from run {call.run})" if call.fate == "reused" else f"{fate} (run {call.run})"
    return fate if call.changes is not None else f"{fate} (new)"


def difference_text(change: CallDifference, sources: Mapping[str, str]) -> str:
    """One difference: a value old → new, a prompt word by word, files by name (`sources`: digest → name)."""
    if not isinstance(change, ValueChange):
        names = ", ".join(sources.get(digest, digest[:12]) for digest in change.added)
        parts = [f"{plural(len(change.added), 'file')} added ({names})"] if change.added else []
        parts += [f"{plural(len(change.removed), 'file')} removed"] if change.removed else []
        return f"{change.series}: {', '.join(parts)}"
    name = change.path.removeprefix("arguments/").removeprefix("inputs/")
    if change.path.startswith("inputs/"):
        source = sources.get(str(change.new), "")
        return f"{name}: file changed" + (f", now from {source}" if source else "")
    if isinstance(change.old, str) and isinstance(change.new, str) and " " in change.old + change.new:
        return f"{name}: {word_diff(change.old, change.new)}"
    old, new = ("none" if value is None else str(value) for value in (change.old, change.new))
    return f"{name}: {old} → {new}"


def changed_words(old: str, new: str) -> list[tuple[str, str]]:
    """The words that differ: old and new."""
    before, after = old.split(), new.split()
    return [
        (" ".join(before[start:end]), " ".join(after[other:until]))
        for tag, start, end, other, until in _opcodes(before, after)
        if tag != "equal"
    ]


def word_diff(old: str, new: str) -> str:
    """A word diff: `… in [-a bright office-] {+a rainy street+}, 85 mm …`."""
    before, after = old.split(), new.split()
    parts = []
    for tag, start, end, other, until in _opcodes(before, after):
        if tag == "equal":
            same = before[start:end]
            short = len(same) > 2 * DIFF_CONTEXT
            parts += [*same[:DIFF_CONTEXT], "…", *same[-DIFF_CONTEXT:]] if short else same
            continue
        if end > start:
            parts.append(f"[-{' '.join(before[start:end])}-]")
        if until > other:
            parts.append(f"{{+{' '.join(after[other:until])}+}}")
    return " ".join(parts)


def _opcodes(before: list[str], after: list[str]) -> Sequence[tuple[str, int, int, int, int]]:
    return difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()


SOURCE_TYPES = {
    TRAINED_MEDIA: "AI-made (trainedAlgorithmicMedia)",
    COMPOSITE_MEDIA: "AI-made, based on another picture (compositeWithTrainedAlgorithmicMedia)",
}
DIGEST_CHARS = 12
"""Most characters of a digest that are shown."""

_MAX_VALUE = 300
"""Most characters of a value that are shown; `--json` has all."""


def say_picture_record(screen: Screen, portrait: MarkedPicture) -> None:
    """Print what the picture's metadata says, every call, and whether the file was modified."""
    account = portrait.account
    screen.say(f"{visible(account.take)}: stage {visible(account.stage)} of the recipe {visible(account.recipe)}")
    for line in _record_lines(account):
        screen.say(f"  {line}")
    for call in account.calls:
        say_call(screen, call)
    if portrait.intact:
        screen.say(f"file unmodified ({account.picture[:DIGEST_CHARS]})")
    else:
        screen.say(screen.paint("yellow", "The file was modified: it may not show what its metadata describes."))


def say_call(screen: Screen, call: CallRecord) -> None:
    """Print a call with its provider, arguments and input files; the prompt on a separate line."""
    cost = f", {money(call.cost_usd)}" if call.cost_usd else ""
    stage = f"{visible(call.stage)}: " if call.stage else ""
    screen.say(f"  {stage}{visible(call.provider)} {visible(call.endpoint)}{cost}")
    prompt = call.arguments.get("prompt")
    if isinstance(prompt, str):
        screen.say(f"      prompt: {_shortened(prompt)}")
    plain = {
        name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for name, value in call.arguments.items()
        if name != "prompt"
    }
    if plain:
        screen.say("      " + ", ".join(f"{visible(name)} {_shortened(text)}" for name, text in plain.items()))
    if call.inputs:
        inputs = [f"{visible(at)} {visible(each[:DIGEST_CHARS])}" for at, each in call.inputs.items()]
        screen.say(f"      inputs: {', '.join(inputs)}")


def _record_lines(account: GenerationRecord) -> Iterator[str]:
    if account.source in SOURCE_TYPES:
        yield SOURCE_TYPES[account.source]
    if account.people:
        people = [f"{visible(each.name)} ({visible(f'{each.trigger} {each.noun}'.strip())})" for each in account.people]
        yield f"of {', '.join(people)}"
    axes = [f"{visible(axis)} {visible(value)}" for axis, value in account.axes.items()]
    seed = [] if account.seed is None else [f"seed {account.seed}"]
    tries = [f"try {visible(account.label)}"] if account.label else []
    if account.shot:
        yield ", ".join([f"shot {visible(account.shot)}", *axes, *seed, *tries])
    if account.verdict:
        score, ruling = account.verdict.get("score"), str(account.verdict.get("ruling", "")).replace("_", " ")
        likeness = f", likeness {score:.2f}" if isinstance(score, int | float) else ""
        yield visible(f"{account.verdict.get('stage', '')}: {ruling}{likeness}")
    if account.made_at:
        made = f"made {visible(account.made_at)} by run {visible(account.run)}"
        yield f"{made}, with Nano Banana {visible(account.program)}"
    if account.calls:
        yield f"made by {plural(len(account.calls), 'call')}:"


def _shortened(text: str) -> str:
    return visible(text if len(text) <= _MAX_VALUE else f"{text[:_MAX_VALUE]}…")
