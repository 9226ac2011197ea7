"""What is kept of each node of a run: pictures, verdicts, calls, names."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import UNSET, Struct, field
from msgspec.structs import replace

from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.flow import FIRST_ATTEMPT, Attempt, Decision, ExitedEarly, Judged, Reason, Ruling, overruled
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.nodes import NodeEnd, NodeInfo, NodeResult, NodeStatus, Step
from nano_banana.model.problem import Problem
from nano_banana.provenance.generation_record import CallRecord
from nano_banana.session.run_report_schema import ReportedVerdict

MEDIA_SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}

EXPORT_SUFFIX = ".export"
"""Ends the name of the folder of fitted pictures; no stage's name has a dot."""

ATTEMPT_SEAM = "+"
"""Between a take's stem and an attempt's label; no name in a recipe has it."""


LONGEST_FILE_NAME = 255
"""Bytes of a file's name on the usual file systems; names here are ASCII."""
_ROOM = LONGEST_FILE_NAME - max(map(len, MEDIA_SUFFIXES.values()))
_LONGEST_LABEL = 120


def picture_file_name(node: str, stage: str, media: str, attempt: Attempt = FIRST_ATTEMPT) -> str:
    """`takes/portraits_ana_s11.png`; of a retry `takes/portraits_ana_s11+retry1.png`.

    A name that is too long for file systems is cut, and gets a digest.
    """
    label = _attempt_suffix(attempt)
    stem = _shortened(_whole_stem(node), _ROOM - len(label))
    return f"{stage_folder(node, stage)}/{stem}{label}{MEDIA_SUFFIXES.get(media, '.bin')}"


def is_stem_of(node: str, stem: str) -> bool:
    """Whether `stem` is the name of the take's files, of any attempt, cut or not."""
    return stem == _shortened(_whole_stem(node), min(len(stem), _ROOM))


def stage_folder(node: str, stage: str) -> str:
    """The folder of a stage's pictures: its id, or the path to it (`draft+faces`) if there are several."""
    way = node.partition("@")[2].split("+")
    return (
        _shortened("+".join(way[: way.index(stage) + 1]), LONGEST_FILE_NAME - len(EXPORT_SUFFIX))
        if stage in way
        else stage
    )


def _whole_stem(node: str) -> str:
    """`heads/ana/s1@faces` → `heads_ana_s1`. No two takes have the same name."""
    name = node.partition("@")[0]
    # Names begin with a letter or digit and have no dot, so a seam can't be mistaken for a part of a name.
    seam = "_" if "_" not in name else "." if "__" in name or "_/" in name else "__"
    return name.replace("/", seam)


def fitted_name(name: str, media: str) -> str:
    """The name of a fitted picture: `finish/ana.png` → `finish.export/ana.jpg`."""
    folder, _, file = name.rpartition("/")
    return f"{folder}{EXPORT_SUFFIX}/{file.rpartition('.')[0]}{MEDIA_SUFFIXES.get(media, '.bin')}"


def _attempt_suffix(attempt: Attempt) -> str:
    """The suffix of an attempt's files, even if the attempt has no label."""
    label = attempt.label or (f"try{attempt.number}" if attempt.number else "")
    return label and f"{ATTEMPT_SEAM}{_shortened(label, _LONGEST_LABEL)}"


def _shortened(name: str, room: int) -> str:
    """The name if it fits; else its beginning and a digest of it."""
    mark = f"-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return name if len(name) <= room else f"{name[: max(room - len(mark), 0)]}{mark}"


LOOK_ENDPOINT = "look"
"""The call of a gate's first look at a picture."""

FIRST_LABEL = "first"
"""The name of the first attempt, which has no label."""


class VerdictSummary(Struct, frozen=True, kw_only=True):
    """A verdict without its numbers.

    `digest` is the picture's; `several_people` says that more than one person should be in it. `is_final` marks the
    gate's final verdict on the take, as far as known; `is_first_look` that this run judged the picture for the first
    time.
    """

    stage: str
    ruling: Ruling
    score: float | None = None
    threshold: float | None = None
    reasons: tuple[Reason, ...] = ()
    digest: str = ""
    several_people: bool = False
    attempt: Attempt = FIRST_ATTEMPT
    is_final: bool = True
    is_first_look: bool = False
    decision: Decision | None = None
    """A person's, about the take; only on final verdicts."""

    @property
    def counts_as(self) -> Ruling:
        """The ruling that the take goes on with."""
        return overruled(self.ruling, self.decision)


DECISION_WORDS: Mapping[Decision, str] = {"keep": "kept by hand", "drop": "dropped by hand"}
"""How a person's decision is told."""


def real_verdicts(result: NodeResult) -> list[Judged]:
    """The verdicts on existing pictures, in order."""
    return [judged for judged in result.judged if judged.verdict.ruling is not Ruling.IMAGINED]


