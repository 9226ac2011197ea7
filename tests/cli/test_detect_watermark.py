"""`detect-watermark`: what is in a picture, how sure that is, and what nobody can say here."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.json_values import JSONObject, as_items, as_object
from nano_banana.provenance.content_credentials import ContentCredentials
from nano_banana.provenance.embedding import ProvenanceInfo
from nano_banana.provenance.embedding import embed_metadata as with_account
from nano_banana.provenance.generation_record import CallRecord, GenerationRecord
from nano_banana.provenance.metadata_detection import CHECKS
from nano_banana.provenance.metadata_detection import credentials_finding as told_credentials
from nano_banana.provenance.pixel_watermarks import write_watermark
from tests.marks.c2pa.signing import self_made, signed
from tests.marks.found.files import PARAMETERS, bomb, png, with_chunk
from tests.marks.found.test_stealth import hidden
from tests.marks.invisible.encoder import marked
from tests.marks.invisible.pictures import photos
from tests.marks.test_places import data_set
from tests.stories.people import WEIGHTS
from tests.workspace import Workspace

PHOTOS = photos()
GOOGLE = b"Made with Google AI"
EXPIRED = Path(__file__).parents[1] / "marks" / "c2pa" / "expired.jpg"
QUICK = tuple(f"--only={kind}" for kind in CHECKS if kind != "rivagan")
"""All but the one that takes half a second."""


@pytest.fixture
def desk(workspace: Workspace) -> Workspace:
    """A folder with weights at hand, and no project."""
    return workspace.env(**{FOLDER_VARIABLE: str(WEIGHTS)})


def save(desk: Workspace, name: str, rgb: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Path:
    path = desk.path(name)
    Image.fromarray(rgb).save(path)
    return path


def told(desk: Workspace, *argv: str, exit_code: int = 0) -> list[JSONObject]:
    pictures = as_items(desk.json("detect-watermark", *argv, exit_code=exit_code)["pictures"])
    return [as_object(picture) for picture in pictures]


def names(picture: JSONObject) -> list[object]:
    return [as_object(found)["name"] for found in as_items(picture["found"])]


def test_a_clean_picture_is_never_called_clean(desk: Workspace) -> None:
    save(desk, "photo.png", PHOTOS["coffee.png"])
    screen = desk.expect("detect-watermark", "photo.png", golden="cli/detect-watermark-none")
    screen.shows("not found: ").hides("no watermark", "no mark")


def test_the_marks_of_others_are_found_with_their_bits(desk: Workspace) -> None:
    save(desk, "flux.png", marked(PHOTOS["astronaut.png"], "bfl"))
    desk.write("auto.png", png({"parameters": PARAMETERS}))
    desk.expect("detect-watermark", "flux.png", "auto.png", golden="cli/detect-watermark")
    flux, auto = told(desk, "flux.png", "auto.png", *QUICK)
    assert as_object(as_items(flux["found"])[0]) == {
        "of": "dwtdct",
        "name": "bfl",
        "certainty": "certain",
        "ai": True,
        "facts": {"agree": 46, "bits": 46, "rate": 1.0},
    }
    assert names(auto) == ["a1111"]
    assert [as_object(one)["why"] for one in as_items(auto["not_checked"])] == ["too_small", "synthid_closed"]


def test_ones_own_mark_needs_its_id(desk: Workspace) -> None:
    save(desk, "mine.png", write_watermark(PHOTOS["astronaut.png"], "c0ffee42")[0])
    assert names(told(desk, "mine.png", "--only", "rivagan")[0]) == []
    assert names(told(desk, "mine.png", "--only", "rivagan", "--id", "C0FFEE42")[0]) == ["yours"]


def test_our_own_account_is_told_and_that_synthid_is_to_be_expected(desk: Workspace) -> None:
    call = CallRecord(
        stage="s",
        provider="fal",
        endpoint="fal-ai/nano-banana/edit",
        key="",
        arguments={},
        inputs={},
        outputs={},
        cost_usd=None,
    )
    account = GenerationRecord(program="1", recipe="r", take="t", stage="s", picture="", calls=[call])
    mark = ProvenanceInfo(source="trainedAlgorithmicMedia", tool="Nano Banana 1", account=account)
    desk.write("ours.png", with_account(png(), mark)).write(
        "bare.png", with_account(png(), ProvenanceInfo(source="", tool="x"))
    )
    ours, bare = told(desk, "ours.png", "bare.png", *QUICK)
    assert names(ours) == ["source_type", "nano-banana"]
    assert as_object(as_items(ours["not_checked"])[-1])["why"] == "synthid_expected"
    assert names(bare) == ["nano-banana"]
    desk.expect("detect-watermark", "ours.png", *QUICK).shows("fal-ai/nano-banana/edit adds it", "made by AI")
    broken = desk.path("ours.png").read_bytes().replace(b'"take":"t"', b'"take":5  ')
    desk.write("broken.png", broken)
    assert as_object(as_items(told(desk, "broken.png", "--only", "metadata")[0]["found"])[0])["facts"] == {
        "unreadable": "account_broken"
    }


def test_a_verifier_is_asked(desk: Workspace) -> None:
    desk.write("verify.py", 'print(\'{"verdict": "found", "detail": "ACCEPT"}\')').write("a.png", png())
    command = f"'{sys.executable}' '{desk.path('verify.py')}'"
    assert names(told(desk, "a.png", "--only", "synthid", "--synthid", command)[0]) == ["synthid"]
    desk.env(NANO_BANANA_SYNTHID="/nowhere")
    desk.expect("detect-watermark", "a.png", "--only", "synthid").shows("your verifier failed: No such file")
    desk.write("unsure.py", 'print(\'{"verdict": "unsure", "detail": "small"}\')')
    command = f"'{sys.executable}' '{desk.path('unsure.py')}'"
    desk.expect("detect-watermark", "a.png", "--only", "synthid", "--synthid", command).shows(
        "your verifier is not sure: small"
    )


def test_folders_are_gone_through(desk: Workspace) -> None:
    desk.write("in/b.png", png()).write("in/deep/a.PNG", png()).write("in/.hidden/c.png", png())
    desk.write("in/notes.txt", "no picture").write("empty/notes.txt", "none")
    found = [picture["path"] for picture in told(desk, "in", "--only", "iptc")]
    assert found == ["in/b.png", "in/deep/a.PNG"]
    desk.expect("detect-watermark", "empty", exit_code=2).shows("no pictures found in empty")


def test_one_bad_file_does_not_stop_the_others(desk: Workspace) -> None:
    whole = png()
    desk.write("a.png", whole).write("note.png", "no picture").write("empty.png", b"").write("cut.png", whole[:100])
    screen = desk.expect(
        "detect-watermark", "nope.png", "note.png", "empty.png", "cut.png", "a.png", *QUICK, exit_code=1
    )
    screen.shows(
        "picture `nope.png` not found", "`note.png` is not a readable picture", "`empty.png` is not a readable picture"
    )
    screen.shows("`cut.png` is damaged or cut short", "a.png\n  not found: ")
    problems = told(desk, "nope.png", "a.png", *QUICK, exit_code=1)
    assert problems[0] == {"path": "nope.png", "problems": ["picture_missing"]}
    assert problems[1]["none_found_of"] == ["c2pa", "iptc", "metadata"]


def test_a_picture_that_explodes_is_not_decoded(desk: Workspace) -> None:
    whole = bytearray(png({"parameters": PARAMETERS}))
    whole[16:24] = (60000).to_bytes(4, "big") * 2
    whole[29:33] = zlib.crc32(whole[12:29]).to_bytes(4, "big")
    desk.write("huge.png", bytes(whole)).write("bomb.png", bomb())
    (huge,) = told(desk, "huge.png", *QUICK, exit_code=1)
    assert names(huge) == ["a1111"]
    assert "picture_too_big" in {as_object(one)["why"] for one in as_items(huge["not_checked"])}
    assert names(told(desk, "bomb.png", "--only", "metadata")[0]) == []


def test_a_picture_does_not_steer_the_terminal(desk: Workspace) -> None:
    desk.write("evil.png", png({"parameters": f"\x1b[2J\u202eboo\n{PARAMETERS}", "Software": "Midjourney\x1b]0;x\x07"}))
    desk.expect("detect-watermark", "evil.png", *QUICK).hides("\x1b", "\u202e", "\x07")


def test_what_is_not_installed_is_said(desk: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("a.png", png()).env(**{FOLDER_VARIABLE: str(desk.path("none"))})
    monkeypatch.setattr("nano_banana.provenance.c2pa_certificates.REQUIRED_PACKAGES", ("no_such_package",))
    screen = desk.expect("detect-watermark", "a.png")
    screen.shows("rivagan_decoder.onnx is not installed", "onnxruntime>=1.20", "c2pa-python", "nano-banana setup")


def test_other_formats_are_read_as_far_as_they_tell(desk: Workspace) -> None:
    packet = b'<x a:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"/>'
    exif = Image.Exif()
    exif[0x0131] = "Adobe Firefly"
    picture = Image.fromarray(PHOTOS["coffee.png"])
    picture.save(desk.path("a.avif"), exif=exif, xmp=packet)
    picture.save(desk.path("a.tif"))
    by_bfl = {0x0131: "AI generated;txt2img;flux", 0x010F: "Black Forest Labs", 0x83BB: data_set(110, GOOGLE)}
    for big in (False, True):
        picture.save(desk.path(f"b{big:d}.tif"), tiffinfo=by_bfl, big_tiff=big)
    avif, tif, *bfl = told(desk, "a.avif", "a.tif", "b0.tif", "b1.tif", *QUICK)
    assert (avif["media"], names(avif)) == ("image/avif", ["source_type", "software"])
    assert (tif["media"], names(tif)) == ("image/tiff", [])
    assert [(one["media"], names(one)) for one in bfl] == [("image/tiff", ["credit", "bfl"])] * 2


def test_places_that_nobody_looked_into_are_named(desk: Workspace) -> None:
    picture = Image.fromarray(PHOTOS["coffee.png"]).resize((64, 64))
    picture.save(desk.path("two.tif"), save_all=True, append_images=[picture])
    picture.save(desk.path("a.bmp"))
    desk.write("bomb.png", bomb()).write("long.png", with_chunk(b"tEXt", b"workflow\0" + b"x" * 17_000_000))
    only = ("--only", "metadata")
    desk.expect("detect-watermark", "bomb.png", *only).shows(
        "not found: generation metadata", "not checked: generation metadata: the text `parameters`"
    )
    desk.expect("detect-watermark", "long.png", *only).shows("not checked: generation metadata: the text `workflow`")
    desk.expect("detect-watermark", "two.tif", *only).shows("all pages but the first")
    desk.expect("detect-watermark", "a.bmp", *only).shows("whatever is neither EXIF nor XMP")
    packet = b"<x>" + b" " * (8 << 20) + b"</x>"
    desk.write("xmp.png", with_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet))
    (found,) = told(desk, "xmp.png", "--only", "iptc")
    assert (found["none_found_of"], [as_object(one)["facts"] for one in as_items(found["not_checked"])]) == (
        [],
        [{"place": "XMP beyond the first 8 MB"}],
    )


def test_a_certificate_that_has_expired_is_told_as_that(desk: Workspace) -> None:
    desk.write("signed.jpg", EXPIRED.read_bytes())
    screen = desk.expect("detect-watermark", "signed.jpg", "--only", "c2pa")
    screen.shows("signed and unmodified; the certificate has expired").hides("modified after signing")


def test_wrong_words_are_said(desk: Workspace) -> None:
    desk.write("a.png", png()).write("trust.pem", "no certificate").write("trust.bin", b"\xff\xfe")
    desk.expect("detect-watermark", "a.png", "--only", "c2pas", exit_code=2).shows("did you mean `c2pa`", *CHECKS)
    desk.expect("detect-watermark", "a.png", "--id", "xyz", exit_code=2).shows("`xyz` is not a watermark ID")
    desk.expect("detect-watermark", "a.png", "--trust", "trust.pem", exit_code=2).shows("contains no PEM certificate")
    desk.expect("detect-watermark", "a.png", "--trust", "trust.bin", exit_code=2).shows("not a text file")
    desk.expect("detect-watermark", "a.png", "--trust", "none.pem", exit_code=2).shows("No such file")


def test_content_credentials_are_told_by_who_is_trusted(desk: Workspace) -> None:
    whole = signed()
    at = whole.rindex(b"IDAT") + 40
    broken = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
    desk.write("signed.png", whole).write("broken.png", broken).write("trust.pem", self_made().authority)
    only = ("--only", "c2pa")
    (untrusted,) = as_items(told(desk, "signed.png", *only)[0]["found"])
    assert as_object(untrusted)["certainty"] == "signed"
    assert as_object(untrusted)["ai"] is True
    (trusted,) = as_items(told(desk, "signed.png", *only, "--trust", "trust.pem")[0]["found"])
    assert as_object(trusted)["certainty"] == "trusted"
    assert as_object(as_object(trusted)["facts"])["agents"] == "fal-ai/flux-lora"
    desk.expect("detect-watermark", "broken.png", *only).shows("modified after signing (proves nothing)")


def test_credentials_that_lie_elsewhere_are_not_fetched() -> None:
    unchecked = told_credentials(ContentCredentials(state="elsewhere"))
    assert (unchecked.of, getattr(unchecked, "why", "")) == ("c2pa", "c2pa_elsewhere")


def test_parameters_hidden_in_the_alpha_channel_are_found(desk: Workspace) -> None:
    Image.fromarray(hidden("stealth_pnginfo", b"a cat")).save(desk.path("hidden.png"))
    desk.expect("detect-watermark", "hidden.png", "--only", "metadata").shows("hidden parameters", "prompt: a cat")
