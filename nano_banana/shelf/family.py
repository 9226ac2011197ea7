"""Which model an adapter was made for, from its header alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nano_banana.shelf.header import Header

LOCAL = "local"
KONTEXT = "flux-kontext"
_LOCAL_FORMAT = "nano-banana-local"

_SAID = ("ss_base_model_version", "modelspec.architecture", "base_model", "ss_sd_model_name")
"""Where trainers say the model: kohya's scripts and ai-toolkit the first, the ModelSpec standard the second."""

_NAMES = (
    (r"kontext", KONTEXT),
    (r"flux[-_. ]?2", "flux-2"),
    (r"klein", "flux-2"),
    (r"flux", "flux-1"),
    (r"sdxl|stable-diffusion-xl|pony|illustrious|noobai", "sdxl"),
    (r"sd[-_]?3|stable-diffusion-(v)?3|sd3", "sd-3"),
    (r"sd[-_]?v?2|stable-diffusion-v2", "sd-2"),
    (r"sd[-_]?v?1|stable-diffusion-v1", "sd-1"),
    (r"qwen", "qwen-image"),
    (r"wan[-_ ]?\d|wan2", "wan"),
    (r"hunyuan", "hunyuan-video"),
    (r"z[-_ ]?image", "z-image"),
    (r"chroma", "chroma"),
    (r"lumina", "lumina"),
    (r"hidream", "hidream"),
)
"""How models are called, each line before what it could be mistaken for."""

_KEYS = (
    (r"to_qkv_mlp_proj|double_stream_modulation|single_stream_modulation", "flux-2"),
    (r"joint_blocks", "sd-3"),
    (r"double_blocks|(^|[._])single_blocks|single_transformer_blocks", "flux-1"),
    (r"transformer_blocks[._]\d+[._](img_mlp|txt_mlp|img_mod|txt_mod)", "qwen-image"),
    (r"noise_refiner|context_refiner|(^|\.)layers\.\d+\.(attention|feed_forward)", "z-image"),
    (r"(^|\.|lora_unet_)blocks[._]\d+[._](self_attn|cross_attn|attn1|attn2|ffn)", "wan"),
    (r"lora_te2_|text_encoder_2", "sdxl"),
    (r"(^|lora_|\.)(transformer[._])?transformer_blocks[._]\d+[._](attn|ff)", "double"),
)
"""Parts of the names of tensors that one family alone has, each line before what it could be mistaken for."""

_UNET_BLOCK = re.compile(r"(down_blocks|up_blocks|mid_block|input_blocks|output_blocks|middle_block)[._]")
_CROSS = re.compile(r"attn2[._](processor[._])?to_k[._].{0,200}(down|lora_A|lora\.down)")
_DOWN = re.compile(r"(lora_down|lora_A|\.down)(\.\w+){0,4}\.weight$")
_BLOCK = re.compile(r"(double_blocks|single_blocks|single_transformer_blocks)[._](\d+)[._]")
_UNET = {768: "sd-1", 1024: "sd-2", 2048: "sdxl"}
"""What a U-Net's cross-attention reads of its text, in numbers a token."""

_FLUX_BLOCKS = {"double_blocks": 19, "single_blocks": 38, "single_transformer_blocks": 38}
"""Blocks of FLUX.1; HunyuanVideo has the same names, and more of them."""

_INNER = {3072: "flux-1", 6144: "flux-2", 4096: "flux-2"}
"""The inner width of FLUX models: FLUX.1, FLUX.2 [dev], FLUX.2 [klein] 9B."""

_DOUBLE = {1536: "sd-3", 2432: "sd-3", 6144: "flux-2"}
"""The inner width of others: Stable Diffusion 3 medium and 3.5 large, FLUX.2 [dev]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The family that the tensors show, and the one that the file says (empty: nothing does).

    Tensors don't lie; but some families share their shape, and then the file's word tells them apart.
    """

    shown: str = ""
    said: str = ""

    @property
    def base(self) -> str:
        """The family to go by; empty where nobody knows."""
        if self.said == KONTEXT and self.shown in ("", "flux-1"):
            return KONTEXT
        return self.shown or self.said

    def may_be(self, base: str) -> bool:
        """Whether a person may say that it is `base`: FLUX.1 Kontext has FLUX.1's shape."""
        return not self.shown or self.shown == base or {self.shown, base} == {"flux-1", KONTEXT}


def family_of(header: Header) -> Family:
    """What the header shows and says."""
    if header.metadata.get("format", "").startswith(_LOCAL_FORMAT):
        return Family(shown=LOCAL, said=LOCAL)
    return Family(shown=_shown(header.shapes), said=_said(header.metadata))


def is_adapter(header: Header) -> bool:
    """Whether it holds low-rank pairs (or is the local trainer's): a whole model is no adapter."""
    pair = re.compile(r"lora|lokr|loha|hada_|\.diff$|dora|oft", re.IGNORECASE)
    return header.metadata.get("format", "").startswith(_LOCAL_FORMAT) or any(map(pair.search, header.shapes))


def _said(metadata: Mapping[str, str]) -> str:
    for key in _SAID:
        words = metadata.get(key, "").casefold()
        for pattern, family in _NAMES:
            if words and re.search(pattern, words):
                return family
    return ""


def _shown(shapes: Mapping[str, Sequence[int]]) -> str:
    names = "\n".join(shapes)
    if _UNET_BLOCK.search(names):
        widths = {shape[-1] for name, shape in shapes.items() if len(shape) > 1 and _CROSS.search(name)}
        return next((_UNET[width] for width in sorted(widths) if width in _UNET), "")
    for pattern, family in _KEYS:
        if re.search(pattern, names, re.MULTILINE):
            return _flux(shapes) if family == "flux-1" else _double(shapes) if family == "double" else family
    return ""


def _flux(shapes: Mapping[str, Sequence[int]]) -> str:
    """Which of the families with double and single blocks."""
    if any(int(match[2]) >= _FLUX_BLOCKS[match[1]] for name in shapes for match in _BLOCK.finditer(name)):
        return "flux-2" if 3072 not in set(_inner(shapes)) else "hunyuan-video"
    for width in _inner(shapes):
        if width in _INNER:
            return _INNER[width]
    return "flux-1"


def _double(shapes: Mapping[str, Sequence[int]]) -> str:
    """Which of the families that call their double blocks `transformer_blocks`; empty where it can't be told."""
    most = max(
        (int(number) for name in shapes for number in re.findall(r"transformer_blocks[._](\d+)", name)), default=0
    )
    for width in _downs(shapes):
        if width == 3072:
            return "flux-1" if most < _FLUX_BLOCKS["double_blocks"] else "qwen-image"
        if width in _DOUBLE:
            return _DOUBLE[width]
    return ""


def _inner(shapes: Mapping[str, Sequence[int]]) -> Iterator[int]:
    """The widths of FLUX models among those that down projections read, the least first."""
    return (width for width in _downs(shapes) if width in _INNER)


def _downs(shapes: Mapping[str, Sequence[int]]) -> list[int]:
    """The widths that down projections read, the least first."""
    return sorted({shape[-1] for name, shape in shapes.items() if len(shape) > 1 and _DOWN.search(name)})
