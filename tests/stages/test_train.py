"""Training as a flow: pack, train, hand over."""

from __future__ import annotations

import pytest

from nano_banana.model.call import Blob, Reply, blob_of
from nano_banana.model.flow import Ask, Made
from nano_banana.model.problem import CallFailed
from nano_banana.stages.stage_calls import CallTarget, compute_call
from nano_banana.stages.train_stage import TrainingData, train
from tests.stages.tools import endpoint, result_of

SITE = CallTarget(provider="fal")
TRAINER = endpoint("flux-lora-fast-training")
PHOTOS = [blob_of(bytes([at]), media="image/jpeg") for at in range(3)]
CAPTION = blob_of(b"a woman", media="text/plain")
ZIP = blob_of(b"zip", media="application/zip")
ADAPTER = blob_of(b"lora", media="application/octet-stream")


def test_packs_the_photos_in_the_order_of_their_digests() -> None:
    photos = [(photo, None) for photo in PHOTOS]
    there = next(train(SITE, "likeness", TRAINER, TrainingData(photos=photos), {}))
    back = next(train(SITE, "likeness", TRAINER, TrainingData(photos=photos[::-1]), {}))
    expected = {f"photos/{at}": photo for at, photo in enumerate(sorted(PHOTOS, key=lambda blob: blob.digest))}
    assert there == back == Ask(stage="likeness", calls=(compute_call("training-zip", {}, expected),))


def test_a_caption_stays_with_its_photo() -> None:
    first, *_ = sorted(PHOTOS, key=lambda blob: blob.digest)
    others = [(photo, None) for photo in PHOTOS if photo != first]
    training = TrainingData(photos=[*others, (first, CAPTION)], caption="a photo of anqz7 woman")
    asked = next(train(SITE, "likeness", TRAINER, training, {}))
    assert isinstance(asked, Ask)
    assert asked.calls[0].inputs["captions/0"] == CAPTION
    assert asked.calls[0].arguments == {"caption": "a photo of anqz7 woman"}


def test_sends_the_archive_and_returns_the_adapter() -> None:
    flow = train(SITE, "likeness", TRAINER, TrainingData(photos=[(PHOTOS[0], None)]), {"steps": 1000})
    next(flow)
    asked = flow.send((Reply(data={}, files={"archive": ZIP}),))
    call = SITE.call("fal-ai/flux-lora-fast-training", {"steps": 1000}, {"images_data_url": ZIP})
    assert asked == Ask(stage="likeness", calls=(call,))
    files = {"diffusers_lora_file": ADAPTER, "config_file": CAPTION}
    made = flow.send((Reply(data={}, files=files),))
    assert made == Made(stage="likeness", blob=ADAPTER, call=call)
    assert result_of(flow) == ADAPTER


def test_an_answer_without_an_adapter_fails() -> None:
    flow = train(SITE, "likeness", TRAINER, TrainingData(photos=[(PHOTOS[0], None)]), {})
    next(flow)
    flow.send((Reply(data={}, files={"archive": ZIP}),))
    empty: dict[str, Blob] = {}
    with pytest.raises(CallFailed) as caught:
        flow.send((Reply(data={}, files=empty),))
    assert [problem.kind for problem in caught.value.problems] == ["no_result"]
