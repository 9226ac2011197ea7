"""Each compute endpoint: arguments and files in, data and files out."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nano_banana.catalog.revisions import COMPUTE_REVISIONS
from nano_banana.faces.face_detection import find_faces
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_whole
from nano_banana.model.problem import CallFailed
from nano_banana.providers.compute.compute_provider import perform_compute
from nano_banana.providers.compute.compute_request import ComputeRequest
from nano_banana.providers.compute.endpoint_table import ENDPOINTS
from nano_banana.providers.compute.picture_endpoints import crop_window
from nano_banana.providers.workers import WorkResult
from tests.people import astronaut, saved
from tests.photos import photo

BOX: JSONObject = {"box": [0.25, 0.25, 0.5, 0.5]}


def ask(endpoint: str, arguments: JSONObject, **inputs: Path) -> WorkResult:
    return perform_compute(endpoint, json.dumps(arguments).encode(), inputs)


def opened(result: WorkResult, place: str) -> Image.Image:
    return Image.open(io.BytesIO(result[1][place][0]))


def refusal(endpoint: str, arguments: JSONObject, **inputs: Path) -> tuple[str, Mapping[str, JSONValue]]:
    with pytest.raises(CallFailed) as failed:
        ask(endpoint, arguments, **inputs)
    return failed.value.problems[0].kind, failed.value.problems[0].data


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.jpg"
    path.write_bytes(photo(7))
    return path


def picture(path: Path, size: tuple[int, int], colour: int = 0, mode: str = "RGB") -> Path:
    Image.new(mode, size, colour if mode == "L" else (colour,) * len(mode)).save(path, format="PNG")
    return path


def test_every_endpoint_has_a_revision() -> None:
    assert sorted(ENDPOINTS) == sorted(COMPUTE_REVISIONS)


class TestProbe:
    def test_reads_the_header(self, portrait: Path) -> None:
        data, files = ask("probe", {}, image=portrait)
        assert data == {"width": 240, "height": 300, "mode": "RGB", "media": "image/jpeg"}
        assert files == {}

    def test_needs_its_input(self) -> None:
        assert refusal("probe", {}) == ("compute_input", {"input": "image"})


class TestMask:
    def test_a_box_in_pixels_and_its_coverage(self, portrait: Path) -> None:
        result = ask("mask", {"shape": BOX}, image=portrait)
        assert result[0] == {"box": [60, 75, 120, 150], "coverage": 0.0625}
        assert result[1]["mask"][1] == "image/png"
        with opened(result, "mask") as mask:
            assert (mask.mode, mask.size) == ("L", (240, 300))

    @pytest.mark.parametrize("shape", [{"ellipse": [0.2, 0.2, 0.8, 0.8]}, {"polygon": [[0, 0], [1, 0], [0.5, 1]]}])
    def test_other_shapes(self, portrait: Path, shape: JSONObject) -> None:
        coverage = ask("mask", {"shape": shape}, image=portrait)[0]["coverage"]
        assert isinstance(coverage, float)
        assert 0.25 < coverage < 0.55

    def test_grow_feather_and_invert(self, portrait: Path) -> None:
        grown = ask("mask", {"shape": BOX, "grow": 0.5, "feather": 0.2}, image=portrait)
        # A mean side of 67.5 pixels: 33.75 further, and half of 13.5 more for the soft edge.
        box = [as_whole(edge) for edge in as_items(grown[0]["box"])]
        assert np.abs(np.array(box) - [60 - 40, 75 - 40, 120 + 40, 150 + 40]).max() <= 3
        turned = ask("mask", {"shape": BOX, "grow": 0.5, "feather": 0.2, "invert": True}, image=portrait)
        with opened(grown, "mask") as mask, opened(turned, "mask") as other:
            assert (np.asarray(mask).astype(int) + np.asarray(other) == 255).all()

    def test_a_file_is_fitted_and_cleaned(self, portrait: Path, tmp_path: Path) -> None:
        drawn = np.full((151, 120), 5, np.uint8)
        drawn[30:60, 30:60] = 252
        Image.fromarray(drawn).save(tmp_path / "mask.png")
        result = ask("mask", {"shape": {"file": True}}, image=portrait, file=tmp_path / "mask.png")
        with opened(result, "mask") as mask:
            assert (mask.size, mask.getpixel((0, 0)), mask.getpixel((90, 90))) == ((240, 300), 0, 255)
        same = picture(tmp_path / "same.png", (240, 300), 255)
        assert ask("mask", {"shape": {"file": True}}, image=portrait, file=same)[0]["coverage"] == 1

    def test_a_file_of_other_proportions_is_refused(self, portrait: Path, tmp_path: Path) -> None:
        square = picture(tmp_path / "mask.png", (200, 200), 255)
        kind, data = refusal("mask", {"shape": {"file": True}}, image=portrait, file=square)
        assert (kind, data["width"], data["picture_height"]) == ("mask_size", 200, 300)

    def test_nothing_to_repaint_is_refused(self, portrait: Path) -> None:
        assert refusal("mask", {"shape": {"box": [0.5, 0.5, 0.5, 0.9]}}, image=portrait)[0] == "mask_empty"
        assert refusal("mask", {"shape": {"box": [0, 0, 1, 1]}, "invert": True}, image=portrait)[0] == "mask_empty"

    def test_turning_nothing_round_is_everything(self, portrait: Path) -> None:
        everything = ask("mask", {"shape": {"box": [2, 2, 3, 3]}, "invert": True}, image=portrait)
        assert everything[0]["coverage"] == 1

    @pytest.mark.parametrize(
        "arguments",
        [
            {},
            {"shape": "box"},
            {"shape": {}},
            {"shape": {"star": [0, 0]}},
            {"shape": {"file": False}},
            {"shape": {"polygon": [[0, 0], [1, 1]]}},
            {"shape": {"polygon": [[0, 0], [1, 1], [1]]}},
            {"shape": {"polygon": "abc"}},
            {"shape": {"box": [0, 0, 1]}},
            {"shape": {"box": [0, 0, 1, "1"]}},
            {"shape": {"box": [0, 0, 1, 99]}},
            {"shape": BOX, "grow": True},
            {"shape": BOX, "feather": -1},
            {"shape": BOX, "invert": "yes"},
        ],
    )
    def test_arguments_that_make_no_sense(self, portrait: Path, arguments: JSONObject) -> None:
        assert refusal("mask", arguments, image=portrait)[0] == "compute_argument"


class TestCropAndPaste:
    def masked(self, portrait: Path, tmp_path: Path, **more: JSONValue) -> Path:
        path = tmp_path / "mask.png"
        path.write_bytes(ask("mask", {"shape": BOX, **more}, image=portrait)[1]["mask"][0])
        return path

    def test_cuts_for_the_painter(self, portrait: Path, tmp_path: Path) -> None:
        mask = self.masked(portrait, tmp_path, feather=0.3)
        result = ask("crop", {"megapixels": 0.1}, image=portrait, mask=mask)
        with opened(result, "image") as image, opened(result, "mask") as hard:
            assert image.size == hard.size == (result[0]["width"], result[0]["height"])
            assert (image.mode, hard.mode) == ("RGB", "L")
            assert image.width % 16 == image.height % 16 == 0
            grey = np.asarray(hard)
            assert ((grey > 0) & (grey < 255)).mean() < 0.05

    def test_a_whole_picture_of_fitting_size_is_cut_as_it_is(self, tmp_path: Path) -> None:
        image = picture(tmp_path / "a.png", (1024, 1008), 90)
        mask = picture(tmp_path / "m.png", (1024, 1008), 255, "L")
        result = ask("crop", {}, image=image, mask=mask)
        assert result[0] == {"box": [0, 0, 1024, 1008], "width": 1024, "height": 1008}

    def test_there_and_back_changes_only_what_is_masked(self, portrait: Path, tmp_path: Path) -> None:
        mask = self.masked(portrait, tmp_path, feather=0.1)
        cut = ask("crop", {}, image=portrait, mask=mask)
        painted = picture(tmp_path / "painted.png", (500, 600), 200)
        result = ask("paste", {"box": cut[0]["box"]}, original=portrait, painted=painted, mask=mask)
        with opened(result, "image") as image, Image.open(portrait) as original, Image.open(mask) as cover:
            kept = np.asarray(cover) == 0
            assert (np.asarray(image)[kept] == np.asarray(original)[kept]).all()
            assert (np.asarray(image)[np.asarray(cover) == 255] == 200).all()
        assert result[0] == {"width": 240, "height": 300}

    def test_transparency_is_kept(self, tmp_path: Path) -> None:
        original = picture(tmp_path / "a.png", (20, 20), 100, "RGBA")
        mask, painted = picture(tmp_path / "m.png", (20, 20), 255, "L"), picture(tmp_path / "p.png", (9, 9), 7)
        result = ask("paste", {"box": [0, 0, 20, 20]}, original=original, painted=painted, mask=mask)
        with opened(result, "image") as image:
            assert image.getpixel((3, 3)) == (7, 7, 7, 100)

    def test_a_mask_of_another_picture_is_refused(self, portrait: Path, tmp_path: Path) -> None:
        other = picture(tmp_path / "m.png", (20, 20), 255, "L")
        assert refusal("crop", {}, image=portrait, mask=other)[0] == "mask_size"
        arguments: JSONObject = {"box": [0, 0, 9, 9]}
        assert refusal("paste", arguments, original=portrait, painted=portrait, mask=other)[0] == "mask_size"

    def test_an_empty_mask_is_refused(self, portrait: Path, tmp_path: Path) -> None:
        black = picture(tmp_path / "m.png", (240, 300), 0, "L")
        assert refusal("crop", {}, image=portrait, mask=black)[0] == "mask_empty"

    @pytest.mark.parametrize("box", [None, [0, 0, 0, 9], [0, 9, 9, 2], [0, 0, 241, 300], [0, 0, 9]])
    def test_a_box_outside_is_refused(self, portrait: Path, tmp_path: Path, box: JSONValue) -> None:
        mask = self.masked(portrait, tmp_path)
        wrong = refusal("paste", {"box": box}, original=portrait, painted=portrait, mask=mask)
        assert wrong[0] == "compute_argument"

    def test_half_a_multiple_is_refused(self, portrait: Path, tmp_path: Path) -> None:
        mask = self.masked(portrait, tmp_path)
        assert refusal("crop", {"multiple": 16.5}, image=portrait, mask=mask)[0] == "compute_argument"


class TestTrainingZip:
    def folder(self, tmp_path: Path, count: int = 3) -> list[Path]:
        paths = [tmp_path / f"{seed}.jpg" for seed in range(count)]
        for seed, path in enumerate(paths):
            path.write_bytes(photo(seed))
        return paths

    def packed(self, photos: list[Path], captions: Mapping[int, Path] = {}, **arguments: JSONValue) -> bytes:
        inputs = {f"photos/{at}": path for at, path in enumerate(photos)}
        inputs |= {f"captions/{at}": path for at, path in captions.items()}
        data, files = perform_compute("training-zip", json.dumps(arguments).encode(), inputs)
        assert data == {"photos": len(photos)}
        assert files["archive"][1] == "application/zip"
        return files["archive"][0]

    def test_order_names_dates_and_exif_change_nothing(self, tmp_path: Path) -> None:
        photos = self.folder(tmp_path)
        first = self.packed(photos)
        os.utime(photos[0], (0, 0))
        renamed = photos[1].rename(tmp_path / "holiday.jpeg")
        told = tmp_path / "told.jpg"
        exif = b"Exif\0\0II*\0\x08\0\0\0\0\0"
        told.write_bytes(photo(2)[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + photo(2)[2:])
        assert self.packed([told, photos[0], renamed]) == first
        assert self.packed([photos[0], renamed]) != first

    def test_captions_stand_beside_their_photos(self, tmp_path: Path) -> None:
        photos = self.folder(tmp_path)
        own = tmp_path / "1.txt"
        own.write_bytes("\ufeffanqz7 woman smiling \n".encode())
        with zipfile.ZipFile(io.BytesIO(self.packed(photos, {1: own}, caption="anqz7 woman"))) as archive:
            said = {
                archive.read(name.replace(".txt", ".jpg")): archive.read(name).decode()
                for name in archive.namelist()
                if name.endswith(".txt")
            }
            assert min(archive.namelist()) == "0001.jpg"
            assert sorted(said.values()) == ["anqz7 woman", "anqz7 woman", "anqz7 woman smiling"]
        with zipfile.ZipFile(io.BytesIO(self.packed(photos))) as archive:
            assert archive.namelist() == ["0001.jpg", "0002.jpg", "0003.jpg"]

    def test_a_caption_belongs_to_its_photo_whatever_the_order(self, tmp_path: Path) -> None:
        photos = self.folder(tmp_path)
        own = tmp_path / "1.txt"
        own.write_text("smiling")
        assert self.packed(photos, {1: own}) == self.packed(photos[::-1], {1: own})
        assert self.packed(photos, {1: own}) != self.packed(photos, {2: own})

    def test_all_bad_photos_are_named_at_once(self, tmp_path: Path) -> None:
        photos = self.folder(tmp_path)
        photos[0].write_bytes(photo(0)[:900])
        photos[2].write_text("no photo")
        with pytest.raises(CallFailed) as failed:
            self.packed(photos)
        assert {(problem.kind, problem.data["input"]) for problem in failed.value.problems} == {
            ("picture_broken", "photos/0"),
            ("picture_unreadable", "photos/2"),
        }

    def test_photos_are_needed_and_captions_are_text(self, tmp_path: Path) -> None:
        with pytest.raises(CallFailed, match="training_photos_none"):
            self.packed([])
        latin = tmp_path / "a.txt"
        latin.write_bytes("Zoë".encode("latin-1"))
        with pytest.raises(CallFailed) as failed:
            self.packed(self.folder(tmp_path), {0: latin, 2: latin})
        told = [(problem.kind, problem.data["input"]) for problem in failed.value.problems]
        assert told == [("caption_not_text", "captions/0"), ("caption_not_text", "captions/2")]
        with pytest.raises(CallFailed, match="compute_argument"):
            self.packed(self.folder(tmp_path), caption=7)


def test_series_are_in_order_of_number() -> None:
    inputs = {f"photos/{at}": Path(str(at)) for at in (10, 2, 0)}
    assert list(ComputeRequest(arguments={}, inputs=inputs).series("photos")) == [0, 2, 10]


class TestFit:
    @pytest.mark.parametrize(
        ("media", "form", "mode"),
        [("image/png", "PNG", "RGBA"), ("image/webp", "WEBP", "RGBA"), ("image/jpeg", "JPEG", "RGB")],
    )
    def test_transparency_stays_where_the_format_has_it(self, tmp_path: Path, media: str, form: str, mode: str) -> None:
        path = picture(tmp_path / "a.png", (40, 30), 0, "RGBA")
        found = opened(ask("fit", {"media": media, "longest": 20}, image=path), "image")
        assert (found.format, found.mode, found.size) == (form, mode, (20, 15))
        if mode == "RGB":
            assert found.getpixel((0, 0)) == (255, 255, 255)

    def test_it_never_enlarges_but_to_an_exact_size(self, tmp_path: Path) -> None:
        path = picture(tmp_path / "a.png", (40, 30))
        assert ask("fit", {"longest": 400}, image=path)[0] == {"width": 40, "height": 30, "scale": 1.0, "faces": 0}
        told = ask("fit", {"width": 60, "height": 60}, image=path)[0]
        assert told == {"width": 60, "height": 60, "scale": 2.0, "faces": 0}

    def test_the_same_picture_gives_the_same_bytes(self, portrait: Path) -> None:
        wanted: JSONObject = {"media": "image/jpeg", "quality": 80, "width": 32, "height": 48, "around": "centre"}
        assert ask("fit", wanted, image=portrait)[1] == ask("fit", wanted, image=portrait)[1]

    @pytest.mark.parametrize("left", [0, 256, 700, 1024])
    def test_a_crop_is_centred_on_the_face_as_far_as_the_picture_reaches(self, tmp_path: Path, left: int) -> None:
        whole = Image.new("RGB", (1536, 512), "grey")
        whole.paste(astronaut(), (left, 0))
        path = saved(whole, tmp_path / "wide.png")
        (face,) = find_faces(np.asarray(whole)) or ()
        centre = face.left + face.width / 2
        result = ask("fit", {"width": 512, "height": 512, "around": "face"}, image=path)
        assert result[0]["faces"] == 1
        (seen,) = find_faces(np.asarray(opened(result, "image").convert("RGB"))) or ()
        assert seen.left + seen.width / 2 == pytest.approx(min(max(256, centre - 1024), centre), abs=8)
        centred = ask("fit", {"width": 512, "height": 512, "around": "centre"}, image=path)
        assert opened(centred, "image").tobytes() == whole.crop((512, 0, 1024, 512)).tobytes()

    @pytest.mark.parametrize(
        "wrong",
        [{"media": "image/gif"}, {"width": 0, "height": 5}, {"longest": 99_999}, {"quality": 0, "media": "image/jpeg"}],
    )
    def test_arguments_are_read_with_care(self, portrait: Path, wrong: JSONObject) -> None:
        assert refusal("fit", wrong, image=portrait)[0] == "compute_argument"

    @pytest.mark.parametrize(
        ("middle", "box"),
        [((50, 50), (0, 0, 100, 100)), ((190, 20), (100, 0, 200, 100)), ((120, 99), (70, 0, 170, 100))],
    )
    def test_the_window_stays_in_the_picture(self, middle: tuple[int, int], box: tuple[int, ...]) -> None:
        assert crop_window((200, 100), (800, 800), middle) == box
