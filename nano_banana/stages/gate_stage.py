"""The gate stage: is it still the same person? With second chances.

```
  upstream ──▶ picture ──▶ look ──▶ likeness ──▶ judge ──accepted, unsure──▶ goes on
     ▲                              (numbers)   (pure)        │
     │                                                        │ rejected
     └──────── retry: the upstream flow, with a new seed ◀────┤
               repair: mask ▶ crop ▶ paint ▶ paste on the best ◀┘   … until accepted, or none is left
```

Thresholds are in no key: two calls measure, and verdicts are pure arithmetic over their numbers (`verdicts`), so
judging again is free.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.formats.struct_schema import CHOICES, Section, described
from nano_banana.model.call import Blob
from nano_banana.model.flow import (
    Ask,
    Attempt,
    Decision,
    ExitedEarly,
    Flow,
    Judged,
    Made,
    Ruling,
    Verdict,
    ask,
    nested_attempt,
    with_attempt,
)
from nano_banana.model.json_values import JSONObject, JSONValue, as_text
from nano_banana.model.nodes import Node, NodeInfo
from nano_banana.model.problem import CallFailed, did_you_mean
from nano_banana.recipe.axis_values import AxisValue, is_skipped, value_matches
from nano_banana.recipe.naming import UNIQUE, Names, Scalar
from nano_banana.recipe.recipe_model import Shot, Stage, Subject
from nano_banana.recipe.validate import short_value
from nano_banana.stages.generate_stage import image_request_factory, pack_template
from nano_banana.stages.inpaint_stage import (
    RepairParameters,
    inpaint,
    inpaint_region,
    painting,
    read_mask_file,
)
from nano_banana.stages.stage_calls import StageOutput, compute_call
from nano_banana.stages.stage_kind import ImaginedReply, StageCheck, StageEntry, StageKind, StageParameters
from nano_banana.stages.take_context import (
    ALL_RULINGS,
    PlanContext,
    StageLink,
    StagePath,
    Take,
    TakeContext,
    Upstream,
    root_id,
)
from nano_banana.stages.train_stage import split_photos
from nano_banana.stages.verdicts import REJECTION_KINDS, AcceptanceCriteria, RejectionKind, judge_measures

_DEFAULTS = AcceptanceCriteria()

_Likeness = Annotated[float, Meta(ge=-1, le=1)]
_Share = Annotated[float, Meta(ge=0, le=1)]


class JudgeSection(Section, frozen=True):
    """What is measured, and against what."""

    measure: Annotated[Literal["identity"], described("Whose face it is.")] = "identity"
    against: Annotated[
        Literal["hold_out", "training_set"],
        described("The photos to compare with: those held out (all, where none are), or all."),
    ] = "hold_out"
    every_face: Annotated[
        bool, described("In a picture of several, each of them must be like theirs; `false`: one will do.")
    ] = True


class CalibrationSection(Section, frozen=True):
    """How the subject's own photos set the threshold."""

    quantile: Annotated[_Share, described("This quantile of each photo's likeness to the others …")] = 0.1
    slack: Annotated[_Share, described("… less this,")] = _DEFAULTS.slack
    at_most: Annotated[_Likeness | None, described("and never above this.", usual=_DEFAULTS.at_most)] = None


class AcceptSection(Section, frozen=True):
    """From which likeness on a picture is accepted."""

    at_least: Annotated[_Likeness, described("Never below this likeness.")] = _DEFAULTS.at_least
    calibrate: Annotated[
        bool | CalibrationSection,
        described("Raise the threshold to what the subject's own photos reach, or `false`."),
    ] = True


class UnsureSection(Section, frozen=True):
    """From which likeness on a person is to look; never tried again by itself."""

    at_least: Annotated[_Likeness | None, described("Below this it is refused.", usual=_DEFAULTS.unsure_from)] = None


class RetrySection(Section, frozen=True):
    """First, draw again with new seeds."""

    takes: Annotated[int, Meta(ge=0, le=20), described("How many more, at most.")]


DEFAULT_REPAIR_LADDER = (0.45, 0.6, 0.75)
"""Strengths of a repair: below 0.4 a face stays whose it is, above 0.8 the picture's light is lost."""


