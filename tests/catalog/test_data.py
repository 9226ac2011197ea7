"""The shipped endpoints: every file is sound, and says what the notes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.catalog.arguments import argument_problems, complete_arguments
from nano_banana.catalog.catalog import DATA_FOLDER, endpoint_faults, read_text
from nano_banana.catalog.endpoint import Task, TriggerUse, Unit
from nano_banana.formats.yaml_reader import parse_yaml
from nano_banana.formats.yaml_values import to_plain
from tests.catalog.describe import CATALOG, dig, shipped

FILES = sorted(DATA_FOLDER.glob("*.yaml"))
NAMES = [name.removeprefix("fal-ai/") for name in CATALOG.ids]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_shape_and_is_named_for_its_id(path: Path) -> None:
    value = to_plain(parse_yaml(read_text(path), file=path.name))
    assert endpoint_faults(value) == []
    assert str(dig(value, "id")).replace("/", "--") == path.stem


@pytest.mark.parametrize("name", NAMES)
def test_what_is_completed_fits(name: str) -> None:
    endpoint = shipped(name)
    required = {field.name for field in endpoint.fields.values() if field.required}
    assert argument_problems(endpoint, complete_arguments(endpoint, {}), filled=required) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described_and_png_is_taken_where_there_is_a_choice(name: str) -> None:
    endpoint = shipped(name)
    assert all(field.description.endswith(".") for field in endpoint.fields.values())
    if endpoint.roles.format:
        assert complete_arguments(endpoint, {})["output_format"] == "png"
    if endpoint.does is not Task.TRAIN:
        assert endpoint.makes in {("images/*",), ("image",)}


def by_task(task: Task) -> set[str]:
    return {name for name in NAMES if shipped(name).does is task}


def test_enlargers_and_restorers_take_one_picture_and_leave_their_other_fields_to_the_recipe() -> None:
    assert by_task(Task.RESTORE) == {
        "codeformer",
        "image-apps-v2/portrait-enhance",
        "image-editing/face-enhancement",
        "phota/enhance",
        "retoucher",
    }
    for name in by_task(Task.UPSCALE) | by_task(Task.RESTORE):
        roles = shipped(name).roles
        assert roles.image == "image_url"
        assert roles.prompt is None
    assert all(shipped(name).roles.factor for name in by_task(Task.UPSCALE))


def test_references_go_into_a_field_of_their_own_as_many_as_it_takes() -> None:
    takes = {name: shipped(name) for name in by_task(Task.EDIT)}
    one = {name for name, endpoint in takes.items() if endpoint.roles.images is None}
    assert one == {"flux-kontext-lora", "flux-pulid", "instant-character", "minimax/image-01/subject-reference"}
    assert takes["flux-pulid"].roles.image == "reference_image_url"
    assert takes["ideogram/character"].roles.images == "reference_image_urls"
    most = {
        name: field.max_items
        for name, endpoint in takes.items()
        if (field := endpoint.field_for(endpoint.roles.images))
    }
    assert (most["flux-2/edit"], most["nano-banana-pro/edit"], most["openai/gpt-image-2/edit"]) == (4, 14, 16)
    assert all(endpoint.roles.prompt == "prompt" for endpoint in takes.values())


def test_the_endpoints_are_there() -> None:
    assert NAMES == [
        "bytedance/seedream/v5/pro/edit",
        "clarityai/crystal-upscaler",
        "aura-sr",
        "clarity-upscaler",
        "codeformer",
        "esrgan",
        "flux-2-pro/edit",
        "flux-2-trainer",
        "flux-2/edit",
        "flux-2/lora",
        "flux-2/lora/edit",
        "flux-general/inpainting",
        "flux-kontext-lora",
        "flux-lora",
        "flux-lora-fast-training",
        "flux-lora-portrait-trainer",
        "flux-lora/image-to-image",
        "flux-lora/inpainting",
        "flux-pro/kontext/multi",
        "flux-pro/v1/fill",
        "flux-pulid",
        "flux/dev",
        "flux/dev/image-to-image",
        "flux/schnell",
        "ideogram/character",
        "image-apps-v2/portrait-enhance",
        "image-editing/face-enhancement",
        "instant-character",
        "minimax/image-01/subject-reference",
        "nano-banana",
        "nano-banana-2/edit",
        "nano-banana-pro",
        "nano-banana-pro/edit",
        "nano-banana/edit",
        "phota/edit",
        "phota/enhance",
        "qwen-image-edit-2511",
        "retoucher",
        "seedvr/upscale/image",
        "topaz/upscale/image",
        "turbo-flux-trainer",
        "openai/gpt-image-2/edit",
        "topaz/upscale/image/creative",
        "topaz/upscale/image/generative",
        "topaz/upscale/image/precision",
    ]


@pytest.mark.parametrize(
    ("name", "archive", "trigger", "use", "family"),
    [
        ("flux-lora-fast-training", "images_data_url", "trigger_word", TriggerUse.WORD, "flux-1"),
        ("flux-lora-portrait-trainer", "images_data_url", "trigger_phrase", TriggerUse.PHRASE, "flux-1"),
        ("turbo-flux-trainer", "images_data_url", "trigger_phrase", TriggerUse.PHRASE, "flux-1"),
        ("flux-2-trainer", "image_data_url", "default_caption", TriggerUse.CAPTION, "flux-2"),
    ],
)
def test_trainers_name_their_fields_each_in_its_own_way(
    name: str, archive: str, trigger: str, use: TriggerUse, family: str
) -> None:
    endpoint = shipped(name)
    roles = endpoint.roles
    assert (roles.archive, roles.trigger, roles.trigger_as, endpoint.trains) == (archive, trigger, use, family)
    assert (endpoint.does, roles.seed, endpoint.base, endpoint.adapters_max) == (Task.TRAIN, None, None, 0)


def test_adapters_are_taken_where_a_family_is_named() -> None:
    families = {name: shipped(name).base for name in NAMES if shipped(name).roles.adapters}
    assert families == {
        "flux-2/lora": "flux-2",
        "flux-2/lora/edit": "flux-2",
        "flux-general/inpainting": "flux-1",
        "flux-kontext-lora": "flux-kontext",
        "flux-lora": "flux-1",
        "flux-lora/image-to-image": "flux-1",
        "flux-lora/inpainting": "flux-1",
    }
    assert (shipped("flux-2/lora").adapters_max, shipped("flux-lora").adapters_max) == (3, None)


def test_schnell_takes_four_steps_whatever_the_published_types_say() -> None:
    steps = shipped("flux/schnell").fields["num_inference_steps"]
    assert (steps.default, steps.minimum, steps.maximum) == (4, 1, 12)


def test_an_unknown_price_is_absent_and_a_known_one_has_its_date_and_source() -> None:
    unknown = {name for name in NAMES if shipped(name).price is None}
    assert unknown == {
        "aura-sr",
        "clarityai/crystal-upscaler",
        "codeformer",
        "esrgan",
        "flux-2/edit",
        "flux-2/lora/edit",
        "flux-lora/image-to-image",
        "flux-pro/kontext/multi",
        "flux-pulid",
        "flux/dev/image-to-image",
        "image-apps-v2/portrait-enhance",
        "image-editing/face-enhancement",
        "minimax/image-01/subject-reference",
        "phota/enhance",
        "qwen-image-edit-2511",
        "retoucher",
        "topaz/upscale/image",
    }
    for price in (shipped(name).price for name in NAMES):
        assert price is None or (price.as_of and price.source and price.unit in Unit)


def test_roles_by_name() -> None:
    endpoint = shipped("flux-lora/inpainting")
    named = endpoint.roles.named()
    assert named["mask"] == "mask_url"
    assert set(named.values()) <= set(endpoint.fields)
    assert endpoint.field_for(endpoint.roles.mask) == endpoint.fields["mask_url"]
    assert endpoint.field_for(None) is None
