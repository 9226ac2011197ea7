"""Which model an adapter was made for, in the layouts of the common trainers."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.features.shelf.adapter_import import (
    ModelFamily,
    family_of,
    is_adapter,
    proposed_name,
    proposed_trigger,
)
from nano_banana.formats.safetensors import SafetensorsHeader, read_safetensors_header
from tests.shelf.files import (
    AI_TOOLKIT_FLUX,
    AI_TOOLKIT_SAID,
    DIFFUSERS_SDXL,
    FLUX_2,
    KOHYA_FLUX,
    KOHYA_SD1,
    KOHYA_SDXL,
    Shapes,
    diffusers,
    kohya,
    safetensors,
    write,
)


def header_of(folder: Path, shapes: Shapes, **said: str) -> SafetensorsHeader:
    return read_safetensors_header(write(folder, "a.safetensors", safetensors(shapes, said)), name="a.safetensors")


@pytest.mark.parametrize(
    ("shapes", "family"),
    [
        (KOHYA_FLUX, "flux-1"),
        (AI_TOOLKIT_FLUX, "flux-1"),
        (diffusers("transformer.transformer_blocks.3.attn.to_q", 3072), "flux-1"),
        (diffusers("diffusion_model.double_blocks.3.img_attn.qkv", 3072), "flux-1"),
        ({"double_blocks.0.processor.qkv_lora1.down.weight": (2, 3072)}, "flux-1"),
        (kohya("lora_transformer_single_transformer_blocks_9_attn_to_k", 3072), "flux-1"),
        (FLUX_2, "flux-2"),
        (kohya("lora_unet_single_blocks_47_linear1", 6144), "flux-2"),
        (diffusers("diffusion_model.double_blocks.4.img_attn.qkv", 4096), "flux-2"),
        (diffusers("transformer.transformer_blocks.3.attn.to_q", 6144), "flux-2"),
        (kohya("lora_unet_single_blocks_39_linear1", 3072), "hunyuan-video"),
        (DIFFUSERS_SDXL, "sdxl"),
        (KOHYA_SDXL, "sdxl"),
        (KOHYA_SD1, "sd-1"),
        (kohya("lora_unet_mid_block_attentions_0_transformer_blocks_0_attn2_to_k", 1024), "sd-2"),
        (diffusers("transformer.transformer_blocks.3.attn.add_k_proj", 1536), "sd-3"),
        (kohya("lora_unet_joint_blocks_0_context_block_attn_qkv", 1536), "sd-3"),
        (diffusers("transformer.transformer_blocks.59.attn.to_q", 3072), "qwen-image"),
        (diffusers("transformer_blocks.0.img_mlp.net.0.proj", 3072), "qwen-image"),
        (diffusers("diffusion_model.blocks.0.self_attn.q", 5120), "wan"),
        (diffusers("diffusion_model.layers.0.attention.to_q", 3840), "z-image"),
        (diffusers("transformer.transformer_blocks.3.attn.to_q", 999), ""),
        (kohya("lora_te_text_model_encoder_layers_0_mlp_fc1", 768), ""),
    ],
)
def test_the_tensors_show_the_model(tmp_path: Path, shapes: Shapes, family: str) -> None:
    header = header_of(tmp_path, shapes)
    assert is_adapter(header)
    assert family_of(header) == ModelFamily(shown=family)


@pytest.mark.parametrize(
    ("key", "words", "family"),
    [
        ("ss_base_model_version", "flux1", "flux-1"),
        ("ss_base_model_version", "sdxl_base_v1-0", "sdxl"),
        ("ss_base_model_version", "sd_v1", "sd-1"),
        ("ss_base_model_version", "sd_v2", "sd-2"),
        ("modelspec.architecture", "flux-1-dev/lora", "flux-1"),
        ("modelspec.architecture", "Flux.1-Kontext-dev", "flux-kontext"),
        ("modelspec.architecture", "flux-2-dev/lora", "flux-2"),
        ("modelspec.architecture", "stable-diffusion-xl-v1-base/lora", "sdxl"),
        ("modelspec.architecture", "stable-diffusion-v3-medium", "sd-3"),
        ("modelspec.architecture", "something new", ""),
        ("ss_sd_model_name", "qwen_image_fp8.safetensors", "qwen-image"),
    ],
)
def test_the_file_says_the_model(tmp_path: Path, key: str, words: str, family: str) -> None:
    header = header_of(tmp_path, kohya("lora_te_text_model_encoder_layers_0_mlp_fc1", 768), **{key: words})
    assert family_of(header).said == family
    assert family_of(header).base == family


def test_tensors_are_believed_before_words(tmp_path: Path) -> None:
    found = family_of(header_of(tmp_path, KOHYA_SDXL, ss_base_model_version="flux1"))
    assert found.base == "sdxl"
    assert not found.may_be("flux-1")


def test_kontext_has_the_shape_of_flux_1_and_is_told_by_word(tmp_path: Path) -> None:
    said = family_of(header_of(tmp_path, KOHYA_FLUX, **{"modelspec.architecture": "flux-1-kontext-dev"}))
    assert said.base == "flux-kontext"
    plain = family_of(header_of(tmp_path, KOHYA_FLUX))
    assert plain.base == "flux-1"
    assert plain.may_be("flux-kontext")
    assert not plain.may_be("flux-2")


def test_a_whole_model_is_no_adapter(tmp_path: Path) -> None:
    assert not is_adapter(header_of(tmp_path, {"model.diffusion_model.double_blocks.0.img_attn.qkv.weight": (9, 9)}))


@pytest.mark.parametrize(
    ("said", "proposed"),
    [
        (AI_TOOLKIT_SAID, ("anqz7", "")),
        ({"ss_tag_frequency": '{"10_anqz7 woman": {"smiling": 3, "outdoors": 1}}'}, ("anqz7", "woman")),
        ({"ss_tag_frequency": '{"1_": {"anqz7 woman": 3, "reg": 1}, "2_reg": {}}'}, ("anqz7", "woman")),
        ({"modelspec.trigger_phrase": "anqz7 Woman, photo"}, ("anqz7", "woman")),
        ({"trigger": "ohwx"}, ("ohwx", "")),
        ({"trigger": " "}, ("", "")),
        ({"trigger": "a\x1b[2Jb"}, ("", "")),
        ({"ss_tag_frequency": "no json"}, ("", "")),
        ({"ss_tag_frequency": "[" * 100_000}, ("", "")),
        ({"ss_tag_frequency": "[1]"}, ("", "")),
        ({"ss_tag_frequency": '{"5_": 7}'}, ("", "")),
        ({}, ("", "")),
    ],
)
def test_a_trigger_is_proposed_where_the_file_knows_one(said: dict[str, str], proposed: tuple[str, str]) -> None:
    assert proposed_trigger(said) == proposed


def test_a_name_is_made_of_what_the_file_is_called() -> None:
    assert proposed_name({}, "Ana's LoRA (v2)") == "Ana-s-LoRA-v2"
    assert proposed_name({"ss_output_name": "ana_v3"}, "last") == "ana_v3"
    assert proposed_name({}, "日本") == "adapter"
    assert len(proposed_name({}, "x" * 90)) == 64
