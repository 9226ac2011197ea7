"""Roles, purpose and family of an endpoint that nobody described, guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.catalog.field import Field, FieldType
from nano_banana.catalog.listing import Listing
from nano_banana.catalog.roles import Roles, TriggerUse

_NAMES: Mapping[str, tuple[str, ...]] = {
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
"""How fal's endpoints call the fields that play a role, the likeliest first."""

_FAMILIES = (
    ("flux-2", "flux-2"),
    ("kontext", "flux-kontext"),
    ("flux-krea", "flux-krea"),
    ("flux", "flux-1"),
    ("qwen-image", "qwen-image"),
    ("z-image", "z-image"),
    ("sdxl", "sdxl"),
)
"""What an id holds, and the family that this tells; the first that fits."""

_TASKS = (
    ("upscal", Task.UPSCALE),
    ("esrgan", Task.UPSCALE),
    ("codeformer", Task.RESTORE),
    ("restor", Task.RESTORE),
    ("enhance", Task.RESTORE),
    ("retouch", Task.RESTORE),
)
"""What the ids of endpoints hold that change one picture, and what they do; the first that fits."""

USUAL = ("images/*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """An endpoint, and which of its keys (`does`, `base`, `trains`, `makes`, `roles`) nothing told."""

    endpoint: Endpoint
    unsure: tuple[str, ...]


def guess(listing: Listing) -> Guess:
    """The endpoint that the listing probably describes. Its price is unknown."""
    fields = listing.fields or {}
    roles = _roles(fields)
    does, family = _task(listing.id, roles), _family(listing.id)
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
        makes=listing.makes or USUAL,
    )
    return Guess(endpoint=endpoint, unsure=tuple(unsure))


def _roles(fields: Mapping[str, Field]) -> Roles:
    found = {role: next((name for name in names if name in fields), None) for role, names in _NAMES.items()}
    size = fields.get(found["size"] or "")
    if size is not None and size.type is not FieldType.IMAGE_SIZE:
        found["size"] = None
    if not found["archive"]:
        found["trigger"] = found["caption"] = None
    trigger = found["trigger"]
    return Roles(**found, trigger_as=TriggerUse(trigger) if trigger else None)


def _task(name: str, roles: Roles) -> Task:
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


def _family(name: str) -> str | None:
    return next((family for part, family in _FAMILIES if part in name), None)
