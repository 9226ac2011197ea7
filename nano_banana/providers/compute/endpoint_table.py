"""The compute endpoints by name: a registry of pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nano_banana.providers.compute.compute_request import ComputeRequest
from nano_banana.providers.compute.face_endpoints import likeness, look, person
from nano_banana.providers.compute.mask_endpoints import crop, mask, paste
from nano_banana.providers.compute.picture_endpoints import (
    fit,
    imprint,
    open_picture_file,
    probe,
    survey,
    thumbnail,
    training_zip,
)
from nano_banana.providers.workers import WorkResult

ENDPOINTS: Mapping[str, Callable[[ComputeRequest], WorkResult]] = {
    "crop": crop,
    "fit": fit,
    "imprint": imprint,
    "likeness": likeness,
    "look": look,
    "mask": mask,
    "open": open_picture_file,
    "paste": paste,
    "person": person,
    "probe": probe,
    "survey": survey,
    "thumbnail": thumbnail,
    "training-zip": training_zip,
}
