"""The JSON of `run --json` and `plan --json`, declared once.

Each struct gives the JSON Schema and the keys that are written. The manifest uses the same structs, with the keys that
are marked so.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from nano_banana.formats.struct_schema import described, section_schema
from nano_banana.model.flow import Decision, Ruling
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeStatus

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = "https://nano-banana.invalid/schemas/run.schema.json"

IN_MANIFEST = "In the manifest only."

Count: TypeAlias = Annotated[int, Meta(ge=0)]
Dollars: TypeAlias = Annotated[float, Meta(ge=0)]
Texts: TypeAlias = dict[str, Annotated[str, described("The value.")]]
Digests: TypeAlias = dict[str, Annotated[str, described("SHA-256 of the file.")]]
Paths: TypeAlias = dict[str, Annotated[str, described("The file's path.")]]
Numbers: TypeAlias = dict[str, Annotated[Count, described("How many.")]]
Digest: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Value: TypeAlias = Annotated[object, Meta(extra_json_schema={"description": "The value."})]
Values: TypeAlias = dict[str, Value]


class ReportPart(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a report; later versions may add keys."""

    def json(self) -> dict[str, JSONValue]:
        """The part as it is written."""
        return cast("dict[str, JSONValue]", msgspec.to_builtins(self, str_keys=True))


_REASON: JSONObject = {
    "description": "One reason, with its data.",
    "properties": {"kind": {"type": "string", "description": "What it is, as one word for programs."}},
    "required": ["kind"],
}
Reasons: TypeAlias = list[Annotated[Values, Meta(extra_json_schema=dict(_REASON))]]

Status: TypeAlias = Annotated[
    str,
    described(
        "`done`; `failed`; `blocked`: something it needs failed; `stopped`: the run ended first; `planned`: to be made "
        "(in a plan).",
        enum=[str(status) for status in NodeStatus],
    ),
]


RulingName: TypeAlias = Annotated[
    str,
    described(
        "`accepted`; `unsure`: needs your review; `rejected`; `not_judged`: skipped, as the recipe says.",
        enum=[str(ruling) for ruling in Ruling if ruling is not Ruling.IMAGINED],
    ),
]


class ReportedVerdict(ReportPart, frozen=True, kw_only=True):
    """What a gate said about a picture."""

    stage: Annotated[str, described("The gate's id.")]
    ruling: RulingName
    score: Annotated[
        float | None, described("The likeness: cosine similarity, −1 to 1; of several people the one that decided.")
    ]
    threshold: Annotated[float | None, described("What the score had to reach.")]
    reasons: Annotated[Reasons, described("Why it was not accepted: `too_far`, `no_face`, `extra_face` …")]
    numbers: Annotated[Values | UnsetType, described(f"The measurements behind it. {IN_MANIFEST}")] = UNSET
    decision: Annotated[
        Decision | UnsetType,
        described("What a person decided about the take in `picks.yaml`: it counts, whatever the ruling."),
    ] = UNSET


class ReportedAttempt(ReportPart, frozen=True, kw_only=True):
    """One attempt at a take that was judged, or would have been."""

    attempt: Annotated[Count, described("How many attempts there were before; 0 is the first.")]
    label: Annotated[str, described("The end of its files' names: `retry1`, `repair2`; empty for the first.")]
    detail: Annotated[Values, described("What was done differently: `seed`, `strength`.")]
    stage: Annotated[str, described("The gate that judged it, or the last stage that it reached.")]
    pictures: Annotated[Paths, described("Stage to the file of its picture, for the stages that made one.")]
    digests: Annotated[Digests | UnsetType, described(f"Stage to its picture's digest. {IN_MANIFEST}")] = UNSET
    verdict: Annotated[ReportedVerdict | None, described("What a gate said about it; null if none did.")]


class ReportedExit(ReportPart, frozen=True, kw_only=True):
    """Where a take ended early."""

    stage: Annotated[str, described("The stage that did not let it go on.")]
    why: Annotated[str, described("Its ruling, or `not_chosen`; `rejected` also if a person dropped the take.")]


