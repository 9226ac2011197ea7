"""The call stage: any endpoint, any arguments, for every take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import field
from msgspec.structs import replace

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.formats.struct_schema import described
from nano_banana.model.call import Blob, Call
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import as_object
from nano_banana.model.problem import CallFailed, did_you_mean, problem
from nano_banana.recipe.naming import Names, Text
from nano_banana.recipe.recipe_model import Stage
from nano_banana.recipe.resolve_subjects import existing_file
from nano_banana.stages.stage_calls import StageOutput
from nano_banana.stages.stage_kind import Options, StageCheck, StageEntry, StageKind, StageParameters
from nano_banana.stages.take_context import PlanContext, StageLink, StagePath, TakeContext, picture_link


class CallParameters(StageParameters, frozen=True, kw_only=True):
    """Calls any endpoint for every picture of a collection, with whatever fields it has."""

    call: Annotated[Text, described("The endpoint; one that the catalog lacks is sent as it is.")]
    each: Annotated[Names, described("The collection whose pictures it gets: a stage's id, or `stage.shot`.")]
    input: Annotated[Text | None, described("The field that takes the picture.", usual="image_url")] = None
    files: Annotated[
        dict[str, Annotated[Text, described("The file's path.")]],
        described("More fields that take a file: field to path."),
    ] = field(default_factory=dict)
    options: Options = field(name="with", default_factory=dict)


class CallStage(StageKind):
    """Calls any endpoint, also one that the catalog lacks."""

    verb = "call"
    parameters = CallParameters
    example = """\
stages:
  - id: larger
    call: acme/film-look
    each: takes
    input: image_url
    with: {amount: 0.5}
"""
    input_key = "each"
    endpoint_key = "call"
    any_endpoint = True

    def read(self, entry: StageEntry) -> Stage:
        """Also the files under `files`; missing ones are noted."""
        stage = super().read(entry)
        files = {
            field: existing_file(entry.context, path, (*entry.where, "files", field))
            for field, path in stage.parameters(CallParameters).files.items()
        }
        return replace(stage, files={field: file for field, file in files.items() if file is not None})

    def filled_fields(self, stage: Stage, endpoint: Endpoint, *, references: bool = False) -> set[str | None]:
        """The seed and the fields that take files; of a field that the endpoint lacks, also the one that was meant."""
        found = {endpoint.roles.seed}
        for place in _file_fields(stage).values():
            found.add(_field_name(place))
            if _field_name(place) not in endpoint.fields:
                found.update(did_you_mean(place, endpoint.fields)[:1])
        return found

    def check_endpoint(self, stage: Stage, endpoint: Endpoint, check: StageCheck) -> None:
        """Note file fields that the endpoint lacks."""
        for key, place in _file_fields(stage).items():
            if _field_name(place) not in endpoint.fields:
                near = did_you_mean(place, endpoint.fields)
                note = check.context.wrong_key if key[0] == "files" else check.context.wrong
                at = (
                    (self.endpoint_key,)
                    if key == ("input",) and stage.parameters(CallParameters).input is None
                    else key
                )
                note("no_such_input", (*stage.where, *at), hints=near, field=place, endpoint=endpoint.id)

    def link(self, plan: PlanContext, path: StagePath, stage: Stage) -> StageLink:
        """Send each picture with the stage's files and fields."""
        endpoint = plan.catalog.get(stage.endpoint)
        files = {field: plan.blobs[file] for field, file in stage.files.items()}
        place = _file_fields(stage)["input",]

        def work(context: TakeContext, picture: Blob) -> Flow[StageOutput]:
            arguments = as_object(plan.fill(stage.options, context.variables, (*stage.where, "with")))
            if endpoint is not None:
                seed = {} if endpoint.roles.seed is None else {endpoint.roles.seed: context.take.seed}
                arguments = complete_arguments(endpoint, {**seed, **arguments})
            return first_picture(stage.id, plan.target.call(stage.endpoint, arguments, {**files, place: picture}))

        return picture_link(work)


def first_picture(stage: str, call: Call) -> Flow[StageOutput]:
    """Make the call and return the first picture of its reply. Raises CallFailed `no_result` if it has none."""
    reply = yield from ask(stage, call)
    pictures = [blob for _, blob in sorted(reply.files.items()) if blob.media.startswith("image/")]
    if not pictures:
        raise CallFailed([problem("no_result", endpoint=call.endpoint, expected="a picture")])
    yield Made(stage=stage, blob=pictures[0], call=call)
    return StageOutput(picture=pictures[0], call=call)


def _file_fields(stage: Stage) -> Mapping[tuple[str, ...], str]:
    """The fields that take files, by where the recipe names them."""
    said = stage.parameters(CallParameters)
    return {("input",): said.input or "image_url", **{("files", name): name for name in said.files}}


def _field_name(place: str) -> str:
    return place.partition("/")[0]
