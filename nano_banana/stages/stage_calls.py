"""Calls that stages make, and the picture that comes out of a stage."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.revisions import compute_revision
from nano_banana.model.call import COMPUTE, Blob, Call, Reply
from nano_banana.model.flow import ExitedEarly, Flow, Judged, Made, ask
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, problem


class CallTarget(Struct, frozen=True, kw_only=True):
    """The provider that paid calls go to.

    For the local provider, `revision` is the version of its code, and `meanings` has a number for each endpoint that
    changes with the endpoint's task, roles or outputs: the pictures depend on both, so both are part of the keys.
    """

    provider: str
    revision: int = 0
    meanings: Mapping[str, int] = field(default_factory=dict)

    def call(self, endpoint: str, arguments: JSONObject, inputs: Mapping[str, Blob]) -> Call:
        """A call to the provider."""
        revision = self.revision + self.meanings.get(endpoint, 0)
        return Call(provider=self.provider, endpoint=endpoint, arguments=arguments, inputs=inputs, revision=revision)


def compute_call(name: str, arguments: JSONObject, inputs: Mapping[str, Blob]) -> Call:
    """A call that this machine answers itself."""
    revision = compute_revision(name, arguments) or 0
    return Call(provider=COMPUTE, endpoint=name, arguments=arguments, inputs=inputs, revision=revision)


def primary_output(endpoint: Endpoint, reply: Reply) -> Blob:
    """The first of the endpoint's outputs that the reply has. Raises CallFailed `no_result` if it has none."""
    for place in endpoint.makes:
        blob = reply.files.get(place.replace("*", "0"))
        if blob is not None:
            return blob
    raise CallFailed([problem("no_result", endpoint=endpoint.id, expected=", ".join(endpoint.makes))])


class StageOutput(Struct, frozen=True, kw_only=True):
    """The picture after a stage, and the call that made it.

    `judged` is what gates said about it on the way. `exited` is set if the take goes no further; the stages that
    follow then hand the output through.
    """

    picture: Blob
    call: Call
    judged: tuple[Judged, ...] = ()
    exited: ExitedEarly | None = None

    def followed_by(self, made: StageOutput) -> StageOutput:
        """What the next stage made of it, with the verdicts so far."""
        return replace(made, judged=self.judged)


def call_for_picture(stage: str, call: Call, endpoint: Endpoint | None = None) -> Flow[StageOutput]:
    """Make the call and return its picture: the endpoint's first output; without an endpoint, the file `image`."""
    reply = yield from ask(stage, call)
    picture = reply.files["image"] if endpoint is None else primary_output(endpoint, reply)
    yield Made(stage=stage, blob=picture, call=call)
    return StageOutput(picture=picture, call=call)
