"""What pack.yaml says of each shipped template: variables, settings, sizes, pictures, licence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest
from PIL import Image

from tests.packs_shipped.shipped import PACKS, Node, Shipped, packs, templates

CROPS = {"face", "chest", "waist", "full"}
TYPES = {"text", "choice", "number", "boolean", "colour"}


def test_there_are_five_packs_of_twenty_five_templates() -> None:
    assert set(packs()) == {"work", "life", "cinema", "time", "art"}
    assert len({template.id for template in templates()}) == len({template.name for template in templates()}) == 25


@pytest.mark.parametrize("name", packs())
def test_a_pack_says_whose_it_is(name: str) -> None:
    pack = packs()[name]
    assert pack["nano_banana_pack"] == 1
    assert pack["name"] == name
    assert pack["license"] == "CC0-1.0"
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(pack["version"]))
    assert str(pack["about"]).endswith(".")
    assert {"crop", "light", "expression", "extra"} == cast("Node", pack["variables"]).keys()


@pytest.mark.parametrize("name", packs())
def test_no_file_of_a_pack_is_left_over(name: str) -> None:
    named = {template.folder / str(template.entry[key]) for template in templates() for key in ("prompt", "preview")}
    there = {path for path in (PACKS / name).rglob("*") if path.is_file()}
    assert there == {path for path in named if path.is_relative_to(PACKS / name)} | {PACKS / name / "pack.yaml"}


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_each_variable_is_explained_and_has_a_default(template: Shipped) -> None:
    for name, variable in template.variables.items():
        assert variable["type"] in TYPES
        assert variable["about"], name
        if variable["type"] == "choice":
            assert variable["default"] in cast("Mapping[str, str]", variable["choices"]), name
        if variable["type"] == "colour":
            assert re.fullmatch(r"#[0-9a-f]{6}", str(variable["default"])), name


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_each_crop_has_a_size_that_costs_one_megapixel(template: Shipped) -> None:
    sizes = cast("Mapping[str, Mapping[str, int]]", template.entry["sizes"])
    crops = cast("list[str]", template.entry["crops"])
    assert sizes.keys() == CROPS
    assert set(crops) <= CROPS
    assert template.variables["crop"]["default"] in crops
    for size in sizes.values():
        assert size["width"] % 16 == size["height"] % 16 == 0
        assert 0.9e6 <= size["width"] * size["height"] <= 1e6


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_the_settings_are_those_for_its_kind(template: Shipped) -> None:
    painted = template.pack == "art"
    assert template.entry["settings"] == {"guidance_scale": 3.5 if painted else 2.8, "num_inference_steps": 28}
    assert template.entry["gate"] is not painted
    assert 0.8 <= cast("float", template.entry["adapter_scale"]) <= 1.1


@pytest.mark.parametrize("template", templates(), ids=lambda template: template.id)
def test_a_preview_is_small_and_of_the_crop_s_shape(template: Shipped) -> None:
    preview = template.folder / str(template.entry["preview"])
    assert preview.name == f"{template.name}.jpg"
    assert preview.stat().st_size <= 25_000
    sizes = cast("Mapping[str, Mapping[str, int]]", template.entry["sizes"])
    size = sizes[str(template.variables["crop"]["default"])]
    with Image.open(preview) as picture:
        assert picture.width == 384
        assert abs(picture.width / picture.height - size["width"] / size["height"]) < 0.01
        assert np.ptp(np.asarray(picture)) > 128
