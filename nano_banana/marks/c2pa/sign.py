"""A picture's bytes with a signed statement in them of how it was made."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.errors import CallFailed
from nano_banana.core.errors import trouble
from nano_banana.core.json import JSONObject
from nano_banana.core.json import JSONValue
from nano_banana.marks.c2pa.credential import Credential
from nano_banana.marks.c2pa.library import put_together
from nano_banana.marks.c2pa.read import read_bytes

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATOR = "Nano Banana"
_PARENT = "parent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """The picture that this one was made of: its bytes as they lie on disk, so that its own credentials go along."""

    data: bytes
    media: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is said of a picture. Nobody's name, no prompt, no path.

    `agents` are the endpoints that worked on it, in order (`fal-ai/flux-lora`). `source_type` is the last word of an
    IPTC digital source type (`trainedAlgorithmicMedia`). A picture with a `parent` was opened and edited, one without
    was created.
    """

    version: str
    agents: tuple[str, ...]
    source_type: str
    parent: Parent | None = None


def sign(data: bytes, media: str, claim: Claim, credential: Credential) -> bytes:
    """The picture (PNG, JPEG or WebP) with content credentials; its pixels and other metadata stay.

    No clock, no network: there is no trusted time stamp. It differs each time (signatures and labels are random), and
    is read back before it is returned. Raises CallFailed (`c2pa_not_signed`), Unusable (`c2pa_extra`).
    """
    parent = claim.parent
    ingredients = [] if parent is None else [(_ingredient(), parent.media, parent.data)]
    signed = put_together(data, media, manifest(claim), credential, ingredients)
    found = read_bytes(signed, media)
    if found is None or found.state == "invalid":
        raise CallFailed([trouble("c2pa_not_signed", why=", ".join(found.reasons) if found else "")])
    return signed


def manifest(claim: Claim) -> JSONObject:
    """The claim as the library reads it (C2PA 2.1, §18.15: actions)."""
    first, later = ("c2pa.edited", claim.agents) if claim.parent else ("c2pa.created", claim.agents[1:])
    actions: list[JSONValue] = []
    if claim.parent:
        actions.append({"action": "c2pa.opened", "parameters": {"ingredientIds": [_PARENT]}})
    else:
        actions.append(_action(first, claim.agents[0], claim.source_type))
    actions += [_action("c2pa.edited", agent, claim.source_type) for agent in later]
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": claim.version}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _action(name: str, agent: str, source_type: str) -> JSONObject:
    return {"action": name, "softwareAgent": {"name": agent}, "digitalSourceType": SOURCE_TYPES + source_type}


def _ingredient() -> JSONObject:
    return {"relationship": "parentOf", "instance_id": _PARENT}
