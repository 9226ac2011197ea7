"""The calls behind a picture, and what kind of source they make of it."""

from __future__ import annotations

import pytest

from nano_banana.provenance.generation_record import (
    COMPOSITE_MEDIA,
    TRAINED_MEDIA,
    CallRecord,
    call_closure,
    creator_tool,
    digital_source_type,
    producing_calls,
)


def call(name: str, provider: str = "fal", **inputs: str) -> CallRecord:
    """A call that makes the file of its name."""
    return CallRecord(
        stage=name,
        provider=provider,
        endpoint=name,
        arguments={},
        inputs={place.replace("_0", "/0"): digest for place, digest in inputs.items()},
        outputs={"image": f"<{name}>"},
        key=name,
        cost_usd=None,
    )


TRAIN = call("train", archive="zip")
ZIP = call("pack", "compute", photos_0="photo")
DRAW = call("draw", loras_0="<train>")
MASK = call("mask", "compute", image="<draw>")
PAINT = call("paint", image_url="<draw>", mask_url="<mask>", loras_0="<train>")
PASTE = call("paste", "compute", original="<draw>", painted="<paint>", mask="<mask>")


def is_training(told: CallRecord) -> bool:
    return told.endpoint == "train"


def test_calls_come_in_an_order_in_which_they_can_be_made() -> None:
    made_by = producing_calls([PASTE, PAINT, MASK, DRAW, TRAIN, ZIP])
    found = call_closure("<paste>", made_by.get, is_training)
    assert [each.key for each in found] == ["train", "draw", "mask", "paint", "paste"]
    assert call_closure("photo", made_by.get, is_training) == []


def test_a_circle_is_gone_round_once() -> None:
    one, other = call("one", image_url="<other>"), call("other", image_url="<one>")
    made_by = producing_calls([one, other])
    assert len(call_closure("<one>", made_by.get, is_training)) == 2


@pytest.mark.parametrize(
    ("calls", "source"),
    [
        ([], ""),
        ([call("open", "compute", image="photo")], ""),
        ([call("open", "compute", image="photo"), call("imprint", "compute", image="<open>")], ""),
        ([TRAIN, DRAW], TRAINED_MEDIA),
        ([DRAW, call("imprint", "compute", image="<draw>")], TRAINED_MEDIA),
        ([DRAW, call("upscale", image_url="<draw>")], TRAINED_MEDIA),
        ([call("upscale", image_url="photo")], COMPOSITE_MEDIA),
        ([call("open", "compute", image="photo"), call("upscale", image_url="<open>")], COMPOSITE_MEDIA),
        ([call("edit", image_urls_0="photo")], COMPOSITE_MEDIA),
        ([call("paint", mask_image_url="a mask")], TRAINED_MEDIA),
        ([TRAIN, DRAW, MASK, PAINT, PASTE], COMPOSITE_MEDIA),
        ([DRAW, MASK, PAINT, PASTE, call("upscale", image_url="<paste>")], COMPOSITE_MEDIA),
    ],
)
def test_the_source_is_what_the_way_there_makes_it(calls: list[CallRecord], source: str) -> None:
    assert digital_source_type(calls, is_training) == source


def test_the_software_names_who_drew_last() -> None:
    assert creator_tool([TRAIN, DRAW, PAINT, PASTE], "1.2", is_training) == "Nano Banana 1.2 (fal paint)"
    assert creator_tool([TRAIN], "1.2", is_training) == "Nano Banana 1.2"
