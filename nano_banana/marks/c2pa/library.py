"""The c2pa library: loaded when it is first needed, and never online."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.json import JSONObject
from nano_banana.marks.c2pa.credential import Credential
from nano_banana.marks.c2pa.extra import need_extra

_OFFLINE = {"remote_manifest_fetch": False, "ocsp_fetch": False}
"""The library would ask addresses that stand in the file: for a manifest, and whether a certificate was revoked."""

NOTHING = "ManifestNotFound"
ELSEWHERE = "Remote"
"""How the library's errors begin where a picture has no manifest, and where it only says an address of one."""


def put_together(
    data: bytes,
    media: str,
    manifest: JSONObject,
    credential: Credential,
    ingredients: Sequence[tuple[JSONObject, str, bytes]],
) -> bytes:
    """The picture `data` with the manifest in it, signed.

    `ingredients` are (description, media type, bytes). Raises CallFailed (`c2pa_not_signed`).
    """
    need_extra()
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
        raise CallFailed([trouble("c2pa_not_signed", why=str(error))]) from error
    return signed.getvalue()


def taken_apart(data: bytes, media: str, *, anchors: str = "") -> JSONObject | str:
    """What the library finds in a picture, checked; where it finds nothing that it can read, its error's words.

    `anchors` are certificates as PEM text: what they stand above is trusted.
    """
    need_extra()
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
