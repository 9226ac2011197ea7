"""Endpoints, fields and sizes that a single command's options stand for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from msgspec import Struct

from nano_banana.catalog.arguments import NAMED_SIZES, SIZE_MULTIPLE
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.problem import Invalid, Problem, did_you_mean, problem
from nano_banana.session.opening import project_catalog
from nano_banana.settings.configuration import Settings


class SingleContext(Struct, frozen=True, kw_only=True):
    """The settings and endpoints of the project in the current folder."""

    settings: Settings
    catalog: Catalog

    @classmethod
    def of(cls, settings: Settings, root: Path) -> Self:
        """At the project's root. Raises Invalid with every problem of its endpoints' files."""
        return cls(settings=settings, catalog=project_catalog(root, settings))


DEFAULT_ENDPOINTS = {
    "train": "fal-ai/flux-lora-fast-training",
    "generate": "fal-ai/flux/dev",
    "inpaint": "fal-ai/flux-lora/inpainting",
    "edit": "fal-ai/nano-banana-pro/edit",
    "upscale": "fal-ai/seedvr/upscale/image",
}
"""The default endpoint of each task."""

ADAPTER_ENDPOINTS = {
    "generate": ("fal-ai/flux-lora", "fal-ai/flux-2/lora"),
    "inpaint": ("fal-ai/flux-lora/inpainting",),
}
"""The endpoints for adapters: the first one of their family."""


def endpoint_for_task(
    catalog: Catalog, task: str, using: str | None, bases: Sequence[str] = (), *, worn: bool
) -> Endpoint:
    """The endpoint of that name, or else the default one for the task and for adapters of these families.

    Raises Invalid if the catalog has no such endpoint, or it does something else.
    """
    name = using or (_adapter_endpoint(catalog, task, bases) if worn else DEFAULT_ENDPOINTS[task])
    found = catalog.get(name)
    if found is not None and found.does in _TASKS[task]:
        return found
    endpoints = [endpoint for each in catalog.ids if (endpoint := catalog.get(each)) is not None]
    names = [endpoint.id for endpoint in endpoints if endpoint.does in _TASKS[task]]
    about: JSONObject = {"name": name, "task": task, "known": ", ".join(names)}
    if found is None:
        near = tuple(catalog.near(name)) or did_you_mean(name, names)
        raise Invalid([Problem(kind="no_endpoint_for", suggestions=near, data=about)])
    raise Invalid([Problem(kind="endpoint_does", data={**about, "does": str(found.does)})])


_TASKS: Mapping[str, frozenset[Task]] = {
    "train": frozenset({Task.TRAIN}),
    "generate": frozenset({Task.GENERATE}),
    "inpaint": frozenset({Task.INPAINT}),
    "edit": frozenset({Task.EDIT, Task.IMAGE_TO_IMAGE}),
    "upscale": frozenset({Task.UPSCALE, Task.RESTORE}),
}


def _adapter_endpoint(catalog: Catalog, task: str, bases: Sequence[str]) -> str:
    for name in ADAPTER_ENDPOINTS.get(task, ()):
        endpoint = catalog.get(name)
        if endpoint is not None and endpoint.base in bases:
            return name
    return ADAPTER_ENDPOINTS[task][0] if task in ADAPTER_ENDPOINTS else DEFAULT_ENDPOINTS[task]


def options_for_roles(endpoint: Endpoint, said: Mapping[str, JSONValue]) -> JSONObject:
    """The endpoint's fields for values by role (`guidance`: 2.8); None is not given.

    Raises Invalid with every role that the endpoint has no field for, each as the option of its name.
    """
    roles = endpoint.roles.named()
    wrong: list[Problem] = [
        problem("option_untaken", option=f"--{role}", endpoint=endpoint.id)
        for role, value in said.items()
        if value is not None and role not in roles
    ]
    if wrong:
        raise Invalid(wrong)
    return {roles[role]: value for role, value in said.items() if value is not None}


_SIDES = re.compile(r"(\d{2,5})[x×](\d{2,5})")
_RATIO = re.compile(r"(\d{1,2}):(\d{1,2})")
MEGAPIXEL = 1024 * 1024


def size_option(endpoint: Endpoint, said: str | None) -> JSONObject:
    """The endpoint's field for a size such as `880x1104`, `4:5` or `portrait_4_3`; a ratio has about a megapixel.

    Empty for None. Raises Invalid for text that is no size, or a size that this endpoint doesn't take.
    """
    if said is None:
        return {}
    sides, ratio, roles = _SIDES.fullmatch(said), _RATIO.fullmatch(said), endpoint.roles
    if not (sides or ratio or said in NAMED_SIZES):
        near = did_you_mean(said, NAMED_SIZES)
        raise Invalid([problem("not_a_size", suggestions=near, given=said, known=", ".join(NAMED_SIZES))])
    if roles.size:
        value: JSONValue = said
        if sides:
            value = {"width": int(sides[1]), "height": int(sides[2])}
        elif ratio:
            value = _ratio_sides(int(ratio[1]), int(ratio[2]), said)
        return {roles.size: value}
    if roles.aspect_ratio and ratio:
        return {roles.aspect_ratio: said}
    kind = "only_ratios" if roles.aspect_ratio else "no_size"
    raise Invalid([problem(kind, given=said, endpoint=endpoint.id)])


def _ratio_sides(across: int, down: int, said: str) -> JSONObject:
    """About a megapixel of that shape, in multiples of a model's block."""
    if not across or not down:
        raise Invalid([problem("not_a_size", given=said, known=", ".join(NAMED_SIZES))])
    width = math.sqrt(MEGAPIXEL * across / down)
    sides = (width, width * down / across)
    # Rounded down: many endpoints round up to whole megapixels in bills.
    return dict(zip(("width", "height"), (int(side) // SIZE_MULTIPLE * SIZE_MULTIPLE for side in sides), strict=True))
