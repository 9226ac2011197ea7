"""The compute endpoints by name: a plain registry of pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nano_banana.providers.compute.crop import crop
from nano_banana.providers.compute.fit import fit
from nano_banana.providers.compute.imprint import imprint
from nano_banana.providers.compute.likeness import likeness
from nano_banana.providers.compute.look import look
from nano_banana.providers.compute.mask import mask
from nano_banana.providers.compute.open import open_file
from nano_banana.providers.compute.paste import paste
from nano_banana.providers.compute.person import person
from nano_banana.providers.compute.probe import probe
from nano_banana.providers.compute.request import Request, Result
from nano_banana.providers.compute.survey import survey
from nano_banana.providers.compute.thumbnail import thumbnail
from nano_banana.providers.compute.training_zip import training_zip

ENDPOINTS: Mapping[str, Callable[[Request], Result]] = {
    "crop": crop,
    "fit": fit,
    "imprint": imprint,
    "likeness": likeness,
    "look": look,
    "mask": mask,
    "open": open_file,
    "paste": paste,
    "person": person,
    "probe": probe,
    "survey": survey,
    "thumbnail": thumbnail,
    "training-zip": training_zip,
}
