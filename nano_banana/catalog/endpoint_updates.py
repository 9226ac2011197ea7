"""Compare, update or guess an endpoint from its service's listing.

What a listing can't tell (roles, purpose, price, notes) stays as it is known, or is guessed for an endpoint that nobody
has described.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import UNSET, Struct
from msgspec.structs import replace

from nano_banana.catalog.catalog import endpoint_faults
from nano_banana.catalog.endpoint import Endpoint, Field, FieldType, Roles, Task, TriggerUse, endpoint_to_json
from nano_banana.catalog.openapi_listing import EndpointListing
from nano_banana.model.json_values import JSONValue


class ChangeType(StrEnum):
    """What about a field changed."""

    NEW = "new"
    GONE = "gone"
    TYPE = "type"
    REQUIRED = "required"
    DEFAULT = "default"
    RANGE = "range"
    CHOICES = "choices"


class FieldChange(Struct, frozen=True, kw_only=True):
    """One change. `harmful` if a request that was valid before may be refused now.

    Another default is harmless, since requests contain the known one.
    """

    field: str
    sort: ChangeType
    before: JSONValue = None
    after: JSONValue = None
    harmful: bool = False


_INDISTINCT_TYPES = (
    {FieldType.STRING, FieldType.URL},
    {FieldType.LIST, FieldType.URLS, FieldType.ADAPTERS},
)
"""Types that OpenAPI can't distinguish."""


def field_changes(
    known: Mapping[str, Field], listed: Mapping[str, Field], *, adapters_max: int | None = None
) -> list[FieldChange]:
    """Everything that differs, in the order of the known fields, new ones last; `adapters_max` is the known one.

    A bound that the listing lacks is no change, since many are known from elsewhere.
    """
    found: list[FieldChange] = []
    for name, before in known.items():
        if name not in listed:
            found.append(FieldChange(field=name, sort=ChangeType.GONE, harmful=True))
        else:
            most = adapters_max if before.type is FieldType.ADAPTERS else before.max_items
            found.extend(_field_change(replace(before, max_items=most), listed[name]))
    for name, field in listed.items():
        if name not in known:
            found.append(FieldChange(field=name, sort=ChangeType.NEW, after=field.type.value, harmful=field.required))
    return found


def same_type(one: FieldType, other: FieldType) -> bool:
    """Whether the two are the same type, as far as OpenAPI can tell."""
    return one is other or any({one, other} <= alike for alike in _INDISTINCT_TYPES)


def _field_change(before: Field, after: Field) -> Iterator[FieldChange]:
    def change(sort: ChangeType, old: JSONValue, new: JSONValue, *, harmful: bool = False) -> FieldChange:
        return FieldChange(field=before.name, sort=sort, before=old, after=new, harmful=harmful)

    if not same_type(before.type, after.type):
        yield change(ChangeType.TYPE, before.type.value, after.type.value, harmful=True)
        return
    if before.required != after.required:
        yield change(ChangeType.REQUIRED, before.required, after.required, harmful=after.required)
    old, new = _default_value(before), _default_value(after)
    if old != new or isinstance(old, bool) != isinstance(new, bool):
        yield change(ChangeType.DEFAULT, old, new)
    known, now = _bounds(before), _bounds(_with_known_bounds(before, after))
    if known != now:
        narrower = any(
            bound is not None and (was is None or (bound > was if lowest else bound < was))
            for was, bound, lowest in zip(known, now, (True, False, False), strict=True)
        )
        yield change(ChangeType.RANGE, _bounds_text(known), _bounds_text(now), harmful=narrower)
    if after.choices and set(before.choices) != set(after.choices):
        lost = set(before.choices) - set(after.choices)
        yield change(ChangeType.CHOICES, list(before.choices), list(after.choices), harmful=bool(lost))


def _default_value(field: Field) -> JSONValue:
    """The default; None also for an empty text or list."""
    default = field.known_default()
    return None if default in ("", [], {}) else default


def _bounds(field: Field) -> tuple[float | None, float | None, int | None]:
    return field.minimum, field.maximum, field.max_items


def _with_known_bounds(known: Field, field: Field) -> Field:
    """The field, with the known bounds instead of missing ones."""
    return replace(
        field,
        minimum=known.minimum if field.minimum is None else field.minimum,
        maximum=known.maximum if field.maximum is None else field.maximum,
        max_items=known.max_items if field.max_items is None else field.max_items,
    )


def _bounds_text(bounds: tuple[float | None, float | None, int | None]) -> str:
    low, high, most = bounds
    parts = [f"≥ {low:g}"] if low is not None else []
    parts += [f"≤ {high:g}"] if high is not None else []
    parts += [f"at most {most} items"] if most is not None else []
    return ", ".join(parts) or "any"


def updated_endpoint(known: Endpoint, listed: Mapping[str, Field]) -> Endpoint:
    """The endpoint with the listed fields; what a listing can't tell stays: roles, purpose, price, notes.

    Roles of fields that are gone go too, and so does a price that depends on them.
    """
    fields = {name: _updated_field(known.fields.get(name), field) for name, field in listed.items()}
    kept = {role: name for role, name in known.roles.named().items() if name in fields}
    roles = Roles(**kept, trigger_as=known.roles.trigger_as if "trigger" in kept else None)
    price = known.price
    if price is not None and not {*price.times, *price.plus, *price.unknown_with} <= set(fields):
        price = None
    most = listed[roles.adapters].max_items if roles.adapters else 0
    most = known.adapters_max if most is None else most
    return without_invalid_defaults(replace(known, fields=fields, roles=roles, price=price, adapters_max=most))


