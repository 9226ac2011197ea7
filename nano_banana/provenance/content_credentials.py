"""Content credentials (C2PA): sign an image; read and verify its manifest.

The c2pa library is loaded on first use and never goes online: it fetches no manifest, checks no revocation and gets no
trusted time stamp.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from msgspec import Struct

from nano_banana import __version__
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_object
from nano_banana.model.problem import CallFailed, problem
from nano_banana.provenance.c2pa_certificates import SigningCredential, require_c2pa
from nano_banana.provenance.embedding import SOURCE_TYPE_URL, ProvenanceInfo
from nano_banana.provenance.generation_record import AI_MADE

_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
"""By default the library requests URLs from the file, for manifests and for revocations of certificates."""

NO_MANIFEST = "ManifestNotFound"
REMOTE_MANIFEST = "Remote"
"""How the library's errors begin if a picture has no manifest, or only the URL of one."""


def sign_manifest(
    data: bytes,
    media: str,
    manifest: JSONObject,
    credential: SigningCredential,
    ingredients: Sequence[tuple[JSONObject, str, bytes]],
) -> bytes:
    """Add the manifest to the picture `data` and sign it.

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
    """Read and verify a picture's manifests with the library; returns its error message if that fails.

    `anchors` are trusted root certificates as PEM text.
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
"""`valid` is signed and unchanged, but the signer isn't trusted; `expired` and `unfit` are the same with a certificate
that has expired, or may not sign pictures. `changed`: the picture, the manifest or the signature has changed;
`unproven`: neither can be proven. `elsewhere`: the picture has only its credentials' URL, which isn't requested."""

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
"""Codes that say that the picture's bytes are the signed ones."""

_CHANGES = (".mismatch", ".missing")
"""The endings of codes for a part that has changed."""

_BROKEN_FILE = ("Io:", "Other: asset could not be parsed")
_NOT_READ = ("NotSupported:", "Other: type is unsupported")


class C2paAction(Struct, frozen=True, kw_only=True):
    """An action (`c2pa.created`), its software, and the last word of its IPTC source type; empty if not stated."""

    name: str
    agent: str = ""
    source_type: str = ""


class ContentCredentials(Struct, frozen=True, kw_only=True):
    """The content of a picture's manifests: text from a file, not to be shown raw on a terminal.

    `reasons` are C2PA's codes (`assertion.dataHash.mismatch`) if it is neither trusted nor valid. `source_types` are
    those of all manifests in the file, including its ingredients'.
    """

    state: ValidationState
    reasons: tuple[str, ...] = ()
    organisation: str = ""
    signer: str = ""
    generator: str = ""
    actions: tuple[C2paAction, ...] = ()
    source_types: tuple[str, ...] = ()
    manifests: int = 0

    @property
    def ai(self) -> bool:
        """Whether a manifest says that AI made the picture, or parts of it."""
        return bool(AI_MADE.intersection(self.source_types))


def parse_credentials(data: bytes, media: str, *, anchors: str = "") -> ContentCredentials | None:
    """Read the credentials in a picture's bytes; None if it has none, or its format can't hold any.

    `anchors` are trusted root certificates (PEM). Uses no network. Raises Unusable (`c2pa_extra`), and ValueError if
    the picture is damaged.
    """
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
    """The media type of a picture by its first bytes; empty for unknown formats."""
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data[4:8] == b"ftyp":
        return "image/avif" if data[8:12] in (b"avif", b"avis") else "image/heic"
    return next((media for start, media in _MAGIC.items() if data.startswith(start)), "")


def _credentials(found: JSONObject) -> ContentCredentials:
    manifests = as_object(found.get("manifests"))
    active = as_object(manifests.get(_str_or_empty(found.get("active_manifest"))))
    signature = as_object(active.get("signature_info"))
    said = [code for code in _codes(found.get("validation_status")) if code != _UNTRUSTED]
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
        manifests=len(manifests),
    )


def _validation_state(found: JSONObject, failed: Sequence[str]) -> ValidationState:
    """The state by the library's codes. `failed` are the codes of failures, except for an unknown signer."""
    states: dict[str, ValidationState] = {"Trusted": "trusted", "Valid": "valid"}
    state = states.get(_str_or_empty(found.get("validation_state")))
    if state is not None:
        return state
    if any(code.endswith(_CHANGES) for code in failed):
        return "changed"
    active = as_object(as_object(found.get("validation_results")).get("activeManifest"))
    held = set(_codes(active.get("success")))
    if not failed or "claimSignature.validated" not in held or not held & _HASHES or set(failed) - _EXPIRED - _UNFIT:
        return "unproven"
    return "unfit" if _UNFIT.intersection(failed) else "expired"


