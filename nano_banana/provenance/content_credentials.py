"""Content credentials (C2PA): sign an image; read and verify its manifest.

The c2pa library is loaded on first use and never goes online: no manifest is fetched, no revocation is looked up, and
there is no trusted time stamp.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from nano_banana import __version__
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.problem import CallFailed, problem
from nano_banana.provenance.c2pa_certificates import SigningCredential, require_c2pa
from nano_banana.provenance.embedding import ProvenanceInfo

_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
"""The library would ask addresses that stand in the file: for a manifest, and whether a certificate was revoked."""

NO_MANIFEST = "ManifestNotFound"
REMOTE_MANIFEST = "Remote"
"""How the library's errors begin where a picture has no manifest, and where it only says an address of one."""


def sign_manifest(
    data: bytes,
    media: str,
    manifest: JSONObject,
    credential: SigningCredential,
    ingredients: Sequence[tuple[JSONObject, str, bytes]],
) -> bytes:
    """The picture `data` with the manifest in it, signed.

    `ingredients` are (description, media type, bytes). Raises CallFailed (`c2pa_not_signed`).
    """
    require_c2pa()
    import c2pa  # type: ignore[import-untyped] # it says nothing about its types

    settings = {"builder": {"thumbnail": {"enabled": False}}, "verify": _OFFLINE}
    signed = io.BytesIO()
    try:
        with (
            c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(credential.algorithm, credential.chain, credential.reveal(), None)
            ) as signer,
            c2pa.Context.from_dict(settings) as context,
            c2pa.Builder(dict(manifest), context=context) as builder,
        ):
            for description, its_media, picture in ingredients:
                builder.add_ingredient(dict(description), its_media, io.BytesIO(picture))
            builder.sign(signer, media, io.BytesIO(data), signed)
    except c2pa.C2paError as error:
        raise CallFailed([problem("c2pa_not_signed", why=str(error))]) from error
    return signed.getvalue()


def read_manifest_store(data: bytes, media: str, *, anchors: str = "") -> JSONObject | str:
    """What the library finds in a picture, checked; where it finds nothing that it can read, its error's words.

    `anchors` are certificates as PEM text: what they stand above is trusted.
    """
    require_c2pa()
    import c2pa

    trust = {"trust": {"user_anchors": anchors}} if anchors else {}
    try:
        with (
            c2pa.Context.from_dict({"verify": _OFFLINE, **trust}) as context,
            c2pa.Reader(media, io.BytesIO(data), context=context) as reader,
        ):
            found: JSONObject = json.loads(reader.json())
            return found
    except c2pa.C2paError as error:
        return str(error)


ValidationState: TypeAlias = Literal["trusted", "valid", "expired", "unfit", "changed", "unproven", "elsewhere"]
"""`valid` is signed and unchanged, by somebody whom nobody here vouches for; `expired` and `unfit` are the same by a
certificate whose time is over, or that may not sign pictures. `changed`: the picture, the manifest or the signature
is not what was signed; `unproven`: neither the one nor the other can be shown. `elsewhere`: the picture holds nothing
but the address of its credentials, which is not asked."""

AI_MADE = frozenset(("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"))
"""IPTC's digital source types of pictures that a trained model made, or had a hand in."""

