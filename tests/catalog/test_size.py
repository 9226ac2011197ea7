"""Sizes in pixels."""

from __future__ import annotations

import pytest

from nano_banana.catalog.arguments import NAMED_SIZES, result_size
from nano_banana.model.json_values import JSONObject
from tests.catalog.describe import made, shipped


@pytest.mark.parametrize(
    ("name", "arguments", "size"),
    [
        ("flux-lora", {}, (1024, 768)),
        ("flux-lora", {"image_size": "portrait_16_9"}, (576, 1024)),
        ("flux-lora", {"image_size": {"width": 880, "height": 1104}}, (880, 1104)),
        ("flux-lora", {"image_size": {"width": 880, "height": "{{ h }}"}}, None),
        ("flux-lora", {"image_size": "huge"}, None),
        ("flux-lora", {"image_size": 5}, None),
        ("flux-lora/inpainting", {}, (640, 480)),
        ("flux-lora/inpainting", {"image_size": "square"}, (512, 512)),
        ("flux-pro/v1/fill", {}, (640, 480)),
        ("flux-kontext-lora", {}, (640, 480)),
        ("flux-kontext-lora", {"resolution_mode": "auto"}, None),
        ("flux-kontext-lora", {"resolution_mode": "1:1"}, (1024, 1024)),
        ("nano-banana", {}, (1024, 1024)),
        ("nano-banana", {"aspect_ratio": "4:5"}, (912, 1152)),
        ("nano-banana-pro", {"aspect_ratio": "16:9", "resolution": "2K"}, (2736, 1536)),
        ("nano-banana-pro", {"resolution": "4K"}, (4096, 4096)),
        ("nano-banana-pro", {"resolution": "8K"}, None),
        ("nano-banana/edit", {}, None),
        ("flux-lora-fast-training", {}, None),
        ("seedvr/upscale/image", {}, (1280, 960)),
        ("aura-sr", {}, (2560, 1920)),
        ("esrgan", {"scale": 1.5}, (960, 720)),
        ("codeformer", {"upscale_factor": 1}, (640, 480)),
        ("codeformer", {"upscale_factor": True}, None),
        ("retoucher", {}, None),
    ],
)
def test_size(name: str, arguments: JSONObject, size: tuple[int, int] | None) -> None:
    assert result_size(shipped(name), arguments, picture=(640, 480)) == size


def test_a_size_of_nothing_is_unknown() -> None:
    assert (
        result_size(made({"image_size": {"type": "image_size"}}, roles={"size": "image_size"}), {}, picture=(8, 8))
        is None
    )
    assert result_size(shipped("flux-lora/inpainting"), {}) is None
    assert result_size(shipped("nano-banana"), {"aspect_ratio": "0:1"}) is None


def test_named_sizes_are_whole_blocks() -> None:
    assert all(side % 16 == 0 for size in NAMED_SIZES.values() for side in size)