class ReportedTake(ReportPart, frozen=True, kw_only=True):
    """One take: a shot with one value of each axis and one seed."""

    id: Annotated[str, described("Its name, as `--only` and `explain` take it: `headshots/ana/office/s11`.")]
    shot: Annotated[str, described("The shot's name.")]
    template: Annotated[str | None, described("The template's name; the shot's if it has its own.")]
    subject: Annotated[str | None, described("Who is in it; null for nobody and for several people.")]
    cast: Annotated[list[Annotated[str, described("A subject's name.")]], described("Everybody in it, left to right.")]
    axes: Annotated[Texts, described("Axis to the key of its value.")]
    seed: Annotated[Count | None, described("The seed it is drawn with.")]
    status: Status
    path: Annotated[str | None, described("The file of the final picture; null if there is none or it ended early.")]
    sha256: Annotated[Digest | None, described("The digest of that picture.")]
    pictures: Annotated[Paths, described("Stage to the file of its picture, for the stages that made one.")]
    reasons: Annotated[Reasons, described("Why it failed; empty if it did not.")]
    verdict: Annotated[ReportedVerdict | None, described("What the last gate said about it; null if none did.")]
    attempts: Annotated[list[ReportedAttempt], described("Every attempt, if a gate judges; in order.")]
    left: Annotated[ReportedExit | None, described("Where the take ended early; null if it went all the way.")]
    digests: Annotated[Digests | UnsetType, described(f"Stage to its picture's digest. {IN_MANIFEST}")] = UNSET


class ReportedAdapter(ReportPart, frozen=True, kw_only=True):
    """One training: an adapter of one subject."""

    id: Annotated[str, described("The train stage and the subject: `likeness/ana`.")]
    stage: Annotated[str, described("The train stage's id.")]
    subject: Annotated[str, described("Who is trained.")]
    status: Status
    sha256: Annotated[Digest | None, described("The digest of the adapter's file; null if it is not made.")]
    size: Annotated[Count | None, described("The file's size in bytes.")]
    reasons: Annotated[Reasons, described("Why it failed; empty if it did not.")]


class ReportedPerson(ReportPart, frozen=True, kw_only=True):
    """One person, as a gate knows them."""

    id: Annotated[str, described("The gate and the subject: `judged/ana`.")]
    subject: Annotated[str, described("Who it is.")]
    status: Status
    held_out: Annotated[
        bool, described("Whether pictures are compared with held-out photos; training photos give too high a likeness.")
    ]
    references: Annotated[Count | UnsetType, described("How many photos pictures are compared with.")] = UNSET
    left_out: Annotated[Count | UnsetType, described("How many photos don't have exactly one clear face.")] = UNSET
    calibration: Annotated[
        list[Annotated[float, described("Cosine similarity, −1 to 1.")]] | UnsetType,
        described("The likeness of each photo to the others, lowest first."),
    ] = UNSET
    reasons: Annotated[Reasons, described("Why it failed; empty if it did not.")]


class ReportedVerdicts(ReportPart, frozen=True, kw_only=True):
    """Verdicts, counted."""

    judged: Annotated[Count, described("All that were judged.")]
    accepted: Annotated[Count, described("Those that passed.")]
    unsure: Annotated[Count, described("Those that need your review.")]
    rejected: Annotated[Count, described("Those that were rejected.")]
    not_judged: Annotated[Count, described("Those that were skipped, as the recipe says.")]
    reasons: Annotated[Numbers, described("Why they were rejected: each reason once per picture.")]


class ReportedAcceptance(ReportedVerdicts, frozen=True, kw_only=True):
    """A gate's final verdicts on takes, counted."""

    templates: Annotated[dict[str, ReportedVerdicts], described("The same by template.")]
    subjects: Annotated[dict[str, ReportedVerdicts], described("The same by who is in the picture (`ana + ben`).")]
    axes: Annotated[
        dict[str, Annotated[dict[str, ReportedVerdicts], described("By value.")]],
        described("By axis and value."),
    ]
    attempts: Annotated[
        dict[str, ReportedVerdicts], described("Of every picture, by its attempt: `first`, `retry1`, `repair2`.")
    ]


class ReportedCalls(ReportPart, frozen=True, kw_only=True):
    """Calls of this machine and of the provider, each counted once."""

    total: Annotated[Count, described("All of them.")]
    cached: Annotated[Count, described("Answered before: they cost nothing.")]
    made: Annotated[Count, described("Made by this run; in a plan: to be made.")]
    failed: Annotated[Count, described("Made, and failed.")]
    unknown: Annotated[Count, described("Sent, with an unknown result.")]


class ReportedCost(ReportPart, frozen=True, kw_only=True):
    """Money in USD."""

    estimated_low: Annotated[Dollars | None, described("The least that the calls to be made may cost.")]
    estimated_high: Annotated[Dollars | None, described("The most, with all retries; null if a price is unknown.")]
    billed: Annotated[Dollars | None, described("What was paid; null in a plan, and if the provider did not say.")]


class ReportedMayMake(ReportPart, frozen=True, kw_only=True):
    """In a plan: the calls that retries need if gates reject everything that is not judged yet."""

    calls: Annotated[Count, described("All of them.")]
    paid_calls: Annotated[Count, described("Those of the provider.")]
    usd_high: Annotated[Dollars | None, described("The most that they may cost; null if a price is unknown.")]


