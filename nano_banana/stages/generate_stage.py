"""The generate stage: a prompt and a seed in, a picture out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.catalog.arguments import ArgumentProblem
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.struct_schema import described
from nano_banana.model.call import Blob, Call
from nano_banana.model.flow import Flow
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.recipe.naming import Names
from nano_banana.recipe.pack import PackUse
from nano_banana.recipe.recipe_model import Shot, Stage
from nano_banana.recipe.recipe_sections import Identity
from nano_banana.recipe.resolve_subjects import existing_pictures
from nano_banana.stages.stage_calls import CallTarget, StageOutput, call_for_picture
from nano_banana.stages.stage_kind import (
    Adapters,
    Options,
    StageCheck,
    StageEntry,
    StageInput,
    StageKind,
    StageParameters,
    Using,
)
from nano_banana.stages.take_context import (
    PlanContext,
    RootResults,
    StageLink,
    StagePath,
    TakeContext,
    Upstream,
    root_id,
)
from nano_banana.stages.train_stage import split_photos


class GenerateParameters(StageParameters, frozen=True, kw_only=True):
    """Draws every take of the named shots."""

    generate: Annotated[Names, described("The shots to draw: a name, a list of names, or `all`.")]
    using: Using
    adapters: Adapters = field(default_factory=dict)
    images: Annotated[
        Names | None, described("Picture files for endpoints that start from pictures (image-to-image, editing).")
    ] = None
    options: Options = field(name="with", default_factory=dict)


class GenerateStage(StageKind):
    """Draws takes."""

    verb = "generate"
    parameters = GenerateParameters
    example = """\
stages:
  - id: takes
    generate: [portraits]
    using: fal-ai/flux-lora
    adapters: {likeness: 0.95, film: 0.4}
    with: {image_size: {width: 880, height: 1104}, num_inference_steps: 28, guidance_scale: 2.8}