def verdict_summaries(result: NodeResult) -> tuple[VerdictSummary, ...]:
    """The verdicts on existing pictures, in order.

    A gate's final verdict is the one on the take's final picture. A gate that rejected the picture of a take that then
    stopped or failed has none yet.
    """
    words = {(word.stage, word.attempt.label): word.decision for word in _last_words(result)}
    return tuple(
        VerdictSummary(
            stage=judged.stage,
            ruling=judged.verdict.ruling,
            score=judged.verdict.score,
            threshold=judged.verdict.threshold,
            reasons=tuple(judged.verdict.reasons),
            digest=judged.blob.digest,
            several_people=len(result.node.info.cast) > 1,
            attempt=judged.attempt,
            is_final=(judged.stage, judged.attempt.label) in words,
            is_first_look=any(_first_seen(step, judged) for step in result.steps),
            decision=words.get((judged.stage, judged.attempt.label)),
        )
        for judged in real_verdicts(result)
    )


def _last_words(result: NodeResult) -> Sequence[Judged]:
    if result.final_verdicts or result.status not in {NodeStatus.FAILED, NodeStatus.STOPPED}:
        return result.final_verdicts
    ends = {judged.stage: judged for judged in result.judged}
    return [judged for judged in ends.values() if judged.verdict.ruling is not Ruling.REJECTED]


def verdict_numbers(result: NodeResult) -> str:
    """The measurements behind those verdicts, as JSON text, which is small."""
    return json.dumps([dict(judged.verdict.numbers) for judged in real_verdicts(result)], separators=(",", ":"))


def reported_verdict(ruled: VerdictSummary, numbers: JSONValue = None) -> ReportedVerdict:
    """A verdict for reports; with the `numbers` behind it, if there are any."""
    return ReportedVerdict(
        stage=ruled.stage,
        ruling=str(ruled.ruling),
        score=ruled.score,
        threshold=ruled.threshold,
        reasons=[{"kind": reason.kind, **reason.data} for reason in ruled.reasons],
        numbers=dict(as_object(numbers)) if numbers else UNSET,
        decision=ruled.decision or UNSET,
    )


def attempt_kind(label: str) -> str:
    """The kind of the attempt with this label: `first`, `retry`, `repair`, or an unknown label itself."""
    found = re.search(r"([a-z]+)\d+$", label)
    return found[1] if found else label or FIRST_LABEL


def _first_seen(step: Step, judged: Judged) -> bool:
    call = step.call
    return (
        not step.cached
        and (step.stage, call.endpoint) == (judged.stage, LOOK_ENDPOINT)
        and any(blob.digest == judged.blob.digest for blob in call.inputs.values())
    )


PERSON_ENDPOINT = "person"
"""The call that measures a person from photos."""


def measured_person(result: NodeResult) -> JSONObject:
    """What is known of the person that a node measures.

    `held_out` is false if pictures are compared with training photos. `references` is the number of photos that they
    are compared with, `left_out` the number of photos without exactly one clear face; `calibration` is the likeness of
    each photo to the others (cosine).
    """
    held_out = result.node.info.axes.get("held_out") == "true"
    measured = next((step for step in reversed(result.steps) if step.call.endpoint == PERSON_ENDPOINT), None)
    if measured is None:
        return {"held_out": held_out}
    data = measured.reply.data
    given = sum(place.startswith("references/") for place in measured.call.inputs)
    return {
        "held_out": held_out,
        "references": data.get("references", given),
        "left_out": len(as_items(data.get("left_out"))),
        "calibration": data.get("calibration", []),
    }


class OutputPicture(Struct, frozen=True, kw_only=True):
    """A stage's picture and its name below the output folder."""

    stage: str
    blob: Blob
    name: str
    attempt: Attempt = FIRST_ATTEMPT


class NodeRecord(Struct, frozen=True, kw_only=True):
    """A node's result. `calls` and `measures` are the manifest's JSON text, which is small.

    `verdicts` are those on existing pictures, in order, and `measures` the measurements behind each. `exited_early`
    says where the take ended early. `person` describes the person, if the node measures one.
    """

    id: str
    card: NodeInfo
    status: NodeStatus
    pictures: Sequence[OutputPicture]
    result: Blob | None
    """None also if it is only imagined."""
    problems: Sequence[Problem]
    missing: Sequence[str]
    """The keys of the calls that the store had no reply to."""
    is_degraded: bool
    """Whether a provider says that it could have drawn this better with parts that are missing here."""
    keys: Mapping[str, str]
    """Position (`stage|slot|number`) → key of each call, for comparison with the next run; empty where only planned."""
    calls: str
    verdicts: tuple[VerdictSummary, ...] = ()
    measures: str = "[]"
    costs: tuple[float | None, ...] = ()
    """USD of each call, in the order of `keys`; None if unknown."""
    exited_early: ExitedEarly | None = None
    is_unchanged: bool = False
    """Whether a provider says that nothing it painted can be seen."""
    person: JSONObject = field(default_factory=dict)

    @property
    def final_verdict(self) -> VerdictSummary | None:
        """The last gate's verdict on the final picture."""
        return next((ruled for ruled in reversed(self.verdicts) if ruled.is_final), None)

    @property
    def node_end(self) -> NodeEnd:
        """What others may know of it, to choose by."""
        return NodeEnd(
            id=self.id,
            info=self.card,
            done=self.status in {NodeStatus.DONE, NodeStatus.PLANNED},
            exited_early=self.exited_early.stage if self.exited_early else "",
            rulings={ruled.stage: (ruled.counts_as, ruled.score) for ruled in self.verdicts if ruled.is_final},
        )