def without_invalid_defaults(endpoint: Endpoint) -> Endpoint:
    """The endpoint without defaults that are invalid for their fields, and without empty ranges."""
    fields = dict(endpoint.fields)
    for fault in endpoint_faults(endpoint_to_json(endpoint)):
        name = str(fault.path[-2])
        if fault.kind == "endpoint_default":
            fields[name] = replace(fields[name], default=UNSET)
        elif fault.kind == "endpoint_range_empty":
            fields[name] = replace(fields[name], minimum=None, maximum=None)
    return replace(endpoint, fields=fields)


def _updated_field(before: Field | None, now: Field) -> Field:
    """The listed field, completed with what was known. The number of adapters is the endpoint's `adapters_max`."""
    if now.type is FieldType.ADAPTERS or (before is not None and before.type is FieldType.ADAPTERS):
        now = replace(now, max_items=None)
    if before is None or not same_type(before.type, now.type):
        return now
    empty = now.default is UNSET and before.default in ("", [], {})
    return replace(
        _with_known_bounds(before, now),
        type=before.type,
        default=before.default if empty else now.default,
        choices=now.choices or before.choices,
        description=before.description or now.description,
    )


_USUAL_FIELD_NAMES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "negative_prompt": ("negative_prompt",),
    "seed": ("seed",),
    "size": ("image_size",),
    "aspect_ratio": ("aspect_ratio",),
    "resolution": ("resolution",),
    "image": ("image_url", "reference_image_url"),
    "images": ("reference_image_urls", "image_urls"),
    "mask": ("mask_url", "mask_image_url"),
    "archive": ("images_data_url", "image_data_url", "training_data_url"),
    "trigger": ("trigger_word", "trigger_phrase", "default_caption"),
    "caption": ("default_caption",),
    "adapters": ("loras",),
    "strength": ("strength",),
    "factor": ("upscale_factor", "scale_factor"),
    "steps": ("num_inference_steps", "steps"),
    "guidance": ("guidance_scale",),
    "learning_rate": ("learning_rate",),
    "count": ("num_images",),
    "format": ("output_format",),
    "safety": ("enable_safety_checker", "safety_tolerance"),
    "sync": ("sync_mode",),
}
"""Usual names of the fields for each role, the likeliest first."""

_FAMILIES = (
    ("flux-2", "flux-2"),
    ("kontext", "flux-kontext"),
    ("flux-krea", "flux-krea"),
    ("flux", "flux-1"),
    ("qwen-image", "qwen-image"),
    ("z-image", "z-image"),
    ("sdxl", "sdxl"),
)
"""Parts of ids and the model families that they indicate; the first match counts."""

_TASKS = (
    ("upscal", Task.UPSCALE),
    ("esrgan", Task.UPSCALE),
    ("codeformer", Task.RESTORE),
    ("restor", Task.RESTORE),
    ("enhance", Task.RESTORE),
    ("retouch", Task.RESTORE),
)
"""Parts of ids of endpoints that change one picture, and their tasks; the first match counts."""

DEFAULT_OUTPUTS = ("images/*",)


class GuessedEndpoint(Struct, frozen=True, kw_only=True):
    """An endpoint, and which of its keys (`does`, `base`, `trains`, `makes`, `roles`) are mere guesses."""

    endpoint: Endpoint
    unsure: tuple[str, ...]


def guess_endpoint(listing: EndpointListing) -> GuessedEndpoint:
    """The endpoint that the listing probably describes, without a price."""
    fields = listing.fields or {}
    roles = _guess_roles(fields)
    does = _guess_task(listing.id, roles)
    family = next((family for part, family in _FAMILIES if part in listing.id), None)
    unsure = [] if roles.named() else ["roles"]
    if does is Task.TRAIN and family is None:
        does = Task.OTHER
        unsure += ["does", "trains"]
    elif does is Task.OTHER:
        unsure.append("does")
    if roles.adapters and family is None:
        unsure.append("base")
    adapters = fields.get(roles.adapters or "")
    if not listing.makes:
        unsure.append("makes")
    endpoint = Endpoint(
        id=listing.id,
        title=listing.id,
        description="",
        does=does,
        fields=fields,
        roles=roles,
        base=family if roles.adapters else None,
        trains=family if does is Task.TRAIN else None,
        adapters_max=0 if adapters is None else adapters.max_items,
        makes=listing.makes or DEFAULT_OUTPUTS,
    )
    return GuessedEndpoint(endpoint=endpoint, unsure=tuple(unsure))


def _guess_roles(fields: Mapping[str, Field]) -> Roles:
    found = {role: next((name for name in names if name in fields), None) for role, names in _USUAL_FIELD_NAMES.items()}
    size = fields.get(found["size"] or "")
    if size is not None and size.type is not FieldType.IMAGE_SIZE:
        found["size"] = None
    if not found["archive"]:
        found["trigger"] = found["caption"] = None
    trigger = found["trigger"]
    return Roles(**found, trigger_as=TriggerUse(trigger) if trigger else None)


def _guess_task(name: str, roles: Roles) -> Task:
    if roles.archive:
        return Task.TRAIN
    if roles.image and (named := next((task for word, task in _TASKS if word in name), None)):
        return named
    if roles.mask and roles.image:
        return Task.INPAINT
    if roles.image and roles.strength:
        return Task.IMAGE_TO_IMAGE
    if roles.prompt:
        return Task.EDIT if roles.image or roles.images else Task.GENERATE
    return Task.UPSCALE if roles.image and roles.factor else Task.OTHER
