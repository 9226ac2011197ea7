"""What all stage kinds share: parameters, calls and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.revisions import compute_revision
from nano_banana.model.call import COMPUTE, Blob, Call, Reply
from nano_banana.model.flow import ExitedEarly, Judged
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import CallFailed, problem


@dataclass(frozen=True, slots=True, kw_only=True)
class StageKind:
    """What the recipe may say about a stage of this kind.

    `params` maps each key to its JSON Schema, the verb's own first; the recipe's schema, the editor's
    completion and the reference are made from it. `needs` are the roles that an endpoint must have to do
    this work; where it is `strict`, the endpoint must also be described as one for this very task.
    """

    verb: str
    about: str
    params: Mapping[str, JSONObject]
    required: tuple[str, ...]
    needs: tuple[str, ...] = ()
    strict: bool = False


TEXT: JSONObject = {"type": "string", "minLength": 1}

NAMES: JSONObject = {"anyOf": [TEXT, {"type": "array", "items": TEXT, "minItems": 1}]}

USING: JSONObject = {
    **TEXT,
    "description": "The endpoint that does the work, for example `fal-ai/flux-lora`.",
}

WITH: JSONObject = {
    "type": "object",
    "description": "Fields of the endpoint, by its own names. Texts may be templates.",
    "default": {},
}

ADAPTERS: JSONObject = {
    "type": "object",
    "description": "Adapters to draw with and their scales, `{likeness: 0.95}`: a train stage's id (each take uses "
    "its own subject's) or a name from the recipe's `adapters`.",
    "additionalProperties": {
        "type": "number",
        "minimum": 0,
        "maximum": 4,
        "description": "Scale: 0.8–1.1 for a person, 0.2–0.5 for a style beside one.",
    },
    "default": {},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTarget:
    """The provider of the paid calls, and what its answers hang on where its code is ours.

    `revision` is the version of that code; `meanings` is, for each endpoint, a number that changes with what
    the catalog says that it does (`meaning_of`), since the local provider goes by that.
    """

    provider: str
    revision: int = 0
    meanings: Mapping[str, int] = field(default_factory=dict)

    def call(self, endpoint: str, arguments: JSONObject, inputs: Mapping[str, Blob]) -> Call:
        """A call of the provider."""
        revision = self.revision + self.meanings.get(endpoint, 0)
        return Call(provider=self.provider, endpoint=endpoint, arguments=arguments, inputs=inputs, revision=revision)


def compute_call(name: str, arguments: JSONObject, inputs: Mapping[str, Blob]) -> Call:
    """A call of this machine's own work."""
    revision = compute_revision(name, arguments) or 0
    return Call(provider=COMPUTE, endpoint=name, arguments=arguments, inputs=inputs, revision=revision)


def primary_output(endpoint: Endpoint, reply: Reply) -> Blob:
    """The result that the endpoint is called for. Raises CallFailed where the reply has none."""
    for place in endpoint.makes:
        blob = reply.files.get(place.replace("*", "0"))
        if blob is not None:
            return blob
    raise CallFailed([problem("no_result", endpoint=endpoint.id, expected=", ".join(endpoint.makes))])


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutput:
    """The picture after a stage, and the call that it is *of*; `left` where the take's way has ended.

    `words` is what the gates said of it on its way. A standing that has left is handed through by the stages that
    follow, and told by the chain as a whole: a try that ends early is one of several.
    """

    picture: Blob
    call: Call
    words: tuple[Judged, ...] = ()
    left: ExitedEarly | None = None

    def then(self, made: StageOutput) -> StageOutput:
        """What a further stage made of it."""
        return replace(made, words=self.words)
