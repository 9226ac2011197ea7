"""What work that is not done yet would answer."""

from __future__ import annotations

from collections.abc import Callable

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.blob import imagine
from nano_banana.core.call import Call
from nano_banana.core.json import JSONObject
from nano_banana.core.reply import Reply

_COMPUTE: dict[str, tuple[JSONObject, str, str]] = {
    "training-zip": ({}, "archive", "application/zip"),
    "mask": ({"box": [0, 0, 1, 1]}, "mask", "image/png"),
    # A crop has about one megapixel, whatever it is cut from.
    "crop": ({"box": [0, 0, 1, 1], "width": 1024, "height": 1024}, "image", "image/png"),
    "paste": ({}, "image", "image/png"),
    "open": ({}, "image", "image/png"),
    "imprint": ({}, "image", "image/png"),
    "look": ({}, "faces", "application/json"),
    "person": ({}, "person", "application/json"),
    "likeness": ({}, "likeness", "application/json"),
}


INVENTED = ("arguments/box", "arguments/image_size")
"""Where flows put invented data into the calls that follow; nothing true can be told of a change there."""


def imaginer(catalog: Catalog) -> Callable[[Call], Reply]:
    """A function that invents a call's reply: the right places, imagined bytes, no cost."""

    def invent(call: Call) -> Reply:
        if call.provider == "compute":
            data, place, media = _COMPUTE[call.endpoint]
            files = {name: imagine(f"{call.key}/{name}", media=media) for name in (place, "mask")}
            return Reply(data=data, files=files)
        endpoint = catalog.get(call.endpoint)
        places = ("image",) if endpoint is None else endpoint.makes
        names = [place.replace("*", "0") for place in places]
        return Reply(data={}, files={name: imagine(f"{call.key}/{name}", media=_media(name)) for name in names})

    return invent


def _media(place: str) -> str:
    return "image/png" if place.startswith("image") else "application/octet-stream"