class GateParameters(StageParameters, frozen=True, kw_only=True):
    """Judges every picture of a collection on this machine, and gives those it refuses second chances."""

    gate: Annotated[Names, described("The collection: a stage's id, or `stage.shot`; or a list of them.")]
    judge: JudgeSection = JudgeSection()
    accept: AcceptSection = AcceptSection()
    unsure: UnsureSection = UnsureSection()
    also_reject: Annotated[
        tuple[Annotated[RejectionKind, Meta(extra_json_schema={CHOICES: list(REJECTION_KINDS)})], ...],
        UNIQUE,
        described("What else is refused."),
    ] = REJECTION_KINDS
    skip_when: Annotated[
        Annotated[
            dict[str, Annotated[Scalar | None, described("The value, or the key of the axis's value.")]],
            Meta(min_length=1),
        ]
        | None,
        described(
            "Takes that are not judged, by axis or by a field of it: `{style.painted: true}`; of several, one is "
            "enough."
        ),
    ] = None
    retry: RetrySection | None = None
    repair: RepairParameters | None = None


class GateStage(StageKind):
    """Judges pictures, and gives rejected ones second chances."""

    verb = "gate"
    parameters = GateParameters
    example = """\
stages:
  - id: judged
    gate: [takes.portraits, placed]
    judge: {measure: identity, against: hold_out}
    accept: {at_least: 0.45, calibrate: {quantile: 0.1, slack: 0.05}}
    unsure: {at_least: 0.36}
    also_reject: [no_face, extra_face, copy_of_training_photo]
    skip_when: {style.painted: true}
    retry: {takes: 2}
    repair:
      mask: {find: face, grow: 0.25, feather: 0.08}
      prompt: "{{ subject.trigger }} {{ subject.noun }}, face, natural skin texture"
      using: fal-ai/flux-lora/inpainting
      adapters: {likeness: 1.0}
      ladder: {strength: [0.45, 0.6, 0.75]}
"""
    changes_pixels = False
    judges = True
    measures_people = True
    compute_replies = {
        "look": ImaginedReply(files=("faces",), media="application/json"),
        "person": ImaginedReply(files=("person",), media="application/json"),
        "likeness": ImaginedReply(files=("likeness",), media="application/json"),
    }

    def read(self, entry: StageEntry) -> Stage:
        """Also the criteria, and the repair as a stage inside the gate."""
        stage = super().read(entry)
        said = stage.parameters(GateParameters)
        repair = None if said.repair is None else _read_repair(entry.at(said.repair, "repair"), said.repair, stage.id)
        rules = GateRules(
            criteria=_read_criteria(entry, said),
            against=said.judge.against,
            every_face=said.judge.every_face,
            skip_when=said.skip_when or {},
            retries=said.retry.takes if said.retry else 0,
            ladder=("strength", ()) if repair is None else _ladder_steps(entry.context.catalog, repair),
        )
        return replace(stage, rules=rules, inner=() if repair is None else (repair,))

    def check(self, stage: Stage, check: StageCheck) -> None:
        """Note takes with nobody to compare with, axes that they lack, and retries that would change nothing."""
        rules = gate_rules(stage)
        if rules is None:
            return
        for shot in check.shots:
            _check_comparable(stage, shot, check)
        for name, value in rules.skip_when.items():
            _check_skip(stage, name, value, check)
        before = check.before(stage) if rules.retries else []
        where = (*stage.where, "retry")
        if before and not any(check.kind(other).changes_pixels for other in before):
            check.context.wrong_key("retry_opened", where, stage=stage.id)
        for other in before:
            endpoint = check.context.catalog.get(other.endpoint)
            if check.kind(other).draws and endpoint is not None and endpoint.roles.seed is None:
                check.context.wrong_key("retry_seedless", where, endpoint=endpoint.id, stage=other.id)

    def root_node(self, plan: PlanContext, stage: Stage, subject: Subject) -> Node:
        """The node that measures a person: the photos to compare with, and those that pictures may be copies of.

        Pictures are compared with the held-out photos; with all photos if none are held out or the gate says so; with
        the references of a subject without a training set.
        """
        photos, rules = split_photos(subject, plan.blobs), gate_rules(stage)
        training = [photo.path for photo in photos.training] or list(subject.references)
        held = [photo.path for photo in photos.held_out]
        apart = bool(held) and rules is not None and rules.against == "hold_out"
        compared = held if apart else [*training, *held]
        flow = partial(
            _measure_person,
            stage.id,
            [plan.blobs[path] for path in compared],
            [plan.blobs[path] for path in training],
        )
        name = root_id(stage.id, subject.name)
        card = NodeInfo(
            kind="person", slot=name, stage=stage.id, subject=subject.name, axes={"held_out": str(apart).lower()}
        )
        return Node(id=name, info=card, flow=flow)

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Judge the picture against the people of its take, with the second chances that the gate gives."""
        rules, at = gate_rules(stage) or GateRules(), path.stages.index(stage)
        before = path.stages[:at]
        ordinal = sum(other.verb == self.verb for other in before)
        onward = path.onward_rulings(at)
        repairs_of = _repair_chances(plan, path, stage, rules) if stage.inner else None
        packs = [pack_template(path.shot, other) for other in before if other.shots]
        painted = any(pack is not None and not pack.template.gate for pack in packs)

        def link(upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
            output = yield from upstream(context)
            if output.exited:
                return output
            decision = path.decision(at, context.name)
            check = GateCheck(
                people=[(name, context.results[root_id(stage.id, name)]) for name in context.take.cast],
                criteria=rules.criteria,
                onward=ALL_RULINGS if decision == "keep" and path.is_kept_after(at, context.name) else onward,
                decision=decision,
                in_order=bool(path.shot.together),
                every_face=rules.every_face,
            )
            if painted or is_skipped(rules.skip_when, context.take.cell):
                return (yield from skip_gate(stage.id, check, output))
            chances = [*_retry_chances(plan, rules.retries, upstream, context, ordinal)]
            if repairs_of is not None:
                chances += repairs_of(context)
            if ordinal:
                # Its tries and those of the gates before it must have different names.
                chances = [replace(chance, label=f"{stage.id}-{chance.label}") for chance in chances]
            return (yield from run_gate(stage.id, check, output, chances))

        return link


class GateRules(Struct, frozen=True, kw_only=True):
    """What a gate stage does.

    `against` is `hold_out` or `training_set`. In a picture of several people `every_face` must pass, or one is
    enough. `skip_when` selects takes that aren't judged, by `axis` or `axis.field` and value. A repair turns up the
    field of `ladder`, with one try for each value (no values: one try with the fields as they are).
    """

    criteria: AcceptanceCriteria = field(default_factory=AcceptanceCriteria)
    against: str = "hold_out"
    every_face: bool = True
    skip_when: JSONObject = field(default_factory=dict)
    retries: int = 0
    ladder: tuple[str, tuple[float, ...]] = ("strength", ())


def gate_rules(stage: Stage) -> GateRules | None:
    """What a stage does, if it is a gate."""
    return stage.rules if isinstance(stage.rules, GateRules) else None


def _read_criteria(entry: StageEntry, said: GateParameters) -> AcceptanceCriteria:
    """The thresholds; those that contradict each other are noted."""
    at_least, calibrate = said.accept.at_least, said.accept.calibrate
    calibration = calibrate if isinstance(calibrate, CalibrationSection) else CalibrationSection()
    unsure_from = min(_DEFAULTS.unsure_from, at_least) if said.unsure.at_least is None else said.unsure.at_least
    if unsure_from > at_least:
        path = (*entry.where, "unsure", "at_least")
        entry.context.wrong("unsure_above", path, unsure=unsure_from, accept=at_least)
    at_most = max(_DEFAULTS.at_most, at_least) if calibration.at_most is None else calibration.at_most
    if at_most < at_least:
        path = (*entry.where, "accept", "calibrate", "at_most")
        entry.context.wrong("at_most_below", path, at_most=at_most, at_least=at_least)
    return AcceptanceCriteria(
        at_least=at_least,
        at_most=at_most,
        quantile=None if calibrate is False else calibration.quantile,
        slack=calibration.slack,
        unsure_from=unsure_from,
        also_reject=frozenset(said.also_reject),
    )


def _read_repair(entry: StageEntry, said: RepairParameters, gate: str) -> Stage:
    """The inpainting, as a stage with the gate's id, and with the default ladder filled in."""
    if said.mask.assign:
        entry.context.wrong_key("assign_in_repair", (*entry.where, "mask", "assign"))
    field = _strength_field(entry.context.catalog, said.using)
    if said.ladder is None and field is not None and field not in said.options:
        said = replace(said, ladder={field: DEFAULT_REPAIR_LADDER})
    return Stage(
        id=gate,
        verb="inpaint",
        where=entry.where,
        endpoint=said.using,
        options=said.options,
        entry=said,
        adapters=entry.adapters,
        files=read_mask_file(entry, said.mask),
        prompt=entry.prompt,
        by_person=True,
    )