"""
    input = StageInput.SHOTS
    required_roles = ("prompt",)

    def read(self, entry: StageEntry) -> Stage:
        """Also the files under `images`; missing ones are noted."""
        stage = super().read(entry)
        images = stage.parameters(GenerateParameters).images
        return replace(stage, files=existing_pictures(entry.context, images, (*entry.where, "images")))

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The prompt and the seed; the pictures if the stage sends any."""
        roles = endpoint.roles
        pictures = roles.images or roles.image if references or stage.parameters(GenerateParameters).images else None
        return {roles.prompt, roles.seed, pictures}

    def argument_problem_kind(self, stage: Stage, endpoint: Endpoint, found: ArgumentProblem) -> str:
        """An endpoint that needs pictures gets them from `images`."""
        pictures = (endpoint.roles.image, endpoint.roles.images)
        return "images_missing" if found.kind == "field_missing" and found.path[0] in pictures else found.kind

    def check(self, stage: Stage, check: StageCheck) -> None:
        """Note shots whose people the endpoint can't tell apart or can't see, and strangers who get no face."""
        endpoint = check.context.catalog.get(stage.endpoint)
        for shot in check.shots:
            if endpoint is not None:
                _check_identity(stage, endpoint, shot, check)
                if shot.identity is Identity.REFERENCE:
                    _check_references(stage, endpoint, shot, check)
            if shot.identity is Identity.BY_FACE and shot.together and not _is_painted_by_person(shot, check):
                check.context.warn("by_face_unplaced", (*shot.where, "identity"), shot=shot.name, stage=stage.id)

    def check_endpoint(self, stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
        """Note pictures that the endpoint has no field for, and seeds that it ignores or refuses."""
        roles, context = endpoint.roles, check.context
        if stage.parameters(GenerateParameters).images is not None:
            where = (*stage.where, "images")
            if roles.images is None and roles.image is None:
                context.wrong_key("takes_no_images", where, endpoint=endpoint.id)
            elif roles.images is None and len(stage.files) > 1:
                context.wrong("takes_one_image", where, endpoint=endpoint.id, found=len(stage.files))
        seed = endpoint.field_for(roles.seed)
        for shot in check.shots:
            where = (*shot.where, "seeds")
            if seed is None and len(shot.seeds) > 1:
                context.wrong("seedless", where, endpoint=endpoint.id, count=len(shot.seeds), shot=shot.name)
            for at, value in enumerate(shot.seeds.explicit):
                if seed is not None:
                    check.value(endpoint, seed, value, (*where, at))

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Draw the take: with its people's adapters, or strangers for a shot `by_face`."""
        request_for = image_request_factory(plan, path.shot, stage)
        strangers = path.shot.identity is Identity.BY_FACE

        def link(_upstream: Upstream, context: TakeContext) -> Flow[StageOutput]:
            request = request_for(context, () if strangers else context.take.cast)
            return call_for_picture(stage.id, image_call(plan.target, request), request.endpoint)

        return link


def _check_identity(stage: Stage, endpoint: Endpoint, shot: Shot, check: StageCheck) -> None:
    """Adapters of several people in one picture give each of them the face of all."""
    if not shot.together or shot.identity is Identity.BY_FACE:
        return
    by_adapter = shot.identity is Identity.ADAPTER
    if check.trained_adapter(stage) is not None or (by_adapter and endpoint.roles.adapters):
        at = (*shot.where, "cast" if by_adapter else "identity")
        check.context.wrong("several_by_adapter", at, shot=shot.name, stage=stage.id, people=", ".join(shot.cast))


def _is_painted_by_person(shot: Shot, check: StageCheck) -> bool:
    painted = [found.name for stage in check.stages if stage.by_person for found in check.shots_of[stage.id]]
    return shot.name in painted


def _check_references(stage: Stage, endpoint: Endpoint, shot: Shot, check: StageCheck) -> None:
    """Photos of everybody in the picture must be there, and fit into one request."""
    roles, where, context = endpoint.roles, (*stage.where, "using"), check.context
    if roles.images is None and roles.image is None:
        context.wrong("takes_no_references", where, endpoint=endpoint.id, shot=shot.name)
        return
    images = endpoint.field_for(roles.images)
    most = 1 if images is None else images.max_items
    for people in [shot.cast] if shot.together else [(name,) for name in shot.cast]:
        found = sum(len(check.subjects[name].references) or 1 for name in people) + len(stage.files)
        if most is not None and found > most:
            context.wrong("too_many_references", where, endpoint=endpoint.id, shot=shot.name, found=found, most=most)
            break
    for name in shot.cast:
        if not context.recipe.subjects[name].has_photos:
            context.wrong("no_references", (*shot.where, "identity"), shot=shot.name, subject=name)


class ImageRequest(Struct, frozen=True, kw_only=True):
    """One picture to draw: the endpoint, its arguments, adapters with their scales, pictures to start from."""

    endpoint: Endpoint
    arguments: JSONObject
    adapters: Sequence[tuple[Blob, float]] = ()
    images: Sequence[Blob] = ()
    inputs: Mapping[str, Blob] = field(default_factory=dict)

    def with_fields(self, fields: JSONObject) -> ImageRequest:
        """The same request with these arguments set."""
        return replace(self, arguments={**self.arguments, **fields})


def image_call(target: CallTarget, request: ImageRequest) -> Call:
    """The call that asks for the picture."""
    roles = request.endpoint.roles
    arguments = dict(request.arguments)
    inputs = dict(request.inputs)
    if request.adapters:
        arguments[str(roles.adapters)] = [{"scale": scale} for _, scale in request.adapters]
        inputs |= {f"{roles.adapters}/{at}/path": blob for at, (blob, _) in enumerate(request.adapters)}
    if request.images and roles.images:
        inputs |= {f"{roles.images}/{at}": blob for at, blob in enumerate(request.images)}
    elif request.images:
        inputs[str(roles.image)] = request.images[0]
    return target.call(request.endpoint.id, arguments, inputs)


RequestFactory: TypeAlias = Callable[[TakeContext, Sequence[str]], ImageRequest]
"""Makes the request of one try at a take, with the adapters of these people."""


def image_request_factory(plan: PlanContext, shot: Shot, stage: Stage, *, draws: bool = True) -> RequestFactory:
    """A function that makes a take's request, for a stage that draws takes or paints into them.

    What is the same for all takes of the shot is worked out once.
    """
    endpoint, text = plan.endpoint(stage.endpoint), stage.prompt or shot.template
    fields = plan.stage_fields(stage, endpoint, pack_template(shot, stage) if draws else None)
    images = [plan.blobs[path] for path in stage.files.values()] if draws else []
    references = _reference_photos(plan, shot, endpoint) if draws else {}
    roles = endpoint.roles

    def request(context: TakeContext, people: Sequence[str]) -> ImageRequest:
        who = {"subject": plan.contexts.subjects[people[0]]} if len(people) == 1 else {}
        variables = {**context.variables, **who}
        arguments: dict[str, JSONValue] = {**fields(variables), str(roles.prompt): plan.render(text, variables)}
        if roles.seed:
            arguments[roles.seed] = context.take.seed
        return ImageRequest(
            endpoint=endpoint,
            arguments=arguments,
            adapters=_adapters_for(plan, stage, people, context.results),
            images=[*(blob for name in context.take.cast for blob in references.get(name, ())), *images],
        )

    return request


def pack_template(shot: Shot, stage: Stage) -> PackUse | None:
    """The pack's template that a stage draws a shot by, if it comes from a pack."""
    return (stage.prompt or shot.template).given


def _adapters_for(
    plan: PlanContext, stage: Stage, people: Sequence[str], results: RootResults
) -> list[tuple[Blob, float]]:
    """The recipe's own adapters, and for a train stage that of each person."""
    found = []
    for name, scale in stage.adapters:
        existing = plan.recipe.adapters.get(name)
        if existing:
            found.append((plan.blobs[existing.path], scale))
        else:
            found += [(results[root_id(name, person)], scale) for person in people]
    return found


_MAX_REFERENCES = 4
"""Photos of one person sent to an endpoint that takes more: four angles are enough."""


def _reference_photos(plan: PlanContext, shot: Shot, endpoint: Endpoint) -> Mapping[str, Sequence[Blob]]:
    """The photos of each person that are sent: those under `references`, else as many training photos as fit.

    Several people get the same number each.
    """
    if shot.identity is not Identity.REFERENCE:
        return {}
    images = endpoint.field_for(endpoint.roles.images)
    room = 1 if images is None else images.max_items or _MAX_REFERENCES
    each = max(1, min(room // max(1, len(shot.together)), _MAX_REFERENCES))
    found = {}
    for name in shot.cast:
        subject = plan.recipe.subjects[name]
        training = [photo.path for photo in split_photos(subject, plan.blobs).training]
        found[name] = [plan.blobs[path] for path in subject.references or training[:each]]
    return found
