"""The inpaint stage: mask, crop, paint, paste back.

A mask is a shape, a file, or something to find in the picture. A picture of several people can be painted face by
face: strangers are drawn and counted (a wrong number is drawn again), then each face is inpainted with its own
person's adapter, from left to right.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field
from msgspec.structs import replace

from nano_banana.catalog.arguments import ArgumentProblem
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.faces.face import FACE_CHOICES, FACE_ORDERS, PARTS
from nano_banana.formats.struct_schema import CHOICES, USUAL, Section, described
from nano_banana.model.call import Blob, Reply
from nano_banana.model.flow import Attempt, Flow, Made, ask, with_attempt
from nano_banana.model.json_values import JSONObject, as_items, as_object, as_whole
from nano_banana.model.problem import CallFailed, did_you_mean, problem
from nano_banana.recipe.naming import Names, Text
from nano_banana.recipe.recipe_model import Stage
from nano_banana.recipe.recipe_sections import Identity
from nano_banana.recipe.resolve_shots import empty_template
from nano_banana.recipe.resolve_subjects import existing_picture
from nano_banana.stages.generate_stage import ImageRequest, RequestFactory, image_call, image_request_factory
from nano_banana.stages.stage_calls import CallTarget, StageOutput, compute_call, primary_output
from nano_banana.stages.stage_kind import (
    Adapters,
    ImaginedReply,
    Options,
    StageCheck,
    StageEntry,
    StageKind,
    StageParameters,
    Using,
)
from nano_banana.stages.take_context import PlanContext, StageLink, StagePath, TakeContext, Upstream, picture_link

MASK_SHAPES = ("find", "file", "box", "ellipse", "polygon")

_Fraction = Annotated[float, Meta(ge=0, le=1)]
_BySize = Annotated[str, Meta(extra_json_schema={CHOICES: list(FACE_CHOICES)})]
_Corner = Annotated[list[_Fraction], Meta(min_length=2, max_length=2)]
_Box = Annotated[list[_Fraction], Meta(min_length=4, max_length=4)]


class MaskSection(Section, frozen=True):
    """The region to repaint: exactly one of `find`, `file`, `box`, `ellipse` or `polygon`."""

    find: Annotated[
        str | None,
        described(f"What to find: {', '.join(f'`{part}`' for part in PARTS)}.", choices=list(PARTS)),
    ] = None
    which: Annotated[
        _BySize | Annotated[int, Meta(ge=1, le=32)] | None,
        described(
            "Whose, where there are several people: `largest`, `smallest`, `all`, or the first, second … by `order`.",
            usual="largest",
        ),
    ] = None
    order: Annotated[
        str | None, described("How people are counted for `which`.", choices=list(FACE_ORDERS), usual="size")
    ] = None
    assign: Annotated[
        Literal["cast"] | None,
        described("Paint each face in turn, with the adapter of the one who stands there in the shot's cast."),
    ] = None
    file: Annotated[
        Annotated[str, Meta(min_length=1)] | None, described("A picture of the take's proportions; white is repainted.")
    ] = None
    box: Annotated[_Box | None, described("`[x0, y0, x1, y1]` in fractions of width and height.")] = None
    ellipse: Annotated[_Box | None, described("The ellipse within `[x0, y0, x1, y1]`, in fractions.")] = None
    polygon: Annotated[
        Annotated[list[_Corner], Meta(min_length=3)] | None,
        described("Corners `[[x, y], …]` in fractions of width and height."),
    ] = None
    grow: Annotated[
        float,
        Meta(ge=0, le=2),
        described("How far to widen the region, as a fraction of its size (0.2–0.35 around a face)."),
    ] = 0
    feather: Annotated[
        float,
        Meta(ge=0, le=1),
        described("Width of the soft edge, as a fraction of the region's size (0.05–0.1)."),
    ] = 0
    invert: Annotated[bool, described("Repaint everything but the region.")] = False

    def __post_init__(self) -> None:
        """Raise ValueError for an unknown name."""
        which = None if isinstance(self.which, int) else self.which
        for said, known in ((self.find, PARTS), (which, FACE_CHOICES), (self.order, FACE_ORDERS)):
            if said is not None and said not in known:
                raise ValueError(said)


_FIND_KEYS = ("which", "order", "assign")
"""Keys that are only for a mask that is found."""


class CropSection(Section, frozen=True):
    """How the region is cut out for painting, so that a small face gets pixels."""

    megapixels: Annotated[float, Meta(ge=0.1, le=4), described("About how many megapixels the painter gets.")] = 1.0
    context: Annotated[
        float,
        Meta(ge=0, le=10),
        described("How much around the region it sees, as a fraction of the region's size."),
    ] = 0.5


_REPAIR_MASK = {"find": "face", "grow": 0.25, "feather": 0.08}
"""What a repair paints over where the recipe does not say."""

DEFAULT_REDRAWS = 2

_IMAGINED_BOX: JSONObject = {"box": [0, 0, 1, 1]}


class InpaintParameters(StageParameters, frozen=True, kw_only=True):
    """Repaints a region of every picture of a collection; the rest keeps its pixels."""

    inpaint: Annotated[Names, described("The collection: a stage's id, or `stage.shot`; or a list of them.")]
    mask: MaskSection
    prompt: Annotated[
        Text | None, described("A template's name, or the prompt itself; without it, the shot's own prompt.")
    ] = None
    using: Using
    adapters: Adapters = field(default_factory=dict)
    redraws: Annotated[
        Annotated[int, Meta(ge=0, le=10)] | None,
        described(
            "With `assign: cast`: how often a picture with the wrong number of faces is drawn again.",
            usual=DEFAULT_REDRAWS,
        ),
    ] = None
    crop: CropSection = CropSection()
    options: Options = field(name="with", default_factory=dict)

    @property
    def ladder(self) -> Ladder:
        """What a repair turns up; an inpaint stage paints once."""
        return {}


Ladder: TypeAlias = dict[
    str,
    Annotated[tuple[float, ...], Meta(min_length=1, max_length=10), described("The values, one try each.")],
]


class RepairParameters(Section, frozen=True, kw_only=True):
    """Then inpaint the best of them, harder while the gate still says no."""

    mask: Annotated[MaskSection, Meta(extra_json_schema={USUAL: _REPAIR_MASK})] = MaskSection(
        find="face", grow=0.25, feather=0.08
    )
    prompt: Annotated[
        Text | None, described("A template's name, or the prompt itself; without it, the shot's own.")
    ] = None
    using: Using
    adapters: Adapters = field(default_factory=dict)
    crop: CropSection = CropSection()
    options: Options = field(name="with", default_factory=dict)
    ladder: Annotated[
        Annotated[Ladder, Meta(min_length=1, max_length=1)] | None,
        described(
            "A field of the endpoint to its values, gentle first, one try each: `{strength: [0.45, 0.6, 0.75]}`. By "
            "default these strengths, unless `with` says one."
        ),
    ] = None


def painting(stage: Stage) -> InpaintParameters | RepairParameters:
    """The parameters of a stage that repaints regions."""
    if stage.where[-1] == "repair":
        return stage.parameters(RepairParameters)
    return stage.parameters(InpaintParameters)


class InpaintStage(StageKind):
    """Repaints a region of pictures; a gate's repair is one, too."""

    verb = "inpaint"
    parameters = InpaintParameters
    example = """\
stages:
  - id: faces
    inpaint: takes.portraits
    mask: {ellipse: [0.3, 0.12, 0.7, 0.58], grow: 0.1, feather: 0.08}
    prompt: "{{ subject.trigger }} {{ subject.noun }}, face, natural skin texture"
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    crop: {megapixels: 1.0, context: 0.5}
    with: {strength: 0.6}
  - id: placed
    inpaint: takes.together
    mask: {find: face, order: left_to_right, assign: cast, grow: 0.35, feather: 0.08}
    prompt: "{{ subject.trigger }} {{ subject.noun }}, face, natural skin texture"
    using: fal-ai/flux-lora/inpainting
    adapters: {likeness: 1.0}
    with: {strength: 0.85}
"""
    required_roles = ("image", "prompt")
    compute_replies = {
        "look": ImaginedReply(files=("faces",), media="application/json"),
        "mask": ImaginedReply(files=("mask",), data=_IMAGINED_BOX),
        # A crop has about one megapixel, whatever it is cut from.
        "crop": ImaginedReply(files=("image", "mask"), data={**_IMAGINED_BOX, "width": 1024, "height": 1024}),
        "paste": ImaginedReply(),
    }

    def read(self, entry: StageEntry) -> Stage:
        """Also the mask; a mask without a shape, or with several, is noted."""
        stage = super().read(entry)
        said = stage.parameters(InpaintParameters)
        if said.redraws is not None and not said.mask.assign:
            entry.context.wrong_key("only_with", (*entry.where, "redraws"), key="redraws", needs="assign")
        return replace(stage, files=read_mask_file(entry, said.mask), by_person=said.mask.assign == "cast")

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The prompt, the seed, the picture, the mask, and what a repair turns up."""
        roles = endpoint.roles
        return {roles.prompt, roles.seed, roles.image, roles.mask, *(painting(stage).ladder or ())}

    def argument_problem_kind(self, stage: Stage, endpoint: Endpoint, found: ArgumentProblem) -> str:
        """A repair's field may be under `ladder` or under `with`."""
        twice = found.kind == "field_is_ours" and found.path[0] in (painting(stage).ladder or ())
        return "ladder_twice" if twice else found.kind

    def check(self, stage: Stage, check: StageCheck) -> None:
        """Note shots that have no prompt, or whose people the stage can't tell apart."""
        mask, where, context = painting(stage).mask, (*stage.where, "mask"), check.context
        repairs, adapter = stage.where[-1] == "repair", check.trained_adapter(stage)
        for shot in check.shots:
            if stage.prompt is None and shot.pictures and shot.template == empty_template(shot.where):
                context.wrong("no_prompt", stage.where, stage=stage.id, shot=shot.name)
            if repairs and shot.together and not mask.find:
                context.wrong("repair_of_several", where, shot=shot.name)
            elif not repairs and mask.assign and not shot.together:
                context.wrong("assign_alone", (*where, "assign"), shot=shot.name)
            elif shot.together and not stage.by_person and adapter is not None:
                at = (*stage.where, "adapters", adapter)
                context.wrong_key("whose_adapter", at, shot=shot.name, adapter=adapter)

    def check_endpoint(self, stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
        """Note a field that a repair can't turn up, and values that the endpoint would refuse."""
        roles, where = endpoint.roles, (*stage.where, "ladder")
        for name, values in (painting(stage).ladder or {}).items():
            field, path = endpoint.fields.get(name), (*where, name)
            if field is None:
                near = did_you_mean(name, endpoint.fields)
                check.context.wrong_key("field_unknown", path, hints=near, field=name, endpoint=endpoint.id)
            elif name in {roles.prompt, roles.seed, roles.image, roles.mask, roles.adapters}:
                check.context.wrong_key("field_is_ours", path, field=name, endpoint=endpoint.id)
            else:
                for at, value in enumerate(values):
                    check.value(endpoint, field, value, (*path, at))

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Paint one region; or, with `assign: cast`, each face with its own person's adapter."""
        request_for = image_request_factory(plan, path.shot, stage, draws=False)
        region = inpaint_region(plan, stage)
        if stage.by_person:
            return _by_person_link(plan, stage, request_for, region)
        strangers = path.shot.identity is Identity.BY_FACE

        def work(context: TakeContext, picture: Blob) -> Flow[StageOutput]:
            request = request_for(context, () if strangers else context.take.cast)
            return inpaint(plan.target, stage.id, request, region, picture)

        return picture_link(work)


def read_mask_file(entry: StageEntry, mask: MaskSection) -> Mapping[str, Path]:
    """The file of a mask that is one, as `mask`; what is wrong with the mask is noted."""
    context, where = entry.context, (*entry.where, "mask")
    shapes = [shape for shape in MASK_SHAPES if getattr(mask, shape) is not None]
    if len(shapes) != 1:
        found = " and ".join(f"`{shape}`" for shape in shapes) or "none"
        context.wrong_key("mask_shapes", where, found=found, shapes=", ".join(MASK_SHAPES))
    for shape, corners in (("box", mask.box), ("ellipse", mask.ellipse)):
        if corners and (corners[0] >= corners[2] or corners[1] >= corners[3]):
            context.wrong("mask_inside_out", (*where, shape), shape=shape)
    for key in _FIND_KEYS if mask.find is None else ():
        if getattr(mask, key) is not None:
            context.wrong_key("only_with", (*where, key), key=key, needs="find")
    if mask.assign and mask.find not in (None, "face"):
        context.wrong("assign_not_faces", (*where, "find"), part=mask.find)
    path = None if mask.file is None else existing_picture(context, mask.file, (*where, "file"))
    return {} if path is None else {"mask": path}


class InpaintRegion(Struct, frozen=True, kw_only=True):
    """What to repaint: the mask's arguments, the file of a file mask, and how to cut the region out."""

    mask: JSONObject
    crop: JSONObject
    file: Blob | None = None

    def of_face(self, number: int, order: str = "left_to_right") -> InpaintRegion:
        """The same, of the `number`-th face (from 1) by `order`."""
        found = as_object(as_object(self.mask["shape"])["find"])
        return replace(self, mask={**self.mask, "shape": {"find": {**found, "which": number, "order": order}}})


def inpaint_region(plan: PlanContext, stage: Stage) -> InpaintRegion:
    """The region that a stage repaints."""
    mask, crop, file = painting(stage).mask, painting(stage).crop, stage.files.get("mask")
    shapes: JSONObject = {"box": mask.box, "ellipse": mask.ellipse, "polygon": mask.polygon}
    shape: JSONObject = {name: corners for name, corners in shapes.items() if corners is not None}
    if mask.file is not None:
        shape = {"file": True}
    elif mask.find is not None:
        found = {"part": mask.find, "which": mask.which or "largest", "order": mask.order or "size"}
        shape = {"find": found}
    return InpaintRegion(
        mask={"shape": shape, "grow": mask.grow, "feather": mask.feather, "invert": mask.invert},
        crop={"megapixels": crop.megapixels, "context": crop.context, "multiple": 16},
        file=None if file is None else plan.blobs[file],
    )


def _by_person_link(plan: PlanContext, stage: Stage, request_for: RequestFactory, region: InpaintRegion) -> StageLink:
    said = stage.parameters(InpaintParameters)
    order, redraws = said.mask.order or "left_to_right", DEFAULT_REDRAWS if said.redraws is None else said.redraws

    def link(upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
        output = yield from _with_right_face_count(plan, stage.id, upstream, context, redraws)
        if output.exited:
            return output
        for number, name in enumerate(context.take.cast, start=1):
            request, face = request_for(context, (name,)), region.of_face(number, order)
            painted = yield from inpaint(plan.target, stage.id, request, face, output.picture)
            output = output.followed_by(painted)
        return output

    return link


_REDRAW_SEED_SLOT = 100
"""Stands for a gate's number in the seeds of pictures that had the wrong number of faces."""


def _with_right_face_count(
    plan: PlanContext, stage: str, upstream: Upstream, context: TakeContext, redraws: int
) -> Flow[StageOutput]:
    """A picture with as many faces as the cast has; one with more or fewer is drawn again.

    In a forecast, where faces can't be counted yet, all redraws are used up. Raises CallFailed `faces_miscounted` if
    no picture is right.
    """
    wanted = len(context.take.cast)
    output = yield from upstream(context)
    found = yield from _count_faces(stage, output)
    for number in range(1, redraws + 1):
        if output.exited or found == wanted:
            return output
        again = context.with_retry_seed(plan, gate=_REDRAW_SEED_SLOT, number=number)
        attempt = Attempt(number=number, label=f"redraw{number}", detail={"seed": again.take.seed})
        output = yield from with_attempt(attempt, upstream(again))
        found = yield from with_attempt(attempt, _count_faces(stage, output))
    if output.exited or found in (None, wanted):
        return output
    raise CallFailed([problem("faces_miscounted", wanted=wanted, found=found, tries=redraws + 1)])


def _count_faces(stage: str, output: StageOutput) -> Flow[int | None]:
    """How many people the picture shows; None if that isn't known yet."""
    if output.exited:
        return None
    looked = yield from ask(stage, compute_call("look", {}, {"image": output.picture}))
    if "faces" not in looked.data:
        return None
    return sum(as_object(face)["main"] is True for face in as_items(looked.data["faces"]))


MIN_SIDE = 64
"""The smallest side, in pixels, that painting endpoints take."""

ENLARGED_SIDE = 256
"""A smaller cut is made again with more around it, so large."""


def inpaint(
    target: CallTarget, stage: str, request: ImageRequest, region: InpaintRegion, picture: Blob
) -> Flow[StageOutput]:
    """Mask → crop → paint → paste, and return the picture with only the masked pixels changed."""
    files = {} if region.file is None else {"file": region.file}
    masked = yield from ask(stage, compute_call("mask", region.mask, {"image": picture, **files}))
    mask = masked.files["mask"]
    cut = yield from ask(stage, compute_call("crop", region.crop, {"image": picture, "mask": mask}))
    if min(as_whole(cut.data["width"]), as_whole(cut.data["height"])) < MIN_SIDE:
        wider = {**region.crop, "least": ENLARGED_SIDE}
        cut = yield from ask(stage, compute_call("crop", wider, {"image": picture, "mask": mask}))
    call = image_call(target, _over_crop(request, cut))
    painted = primary_output(request.endpoint, (yield from ask(stage, call)))
    pasting = compute_call("paste", {"box": cut.data["box"]}, {"original": picture, "painted": painted, "mask": mask})
    result = (yield from ask(stage, pasting)).files["image"]
    yield Made(stage=stage, blob=result, call=call)
    return StageOutput(picture=result, call=call)


def _over_crop(request: ImageRequest, cut: Reply) -> ImageRequest:
    """The request with the cut to paint over: its picture, its mask and its size."""
    roles = request.endpoint.roles
    inputs = {**request.inputs, str(roles.image): cut.files["image"]}
    if roles.mask:
        inputs[roles.mask] = cut.files["mask"]
    size = roles.size if roles.size not in request.arguments else None
    sides: JSONObject = {size: {"width": cut.data["width"], "height": cut.data["height"]}} if size else {}
    return replace(request.with_fields(sides), inputs=inputs)
