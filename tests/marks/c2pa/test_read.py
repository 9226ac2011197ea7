"""Reading credentials: unchanged, changed, stripped, and nonsense."""

from __future__ import annotations

import io
import random
from collections.abc import Sequence
from pathlib import Path

import c2pa  # type: ignore[import-untyped] # it says nothing about its types
import pytest
from PIL import Image

from nano_banana.model.json_values import JSONObject
from nano_banana.provenance.content_credentials import (
    ContentCredentials,
    c2pa_media_type,
    manifest_of,
    parse_credentials,
    sign_manifest,
)
from tests.marks.c2pa.signing import CLAIM, KINDS, picture, self_made, signed


@pytest.mark.parametrize("media", KINDS)
def test_one_changed_byte_of_the_picture_is_found(media: str) -> None:
    data = signed(media)
    at = {"image/png": data.find(b"IDAT") + 60, "image/jpeg": len(data) - 40, "image/webp": 60, "image/gif": 20}[media]
    found = parse_credentials(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], media)
    assert found is not None
    assert found.state == "changed"
    assert "assertion.dataHash.mismatch" in found.reasons
    assert "signingCredential.untrusted" not in found.reasons


def test_a_certificate_that_has_expired_since_is_no_change() -> None:
    data = Path(__file__).with_name("expired.jpg").read_bytes()
    found = parse_credentials(data, "image/jpeg")
    assert found is not None
    assert (found.state, found.reasons) == ("expired", ("signingCredential.expired",))
    torn = parse_credentials(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:], "image/jpeg")
    assert torn is not None
    assert torn.state == "changed"


VALIDATED = ("claimSignature.validated", "assertion.dataHash.match")


@pytest.mark.parametrize(
    ("held", "failed", "state"),
    [
        (VALIDATED, ("signingCredential.expired",), "expired"),
        (VALIDATED, ("signingCredential.untrusted", "claimSignature.outsideValidity"), "expired"),
        (VALIDATED, ("signingCredential.invalid",), "unfit"),
        (VALIDATED, ("signingCredential.ocsp.revoked", "signingCredential.expired"), "unfit"),
        (VALIDATED, ("signingCredential.expired", "assertion.hashedURI.mismatch"), "changed"),
        (VALIDATED, ("assertion.missing",), "changed"),
        (VALIDATED, ("ingredient.unknownProvenance",), "unproven"),
        (VALIDATED[:1], ("signingCredential.expired",), "unproven"),
        ((), ("signingCredential.expired",), "unproven"),
    ],
)
def test_only_a_mismatch_is_a_change(
    held: Sequence[str], failed: Sequence[str], state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {
        "validation_state": "Invalid",
        "validation_status": [{"code": code} for code in failed],
        "validation_results": {"activeManifest": {"success": [{"code": code} for code in held]}},
    }
    monkeypatch.setattr("nano_banana.provenance.content_credentials.read_manifest_store", lambda *_, **__: answer)
    found = parse_credentials(b"", "image/jpeg")
    assert found is not None
    assert found.state == state


def test_a_picture_that_was_saved_again_has_none() -> None:
    again = io.BytesIO()
    Image.open(io.BytesIO(signed())).save(again, "PNG")
    assert parse_credentials(again.getvalue(), "image/png") is None


def test_an_authority_that_is_trusted_makes_it_trusted() -> None:
    found = parse_credentials(signed(), "image/png", anchors=self_made().authority.decode())
    assert found is not None
    assert found.state == "trusted"
    untold = parse_credentials(signed(), "image/png")
    assert untold is not None
    assert untold.state == "valid"


def test_what_is_no_picture_has_none() -> None:
    assert parse_credentials(b"a note", "text/plain") is None


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", signed()[:900]])
def test_a_broken_picture_is_not_said_to_have_none(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"Io:|asset could not be parsed"):
        parse_credentials(data, "image/png")


def test_nonsense_never_passes_for_what_was_signed() -> None:
    data, chance = signed("image/jpeg", parent=signed()), random.Random(5)
    whole = parse_credentials(data, "image/jpeg")
    for _ in range(60):
        at = chance.randrange(len(data))
        torn = data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]
        try:
            found = parse_credentials(torn, "image/jpeg")
        except ValueError:
            continue
        assert found is None or found.state in ("changed", "unproven") or found == whole, at


def test_credentials_that_lie_elsewhere_are_not_fetched() -> None:
    credential, target = self_made().credential, io.BytesIO()
    info = c2pa.C2paSignerInfo("es256", credential.chain, credential.reveal(), None)
    with c2pa.Signer.from_info(info) as signer, c2pa.Builder(dict(manifest_of(CLAIM))) as builder:
        builder.set_no_embed()
        builder.set_remote_url("http://127.0.0.1:9/manifest.c2pa")
        builder.sign(signer, "image/jpeg", io.BytesIO(picture("image/jpeg")), target)
    assert parse_credentials(target.getvalue(), "image/jpeg") == ContentCredentials(state="elsewhere")


def test_the_older_form_of_actions_is_read() -> None:
    old: JSONObject = {
        "claim_generator_info": [{"name": "Other"}],
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "softwareAgent": "Other 5",
                            "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                        }
                    ]
                },
            }
        ],
    }
    found = parse_credentials(sign_manifest(picture(), "image/png", old, self_made().credential, []), "image/png")
    assert found is not None
    assert (found.generator, found.actions[0].agent, found.ai) == ("Other", "Other 5", False)


@pytest.mark.parametrize("media", KINDS)
def test_pictures_are_known_by_their_first_bytes(media: str) -> None:
    assert c2pa_media_type(picture(media)) == media


def test_other_kinds_are_known_too() -> None:
    assert c2pa_media_type(b"\0\0\0\x20ftypavif") == "image/avif"
    assert c2pa_media_type(b"\0\0\0\x20ftypheic") == "image/heic"
    assert c2pa_media_type(b"MM\0*") == "image/tiff"
    assert c2pa_media_type(b"RIFF....WAVE") == ""
