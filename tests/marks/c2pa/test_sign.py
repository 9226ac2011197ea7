"""Signing: what a picture says afterwards, and what it does not say."""

from __future__ import annotations

import io

import pytest
from msgspec.structs import replace
from PIL import Image

from nano_banana.model.json_values import as_items, as_object, as_text
from nano_banana.model.problem import CallFailed
from nano_banana.provenance.c2pa_certificates import SigningCredential
from nano_banana.provenance.content_credentials import C2paAction, parse_credentials, read_manifest_store, sign_image
from tests.marks.c2pa.signing import CLAIM, KINDS, picture, self_made, signed


def relationships(data: bytes, media: str = "image/png") -> list[str]:
    """How the pictures that this one was made from are related to it."""
    store = read_manifest_store(data, media)
    assert not isinstance(store, str)
    active = as_object(as_object(store["manifests"])[as_text(store["active_manifest"])])
    return [as_text(as_object(each)["relationship"]) for each in as_items(active["ingredients"])]


@pytest.mark.parametrize("media", KINDS)
def test_a_signed_picture_says_what_made_it(media: str) -> None:
    found = parse_credentials(signed(media), media)
    assert found is not None
    assert (found.state, found.reasons) == ("valid", ())
    assert found.organisation == "Ana & Söhne"
    assert found.generator == "Nano Banana 1.2.3"
    assert found.actions == (
        C2paAction(name="c2pa.created", agent="fal-ai/flux-lora", source_type="trainedAlgorithmicMedia"),
    )
    assert found.ai


@pytest.mark.parametrize("media", KINDS)
def test_its_pixels_stay(media: str) -> None:
    before, after = (Image.open(io.BytesIO(data)) for data in (picture(media), signed(media)))
    assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("media", KINDS)
def test_an_edited_picture_hangs_on_its_parent(media: str) -> None:
    data = signed(media, parent=signed())
    found = parse_credentials(data, media)
    assert found is not None
    assert found.state == "valid"
    assert [action.name for action in found.actions] == ["c2pa.opened", "c2pa.edited"]
    assert found.actions[1].agent == "fal-ai/inpaint"
    assert relationships(data, media) == ["parentOf"]
    assert found.manifests == 2
    assert found.source_types == ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia")


def test_a_chain_of_three_keeps_all_manifests() -> None:
    found = parse_credentials(signed(parent=signed(parent=signed())), "image/png")
    assert found is not None
    assert (found.state, found.manifests) == ("valid", 3)


def test_a_parent_without_credentials_is_an_ingredient_all_the_same() -> None:
    data = signed(parent=picture())
    found = parse_credentials(data, "image/png")
    assert found is not None
    assert (found.state, found.manifests) == ("valid", 1)
    assert relationships(data) == ["parentOf"]


def test_a_second_endpoint_edited_what_the_first_created() -> None:
    claim = replace(CLAIM, agents=("fal-ai/flux-lora", "fal-ai/upscaler"))
    found = parse_credentials(sign_image(picture(), claim, self_made().credential), "image/png")
    assert found is not None
    assert [(action.name, action.agent) for action in found.actions] == [
        ("c2pa.created", "fal-ai/flux-lora"),
        ("c2pa.edited", "fal-ai/upscaler"),
    ]


def test_a_picture_of_several_opened_one_and_placed_the_others() -> None:
    claim = replace(CLAIM, parents=(signed(), signed("image/jpeg")))
    data = sign_image(picture(), claim, self_made().credential)
    found = parse_credentials(data, "image/png")
    assert found is not None
    assert (found.state, found.manifests) == ("valid", 3)
    assert [action.name for action in found.actions] == ["c2pa.opened", "c2pa.placed", "c2pa.edited"]
    assert relationships(data) == ["parentOf", "componentOf"]


def test_no_thumbnail_is_put_in() -> None:
    # A thumbnail of a picture of noise would be as large as the picture.
    assert len(signed(parent=signed())) < len(picture()) + 20_000
    assert b"c2pa.thumbnail" not in signed(parent=signed())


def test_the_key_is_in_no_picture_and_no_text() -> None:
    credential = self_made().credential
    secret = credential.reveal().splitlines()[1]
    assert secret not in signed()
    assert secret.decode() not in repr(credential) + str(credential)
    with pytest.raises(TypeError):
        credential.__reduce__()


def test_a_broken_picture_is_not_signed() -> None:
    with pytest.raises(CallFailed, match="c2pa_not_signed"):
        sign_image(picture()[:40], CLAIM, self_made().credential)


def test_a_parent_that_somebody_changed_is_told_of_and_stops_nothing() -> None:
    parent = signed()
    at = parent.index(b"IDAT") + 60
    found = parse_credentials(signed(parent=parent[:at] + bytes([parent[at] ^ 1]) + parent[at + 1 :]), "image/png")
    assert found is not None
    assert (found.state, found.manifests) == ("valid", 2)


def test_a_key_that_does_not_fit_signs_nothing() -> None:
    ours = self_made().credential
    theirs = SigningCredential(chain=ours.chain, key=ours.reveal(), algorithm="ed25519")
    with pytest.raises(CallFailed, match="c2pa_not_signed"):
        sign_image(picture(), CLAIM, theirs)
