"""A picture's bytes with a signed statement in them of how it was made."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject
from nano_banana.marks.c2pa.credential import Credential
from nano_banana.marks.c2pa.library import put_together
from nano_banana.marks.c2pa.read import media_of, read_bytes

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATOR = "Nano Banana"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is said of a picture. Nobody's name, no prompt, no path.

    `version` is this program's; `agents` are what worked on the picture, in order (`fal-ai/flux-lora`); `source_type`
    the last word of an IPTC digital source type (`trainedAlgorithmicMedia`). `parents` are the pictures that it was
    made of, as they lie on disk, so that their own credentials go along: one with parents was opened (the first) and
    edited, one without was created.
    """

    version: str
    agents: tuple[str, ...]
    source_type: str
    parents: tuple[bytes, ...] = ()


def sign(data: bytes, claim: Claim, credential: Credential) -> bytes:
    """The picture (PNG, JPEG, WebP or GIF) with content credentials; its pixels and other metadata stay.

    No clock, no network: there is no trusted time stamp. It differs each time (signatures and labels are random), and
    is read back before it is returned. Raises CallFailed (`c2pa_not_signed`), Unusable (`c2pa_extra`).
    """
    media = media_of(data)
    ingredients = [(_ingredient(number), media_of(parent), parent) for number, parent in enumerate(claim.parents)]
    signed = put_together(data, media, manifest(claim), credential, ingredients)
    found = read_bytes(signed, media)
    if found is None or found.state not in ("trusted", "valid"):
        raise CallFailed([trouble("c2pa_not_signed", why=", ".join(found.reasons) if found else "")])
    return signed


def manifest(claim: Claim) -> JSONObject:
    """The claim as the library reads it (C2PA 2.1, §18.15: actions)."""
    actions: list[JSONObject] = [_of("c2pa.placed" if number else "c2pa.opened", number) for number in _count(claim)]
    for agent in claim.agents:
        actions.append(_by("c2pa.edited" if actions else "c2pa.created", agent, claim.source_type))
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": claim.version}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _count(claim: Claim) -> range:
    return range(len(claim.parents))


def _by(name: str, agent: str, source_type: str) -> JSONObject:
    return {"action": name, "softwareAgent": {"name": agent}, "digitalSourceType": SOURCE_TYPES + source_type}


def _of(name: str, number: int) -> JSONObject:
    return {"action": name, "parameters": {"ingredientIds": [_label(number)]}}


def _ingredient(number: int) -> JSONObject:
    return {"relationship": "componentOf" if number else "parentOf", "instance_id": _label(number)}


def _label(number: int) -> str:
    return f"made-of-{number}"
