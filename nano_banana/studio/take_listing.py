"""The takes of a project as the studio's pages get them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, field

from nano_banana.features.sheets.contact_sheet import failed_before, failed_now
from nano_banana.features.sheets.sheet_takes import SheetTake, calls_cost, sheet_take
from nano_banana.model.call import Blob
from nano_banana.model.flow import Reason
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.model.nodes import NodeInfo
from nano_banana.model.problem import Problem
from nano_banana.planner.takes import pick_stages
from nano_banana.recipe.recipe_model import Recipe
from nano_banana.session.manifest import MANIFEST, judged_picture
from nano_banana.session.run_records import LOOK_ENDPOINT, NodeRecord, OutputPicture, VerdictSummary, attempt_kind
from nano_banana.stages.stage_registry import kind_of


class ListedPicture(Struct, frozen=True, kw_only=True):
    """A picture by digest, with its size in pixels (0 if unknown)."""

    digest: str
    width: int
    height: int
    media: str


class ListedVerdict(Struct, frozen=True, kw_only=True):
    """A gate's verdict, with its reasons in words. `second` is the next likely person's score, where there are two."""

    gate: str
    ruling: str
    score: float | None
    threshold: float | None
    reasons: list[str]
    second: float | None = None


class ListedTry(Struct, frozen=True, kw_only=True):
    """One try at a take: the first, a retry with another seed, or a repair. `stands` marks the one that is shown."""

    number: int
    kind: str
    seed: int | None
    picture: ListedPicture | None
    verdict: ListedVerdict | None
    stands: bool


class ListedTake(Struct, frozen=True, kw_only=True):
    """A take. `chosen` is what its choose stage decided, None if there is none or it hasn't decided yet."""

    id: str
    subjects: list[str]
    shot: str
    template: str
    axes: Mapping[str, str]
    seed: int | None
    turn: str
    stage: str
    state: str
    prompt: str
    picture: ListedPicture | None
    file: str
    verdict: ListedVerdict | None
    tries: list[ListedTry]
    cost_usd: float | None
    pick_stage: str
    chosen: bool | None
    problems: list[str]
    hash: str | None
    made_at: float | None


class FaceBox(Struct, frozen=True, kw_only=True):
    """A face in a picture: left, top, width and height in pixels, and the eyes' centres (the viewer's left first)."""

    box: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float], tuple[float, float]]


class TakeFaces(Struct, frozen=True, kw_only=True):
    """What the gate saw in a take's judged picture.

    `faces` is the digest of the file with all faces ("" if nothing was looked at), `boxes` the face of each person in
    the picture, in the order of the take's subjects.
    """

    picture: str
    faces: str
    boxes: tuple[FaceBox | None, ...]


class Listing(Struct, frozen=True, kw_only=True):
    """All takes, what the gates saw, and every picture that may be asked for."""

    takes: Sequence[ListedTake]
    faces: Mapping[str, TakeFaces]
    pictures: Mapping[str, str]
    """Media types by digest."""


class ListingWords(Struct, frozen=True, kw_only=True):
    """Functions that put a problem and a verdict's reason into words."""

    problem: Callable[[Problem], str]
    reason: Callable[[Reason, bool], str]


PictureFacts = Callable[[Blob], tuple[int, int, float]]
"""A stored picture's width and height in pixels, and when it was made (seconds since 1970); zeros if it is gone."""


class _MadeCall(Struct, frozen=True, kw_only=True):
    """What is needed of a call in a record's account of its calls."""

    stage: str
    endpoint: str
    arguments: dict[str, object] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    attempt: int = 0
    cost_usd: float | None = None


_CALLS = msgspec.json.Decoder(list[_MadeCall])


def list_takes(
    recipe: Recipe, records: Sequence[NodeRecord], *, folder: Path, words: ListingWords, facts: PictureFacts
) -> Listing:
    """List the takes in the recipe's order; `records` are those of a forecast, `folder` the recipe's output folder."""
    failed = {**failed_before(folder / MANIFEST), **failed_now(records)}
    choosing = [stage.id for stage in recipe.stages if kind_of(stage).chooses]
    lister = _Lister(words, facts, pick_stages(recipe), choosing)
    takes = [
        lister.take(record, sheet_take(record, _shown_stage(record), folder, failed.get(record.id, ())))
        for record in records
        if record.card.kind == "take"
    ]
    return Listing(takes=takes, faces=lister.faces, pictures=lister.pictures)


def _shown_stage(record: NodeRecord) -> str:
    """The last stage of the take's way; of one that was not chosen, the last that made a picture."""
    left = record.exited_early
    passed_over = left is not None and left.why == "not_chosen"
    return record.pictures[-1].stage if passed_over and record.pictures else record.card.stage


