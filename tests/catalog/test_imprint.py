"""The imprint of an endpoint: other fields, another imprint; other words, the same."""

from __future__ import annotations

from msgspec import UNSET
from msgspec.structs import replace

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, Field, FieldType, TriggerUse, endpoint_digest


def endpoint(name: str) -> Endpoint:
    found = Catalog.load().get(name)
    assert found is not None
    return found


def test_every_endpoint_has_one_of_its_own() -> None:
    catalog = Catalog.load()
    endpoints = [found for name in catalog.ids if (found := catalog.get(name))]
    assert len({endpoint_digest(found) for found in endpoints}) == len(endpoints)


def test_words_order_and_price_are_no_part_of_it() -> None:
    flux = endpoint("fal-ai/flux-lora")
    worded = {name: replace(field, description="else") for name, field in reversed(list(flux.fields.items()))}
    assert endpoint_digest(replace(flux, title="T", description="D", price=None, fields=worded)) == endpoint_digest(
        flux
    )


def test_every_part_of_a_field_and_of_the_roles_is() -> None:
    flux = endpoint("fal-ai/flux-lora")
    seed = flux.fields["seed"]
    others: list[Field] = [
        replace(seed, type=FieldType.NUMBER),
        replace(seed, required=True),
        replace(seed, default=1 if seed.default is UNSET else UNSET),
        replace(seed, minimum=-5),
        replace(seed, maximum=5),
        replace(seed, choices=("1",)),
        replace(seed, max_items=5),
    ]
    changed = [replace(flux, fields={**flux.fields, "seed": other}) for other in others]
    changed += [
        replace(flux, fields={**flux.fields, "more": seed}),
        replace(flux, roles=replace(flux.roles, seed=None)),
        replace(flux, roles=replace(flux.roles, trigger_as=TriggerUse.PHRASE)),
        replace(flux, makes=("image",)),
    ]
    imprints = {endpoint_digest(found) for found in (flux, *changed)}
    assert len(imprints) == len(changed) + 1