def _ladder_steps(catalog: Catalog, repair: Stage) -> tuple[str, tuple[float, ...]]:
    """The ladder's field and values; without a ladder, the strength under `with`, if it is a number."""
    if ladder := painting(repair).ladder:
        return next(iter(ladder.items()))
    name = _strength_field(catalog, repair.endpoint) or "strength"
    written = repair.options.get(name)
    return name, (written,) if isinstance(written, int | float) else ()


def _strength_field(catalog: Catalog, name: str) -> str | None:
    """The endpoint's field for how much is painted anew."""
    endpoint = catalog.get(name)
    return None if endpoint is None else endpoint.roles.strength


def _check_comparable(stage: Stage, shot: Shot, check: StageCheck) -> None:
    where, context = (*stage.where, "gate"), check.context
    if context.recipe.shots[shot.name].cast is None:
        context.wrong("judges_nobody", where, stage=stage.id, shot=shot.name, somebody=context.somebody)
    for subject in shot.cast:
        if not context.recipe.subjects[subject].has_photos:
            context.wrong("nothing_to_compare", where, stage=stage.id, subject=subject)


def _check_skip(stage: Stage, name: str, wanted: JSONValue, check: StageCheck) -> None:
    axis, _, field = name.partition(".")
    context, where = check.context, (*stage.where, "skip_when", name)
    values: list[AxisValue] = [value for shot in check.shots for value in shot.matrix.get(axis, ())]
    if not values:
        axes = dict.fromkeys(known for shot in check.shots for known in shot.matrix)
        near = tuple(f"{found}.{field}" if field else found for found in did_you_mean(axis, axes))
        context.wrong_key("skip_unknown_axis", where, hints=near, name=axis, known=", ".join(axes) or "none")
        return
    fields = dict.fromkeys(known for value in values for known in value.fields)
    if field and field != "key" and field not in fields:
        near = tuple(f"{axis}.{found}" for found in did_you_mean(field, fields))
        listed = ", ".join(f"{axis}.{known}" for known in fields) or "none"
        context.wrong_key("skip_unknown_field", where, hints=near, axis=axis, name=field, known=listed)
    elif not any(value_matches(value, field, wanted) for value in values):
        context.warn("skips_nothing", where, name=name, value=short_value(wanted))


