"""Results at once: small pictures whose colours come from the request."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Mapping

import numpy as np
from PIL import Image

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.size import argument, pixels
from nano_banana.core.answer import Payload
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.inputs import Inputs
from nano_banana.emulator.made import Made
from nano_banana.providers.local.safetensors import write

SIDE = 64
"""Pixels of the longer side."""

JSON = "application/json"
BYTES = "application/octet-stream"


class Plain:
    """Makes results that are valid, tiny, and different for different requests."""

    strict = False

    def __init__(self, seconds: float) -> None:
        """Take so long for each."""
        self._seconds = seconds

    async def make(self, endpoint: Endpoint, inputs: Inputs, digest: str) -> Made:
        """Wait, then make it. Fails never."""
        if self._seconds > 0:
            await asyncio.sleep(self._seconds)
        colours = bytes.fromhex(digest)
        files: dict[str, Payload] = {}
        for place in endpoint.makes:
            for at in range(_count(endpoint, inputs.arguments) if "*" in place else 1):
                files[place.replace("*", str(at))] = _file(place, endpoint, inputs.arguments, colours, at)
        return Made(data=_data(endpoint, inputs.arguments, colours, files), files=files)

    def close(self) -> None:
        """Nothing to give back."""


def _count(endpoint: Endpoint, arguments: JSONObject) -> int:
    count = argument(endpoint, arguments, endpoint.roles.count)
    return count if isinstance(count, int) else 1


def _file(place: str, endpoint: Endpoint, arguments: JSONObject, colours: bytes, at: int) -> Payload:
    if "lora_file" in place:
        tensor = np.frombuffer(colours, np.uint8)
        # Whoever gives adapters away in a rehearsal must be able to take them in again, as those that are drawn.
        told = {"format": "nano-banana-local-plain", "endpoint": endpoint.id}
        return Payload(data=write({"plain": tensor}, told), media=BYTES)
    if place.endswith("_file"):
        return Payload(data=json.dumps({"endpoint": endpoint.id}).encode(), media=JSON)
    size = small(pixels(endpoint, arguments) or (SIDE, SIDE))
    form = argument(endpoint, arguments, endpoint.roles.format)
    # Nine colours of the digest's 32 bytes; never a black picture, which is what a safety checker gives.
    tinted = bytes((byte + at * 40) % 224 + 32 for byte in colours[:27])
    picture = Image.frombytes("RGB", (3, 3), tinted).resize(size, Image.Resampling.NEAREST)
    return encoded(picture, str(form or "png"))


def small(size: tuple[int, int]) -> tuple[int, int]:
    """The same proportions with at most `SIDE` pixels a side."""
    scale = min(1.0, SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def encoded(picture: Image.Image, form: str) -> Payload:
    """The picture as png, jpeg or webp; anything else is png."""
    form = form if form in {"jpeg", "webp"} else "png"
    out = io.BytesIO()
    picture.save(out, format=form.upper())
    return Payload(data=out.getvalue(), media=f"image/{form}")


def _data(endpoint: Endpoint, arguments: JSONObject, colours: bytes, files: Mapping[str, Payload]) -> JSONObject:
    if endpoint.trains:
        return {}
    if "nano-banana" in endpoint.id:
        return {"description": ""}
    seed = argument(endpoint, arguments, endpoint.roles.seed)
    drawn: JSONValue = int.from_bytes(colours[:4], "big") if seed is None else seed
    data: JSONObject = {"seed": drawn, "timings": {"inference": 0.0}}
    if "image" in endpoint.makes:
        return data
    prompt = argument(endpoint, arguments, endpoint.roles.prompt)
    return {**data, "prompt": prompt or "", "has_nsfw_concepts": [False] * len(files)}