def _codes(statuses: JSONValue) -> list[str]:
    return [_str_or_empty(as_object(status).get("code")) for status in as_items(statuses)]


def _actions(manifest: JSONObject) -> Iterator[C2paAction]:
    for assertion in map(as_object, as_items(manifest.get("assertions"))):
        if _str_or_empty(assertion.get("label")).startswith("c2pa.actions"):
            for action in map(as_object, as_items(as_object(assertion.get("data")).get("actions"))):
                yield C2paAction(
                    name=_str_or_empty(action.get("action")),
                    agent=_software_agent(action.get("softwareAgent")),
                    source_type=_str_or_empty(action.get("digitalSourceType")).rpartition("/")[2],
                )


def _generator(manifest: JSONObject) -> str:
    for info in map(as_object, as_items(manifest.get("claim_generator_info"))):
        return f"{_str_or_empty(info.get('name'))} {_str_or_empty(info.get('version'))}".strip()
    return _str_or_empty(manifest.get("claim_generator"))


def _software_agent(value: JSONValue) -> str:
    """The agent's name: text in version 1 of the actions, an object in version 2."""
    return value if isinstance(value, str) else _str_or_empty(as_object(value).get("name"))


def _str_or_empty(value: JSONValue) -> str:
    return value if isinstance(value, str) else ""


class C2paClaim(Struct, frozen=True, kw_only=True):
    """The claim about a picture. It has no name of a person, no prompt and no path.

    `version` is this program's; `agents` are the endpoints that worked on the picture, in order (`fal-ai/flux-lora`);
    `source_type` the last word of an IPTC digital source type (`trainedAlgorithmicMedia`). `parents` are the pictures
    that it was made from, with their own credentials. With parents, the first was opened and edited; without, the
    picture was created.
    """

    version: str
    agents: tuple[str, ...]
    source_type: str
    parents: tuple[bytes, ...] = ()


def sign_image(data: bytes, claim: C2paClaim, credential: SigningCredential) -> bytes:
    """Add content credentials to a picture (PNG, JPEG, WebP or GIF); its pixels and other metadata stay.

    Uses no network, so there is no trusted time stamp. The bytes differ each time, because signatures and labels are
    random; they are verified before they are returned. Raises CallFailed (`c2pa_not_signed`), Unusable (`c2pa_extra`).
    """
    media = c2pa_media_type(data)
    ingredients = [
        (
            {"relationship": "componentOf" if number else "parentOf", "instance_id": _ingredient_label(number)},
            c2pa_media_type(parent),
            parent,
        )
        for number, parent in enumerate(claim.parents)
    ]
    signed = sign_manifest(data, media, manifest_of(claim), credential, ingredients)
    found = parse_credentials(signed, media)
    if found is None or found.state not in ("trusted", "valid"):
        raise CallFailed([problem("c2pa_not_signed", why=", ".join(found.reasons) if found else "")])
    return signed


def manifest_of(claim: C2paClaim) -> JSONObject:
    """The claim as a manifest definition (C2PA 2.1, §18.15: actions)."""
    actions: list[JSONObject] = [
        {
            "action": "c2pa.placed" if number else "c2pa.opened",
            "parameters": {"ingredientIds": [_ingredient_label(number)]},
        }
        for number in range(len(claim.parents))
    ]
    for agent in claim.agents:
        action = "c2pa.edited" if actions else "c2pa.created"
        source = SOURCE_TYPE_URL + claim.source_type
        actions.append({"action": action, "softwareAgent": {"name": agent}, "digitalSourceType": source})
    return {
        "claim_generator_info": [{"name": "Nano Banana", "version": claim.version}],
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _ingredient_label(number: int) -> str:
    return f"made-of-{number}"


class C2paSigner:
    """An `ImageSigner` that adds content credentials."""

    def __init__(self, credential: SigningCredential) -> None:
        """Sign with `credential`, which `load_credential` has checked."""
        self._credential = credential

    @property
    def name(self) -> str:
        """A digest of the certificates."""
        return hashlib.sha256(self._credential.chain).hexdigest()

    def sign(self, data: bytes, mark: ProvenanceInfo, parents: Sequence[bytes]) -> bytes:
        """Sign the file, unless it wasn't generated here."""
        if not mark.source:
            return data
        claim = C2paClaim(version=__version__, agents=(mark.tool,), source_type=mark.source, parents=tuple(parents))
        return sign_image(data, claim, self._credential)