def _measure_person(
    gate: str, compared: Sequence[Blob], training: Sequence[Blob], _results: Mapping[str, Blob]
) -> Flow[Blob]:
    """Find the face in every photo, then put the measures together. The order of photos changes nothing."""
    photos = sorted({blob.digest: blob for blob in (*compared, *training)}.values(), key=lambda blob: blob.digest)
    looks = yield Ask(stage=gate, calls=tuple(compute_call("look", {}, {"image": photo}) for photo in photos))
    faces = {photo.digest: look.files["faces"] for photo, look in zip(photos, looks, strict=True)}
    inputs = {
        f"{part}/{at}": faces[digest]
        for part, blobs in (("references", compared), ("training", training))
        for at, digest in enumerate(sorted({blob.digest for blob in blobs}))
    }
    reply = yield from ask(gate, compute_call("person", {}, inputs))
    return reply.files["person"]


def _retry_chances(
    plan: PlanContext, count: int, upstream: Upstream, context: TakeContext, ordinal: int
) -> Iterator[SecondChance]:
    """The flow before the gate again, with new seeds."""
    for number in range(1, count + 1):
        again = context.with_retry_seed(plan, gate=ordinal, number=number)

        def flow(_best: StageOutput, _verdict: Verdict, again: TakeContext = again) -> Flow[StageOutput]:
            return upstream(again)

        yield SecondChance(label=f"retry{number}", detail={"seed": again.take.seed}, flow=flow)


