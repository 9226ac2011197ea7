"""The call, its reply, and the bytes they name.

A call is the one unit of cache, cost, limit, resume and explanation. Bytes are known by their digest, never by a
path or a URL. The key of a call hashes one canonical document, which `explain` compares, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from nano_banana.model.json_values import JSONObject, JSONValue, as_object, as_text, as_whole

IMAGINED = "?"

COMPUTE = "compute"
"""The provider of this machine's own work on pictures: crops, masks, face scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Some bytes, known by content.

    `digest` is the SHA-256 of the bytes in lower-case hex (64 characters), `size` their number,
    `media` their media type (`image/png`). A forecast follows flows past work that is not done yet;
    it names what that work would make with an *imagined* blob, whose digest begins with `?`.
    """

    digest: str
    size: int
    media: str

    @property
    def imagined(self) -> bool:
        """Whether these bytes exist only in a forecast."""
        return self.digest.startswith(IMAGINED)


def blob_of(data: bytes, *, media: str) -> Blob:
    """Name the bytes in `data`."""
    return Blob(digest=hashlib.sha256(data).hexdigest(), size=len(data), media=media)


def imagined_blob(why: str, *, media: str) -> Blob:
    """Name bytes that some work would make; `why` tells one imagined blob from another."""
    # A path may hold bytes that are no text.
    digest = hashlib.sha256(why.encode(errors="surrogatepass")).hexdigest()
    return Blob(digest=IMAGINED + digest, size=0, media=media)


KEY_TAG = "nano-banana/call/1"
"""Leads every pre-image; a change of the walk below changes this, and so every key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One piece of work that costs time or money.

    `arguments` are the endpoint's, after defaults and without the files; `inputs` maps a place in
    them (`image_url`, `loras/0/path`) to the bytes that stand there. `revision` is the version of the
    code that answers, where that is ours (`compute`, `local`); a service's is 0.
    Names, tags, budgets, output paths and uploaded URLs are no part of a call.
    """

    provider: str
    endpoint: str
    arguments: JSONObject
    inputs: Mapping[str, Blob] = field(default_factory=dict)
    revision: int = 0
    _known: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """The SHA-256 of the canonical bytes, in hex: equal calls, equal keys."""
        if "key" not in self._known:
            self._known["key"] = hashlib.sha256(self.text.encode("ascii")).hexdigest()
        return self._known["key"]

    @property
    def text(self) -> str:
        """The canonical document, which the key hashes, as ASCII."""
        if "text" not in self._known:
            self._known["text"] = canonical_json(call_document(self)).decode("ascii")
        return self._known["text"]

    @property
    def imagined(self) -> bool:
        """Whether an input exists only in a forecast, so that no answer can be stored yet."""
        return any(blob.imagined for blob in self.inputs.values())


def call_document(call: Call) -> JSONObject:
    """The one walk over a call: its key hashes this, its explanation compares this."""
    return {
        "tag": KEY_TAG,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "revision": call.revision,
        "arguments": call.arguments,
        "inputs": {place: blob.digest for place, blob in call.inputs.items()},
    }


def parse_call(text: str) -> Call:
    """The call of a canonical document, with the same key; of its inputs only the digests are known."""
    told = as_object(json.loads(text))
    digests = as_object(told["inputs"])
    return Call(
        provider=as_text(told["provider"]),
        endpoint=as_text(told["endpoint"]),
        arguments=as_object(told["arguments"]),
        inputs={place: Blob(digest=as_text(digest), size=0, media="") for place, digest in digests.items()},
        revision=as_whole(told["revision"]),
    )


def canonical_json(value: JSONValue) -> bytes:
    """Write `value` in its one form: sorted keys, no spaces, ASCII, 1.0 as 1.

    Raises ValueError for NaN and infinities, which JSON cannot say.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to a call.

    `data` is the endpoint's JSON with its files taken out; `files` maps their places in it
    (`images/0`, `diffusers_lora_file`) to bytes. `seconds` is how long it took; `cost_usd` what it
    cost, 0 for this machine's own work and None where nobody knows.
    """

    data: JSONObject
    files: Mapping[str, Blob] = field(default_factory=dict)
    seconds: float = 0.0
    cost_usd: float | None = 0.0
