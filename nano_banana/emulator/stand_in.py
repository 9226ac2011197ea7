"""An endpoint that the catalog doesn't have, as far as its id tells."""

from __future__ import annotations

from nano_banana.catalog.endpoint import Endpoint, Task
from nano_banana.catalog.field import Field, FieldType
from nano_banana.catalog.roles import Roles

_NOT_PICTURES = ("video", "audio", "speech", "music", "tts", "3d", "llm", "vision", "avatar", "lipsync")
_FIELDS = {
    "num_images": FieldType.INTEGER,
    "seed": FieldType.INTEGER,
    "sync_mode": FieldType.BOOLEAN,
    "output_format": FieldType.STRING,
}
_ROLES = Roles(count="num_images", seed="seed", sync="sync_mode", format="output_format")


def stand_in(id_: str) -> Endpoint | None:
    """An endpoint that takes any arguments, and makes an adapter or pictures; None where it makes neither."""
    if id_.count("/") < 1 or any(word in id_ for word in _NOT_PICTURES):
        return None
    trains = "train" in id_
    one = any(word in id_ for word in ("upscal", "esrgan", "restor", "birefnet", "rembg"))
    makes = ("diffusers_lora_file", "config_file") if trains else ("image",) if one else ("images/*",)
    return Endpoint(
        id=id_,
        title=id_,
        description="",
        does=Task.TRAIN if trains else Task.OTHER,
        fields={name: Field(name=name, type=type_) for name, type_ in _FIELDS.items()},
        roles=_ROLES,
        trains="unknown" if trains else None,
        makes=makes,
    )


def is_stand_in(endpoint: Endpoint) -> bool:
    """Whether nothing but its id is known of it."""
    return endpoint.roles is _ROLES