def node_record(result: NodeResult) -> NodeRecord:
    """Boil a node's end down. One that is only planned is kept through a whole run: with no more than that needs."""
    node, blob = result.node, result.result
    planned = result.status is NodeStatus.PLANNED
    done = [] if planned else result.steps
    return NodeRecord(
        id=node.id,
        card=node.info,
        status=result.status,
        pictures=_made_pictures(result) if node.info.kind == "take" else (),
        result=None if blob is None or blob.imagined else blob,
        problems=tuple(result.problems),
        missing=tuple([step.call.key for step in result.steps if not step.cached]),
        is_degraded=_reply_says(result, "plain"),
        is_unchanged=_reply_says(result, "unchanged"),
        keys=dict(zip(call_positions(done, node.info.slot), [step.call.key for step in done], strict=True)),
        calls=_calls_json(done),
        verdicts=verdict_summaries(result),
        measures="[]" if planned else verdict_numbers(result),
        costs=tuple([step.reply.cost_usd for step in done]),
        exited_early=result.exited_early,
        person=measured_person(result) if node.info.kind == "person" else {},
    )


def slim_record(record: NodeRecord) -> NodeRecord:
    """The record without the half that only the manifest, the trail and the snapshot need.

    An adapter's record stays whole, since the shelf needs its calls.
    """
    return record if record.card.kind == "adapter" else replace(record, keys={}, calls="[]", measures="[]", costs=())


def stop_unchosen(record: NodeRecord) -> NodeRecord:
    """The record after a run that was halted: a take that waits for a choice is stopped, not unchosen."""
    waits = record.exited_early is not None and record.exited_early.why == "not_chosen"
    return replace(record, status=NodeStatus.STOPPED, exited_early=None) if waits else record


def follow_record(old: NodeRecord | None, new: NodeRecord) -> NodeRecord:
    """The `new` record of a node that went on, with the first looks of the `old` one."""
    seen = {(ruled.stage, ruled.digest) for ruled in old.verdicts if ruled.is_first_look} if old else set()
    if not seen:
        return new
    verdicts = [
        replace(ruled, is_first_look=ruled.is_first_look or (ruled.stage, ruled.digest) in seen)
        for ruled in new.verdicts
    ]
    return replace(new, verdicts=tuple(verdicts))


def call_positions(steps: Sequence[Step], slot: str) -> list[str]:
    """The position of each call in its plan, which doesn't depend on arguments: `stage|slot|number`.

    In later attempts it is `stage|slot+retry1|number`. Numbers count the calls of one attempt, so that another attempt
    changes no other positions.
    """
    counts: Counter[str] = Counter()
    found = []
    for step in steps:
        label = step.attempt.label
        found.append(f"{step.stage}|{slot}{label and f'+{label}'}|{counts[label]}")
        counts[label] += 1
    return found


def _reply_says(result: NodeResult, name: str) -> bool:
    return any(step.reply.data.get(name) is True for step in result.steps)


def _made_pictures(result: NodeResult) -> tuple[OutputPicture, ...]:
    """The existing pictures; of two with one name, the later."""
    found = [
        OutputPicture(
            stage=made.stage,
            blob=made.blob,
            name=picture_file_name(result.node.id, made.stage, made.blob.media, made.attempt),
            attempt=made.attempt,
        )
        for made in result.pictures
        if not made.blob.imagined
    ]
    latest = {picture.name: picture for picture in found}
    return tuple([picture for picture in found if picture is latest[picture.name]])


def _calls_json(steps: Sequence[Step]) -> str:
    calls: list[JSONObject] = [
        {
            **msgspec.to_builtins(call_record(step.stage, step.call, step.reply, step.attempt.number)),
            "seconds": step.reply.seconds,
        }
        for step in steps
    ]
    return json.dumps(calls, separators=(",", ":"), ensure_ascii=False)


def call_record(stage: str, call: Call, reply: Reply, attempt: int = 0) -> CallRecord:
    """A call with its reply, as metadata and manifests have it."""
    return CallRecord(
        stage=stage,
        attempt=attempt,
        provider=call.provider,
        endpoint=call.endpoint,
        revision=call.revision,
        key=call.key,
        arguments=dict(call.arguments),
        inputs={place: blob.digest for place, blob in call.inputs.items()},
        outputs={place: blob.digest for place, blob in reply.files.items()},
        cost_usd=reply.cost_usd,
    )