def _repair_chances(
    plan: PlanContext, path: StagePath, gate: Stage, rules: GateRules
) -> Callable[[TakeContext], Iterator[SecondChance]]:
    """A function that gives the repairs of a take: faces that aren't like their persons' are painted over.

    One for each value of the ladder; without values, one with the fields as they are. What is the same for all takes
    of the path is worked out once.
    """
    (repair,) = gate.inner
    request_for, whole = image_request_factory(plan, path.shot, repair, draws=False), inpaint_region(plan, repair)
    name, values = rules.ladder
    details: list[JSONObject] = [{name: value} for value in values] or [{}]

    def paint(context: TakeContext, detail: JSONObject, best: StageOutput, verdict: Verdict) -> Flow[StageOutput]:
        output = best
        for person, face in _faces_to_repair(context.take, verdict):
            request = request_for(context, (person,)).with_fields(detail)
            region = whole if face is None else whole.of_face(face)
            painted = yield from inpaint(plan.target, gate.id, request, region, output.picture)
            output = output.followed_by(painted)
        return output

    def chances(context: TakeContext) -> Iterator[SecondChance]:
        for number, detail in enumerate(details, start=1):
            flow = partial(paint, context, detail)
            yield SecondChance(label=f"repair{number}", detail=detail, flow=flow, repairs_faces=True)

    return chances


def _faces_to_repair(take: Take, verdict: Verdict) -> Sequence[tuple[str, int | None]]:
    """Who is painted, and which face from the left is theirs (None: as the mask says)."""
    cast = take.cast
    if len(cast) == 1:
        return [(cast[0], None)]
    far = {as_text(reason.data.get("subject", "")) for reason in verdict.reasons}
    wrong = [(name, number) for number, name in enumerate(cast, start=1) if name in far]
    return wrong or [(name, number) for number, name in enumerate(cast, start=1)]


_PICTURE_FAILURES = frozenset(
    {
        "faces_miscounted",
        "nothing_found",
        "mask_empty",
        "content_refused",
        "no_face_found",
        "unsafe_picture",
        "unsafe_picture_before",
        "not_stored",
    }
)
"""Failures of one picture only: another seed or another mask may succeed."""


class GateCheck(Struct, frozen=True, kw_only=True):
    """What to judge a picture by: `people` are names with the files of their measures.

    With `in_order` they stand from left to right. With `every_face` each must pass, else one is enough. Takes with a
    ruling of `onward` go on. A person's `decision` about the take overrules the verdict.
    """

    people: Sequence[tuple[str, Blob]]
    criteria: AcceptanceCriteria
    onward: frozenset[Ruling]
    in_order: bool = False
    every_face: bool = True
    decision: Decision | None = None


class SecondChance(Struct, frozen=True, kw_only=True):
    """One more try: `flow` makes it from the best picture so far and its verdict.

    One that `repairs_faces` paints over faces, so it can't help if a face is missing.
    """

    label: str
    detail: JSONObject
    flow: Callable[[StageOutput, Verdict], Flow[StageOutput]]
    repairs_faces: bool = False


