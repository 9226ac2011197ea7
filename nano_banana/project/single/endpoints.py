"""Which endpoint a single command asks, and which field of it takes what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.core.errors import Invalid, trouble
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.core.problem import Problem, did_you_mean

USUAL = {
    "train": "fal-ai/flux-lora-fast-training",
    "generate": "fal-ai/flux/dev",
    "inpaint": "fal-ai/flux-lora/inpainting",
    "edit": "fal-ai/nano-banana-pro/edit",
    "upscale": "fal-ai/seedvr/upscale/image",
}
"""What is asked where nobody says."""

ADAPTED = {"generate": ("fal-ai/flux-lora", "fal-ai/flux-2/lora"), "inpaint": ("fal-ai/flux-lora/inpainting",)}
"""What is asked with adapters: the first of their family."""


def endpoint_for(catalog: Catalog, task: str, using: str | None, bases: Sequence[str] = (), *, worn: bool) -> Endpoint:
    """The endpoint of that name; without one the usual one for the task, and for adapters of these families.

    Raises Invalid where the catalog has none of that name, or one that does something else.
    """
    name = using or (_adapted(catalog, task, bases) if worn else USUAL[task])
    found = catalog.get(name)
    if found is None:
        near = tuple(catalog.near(name)) or did_you_mean(name, _doing(catalog, task))
        raise Invalid([trouble("no_endpoint_for", hint=near, name=name, task=task, known=_listed(catalog, task))])
    if found.does not in _TASKS[task]:
        raise Invalid(
            [trouble("endpoint_does", name=name, does=str(found.does), task=task, known=_listed(catalog, task))]
        )
    return found


_TASKS: Mapping[str, frozenset[Task]] = {
    "train": frozenset({Task.TRAIN}),
    "generate": frozenset({Task.GENERATE}),
    "inpaint": frozenset({Task.INPAINT}),
    "edit": frozenset({Task.EDIT, Task.IMAGE_TO_IMAGE}),
    "upscale": frozenset({Task.UPSCALE, Task.RESTORE}),
}


def _doing(catalog: Catalog, task: str) -> list[str]:
    found = [catalog.get(name) for name in catalog.ids]
    return [endpoint.id for endpoint in found if endpoint is not None and endpoint.does in _TASKS[task]]


def _listed(catalog: Catalog, task: str) -> str:
    return ", ".join(_doing(catalog, task))


def _adapted(catalog: Catalog, task: str, bases: Sequence[str]) -> str:
    for name in ADAPTED.get(task, ()):
        endpoint = catalog.get(name)
        if endpoint is not None and endpoint.base in bases:
            return name
    return ADAPTED[task][0] if task in ADAPTED else USUAL[task]


def options_for(endpoint: Endpoint, said: Mapping[str, JSONValue]) -> JSONObject:
    """The endpoint's fields for what was said, by role (`guidance`: 2.8); what is None was not.

    Raises Invalid with every role that the endpoint has no field for, each as the option of its name.
    """
    roles = endpoint.roles.named()
    wrong: list[Problem] = [
        trouble("option_untaken", option=f"--{role}", endpoint=endpoint.id)
        for role, value in said.items()
        if value is not None and role not in roles
    ]
    if wrong:
        raise Invalid(wrong)
    return {roles[role]: value for role, value in said.items() if value is not None}
