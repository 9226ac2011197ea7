"""The call, its reply, and the bytes they name.

A call is the one unit of cache, cost, limit, resume and explanation. Bytes are known by their digest, never by a
path or a URL. The key of a call hashes one canonical document, which `explain` compares, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct, field

from nano_banana.model.json_values import JSONObject, JSONValue, as_object, as_text, as_whole

IMAGINED = "?"

COMPUTE = "compute"
"""The provider of this machine's own work on pictures: crops, masks, face scores."""


class Blob(Struct, frozen=True, kw_only=True):
    """Some bytes, known by content.

    `digest` is their SHA-256 in lower-case hex (64 characters), `size` their number, `media` their media type
    (`image/png`). A forecast follows flows past work that is not done yet; an *imagined* blob, whose digest begins
    with `?`, stands for the result of such work.
    """

    digest: str
    size: int
    media: str

    @property
    def imagined(self) -> bool:
        """Whether these bytes exist only in a forecast."""
        return self.digest.startswith(IMAGINED)


def blob_of(data: bytes, *, media: str) -> Blob:
    """The blob for the bytes in `data`."""
    return Blob(digest=hashlib.sha256(data).hexdigest(), size=len(data), media=media)


def imagined_blob(why: str, *, media: str) -> Blob:
    """A blob for bytes that don't exist yet; `why` tells one imagined blob from another."""
    # A path may contain bytes that aren't text.
    digest = hashlib.sha256(why.encode(errors="surrogatepass")).hexdigest()
    return Blob(digest=IMAGINED + digest, size=0, media=media)


KEY_TAG = "nano-banana/call/1"
"""The version in every key: change it if `call_document` changes, and all keys change."""


class Call(Struct, frozen=True, kw_only=True, dict=True):
    """One piece of work that costs time or money.

    `arguments` are the endpoint's, after defaults and without files; `inputs` maps a place in them (`image_url`,
    `loras/0/path`) to the bytes there. `revision` is the version of the code that answers if it is ours (`compute`,
    `local`), and 0 for a service. Names, tags, budgets, output paths and uploaded URLs are not part of a call.
    """

    provider: str
    endpoint: str
    arguments: JSONObject
    inputs: Mapping[str, Blob] = field(default_factory=dict)
    revision: int = 0

    @cached_property
    def key(self) -> str:
        """The SHA-256 of the canonical document, in hex. Equal calls have equal keys."""
        return hashlib.sha256(self.text.encode("ascii")).hexdigest()

    @cached_property
    def text(self) -> str:
        """The canonical document, which the key is the hash of, as ASCII."""
        return canonical_json(call_document(self)).decode("ascii")

    @property
    def imagined(self) -> bool:
        """Whether an input is imagined, so that no answer can be stored yet."""
        return any(blob.imagined for blob in self.inputs.values())


def call_document(call: Call) -> JSONObject:
    """The document that a call's key is the hash of, and that `explain` compares."""
    return {
        "tag": KEY_TAG,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "revision": call.revision,
        "arguments": call.arguments,
        "inputs": {place: blob.digest for place, blob in call.inputs.items()},
    }


def parse_call(text: str) -> Call:
    """The call with this canonical document, and so with the same key. Sizes and types of its inputs are unknown."""
    document = as_object(json.loads(text))
    digests = as_object(document["inputs"])
    return Call(
        provider=as_text(document["provider"]),
        endpoint=as_text(document["endpoint"]),
        arguments=as_object(document["arguments"]),
        inputs={place: Blob(digest=as_text(digest), size=0, media="") for place, digest in digests.items()},
        revision=as_whole(document["revision"]),
    )


def canonical_json(value: JSONValue) -> bytes:
    """Write `value` in canonical form: sorted keys, no spaces, ASCII, 1.0 as 1.

    Raises ValueError for NaN and infinities, which JSON doesn't have.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode(
        "ascii"
    )


def _plain(value: JSONValue) -> JSONValue:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value]


class Reply(Struct, frozen=True, kw_only=True):
    """The answer to a call.

    `data` is the endpoint's JSON without its files; `files` maps their places in it (`images/0`,
    `diffusers_lora_file`) to bytes. `seconds` is how long the call took and `cost_usd` what it cost: 0 for this
    machine's own work, None if unknown.
    """

    data: JSONObject
    files: Mapping[str, Blob] = field(default_factory=dict)
    seconds: float = 0.0
    cost_usd: float | None = 0.0
