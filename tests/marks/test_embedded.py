"""What is put into a picture is read by others, changes no pixel, and comes out again without a trace."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray
from PIL import Image

from nano_banana.formats import xmp
from nano_banana.formats.image_metadata import embeddable_media_type, read_metadata, split_parts
from nano_banana.formats.image_parts import join_parts
from nano_banana.formats.png import png_without_metadata
from nano_banana.formats.untrusted import MAX_PARTS, deflate_base64
from nano_banana.model.problem import Invalid
from nano_banana.provenance import embedding
from nano_banana.provenance.embedding import (
    embed_metadata,
    original_bytes,
    original_digest,
    read_image_file,
    read_record,
    record_in,
)
from nano_banana.provenance.generation_record import COMPOSITE_MEDIA
from tests.marks.files import FILES, PROMPT, XMP, account, encoded, mark

SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
WHOLE = [name for name in FILES if "cut short" not in name]


def pixels(data: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(data)) as found:
        return np.asarray(found.convert("RGBA"))


def kind_of(error: pytest.ExceptionInfo[Invalid]) -> str:
    return error.value.problems[0].kind


def spoken(data: bytes, name: str) -> str | None:
    told = read_metadata(data)
    assert told is not None
    return xmp.property_value(told.xmp.decode(), name)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("told", [None, account(), account("a long tale " * 400)], ids=["bare", "short", "long"])
def test_the_very_bytes_come_out_again(name: str, told: object) -> None:
    data = FILES[name]
    done = embed_metadata(data, mark(told))  # type: ignore[arg-type] # an account or none
    assert done != data
    assert original_bytes(done) == data
    assert record_in(done) == told
    again = embed_metadata(done, mark(account("another")))
    assert original_bytes(again) == done


@pytest.mark.parametrize("name", WHOLE)
def test_no_pixel_changes(name: str) -> None:
    assert (pixels(embed_metadata(FILES[name], mark(account()))) == pixels(FILES[name])).all()


@pytest.mark.parametrize("name", FILES)
def test_every_file_says_that_it_is_ai_made(name: str) -> None:
    done = embed_metadata(FILES[name], mark())
    assert spoken(done, xmp.SOURCE_TYPE) == SOURCE
    assert spoken(done, xmp.CREATOR_TOOL) == "Nano Banana 0.1.0 (fal fal-ai/flux-lora)"
    assert spoken(embed_metadata(FILES[name], mark(source=COMPOSITE_MEDIA)), xmp.SOURCE_TYPE) == SOURCE.replace(
        "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"
    )


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_pillow_finds_it_where_the_standard_says(form: str) -> None:
    with Image.open(io.BytesIO(embed_metadata(encoded(form), mark(account())))) as found:
        found.load()
        packet = found.info.get("xmp") or found.info["XML:com.adobe.xmp"].encode()
        assert SOURCE.encode() in packet
        if form == "PNG":
            assert found.info["parameters"].startswith(PROMPT)
        else:
            comment = found.getexif().get_ifd(0x8769)[0x9286]
            assert comment[:8] == b"UNICODE\0"
            assert comment[8:].decode("utf-16-be").startswith(PROMPT)


def test_what_others_wrote_stays() -> None:
    done = embed_metadata(FILES["png with texts"], mark(account()))
    told = read_metadata(done)
    assert told is not None
    assert told.texts["Comment"] == "kept"
    assert told.texts["parameters"].startswith(PROMPT)
    packet = told.xmp.decode()
    assert xmp.property_value(packet, "xmp:Rating") == "5"
    assert xmp.property_value(packet, "dc:format") == "image/png"
    assert xmp.property_value(packet, xmp.CREATOR_TOOL) == "Nano Banana 0.1.0 (fal fal-ai/flux-lora)"
    assert packet.count("CreatorTool") == 2  # one element: it begins and ends
    assert packet.count('rdf:about="uuid:1"') == 2


def test_without_a_recipe_only_source_and_software_are_told() -> None:
    for data in (encoded("PNG"), encoded("JPEG"), encoded("WEBP")):
        done = embed_metadata(data, mark())
        assert record_in(done) is None
        told = read_metadata(done)
        assert told is not None
        assert not told.texts
        assert not told.exif
        assert "Account" not in told.xmp.decode()
    # What the provider itself wrote is left there.
    kept = read_metadata(embed_metadata(FILES["png with texts"], mark()))
    assert kept is not None
    assert kept.texts["parameters"].startswith("an older prompt")


def test_exif_that_is_there_is_left_alone() -> None:
    for name in ("jpeg with exif", "webp with exif and xmp", "png with exif"):
        before, after = read_metadata(FILES[name]), read_metadata(embed_metadata(FILES[name], mark(account())))
        assert before is not None
        assert after is not None
        assert before.exif == after.exif != b""


def test_a_picture_that_was_only_opened_is_not_called_ai_made() -> None:
    done = embed_metadata(FILES["jpeg with xmp"], mark(account(source=""), source=""))
    assert spoken(done, xmp.SOURCE_TYPE) is None
    assert record_in(done) == account(source="")


def test_a_tale_too_long_for_one_segment_goes_on_in_others() -> None:
    noise = np.random.default_rng(1).bytes(120_000).hex()
    told = account(noise)
    for name in ("jpeg", "jpeg with xmp"):
        done = embed_metadata(FILES[name], mark(told))
        assert record_in(done) == told
        assert spoken(done, xmp.SOURCE_TYPE) == SOURCE
        assert original_bytes(done) == FILES[name]
        assert original_bytes(embed_metadata(done, mark())) == done


def test_a_packet_with_no_room_left_gives_way_whole_and_comes_back() -> None:
    large = XMP.replace("image/png", "x" * 64_000).encode()
    data = encoded("JPEG", xmp=large)
    done = embed_metadata(data, mark(account()))
    assert spoken(done, xmp.SOURCE_TYPE) == SOURCE
    assert record_in(done) == account()
    assert original_bytes(done) == data


def test_old_content_credentials_are_taken_out_and_put_back() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    png = FILES["png"]
    png = png[:33] + chunk(b"caBX", b"jumbf") + png[33:]
    box = b"JP\0\1\0\0\0\1" + b"\0\0\0\x20jumb\0\0\0\x18jumdc2pa"
    jpeg = FILES["jpeg"]
    jpeg = jpeg[:2] + b"\xff\xeb" + (len(box) + 2).to_bytes(2, "big") + box + jpeg[2:]
    webp = FILES["webp with alpha"] + b"C2PA\4\0\0\0abcd"
    webp = webp[:4] + (len(webp) - 8).to_bytes(4, "little") + webp[8:]
    for data in (png, jpeg, webp):
        before, done = read_metadata(data), embed_metadata(data, mark(account()))
        after = read_metadata(done)
        assert before is not None
        assert after is not None
        assert (before.c2pa, after.c2pa) == (True, False)
        assert original_bytes(done) == data


def test_equal_pictures_and_accounts_give_equal_files() -> None:
    assert embed_metadata(FILES["png"], mark(account())) == embed_metadata(FILES["png"], mark(account()))


def test_a_changed_pixel_is_no_longer_what_was_marked() -> None:
    for name in ("png", "jpeg", "webp"):
        done = bytearray(embed_metadata(FILES[name], mark(account())))
        spot = done.find({"png": b"IDAT", "jpeg": b"\xff\xda", "webp": b"VP8 "}[name]) + 40
        done[spot] ^= 1
        assert original_bytes(bytes(done)) is None
        assert record_in(bytes(done)) == account()


@given(data=st.binary(max_size=300), head=st.sampled_from([b"", *(FILES[name][:60] for name in FILES)]))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_in_nothing_falls_over(data: bytes, head: bytes) -> None:
    given_bytes = head + data
    media = embeddable_media_type(given_bytes)
    if media:
        assert join_parts(split_parts(given_bytes, media)) == given_bytes
    try:
        done = embed_metadata(given_bytes, mark(account()))
    except Invalid as error:
        assert error.problems[0].kind == "unmarkable"  # noqa: PT017 - both ends are fine
    else:
        assert original_bytes(done) == given_bytes
    assert original_bytes(given_bytes) is None


@given(at=st.integers(0, 10_000), value=st.integers(0, 255), name=st.sampled_from(["png", "jpeg", "webp", "gif"]))
@settings(max_examples=300, deadline=None)
def test_a_damaged_mark_is_an_error_or_none(at: int, value: int, name: str) -> None:
    done = bytearray(embed_metadata(FILES[name], mark(account("long " * 700))))
    done[at % len(done)] = value
    try:
        record_in(bytes(done))
    except Invalid as error:
        assert error.problems[0].kind in {"account_broken", "account_newer"}  # noqa: PT017
    bare = original_bytes(bytes(done))
    assert bare is None or bare == FILES[name]


def test_zeros_behind_a_picture_are_no_chunks() -> None:
    whole = embed_metadata(FILES["png"], mark(account()))
    cut = whole[: whole.index(b"IEND") - 4] + bytes(1 << 20)
    assert len(split_parts(cut, "image/png")) == len(split_parts(whole, "image/png")) - 1
    assert record_in(cut) == account()
    assert png_without_metadata(cut) is None


@pytest.mark.parametrize(
    ("media", "head", "empty"),
    [
        ("image/png", FILES["png"][:33], b"\0\0\0\0teSt" + bytes(4)),
        ("image/jpeg", b"\xff\xd8", b"\xff\xe5\0\2"),
        ("image/webp", b"RIFF\xff\xff\xff\x7fWEBP", b"VP8X" + bytes(4)),
    ],
)
def test_a_file_of_a_million_empty_pieces_takes_little(media: str, head: bytes, empty: bytes) -> None:
    data = head + empty * (MAX_PARTS + 1000)
    assert embeddable_media_type(data) == media
    parts = split_parts(data, media)
    assert len(parts) == MAX_PARTS + 1
    assert join_parts(parts) == data


def test_what_would_explode_is_not_unpacked() -> None:
    bomb = deflate_base64(bytes(20 << 20))
    done = embed_metadata(FILES["jpeg"], mark(replace(account(), take="short")))
    assert len(bomb) < 40_000
    told = read_metadata(done)
    assert told is not None
    text = f"<nanobanana:Account>{bomb}</nanobanana:Account>".encode()
    packet = told.xmp.replace(b"</rdf:Description>", text + b"</rdf:Description>")
    packet = packet.replace(b"<nanobanana:Account>{", b"<nanobanana:Gone>{", 1)
    content = b"http://ns.adobe.com/xap/1.0/\0" + packet
    segment = b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content
    with pytest.raises(Invalid) as error:
        record_in(FILES["jpeg"][:2] + segment + FILES["jpeg"][2:])
    assert kind_of(error) == "account_broken"


@pytest.mark.parametrize(
    "undo", ["{", "[]", '{"touched": 1, "at": [], "before": []}', '{"touched": [], "at": [1], "before": ["%"]}']
)
def test_an_undo_of_somebody_s_own_making_undoes_nothing(undo: str) -> None:
    done = embed_metadata(FILES["jpeg"], mark())
    start, end = done.index(b"<nanobanana:Undo>") + 17, done.index(b"</nanobanana:Undo>")
    length = int.from_bytes(done[22:24], "big") - (end - start) + len(undo)
    forged = done[:22] + length.to_bytes(2, "big") + done[24:start] + undo.encode() + done[end:]
    assert read_metadata(forged) is not None
    assert original_bytes(forged) is None


def test_a_file_that_is_no_picture_can_t_be_marked() -> None:
    for data in (b"", b"hello", b"BM", b"RIFF\4\0\0\0WEBPVP8 " + bytes(20), b"RIFF\4\0\0\0WEBPVP8L" + bytes(20)):
        with pytest.raises(Invalid) as error:
            embed_metadata(data, mark())
        assert kind_of(error) == "unmarkable"
        assert record_in(data) is None
        assert original_digest(data) is None


def test_files_are_read_with_care(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(embed_metadata(FILES["png"], mark(account())))
    assert read_record(file) == account()
    assert original_digest(file.read_bytes()) == account_digest(FILES["png"])
    os.mkfifo(tmp_path / "pipe.png")
    unread = (tmp_path / "b.png", "picture_missing"), (tmp_path, "marked_unreadable")
    for path, kind in (*unread, (tmp_path / "pipe.png", "marked_unreadable")):
        with pytest.raises(Invalid) as error:
            read_record(path)
        assert kind_of(error) == kind
    monkeypatch.setattr(embedding, "MAX_FILE_BYTES", 10)
    with pytest.raises(Invalid) as error:
        read_image_file(file)
    assert kind_of(error) == "marked_too_large"


def account_digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
