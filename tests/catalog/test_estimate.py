"""What a call would cost."""

from __future__ import annotations

import pytest

from nano_banana.catalog.endpoint import PriceRange
from nano_banana.catalog.pricing import estimate_price
from nano_banana.model.json_values import JSONObject
from tests.catalog.describe import shipped


@pytest.mark.parametrize(
    ("name", "arguments", "low", "high"),
    [
        ("flux-lora", {"image_size": {"width": 880, "height": 1104}}, 0.035, 0.035),
        ("flux-lora", {"image_size": "square_hd"}, 0.035, 0.07),
        ("flux-lora", {"image_size": {"width": 2048, "height": 2048}}, 0.14, 0.175),
        ("flux-lora", {"image_size": "square", "num_images": 3}, 0.105, 0.105),
        ("flux-lora/inpainting", {}, 0.035, 0.035),
        ("flux-kontext-lora", {}, 0.035, 0.035),
        ("flux-lora-fast-training", {}, 2.0, 2.0),
        ("flux-lora-fast-training", {"steps": 1500}, 3.0, 3.0),
        ("flux-lora-portrait-trainer", {}, 6.0, 6.0),
        ("flux-lora-portrait-trainer", {"steps": 10}, 2.4, 2.4),
        ("flux-2-trainer", {}, 6.4, 6.4),
        ("nano-banana", {}, 0.039, 0.039),
        ("nano-banana-pro", {}, 0.15, 0.15),
        ("nano-banana-pro", {"resolution": "2K"}, 0.15, 0.15),
        ("nano-banana-pro/edit", {"resolution": "4K", "enable_web_search": True}, 0.315, 0.315),
        ("nano-banana-2/edit", {"resolution": "0.5K"}, 0.06, 0.06),
        ("nano-banana-2/edit", {"thinking_level": "high", "enable_web_search": True, "num_images": 2}, 0.194, 0.194),
        ("nano-banana-2/edit", {"thinking_level": "minimal"}, 0.08, 0.08),
        ("nano-banana/edit", {}, 0.039, 0.039),
        ("phota/edit", {"resolution": "4K"}, 0.18, 0.18),
        ("flux-2-pro/edit", {"image_size": "square"}, 0.045, 0.09),
        ("flux-2-pro/edit", {}, 0.045, 0.135),
        ("topaz/upscale/image/precision", {"upscale_factor": 4}, 0.08, 0.08),
        ("topaz/upscale/image/precision", {"upscale_factor": 10}, 0.16, 0.16),
        ("topaz/upscale/image/generative", {"upscale_factor": 2}, 0.08, 0.16),
        ("topaz/upscale/image/creative", {"upscale_factor": 4}, 0.24, 0.24),
        ("ideogram/character", {}, 0.15, 0.15),
        ("seedvr/upscale/image", {}, 0.001, 0.002),
        ("clarity-upscaler", {"upscale_factor": 4}, 0.03, 0.15),
    ],
)
def test_known(name: str, arguments: JSONObject, low: float, high: float) -> None:
    assert estimate_price(shipped(name), arguments, picture=(640, 480)) == PriceRange(low=low, high=high)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("phota/enhance", {}),
        ("flux-lora", {"image_size": "{{ size }}"}),
        ("flux-lora/inpainting", {}),
        ("flux-general/inpainting", {"image_size": "square", "use_real_cfg": True}),
        ("flux-kontext-lora", {"resolution_mode": "1:1"}),
        ("flux-lora-fast-training", {"steps": "{{ n }}"}),
        ("flux-lora-fast-training", {"steps": True}),
        ("nano-banana-pro", {"resolution": "8K"}),
        ("nano-banana-pro", {"resolution": 4}),
        ("seedvr/upscale/image", {"upscale_mode": "target"}),
        ("clarity-upscaler", {}),
        ("codeformer", {}),
    ],
)
def test_unknown_is_none_never_a_guess(name: str, arguments: JSONObject) -> None:
    assert estimate_price(shipped(name), arguments) is None


def test_each_picture_that_goes_in_is_counted() -> None:
    edit, size = shipped("flux-2-pro/edit"), {"image_size": "square"}
    assert estimate_price(edit, size, inputs=3) == PriceRange(low=0.075, high=0.21)
