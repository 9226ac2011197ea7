"""A picture's content credentials: what they say, and can it be believed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_object
from nano_banana.marks.c2pa.library import ELSEWHERE, NOTHING, taken_apart

State: TypeAlias = Literal["trusted", "valid", "expired", "unfit", "changed", "unproven", "elsewhere"]
"""`valid` is signed and unchanged, by somebody whom nobody here vouches for; `expired` and `unfit` are the same by a
certificate whose time is over, or that may not sign pictures. `changed`: the picture, the manifest or the signature
is not what was signed; `unproven`: neither the one nor the other can be shown. `elsewhere`: the picture holds nothing
but the address of its credentials, which is not asked."""

AI_MADE = frozenset(("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"))
"""IPTC's digital source types of pictures that a trained model made, or had a hand in."""

_STARTS = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}
_UNTRUSTED = "signingCredential.untrusted"
_EXPIRED = frozenset(("signingCredential.expired", "claimSignature.outsideValidity"))
_UNFIT = frozenset(("signingCredential.invalid", "signingCredential.revoked", "signingCredential.ocsp.revoked"))
_HASHES = frozenset(("assertion.dataHash.match", "assertion.bmffHash.match", "assertion.boxesHash.match"))
"""One of these codes says that the picture's own bytes are the signed ones."""

_CHANGES = (".mismatch", ".missing")
"""How codes end that say of a part that it is not the signed one."""

_BROKEN_FILE = ("Io:", "Other: asset could not be parsed")
_NOT_READ = ("NotSupported:", "Other: type is unsupported")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What was done (`c2pa.created`), by what software; `source_type` is the last word of IPTC's. Empty: not said."""

    name: str
    agent: str = ""
    source_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """A picture that went into this one. `generator` made its own credentials' claim; empty: it has none."""

    relationship: str
    title: str = ""
    generator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a picture's manifests say. Everything here is text out of a file: not to be shown raw on a terminal.

    `reasons` are C2PA's codes (`assertion.dataHash.mismatch`) of why it is neither trusted nor valid. `source_types`
    are those of all manifests in the file, also of its ingredients'; `ai` is whether any of them says that AI made it,
    or parts of it.
    """

    state: State
    reasons: tuple[str, ...] = ()
    organisation: str = ""
    signer: str = ""
    generator: str = ""
    actions: tuple[Action, ...] = ()
    source_types: tuple[str, ...] = ()
    ingredients: tuple[Ingredient, ...] = ()
    manifests: int = 0

    @property
    def ai(self) -> bool:
        """Whether they say that AI made the picture, or parts of it."""
        return bool(AI_MADE.intersection(self.source_types))


def read(path: Path, *, anchors: str = "") -> Credentials | None:
    """The file's credentials, None where it has none (or is of a kind that can't hold any).

    `anchors` are certificates (PEM) to trust, and all below them. Asks no network. Raises Unusable (`c2pa_extra`),
    CallFailed (`c2pa_file_broken`) where the file can't be read, so that nothing is known.
    """
    try:
        data = path.read_bytes()
        return read_bytes(data, media_of(data) or path.suffix.lstrip("."), anchors=anchors)
    except OSError as error:
        raise CallFailed([trouble("c2pa_file_broken", file=str(path), why=error.strerror or "")]) from error
    except ValueError as error:
        raise CallFailed([trouble("c2pa_file_broken", file=str(path), why=str(error))]) from error


def read_bytes(data: bytes, media: str, *, anchors: str = "") -> Credentials | None:
    """The same of bytes in memory. Raises ValueError, with the library's words, where they are no whole picture."""
    found = taken_apart(data, media, anchors=anchors)
    if isinstance(found, str):
        if found.startswith((NOTHING, *_NOT_READ)):
            return None
        if found.startswith(ELSEWHERE):
            return Credentials(state="elsewhere")
        if found.startswith(_BROKEN_FILE):
            raise ValueError(found)
        return Credentials(state="unproven", reasons=(found.partition(":")[0],))
    return _credentials(found)


def media_of(data: bytes) -> str:
    """The media type of a picture by its first bytes; empty for other kinds than those below."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] in (b"avif", b"avis") else "image/heic"
    return next((media for start, media in _STARTS.items() if data.startswith(start)), "")


def _credentials(found: JSONObject) -> Credentials:
    manifests = as_object(found.get("manifests"))
    active = as_object(manifests.get(_text(found.get("active_manifest"))))
    signature = as_object(active.get("signature_info"))
    said = [code for code in _codes(found) if code != _UNTRUSTED]
    state = _state(found, said)
    all_actions = [action for manifest in manifests.values() for action in _actions(as_object(manifest))]
    return Credentials(
        state=state,
        reasons=() if state in ("trusted", "valid") else tuple(dict.fromkeys(said)),
        organisation=_text(signature.get("issuer")),
        signer=_text(signature.get("common_name")),
        generator=_generator(active),
        actions=tuple(_actions(active)),
        source_types=tuple(sorted({action.source_type for action in all_actions if action.source_type})),
        ingredients=tuple(_ingredients(active, manifests)),
        manifests=len(manifests),
    )


def _state(found: JSONObject, failed: Sequence[str]) -> State:
    """What the library's codes come to. `failed` are those of failures, but for an unknown signer."""
    states: dict[str, State] = {"Trusted": "trusted", "Valid": "valid"}
    state = states.get(_text(found.get("validation_state")))
    if state is not None:
        return state
    if any(code.endswith(_CHANGES) for code in failed):
        return "changed"
    active = as_object(as_object(found.get("validation_results")).get("activeManifest"))
    held = {_text(as_object(status).get("code")) for status in as_items(active.get("success"))}
    if not failed or "claimSignature.validated" not in held or not held & _HASHES or set(failed) - _EXPIRED - _UNFIT:
        return "unproven"
    return "unfit" if _UNFIT.intersection(failed) else "expired"


def _codes(found: JSONObject) -> Iterator[str]:
    for status in as_items(found.get("validation_status")):
        yield _text(as_object(status).get("code"))


def _actions(manifest: JSONObject) -> Iterator[Action]:
    for assertion in map(as_object, as_items(manifest.get("assertions"))):
        if _text(assertion.get("label")).startswith("c2pa.actions"):
            for action in map(as_object, as_items(as_object(assertion.get("data")).get("actions"))):
                yield Action(
                    name=_text(action.get("action")),
                    agent=_agent(action.get("softwareAgent")),
                    source_type=_text(action.get("digitalSourceType")).rpartition("/")[2],
                )


def _ingredients(active: JSONObject, manifests: JSONObject) -> Iterator[Ingredient]:
    for ingredient in map(as_object, as_items(active.get("ingredients"))):
        own = as_object(manifests.get(_text(ingredient.get("active_manifest"))))
        yield Ingredient(
            relationship=_text(ingredient.get("relationship")),
            title=_text(ingredient.get("title")),
            generator=_generator(own),
        )


def _generator(manifest: JSONObject) -> str:
    for info in map(as_object, as_items(manifest.get("claim_generator_info"))):
        return f"{_text(info.get('name'))} {_text(info.get('version'))}".strip()
    return _text(manifest.get("claim_generator"))


def _agent(value: JSONValue) -> str:
    """Version 1 of the actions says it as text, version 2 as an object."""
    return value if isinstance(value, str) else _text(as_object(value).get("name"))


def _text(value: JSONValue) -> str:
    return value if isinstance(value, str) else ""
