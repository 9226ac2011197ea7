"""Adapter files as other trainers write them, small and real."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Shapes = Mapping[str, Sequence[int]]


def safetensors(shapes: Shapes, metadata: Mapping[str, str] | None = None) -> bytes:
    """A safetensors file of half-precision zeros."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    end = 0
    for name, shape in shapes.items():
        size = 2
        for side in shape:
            size *= side
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


def kohya(name: str, width: int, *, rank: int = 2) -> Shapes:
    """A pair as kohya's scripts name it."""
    return {
        f"{name}.alpha": (),
        f"{name}.lora_down.weight": (rank, width),
        f"{name}.lora_up.weight": (width, rank),
    }


def diffusers(name: str, width: int, *, rank: int = 2) -> Shapes:
    """A pair as diffusers and ai-toolkit name it."""
    return {f"{name}.lora_A.weight": (rank, width), f"{name}.lora_B.weight": (width, rank)}


KOHYA_FLUX = {
    **kohya("lora_unet_double_blocks_0_img_attn_proj", 3072),
    **kohya("lora_unet_single_blocks_37_linear1", 3072),
    **kohya("lora_te1_text_model_encoder_layers_0_mlp_fc1", 768),
}
AI_TOOLKIT_FLUX = {
    **diffusers("transformer.transformer_blocks.18.attn.to_q", 3072),
    **diffusers("transformer.single_transformer_blocks.37.proj_mlp", 3072),
}
AI_TOOLKIT_SAID = {
    "format": "pt",
    "name": "ana_v1",
    "software": '{"name": "ai-toolkit", "repo": "https://github.com/ostris/ai-toolkit", "version": "0.1.0"}',
    "training_info": '{"step": 2000, "epoch": 9}',
    "ss_base_model_version": "flux1",
    "ss_tag_frequency": '{"1_anqz7": {"anqz7": 1}}',
}
DIFFUSERS_SDXL = diffusers("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k", 2048)
KOHYA_SDXL = {
    **kohya("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k", 2048),
    **kohya("lora_te2_text_model_encoder_layers_0_mlp_fc1", 1280),
}
KOHYA_SD1 = kohya("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 768)
FLUX_2 = diffusers("transformer.single_transformer_blocks.47.attn.to_qkv_mlp_proj", 6144)


def write(folder: Path, name: str, data: bytes) -> Path:
    """The file, written."""
    path = folder / name
    path.write_bytes(data)
    return path