class _Lister:
    """Lists takes one by one, and collects what they show."""

    def __init__(
        self,
        words: ListingWords,
        facts: PictureFacts,
        pick_stage: Callable[[str, NodeInfo], str],
        pick_stages: Collection[str],
    ) -> None:
        self._words = words
        self._facts = facts
        self._pick_stage = pick_stage
        self._pick_stages = pick_stages
        self.faces: dict[str, TakeFaces] = {}
        self.pictures: dict[str, str] = {}

    def take(self, record: NodeRecord, shown: SheetTake) -> ListedTake:
        card, calls = record.card, _CALLS.decode(record.calls)
        self._note_faces(record, shown, calls)
        return ListedTake(
            id=record.id,
            subjects=_subjects(record),
            shot=card.shot,
            template=card.template,
            axes=card.axes,
            seed=shown.seed,
            turn=shown.turn,
            stage=shown.stage,
            state=str(shown.state),
            prompt=_prompt(calls),
            picture=None if shown.picture is None else self._picture(shown.picture),
            file=shown.name,
            verdict=None if shown.ruled is None else self._verdict(shown.ruled),
            tries=list(self._tries(record, shown)),
            cost_usd=calls_cost([{"cost_usd": call.cost_usd} for call in calls]),
            pick_stage=self._pick_stage(record.id, card),
            chosen=_chosen(record, self._pick_stages),
            problems=[self._words.problem(problem) for problem in shown.problems],
            hash=None,
            made_at=None if shown.picture is None else self._facts(shown.picture)[2] or None,
        )

    def _picture(self, blob: Blob) -> ListedPicture:
        self.pictures[blob.digest] = blob.media
        width, height, _ = self._facts(blob)
        return ListedPicture(digest=blob.digest, width=width, height=height, media=blob.media)

    def _verdict(self, ruled: VerdictSummary) -> ListedVerdict:
        return ListedVerdict(
            gate=ruled.stage,
            ruling=str(ruled.ruling),
            score=ruled.score,
            threshold=ruled.threshold,
            reasons=[self._words.reason(reason, ruled.several_people) for reason in ruled.reasons],
        )

    def _tries(self, record: NodeRecord, shown: SheetTake) -> Iterator[ListedTry]:
        """The tries in order. A try's picture is the one that was judged, else the last of its pictures."""
        verdicts = {ruled.attempt.label: ruled for ruled in record.verdicts}
        attempts = {made.attempt.label: made.attempt for made in record.pictures}
        attempts |= {ruled.attempt.label: ruled.attempt for ruled in record.verdicts}
        for label, attempt in sorted(attempts.items(), key=lambda item: item[1].number):
            ruled = verdicts.get(label)
            made = self._try_picture(record, label, ruled)
            seed = attempt.detail.get("seed", record.card.seed)
            yield ListedTry(
                number=attempt.number,
                kind=attempt_kind(label),
                seed=seed if isinstance(seed, int) else record.card.seed,
                picture=None if made is None else self._picture(made.blob),
                verdict=None if ruled is None else self._verdict(ruled),
                stands=_stands(shown, attempt.label, made, alone=len(attempts) == 1),
            )

    def _try_picture(self, record: NodeRecord, label: str, ruled: VerdictSummary | None) -> OutputPicture | None:
        judged = judged_picture(record, ruled) if ruled else None
        ours = [made for made in record.pictures if made.attempt.label == label]
        return judged or next(reversed(ours), None)

    def _note_faces(self, record: NodeRecord, shown: SheetTake, calls: Sequence[_MadeCall]) -> None:
        ruled = shown.ruled
        if ruled is None:
            return
        at = record.verdicts.index(ruled)
        measures = as_items(msgspec.json.decode(record.measures))
        boxes = _person_boxes(as_object(measures[at])) if at < len(measures) else ()
        looks = [call.outputs.get("faces", "") for call in calls if _looks_at(call, ruled.digest)]
        self.faces[record.id] = TakeFaces(picture=ruled.digest, faces=looks[-1] if looks else "", boxes=boxes)


def _subjects(record: NodeRecord) -> list[str]:
    return list(record.card.cast) or ([record.card.subject] if record.card.subject else [])


def _prompt(calls: Iterable[_MadeCall]) -> str:
    """The prompt of the first call that has one: that of the picture itself, not of its repairs."""
    return next((prompt for call in calls if isinstance(prompt := call.arguments.get("prompt"), str)), "")


def _chosen(record: NodeRecord, pick_stages: Collection[str]) -> bool | None:
    """Whether a choice let the take go on; None if it came to none."""
    left = record.exited_early
    if left is not None and left.why == "not_chosen":
        return False
    return True if any(made.stage in pick_stages for made in record.pictures) else None


def _stands(shown: SheetTake, label: str, made: OutputPicture | None, *, alone: bool) -> bool:
    if shown.ruled is not None:
        return shown.ruled.attempt.label == label
    return alone or (made is not None and shown.picture is not None and made.blob.digest == shown.picture.digest)


def _looks_at(call: _MadeCall, digest: str) -> bool:
    return call.endpoint == LOOK_ENDPOINT and digest in call.inputs.values()


def _person_boxes(numbers: JSONObject) -> tuple[FaceBox | None, ...]:
    """The face that is most like each person, from a verdict's numbers."""
    faces = [as_object(face) for face in as_items(numbers.get("faces", ()))]
    people = range(len(as_items(numbers.get("people", ()))))
    return tuple(face_box(max(faces, key=lambda face: _similarity(face, at), default=None)) for at in people)


def _similarity(face: JSONObject, at: int) -> float:
    similar = as_items(face.get("similar", ()))
    return as_number(similar[at]) if at < len(similar) else -2.0


def face_box(face: JSONObject | None) -> FaceBox | None:
    """The place of a face as `look` reports it; None if there is no face."""
    if face is None:
        return None
    left, top, width, height = (as_number(side) for side in as_items(face["box"]))
    first, second = (_point(point) for point in as_items(face["points"])[:2])
    return FaceBox(box=(left, top, width, height), eyes=(first, second))


def _point(value: JSONValue) -> tuple[float, float]:
    x, y = as_items(value)
    return as_number(x), as_number(y)


_ENCODER = msgspec.json.Encoder()


def encode_takes(takes: Iterable[ListedTake]) -> dict[str, bytes]:
    """The JSON of each take, by id."""
    return {take.id: _ENCODER.encode(take) for take in takes}


def takes_answer(encoded: Mapping[str, bytes]) -> tuple[str, bytes]:
    """The revision (a digest of all takes) and the answer of `/api/takes`."""
    joined = b",".join(encoded.values())
    revision = hashlib.sha256(joined).hexdigest()[:16]
    return revision, b'{"revision":"' + revision.encode() + b'","takes":[' + joined + b"]}"
