"""The shipped endpoints: every file is sound, and says what the notes say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.catalog.catalog import DATA
from nano_banana.catalog.catalog import read_text
from nano_banana.catalog.check import misfits
from nano_banana.catalog.complete import complete
from nano_banana.catalog.endpoint import Task
from nano_banana.catalog.faults import faults
from nano_banana.catalog.price import Unit
from nano_banana.catalog.roles import TriggerUse
from nano_banana.catalog.text import parse
from tests.catalog.describe import CATALOG
from tests.catalog.describe import dig
from tests.catalog.describe import shipped

FILES = sorted(DATA.glob("*.yaml"))
NAMES = [name.removeprefix("fal-ai/") for name in CATALOG.ids]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_shape_and_is_named_for_its_id(path: Path) -> None:
    value = parse(read_text(path), file=path.name).value
    assert faults(value) == []
    assert str(dig(value, "id")).replace("/", "--") == path.stem


@pytest.mark.parametrize("name", NAMES)
def test_what_is_completed_fits(name: str) -> None:
    endpoint = shipped(name)
    required = {field.name for field in endpoint.fields.values() if field.required}
    assert misfits(endpoint, complete(endpoint, {}), filled=required) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_described_and_every_generator_takes_png(name: str) -> None:
    endpoint = shipped(name)
    assert all(field.description.endswith(".") for field in endpoint.fields.values())
    if endpoint.does is not Task.TRAIN:
        assert complete(endpoint, {})["output_format"] == "png"
        assert endpoint.makes == ("images/*",)


def test_the_endpoints_of_the_issue_are_there() -> None:
    assert NAMES == [
        "flux-2-trainer",
        "flux-2/lora",
        "flux-general/inpainting",
        "flux-kontext-lora",
        "flux-lora",
        "flux-lora-fast-training",
        "flux-lora-portrait-trainer",
        "flux-lora/image-to-image",
        "flux-lora/inpainting",
        "flux-pro/v1/fill",
        "flux/dev",
        "flux/dev/image-to-image",
        "flux/schnell",
        "nano-banana",
        "nano-banana-pro",
        "nano-banana-pro/edit",
        "nano-banana/edit",
        "turbo-flux-trainer",
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
    assert unknown == {"flux-lora/image-to-image", "flux/dev/image-to-image", "nano-banana/edit"}
    for price in (shipped(name).price for name in NAMES):
        assert price is None or (price.as_of and price.source and price.unit in Unit)


def test_roles_by_name() -> None:
    endpoint = shipped("flux-lora/inpainting")
    named = endpoint.roles.named()
    assert named["mask"] == "mask_url"
    assert set(named.values()) <= set(endpoint.fields)
    assert endpoint.field_for(endpoint.roles.mask) == endpoint.fields["mask_url"]
    assert endpoint.field_for(None) is None