_MAGIC = {
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
class C2paAction:
    """What was done (`c2pa.created`), by what software; `source_type` is the last word of IPTC's. Empty: not said."""

    name: str
    agent: str = ""
    source_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class C2paIngredient:
    """A picture that went into this one. `generator` made its own credentials' claim; empty: it has none."""

    relationship: str
    title: str = ""
    generator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentCredentials:
    """What a picture's manifests say. Everything here is text out of a file: not to be shown raw on a terminal.

    `reasons` are C2PA's codes (`assertion.dataHash.mismatch`) of why it is neither trusted nor valid. `source_types`
    are those of all manifests in the file, also of its ingredients'; `ai` is whether any of them says that AI made it,
    or parts of it.
    """

    state: ValidationState
    reasons: tuple[str, ...] = ()
    organisation: str = ""
    signer: str = ""
    generator: str = ""
    actions: tuple[C2paAction, ...] = ()
    source_types: tuple[str, ...] = ()
    ingredients: tuple[C2paIngredient, ...] = ()
    manifests: int = 0

    @property
    def ai(self) -> bool:
        """Whether they say that AI made the picture, or parts of it."""
        return bool(AI_MADE.intersection(self.source_types))


def read_credentials(path: Path, *, anchors: str = "") -> ContentCredentials | None:
    """The file's credentials, None where it has none (or is of a kind that can't hold any).

    `anchors` are certificates (PEM) to trust, and all below them. Asks no network. Raises Unusable (`c2pa_extra`),
    CallFailed (`c2pa_file_broken`) where the file can't be read, so that nothing is known.
    """
    try:
        data = path.read_bytes()
        return parse_credentials(data, c2pa_media_type(data) or path.suffix.lstrip("."), anchors=anchors)
    except OSError as error:
        raise CallFailed([problem("c2pa_file_broken", file=str(path), why=error.strerror or "")]) from error
    except ValueError as error:
        raise CallFailed([problem("c2pa_file_broken", file=str(path), why=str(error))]) from error


def parse_credentials(data: bytes, media: str, *, anchors: str = "") -> ContentCredentials | None:
    """The same of bytes in memory. Raises ValueError, with the library's words, where they are no whole picture."""
    found = read_manifest_store(data, media, anchors=anchors)
    if isinstance(found, str):
        if found.startswith((NO_MANIFEST, *_NOT_READ)):
            return None
        if found.startswith(REMOTE_MANIFEST):
            return ContentCredentials(state="elsewhere")
        if found.startswith(_BROKEN_FILE):
            raise ValueError(found)
        return ContentCredentials(state="unproven", reasons=(found.partition(":")[0],))
    return _credentials(found)


def c2pa_media_type(data: bytes) -> str:
    """The media type of a picture by its first bytes; empty for other kinds than those below."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] in (b"avif", b"avis") else "image/heic"
    return next((media for start, media in _MAGIC.items() if data.startswith(start)), "")


def _credentials(found: JSONObject) -> ContentCredentials:
    manifests = as_object(found.get("manifests"))
    active = as_object(manifests.get(_str_or_empty(found.get("active_manifest"))))
    signature = as_object(active.get("signature_info"))
    said = [code for code in _status_codes(found) if code != _UNTRUSTED]
    state = _validation_state(found, said)
    all_actions = [action for manifest in manifests.values() for action in _actions(as_object(manifest))]
    return ContentCredentials(
        state=state,
        reasons=() if state in ("trusted", "valid") else tuple(dict.fromkeys(said)),
        organisation=_str_or_empty(signature.get("issuer")),
        signer=_str_or_empty(signature.get("common_name")),
        generator=_generator(active),
        actions=tuple(_actions(active)),
        source_types=tuple(sorted({action.source_type for action in all_actions if action.source_type})),
        ingredients=tuple(_ingredients(active, manifests)),
        manifests=len(manifests),
    )


def _validation_state(found: JSONObject, failed: Sequence[str]) -> ValidationState:
    """What the library's codes come to. `failed` are those of failures, but for an unknown signer."""
    states: dict[str, ValidationState] = {"Trusted": "trusted", "Valid": "valid"}
    state = states.get(_str_or_empty(found.get("validation_state")))
    if state is not None:
        return state
    if any(code.endswith(_CHANGES) for code in failed):
        return "changed"
    active = as_object(as_object(found.get("validation_results")).get("activeManifest"))
    held = {_str_or_empty(as_object(status).get("code")) for status in as_items(active.get("success"))}
    if not failed or "claimSignature.validated" not in held or not held & _HASHES or set(failed) - _EXPIRED - _UNFIT:
        return "unproven"
    return "unfit" if _UNFIT.intersection(failed) else "expired"


def _status_codes(found: JSONObject) -> Iterator[str]:
    for status in as_items(found.get("validation_status")):
        yield _str_or_empty(as_object(status).get("code"))


def _actions(manifest: JSONObject) -> Iterator[C2paAction]:
    for assertion in map(as_object, as_items(manifest.get("assertions"))):
        if _str_or_empty(assertion.get("label")).startswith("c2pa.actions"):
            for action in map(as_object, as_items(as_object(assertion.get("data")).get("actions"))):
                yield C2paAction(
                    name=_str_or_empty(action.get("action")),
                    agent=_software_agent(action.get("softwareAgent")),
                    source_type=_str_or_empty(action.get("digitalSourceType")).rpartition("/")[2],
                )


def _ingredients(active: JSONObject, manifests: JSONObject) -> Iterator[C2paIngredient]:
    for ingredient in map(as_object, as_items(active.get("ingredients"))):
        own = as_object(manifests.get(_str_or_empty(ingredient.get("active_manifest"))))
        yield C2paIngredient(
            relationship=_str_or_empty(ingredient.get("relationship")),
            title=_str_or_empty(ingredient.get("title")),
            generator=_generator(own),
        )


def _generator(manifest: JSONObject) -> str:
    for info in map(as_object, as_items(manifest.get("claim_generator_info"))):
        return f"{_str_or_empty(info.get('name'))} {_str_or_empty(info.get('version'))}".strip()
    return _str_or_empty(manifest.get("claim_generator"))


def _software_agent(value: JSONValue) -> str:
    """Version 1 of the actions says it as text, version 2 as an object."""
    return value if isinstance(value, str) else _str_or_empty(as_object(value).get("name"))


def _str_or_empty(value: JSONValue) -> str:
    return value if isinstance(value, str) else ""


SOURCE_TYPE_URL = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATOR = "Nano Banana"


@dataclass(frozen=True, slots=True, kw_only=True)
class C2paClaim:
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


def sign_image(data: bytes, claim: C2paClaim, credential: SigningCredential) -> bytes:
    """The picture (PNG, JPEG, WebP or GIF) with content credentials; its pixels and other metadata stay.

    No clock, no network: there is no trusted time stamp. It differs each time (signatures and labels are random), and
    is read back before it is returned. Raises CallFailed (`c2pa_not_signed`), Unusable (`c2pa_extra`).
    """
    media = c2pa_media_type(data)
    ingredients = [
        (_ingredient_definition(number), c2pa_media_type(parent), parent) for number, parent in enumerate(claim.parents)
    ]
    signed = sign_manifest(data, media, manifest_of(claim), credential, ingredients)
    found = parse_credentials(signed, media)
    if found is None or found.state not in ("trusted", "valid"):
        raise CallFailed([problem("c2pa_not_signed", why=", ".join(found.reasons) if found else "")])
    return signed


def manifest_of(claim: C2paClaim) -> JSONObject:
    """The claim as the library reads it (C2PA 2.1, §18.15: actions)."""
    actions: list[JSONObject] = [
        _ingredient_action("c2pa.placed" if number else "c2pa.opened", number) for number in _parent_numbers(claim)
    ]
    for agent in claim.agents:
        actions.append(_agent_action("c2pa.edited" if actions else "c2pa.created", agent, claim.source_type))
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": claim.version}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _parent_numbers(claim: C2paClaim) -> range:
    return range(len(claim.parents))


def _agent_action(name: str, agent: str, source_type: str) -> JSONObject:
    return {"action": name, "softwareAgent": {"name": agent}, "digitalSourceType": SOURCE_TYPE_URL + source_type}


def _ingredient_action(name: str, number: int) -> JSONObject:
    return {"action": name, "parameters": {"ingredientIds": [_ingredient_label(number)]}}


def _ingredient_definition(number: int) -> JSONObject:
    return {"relationship": "componentOf" if number else "parentOf", "instance_id": _ingredient_label(number)}


def _ingredient_label(number: int) -> str:
    return f"made-of-{number}"


class C2paSigner:
    """A `marks.signing.Signer` that puts content credentials in."""

    def __init__(self, credential: SigningCredential) -> None:
        """`credential` signs; it was checked (`load_credential`)."""
        self._credential = credential

    @property
    def name(self) -> str:
        """A digest of its certificates: pictures that another one signed are signed anew."""
        return hashlib.sha256(self._credential.chain).hexdigest()

    def sign(self, data: bytes, mark: ProvenanceInfo, parents: Sequence[bytes]) -> bytes:
        """The marked file, signed. One that nothing here drew is left as it is: there is nothing to vouch for."""
        if not mark.source:
            return data
        claim = C2paClaim(version=__version__, agents=(mark.tool,), source_type=mark.source, parents=tuple(parents))
        return sign_image(data, claim, self._credential)