def run_gate(stage: str, check: GateCheck, first: StageOutput, chances: Sequence[SecondChance]) -> Flow[StageOutput]:
    """Judge the picture; while it is rejected, take the next chance and judge that. Return the best picture.

    One that is unsure is never tried again. In a forecast, where verdicts aren't known yet, all chances are used up.
    If a person has decided, nothing more is bought: of the chances, only those count that were taken before.
    """
    verdict = yield from _judge_picture(stage, check, first.picture)
    best, number = (first, Judged(stage=stage, blob=first.picture, verdict=verdict)), 0
    for chance in chances:
        if verdict.ruling not in {Ruling.REJECTED, Ruling.IMAGINED}:
            break
        if chance.repairs_faces and not _is_repairable(best[1].verdict):
            continue
        number += 1
        attempt = Attempt(number=number, label=chance.label, detail=chance.detail)
        flow = chance.flow(best[0], best[1].verdict)
        tried = yield from _try_chance(with_attempt(attempt, flow, stored_only=check.decision is not None))
        if tried is None or tried.exited:
            continue
        verdict = yield from with_attempt(attempt, _judge_picture(stage, check, tried.picture))
        if _verdict_rank(verdict) >= _verdict_rank(best[1].verdict):
            word = Judged(stage=stage, blob=tried.picture, verdict=verdict, attempt=attempt)
            best = (_within_attempt(tried, attempt, repairs_faces=chance.repairs_faces), word)
    output, word = best
    return (yield from _end_of_gate(check, output, word))


def skip_gate(stage: str, check: GateCheck, output: StageOutput) -> Flow[StageOutput]:
    """Hand on a picture without judging it, if takes that aren't judged go on."""
    verdict = Verdict(ruling=Ruling.NOT_JUDGED)
    word = Judged(stage=stage, blob=output.picture, verdict=verdict)
    yield word
    return (yield from _end_of_gate(check, output, word))


def _judge_picture(stage: str, check: GateCheck, picture: Blob) -> Flow[Verdict]:
    looked = yield from ask(stage, compute_call("look", {}, {"image": picture}))
    people = {f"people/{at}": blob for at, (_, blob) in enumerate(check.people)}
    compared = yield from ask(stage, compute_call("likeness", {}, {"faces": looked.files["faces"], **people}))
    names = [name for name, _ in check.people]
    verdict = judge_measures(compared.data, names, check.criteria, in_order=check.in_order, every_face=check.every_face)
    yield Judged(stage=stage, blob=picture, verdict=verdict)
    return verdict


def _try_chance(flow: Flow[StageOutput]) -> Flow[StageOutput | None]:
    """The try's picture, or None if it failed for good: then the next chance is taken.

    A failure that may go away (a service that is down) fails the take, so that the next run continues there.
    """
    try:
        return (yield from flow)
    except CallFailed as failed:
        # A failure that was billed before is reported with the reason that it had then.
        if any(not _PICTURE_FAILURES & {problem.kind, problem.data.get("reason")} for problem in failed.problems):
            raise
        return None


def _is_repairable(verdict: Verdict) -> bool:
    """Whether painting over faces may help: not if a face is missing, or if there is one too many."""
    wrong = {"no_face", "missing_face", "extra_face"}
    return verdict.ruling is Ruling.IMAGINED or not any(reason.kind in wrong for reason in verdict.reasons)


def _within_attempt(tried: StageOutput, attempt: Attempt, *, repairs_faces: bool) -> StageOutput:
    """The try, with the verdicts of earlier gates marked as part of this attempt.

    A repair starts from a picture that already passed those gates, so its verdicts stay as they are.
    """
    if repairs_faces:
        return tried
    return replace(
        tried, judged=tuple(replace(word, attempt=nested_attempt(attempt, word.attempt)) for word in tried.judged)
    )


def _verdict_rank(verdict: Verdict) -> tuple[bool, float]:
    """Orders verdicts: one that isn't a rejection is better, then the higher likeness."""
    return verdict.ruling is not Ruling.REJECTED, -2.0 if verdict.score is None else verdict.score


def _end_of_gate(check: GateCheck, output: StageOutput, word: Judged) -> Flow[StageOutput]:
    """Record the picture unless it was rejected, also if no later stage uses it."""
    word = replace(word, decision=check.decision)
    judged_output, ruling = replace(output, judged=(*output.judged, word)), word.counts_as
    goes_on = ruling is Ruling.IMAGINED or ruling in check.onward
    if goes_on or ruling is not Ruling.REJECTED:
        yield Made(stage=word.stage, blob=output.picture, call=output.call)
    return judged_output if goes_on else replace(judged_output, exited=ExitedEarly(stage=word.stage, why=str(ruling)))