class ReportedExpectation(ReportPart, frozen=True, kw_only=True):
    """In a plan: which retries are likely."""

    calls: Annotated[float, Meta(ge=0), described("Calls of the provider.")]
    usd: Annotated[Dollars, described("What they would cost.")]
    passed: Annotated[Count, described("The estimate is based on so many pictures that passed …")]
    judged: Annotated[Count, described("… of so many that were judged.")]
    known: Annotated[bool, described("Whether these are earlier results; otherwise they are assumed.")]


class ReportedExport(ReportPart, frozen=True, kw_only=True):
    """The copies under the recipe's own names."""

    to: Annotated[str | None, described("Their folder.")]
    zip: Annotated[str | None, described("Their ZIP; null if this run wrote none.")]
    copies: Annotated[Count, described("How many there are.")]
    fresh: Annotated[Count, described("How many files this run wrote.")]
    edited: Annotated[list[str], described("Copies that somebody changed: left alone.")]
    older: Annotated[list[str], described("Copies of earlier runs that the recipe no longer asks for.")]
    pruned: Annotated[list[str], described("Those that `--prune` deleted.")]
    enlarged: Annotated[Count, described("Crops that are larger than their pictures.")]
    faceless: Annotated[Count, described("Crops around the face of pictures without a face.")]


class ReportHead(ReportPart, frozen=True, kw_only=True):
    """A run or a plan, without what it says about each take."""

    recipe: Annotated[str, described("The recipe's name.")]
    run: Annotated[str | None, described("The run's id; null in a plan.")]
    status: Annotated[
        Literal["done", "planned", "failed", "stopped"],
        described(
            "`done`: everything is there; `planned`: a plan with calls to make; `failed`: some takes failed; "
            "`stopped`: by Ctrl-C, a limit or the provider."
        ),
    ]
    calls: Annotated[ReportedCalls, described("Calls, each counted once.")]
    cost_usd: Annotated[ReportedCost, described("Money in USD.")]
    handed_out: Annotated[
        ReportedExport | UnsetType | None,
        described("The exported copies; null if there are none."),
    ] = UNSET
    paid_calls: Annotated[Count | UnsetType, described("In a plan: calls to be made by the provider.")] = UNSET
    may_make: Annotated[ReportedMayMake | UnsetType, described("In a plan: calls that retries may need.")] = UNSET
    expected: Annotated[
        ReportedExpectation | UnsetType | None, described("In a plan: the likely retries; null if there can be none.")
    ] = UNSET


class RunReport(ReportHead, frozen=True, kw_only=True):
    """What a run made of a recipe, or would make."""

    acceptance: Annotated[
        dict[str, ReportedAcceptance], described("What gates said, by the gate's id; empty if nothing was judged.")
    ]
    takes: Annotated[list[ReportedTake], described("The takes, in the recipe's order.")]
    adapters: Annotated[list[ReportedAdapter], described("The trainings, in the recipe's order.")]
    people: Annotated[list[ReportedPerson], described("The people that gates compare pictures with.")]


class ReportedPlace(ReportPart, frozen=True, kw_only=True):
    """A place in a file."""

    file: Annotated[str, described("The file.")]
    line: Annotated[int, Meta(ge=1), described("Counted from 1.")]
    column: Annotated[int, Meta(ge=1), described("Counted from 1, in characters.")]
    length: Annotated[int, Meta(ge=1), described("In characters.")]


class ReportedProblem(ReportPart, frozen=True, kw_only=True):
    """One error or warning."""

    kind: Annotated[str, described("What it is, as one word for programs.")]
    severity: Annotated[Literal["error", "warning"], described("A warning lets the work go on.")]
    message: Annotated[str, described("What is wrong, in words.")]
    hint: Annotated[str | None, described("What to do about it.")]
    suggestions: Annotated[list[str], described("Names that were probably meant.")]
    place: Annotated[ReportedPlace | None, described("Where it is; null if it has no place.")]


class ErrorReport(ReportPart, frozen=True, kw_only=True):
    """Why there is nothing else to report."""

    status: Annotated[Literal["error"], described("It ended before there was anything to report.")]
    exit_code: Annotated[int, Meta(ge=1), described("The exit code.")]
    problems: Annotated[list[ReportedProblem], Meta(min_length=1), described("All of them, by place.")]


def run_report_schema() -> JSONObject:
    """The schema, draft 2020-12: a report, or an error if `status` says so."""
    return {
        "$schema": SCHEMA_DIALECT,
        "$id": SCHEMA_ID,
        "title": "What `nano-banana run --json` and `plan --json` print",
        "type": "object",
        "required": ["status"],
        "if": {"properties": {"status": {"const": "error"}}},
        "then": section_schema(ErrorReport),
        "else": section_schema(RunReport),
    }


if __name__ == "__main__":
    import json

    print(json.dumps(run_report_schema(), indent=1, ensure_ascii=False))  # noqa: T201 - prints the file
