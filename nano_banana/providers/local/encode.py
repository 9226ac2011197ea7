"""Pictures as fal's endpoints give them: files by place, and JSON."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image

from nano_banana.core.json import JSONValue
from nano_banana.imaging.encode import png
from nano_banana.imaging.open import laid_on
from nano_banana.providers.local.job import Job, Result
from nano_banana.providers.local.revision import lacks_parts


def answer(job: Job, pictures: Sequence[Image.Image], *, plain: bool) -> Result:
    """The data and files of pictures; `plain`: people could only be cut out with an oval.

    That is noted if parts are missing here; else nobody is in the picture, and nothing would be better with them.
    """
    files = {
        place: encoded(picture, job.text("format")) for place, picture in zip(_places(job), pictures, strict=False)
    }
    about: list[JSONValue] = [
        {"width": picture.width, "height": picture.height, "content_type": media}
        for picture, (_, media) in zip(pictures, files.values(), strict=True)
    ]
    data: dict[str, JSONValue] = {"image": about[0]} if "image" in job.makes else {"images": about}
    if "nano-banana" in job.endpoint:
        data["description"] = ""
    else:
        data |= {"seed": job.seed, "timings": {}}
    if "images" in data and "description" not in data:
        data |= {"prompt": job.text("prompt"), "has_nsfw_concepts": [False] * len(pictures)}
    return ({**data, "plain": True} if plain and lacks_parts() else data), files


def encoded(picture: Image.Image, form: str) -> tuple[bytes, str]:
    """The picture's bytes and media type: png (also for no or an unknown form), jpeg or webp."""
    out = io.BytesIO()
    if form in {"jpeg", "jpg"}:
        picture = laid_on(picture)
        picture.save(out, format="JPEG", quality=95, subsampling=0)
        return out.getvalue(), "image/jpeg"
    if form == "webp":
        picture.save(out, format="WEBP", quality=95, method=4)
        return out.getvalue(), "image/webp"
    return png(picture), "image/png"


def _places(job: Job) -> list[str]:
    return ["image"] if "image" in job.makes else [f"images/{at}" for at in range(16)]
