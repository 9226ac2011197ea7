"""What changed at an endpoint, what of it does harm, and the endpoint brought up to date."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import (
    Field,
    FieldType,
    Task,
    TriggerUse,
    endpoint_from_json,
    endpoint_to_json,
    endpoint_to_yaml,
)
from nano_banana.catalog.endpoint_updates import (
    ChangeType,
    FieldChange,
    field_changes,
    guess_endpoint,
    updated_endpoint,
    without_invalid_defaults,
)
from nano_banana.catalog.openapi_listing import EndpointListing
from nano_banana.model.json_values import JSONObject
from tests.catalog.describe import CATALOG, made, shipped

N: JSONObject = {"type": "integer", "default": 4, "minimum": 1, "maximum": 9}
E: JSONObject = {"type": "enum", "choices": ["a", "b"], "default": "a"}


def fields(**items: JSONObject) -> dict[str, Field]:
    return dict(made(items).fields)


def change(before: JSONObject, after: JSONObject) -> list[tuple[str, object, object, bool]]:
    found = field_changes(fields(it=before), fields(it=after))
    return [(one.sort.value, one.before, one.after, one.harmful) for one in found]


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (N, []),
        ({**N, "description": "new words"}, []),
        ({**N, "default": 5}, [("default", 4, 5, False)]),
        ({**N, "maximum": 20}, [("range", "≥ 1, ≤ 9", "≥ 1, ≤ 20", False)]),
        ({**N, "maximum": 8}, [("range", "≥ 1, ≤ 9", "≥ 1, ≤ 8", True)]),
        ({**N, "minimum": 2}, [("range", "≥ 1, ≤ 9", "≥ 2, ≤ 9", True)]),
        ({"type": "integer", "default": 4}, []),
        ({"type": "string"}, [("type", "integer", "string", True)]),
        ({**N, "required": True}, [("required", False, True, True)]),
    ],
)
def test_a_number(after: JSONObject, expected: list[tuple[str, object, object, bool]]) -> None:
    assert change(N, after) == expected


def test_choices() -> None:
    assert change(E, {**E, "choices": ["a", "b", "c"]}) == [("choices", ["a", "b"], ["a", "b", "c"], False)]
    assert change(E, {**E, "choices": ["a"]}) == [("choices", ["a", "b"], ["a"], True)]
    urls: JSONObject = {"type": "urls", "max_items": 4}
    assert change(urls, {"type": "list", "max_items": 2}) == [("range", "at most 4 items", "at most 2 items", True)]
    assert change({"type": "url"}, {"type": "string"}) == []
    assert change({"type": "string"}, {"type": "string", "default": "x"}) == [("default", None, "x", False)]
    assert change({"type": "string", "max_items": 1}, {"type": "string", "maximum": 1}) == [
        ("range", "at most 1 items", "≤ 1, at most 1 items", True)
    ]


def test_how_many_adapters_it_takes_is_a_bound_of_the_endpoint() -> None:
    known, now = made({"loras": {"type": "adapters"}}, roles={"adapters": "loras"}, adapters_max=3), {"type": "list"}
    assert field_changes(known.fields, fields(loras={**now, "max_items": 3}), adapters_max=3) == []
    (one,) = field_changes(known.fields, fields(loras={**now, "max_items": 2}), adapters_max=3)
    assert (one.before, one.after, one.harmful) == ("at most 3 items", "at most 2 items", True)
    assert updated_endpoint(known, fields(loras={**now, "max_items": 2})).adapters_max == 2
    assert updated_endpoint(known, fields(loras=now)).adapters_max == 3


def test_an_empty_default_is_none() -> None:
    known, now = made({"it": {"type": "string", "default": ""}}), fields(it={"type": "string"})
    assert field_changes(known.fields, now) == []
    assert updated_endpoint(known, now) == known


def test_a_switch_is_no_number() -> None:
    one: JSONObject = {"type": "object", "default": 1}
    true: JSONObject = {"type": "object", "default": True}
    assert change(one, true) == [("default", 1, True, False)]
    assert change({"type": "object"}, {"type": "object", "minimum": 1})[0][1] == "any"


def test_what_is_gone_and_what_is_new() -> None:
    found = field_changes(fields(old=N), fields(new=N, must={"type": "url", "required": True}))
    assert found == [
        FieldChange(field="old", sort=ChangeType.GONE, harmful=True),
        FieldChange(field="new", sort=ChangeType.NEW, after="integer"),
        FieldChange(field="must", sort=ChangeType.NEW, after="url", harmful=True),
    ]


@pytest.mark.parametrize("name", CATALOG.ids)
def test_an_endpoint_is_described_so_that_it_can_be_made_again(name: str, tmp_path: Path) -> None:
    endpoint = CATALOG.written(name)
    assert endpoint
    assert endpoint_from_json(endpoint_to_json(endpoint)) == endpoint
    (tmp_path / "it.yaml").write_text(endpoint_to_yaml(endpoint, ["where from\nand when"]), "utf-8")
    again = Catalog.load(tmp_path)
    assert again.written(name) == endpoint
    assert again.is_own(name)
    assert field_changes(endpoint.fields, endpoint.fields) == []
    assert updated_endpoint(endpoint, endpoint.fields) == endpoint


def test_values_that_two_kinds_of_yaml_read_otherwise_are_kept(tmp_path: Path) -> None:
    endpoint = made(
        {
            "ratio": {"type": "enum", "choices": ["16:9", "yes", "1e5", "null"], "default": "16:9"},
            "odd": {"type": "string", "default": "1e5", "description": "ä: # 'quoted' {x}"},
            "small": {"type": "number", "default": 9e-05},
        },
        roles={"trigger": "odd", "trigger_as": "trigger_word"},
    )
    (tmp_path / "it.yaml").write_text(endpoint_to_yaml(endpoint, []), "utf-8")
    assert Catalog.load(tmp_path).written("acme/draw") == endpoint


def test_what_a_listing_cannot_tell_stays() -> None:
    known = shipped("flux-lora")
    listed = {name: replace(item, description="", minimum=None, maximum=None) for name, item in known.fields.items()}
    listed["loras"] = replace(listed["loras"], type=FieldType.LIST)
    assert updated_endpoint(known, listed) == known


def test_roles_go_with_their_fields_and_so_does_a_price_that_hangs_on_one() -> None:
    known = shipped("nano-banana-pro")
    assert known.price
    assert known.price.times
    listed = {name: item for name, item in known.fields.items() if name not in {"resolution", "seed"}}
    now = updated_endpoint(known, listed)
    assert (now.roles.seed, now.roles.resolution, now.price) == (None, None, None)
    assert (now.roles.prompt, now.does, now.makes) == (known.roles.prompt, known.does, known.makes)
    trainer = shipped("flux-lora-fast-training")
    rest = {name: item for name, item in trainer.fields.items() if name != "trigger_word"}
    assert updated_endpoint(trainer, rest).roles.trigger_as is None


def test_a_type_that_changed_is_taken_over() -> None:
    known = made({"it": N})
    assert updated_endpoint(known, fields(it={"type": "string"})).fields["it"].type is FieldType.STRING


def test_defaults_that_do_not_fit_their_fields_are_left_out() -> None:
    odd = made({"a": {**N, "default": 100}, "b": {"type": "integer", "minimum": 5, "maximum": 1}, "c": N})
    mended = endpoint_to_json(without_invalid_defaults(odd))
    bare = {key: value for key, value in N.items() if key != "default"}
    assert mended["fields"] == {"a": bare, "b": {"type": "integer"}, "c": N}


# --- guessing ---


@pytest.mark.parametrize("name", CATALOG.ids)
def test_guesses_are_right_for_what_is_known(name: str) -> None:
    known = CATALOG.written(name)
    assert known
    found = guess_endpoint(EndpointListing(id=name, as_of=0, fields=known.fields, makes=known.makes))
    right = known.roles.named()
    wrong = {
        role: (field, right.get(role))
        for role, field in found.endpoint.roles.named().items()
        if field != right.get(role)
    }
    assert {role: pair for role, pair in wrong.items() if pair[1] is not None} == {}
    assert found.endpoint.does is known.does
    assert found.endpoint.trains == known.trains
    assert found.endpoint.base == known.base
    assert found.unsure == ()


def test_what_cannot_be_guessed_is_said() -> None:
    def unsure(name: str, *names: str, makes: tuple[str, ...] = ("image",)) -> tuple[str, ...]:
        items = {one: {"type": "string"} for one in names}
        return guess_endpoint(EndpointListing(id=name, as_of=0, fields=fields(**items), makes=makes)).unsure

    assert unsure("acme/x", "prompt") == ()
    assert unsure("acme/x", "wish") == ("roles", "does")
    assert unsure("acme/x", "images_data_url") == ("does", "trains")
    assert unsure("acme/x", "prompt", "loras", makes=()) == ("base", "makes")
    assert guess_endpoint(EndpointListing(id="acme/x", as_of=0)).unsure == ("roles", "does", "makes")


def test_a_guess_goes_by_names() -> None:
    def task(name: str, *names: str) -> Task:
        items = {one: {"type": "string"} for one in names}
        return guess_endpoint(EndpointListing(id=name, as_of=0, fields=fields(**items), makes=("image",))).endpoint.does

    assert task("acme/clarity-upscaler", "image_url", "prompt") is Task.UPSCALE
    assert task("acme/x", "image_url", "upscale_factor") is Task.UPSCALE
    assert task("acme/face-restoration", "image_url", "upscale_factor") is Task.RESTORE
    assert task("acme/enhance", "prompt") is Task.GENERATE
    assert task("acme/x", "reference_image_url", "prompt") is Task.EDIT
    assert task("acme/x", "image_url", "mask_image_url", "prompt") is Task.INPAINT
    assert task("acme/x", "image_url", "strength") is Task.IMAGE_TO_IMAGE
    assert task("acme/x", "image_urls", "prompt") is Task.EDIT
    trainer = guess_endpoint(
        EndpointListing(
            id="fal-ai/flux-x-trainer",
            as_of=0,
            fields=fields(images_data_url={"type": "url"}, trigger_word={"type": "string"}),
        )
    ).endpoint
    assert (trainer.does, trainer.trains, trainer.roles.trigger_as) == (Task.TRAIN, "flux-1", TriggerUse.WORD)
    odd_size = guess_endpoint(EndpointListing(id="acme/x", as_of=0, fields=fields(image_size={"type": "string"})))
    assert odd_size.endpoint.roles.size is None
