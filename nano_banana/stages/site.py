"""Who answers the calls of a plan, as far as flows must know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.revisions import compute_revision
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.reply import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
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


def compute(name: str, arguments: JSONObject, inputs: Mapping[str, Blob]) -> Call:
    """A call of this machine's own work."""
    revision = compute_revision(name, arguments) or 0
    return Call(provider="compute", endpoint=name, arguments=arguments, inputs=inputs, revision=revision)


def first_file(endpoint: Endpoint, reply: Reply) -> Blob:
    """The result that the endpoint is called for. Raises CallFailed where the reply has none."""
    for place in endpoint.makes:
        blob = reply.files.get(place.replace("*", "0"))
        if blob is not None:
            return blob
    raise CallFailed([trouble("no_result", endpoint=endpoint.id, expected=", ".join(endpoint.makes))])
