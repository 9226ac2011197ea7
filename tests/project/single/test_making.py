"""Which endpoint is asked, and how a size is said to it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint
from nano_banana.features.single.single_commands import person_of_adapters, picture_command, with_seeds
from nano_banana.features.single.single_options import size_option
from nano_banana.features.single.single_recipe import AdapterRef, SingleCommand
from nano_banana.model.json_values import JSONObject
from nano_banana.model.problem import Invalid

CATALOG = Catalog.load()
ANA = AdapterRef(name="ana", scale=0.95, model="ana@3", base="flux-1", trigger="anqz7", noun="woman")


def generated(
    models: Sequence[AdapterRef], *, size: str | None = None, roles: JSONObject | None = None
) -> SingleCommand:
    asked = SingleCommand(command="generate", prompt_text="at sea", adapters=models)
    return picture_command(CATALOG, asked, using=None, roles=roles or {}, size=size)


def endpoint(name: str) -> Endpoint:
    found = CATALOG.get(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("base", "asked"),
    [
        ("flux-1", "fal-ai/flux-lora"),
        ("flux-2", "fal-ai/flux-2/lora"),
        ("local", "fal-ai/flux-lora"),
        ("", "fal-ai/flux-lora"),
    ],
)
def test_adapters_are_drawn_with_by_their_family(base: str, asked: str) -> None:
    single = generated([replace(ANA, base=base)])
    assert single.endpoint == asked


def test_a_person_is_drawn_upright_and_with_less_guidance() -> None:
    single = generated([ANA], roles={"guidance": None})
    assert single.options == {"image_size": {"width": 880, "height": 1104}, "guidance_scale": 2.8}
    said = generated([ANA], size="512x512", roles={"guidance": 4.0})
    assert said.options == {"image_size": {"width": 512, "height": 512}, "guidance_scale": 4.0}
    assert generated([]).options == {}


def test_a_style_alone_is_nobody() -> None:
    assert person_of_adapters([replace(ANA, noun="")]) is None
    found = person_of_adapters([replace(ANA, noun="", name="film"), ANA])
    assert found is not None
    assert found.name == "ana"


@pytest.mark.parametrize(
    ("name", "said", "field"),
    [
        ("fal-ai/flux/dev", "880x1104", {"image_size": {"width": 880, "height": 1104}}),
        ("fal-ai/flux/dev", "1:1", {"image_size": {"width": 1024, "height": 1024}}),
        ("fal-ai/flux/dev", "4:5", {"image_size": {"width": 912, "height": 1136}}),
        ("fal-ai/flux/dev", "portrait_4_3", {"image_size": "portrait_4_3"}),
        ("fal-ai/nano-banana-pro", "4:5", {"aspect_ratio": "4:5"}),
        ("fal-ai/nano-banana-pro", None, {}),
    ],
)
def test_a_size_is_said_as_the_endpoint_takes_it(name: str, said: str | None, field: object) -> None:
    assert size_option(endpoint(name), said) == field


@pytest.mark.parametrize(
    ("seeds", "count", "found"),
    [((5,), 3, (5, 6, 7)), ((5, 9), None, (5, 9)), ((5, 9), 2, (5, 9)), ((5, 5), None, (5,))],
)
def test_seeds_are_counted_up_from_one(seeds: tuple[int, ...], count: int | None, found: tuple[int, ...]) -> None:
    single = generated([])
    assert with_seeds(single, seeds, count).seeds_used == found


def test_several_seeds_and_another_count_contradict() -> None:
    single = generated([])
    with pytest.raises(Invalid):
        with_seeds(single, (1, 2), 3)
