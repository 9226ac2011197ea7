"""Turns an accepted request into a result: validates it, generates, bills.

`PlaceholderGenerator` makes small valid pictures at once, with colours from the request's digest. Endpoints outside the
catalog are guessed from their id.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from PIL import Image

from nano_banana.catalog.arguments import argument_value, result_size
from nano_banana.catalog.endpoint import Endpoint, Field, FieldType, Roles, Task, Unit
from nano_banana.catalog.pricing import price_factor, result_count, surcharge_usd, whole_number
from nano_banana.emulator.failures import (
    forced_422,
    malformed_result,
    model_error,
    runner_error,
    validation_error,
)
from nano_banana.emulator.fal_hosts import files_base_url
from nano_banana.emulator.fault_injection import FaultPoint
from nano_banana.emulator.request_queue import DocumentFile, EmulatedRequest, RequestOutcome
from nano_banana.emulator.served_files import RequestInputs, ServedFiles, UnreadableUrl, file_lifetime, split_inputs
from nano_banana.formats.safetensors import write_safetensors
from nano_banana.model.json_values import JSONObject, JSONValue, as_items
from nano_banana.model.problem import CallFailed
from nano_banana.model.provider_protocol import AnswerFile


class GeneratedResult(Struct, frozen=True, kw_only=True):
    """A result: its data without files, and its files by place (`images/0`), in order."""

    data: JSONObject
    files: Mapping[str, AnswerFile]


class ResultGenerator(Protocol):
    """Makes results. `digest` is the request's SHA-256, 64 hex digits."""

    strict: bool
    """Whether it needs every file in the arguments."""

    async def make(self, endpoint: Endpoint, inputs: RequestInputs, digest: str) -> GeneratedResult:
        """Make a result. Raises CallFailed."""
        ...

    def close(self) -> None:
        """Release all resources."""
        ...


_NOT_PICTURES = ("video", "audio", "speech", "music", "tts", "3d", "llm", "vision", "avatar", "lipsync")
_FIELDS = {
    "num_images": FieldType.INTEGER,
    "seed": FieldType.INTEGER,
    "sync_mode": FieldType.BOOLEAN,
    "output_format": FieldType.STRING,
}
_ROLES = Roles(count="num_images", seed="seed", sync="sync_mode", format="output_format")


def unlisted_endpoint(id_: str) -> Endpoint | None:
    """An endpoint outside the catalog with any arguments; None if it makes neither pictures nor an adapter."""
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


def is_unlisted(endpoint: Endpoint) -> bool:
    """Whether the endpoint is outside the catalog."""
    return endpoint.roles is _ROLES


PLACEHOLDER_SIDE = 64
"""Pixels of a placeholder's longer side, at most."""

JSON_MEDIA = "application/json"
BYTES_MEDIA = "application/octet-stream"


class PlaceholderGenerator:
    """Makes valid, tiny results that differ between requests."""

    strict = False

    def __init__(self, seconds: float) -> None:
        """Wait so many seconds for each result."""
        self._seconds = seconds

    async def make(self, endpoint: Endpoint, inputs: RequestInputs, digest: str) -> GeneratedResult:
        """Wait, then make the result. Never fails."""
        if self._seconds > 0:
            await asyncio.sleep(self._seconds)
        colours = bytes.fromhex(digest)
        files: dict[str, AnswerFile] = {}
        for place in endpoint.makes:
            for at in range(result_count(endpoint, inputs.arguments) if "*" in place else 1):
                files[place.replace("*", str(at))] = _placeholder_file(place, endpoint, inputs.arguments, colours, at)
        return GeneratedResult(data=_placeholder_data(endpoint, inputs.arguments, colours, files), files=files)

    def close(self) -> None:
        """Do nothing: there are no resources."""


def _placeholder_file(place: str, endpoint: Endpoint, arguments: JSONObject, colours: bytes, at: int) -> AnswerFile:
    if "lora_file" in place:
        tensor = np.frombuffer(colours, np.uint8)
        # `models import` must accept an adapter that was exported in a rehearsal.
        told = {"format": "nano-banana-local-plain", "endpoint": endpoint.id}
        return AnswerFile(data=write_safetensors({"plain": tensor}, told), media=BYTES_MEDIA)
    if place.endswith("_file"):
        return AnswerFile(data=json.dumps({"endpoint": endpoint.id}).encode(), media=JSON_MEDIA)
    size = placeholder_size(result_size(endpoint, arguments) or (PLACEHOLDER_SIDE, PLACEHOLDER_SIDE))
    form = argument_value(endpoint, arguments, endpoint.roles.format)
    # Nine colours from the digest. Never black, which is what a safety checker returns.
    tinted = bytes((byte + at * 40) % 224 + 32 for byte in colours[:27])
    picture = Image.frombytes("RGB", (3, 3), tinted).resize(size, Image.Resampling.NEAREST)
    return encode_picture(picture, str(form or "png"))


def placeholder_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size with the same aspect and at most PLACEHOLDER_SIDE pixels a side."""
    scale = min(1.0, PLACEHOLDER_SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def encode_picture(picture: Image.Image, form: str) -> AnswerFile:
    """Encode the picture as png, jpeg or webp; any other form becomes png."""
    form = form if form in {"jpeg", "webp"} else "png"
    out = io.BytesIO()
    picture.save(out, format=form.upper())
    return AnswerFile(data=out.getvalue(), media=f"image/{form}")


def _placeholder_data(
    endpoint: Endpoint, arguments: JSONObject, colours: bytes, files: Mapping[str, AnswerFile]
) -> JSONObject:
    if endpoint.trains:
        return {}
    if "nano-banana" in endpoint.id:
        return {"description": ""}
    seed = argument_value(endpoint, arguments, endpoint.roles.seed)
    drawn: JSONValue = int.from_bytes(colours[:4], "big") if seed is None else seed
    data: JSONObject = {"seed": drawn, "timings": {"inference": 0.0}}
    if "image" in endpoint.makes:
        return data
    prompt = argument_value(endpoint, arguments, endpoint.roles.prompt)
    return {**data, "prompt": prompt or "", "has_nsfw_concepts": [False] * len(files)}


MEGAPIXEL = 1 << 20
"""Pixels of a megapixel, as fal bills it: 1024 × 1024."""


def billed_units(endpoint: Endpoint, arguments: JSONObject, size: tuple[int, int]) -> float:
    """Units of the endpoint's price; 1 if it has none. `size` is the result's, in pixels.

    Factors and surcharges are included, so that units × price is the whole bill.
    """
    price = endpoint.price
    if price is None:
        return 1.0
    if price.unit is Unit.STEP:
        count = whole_number(argument_value(endpoint, arguments, endpoint.roles.steps)) or 0
    else:
        each = math.ceil(math.ceil(size[0] * size[1] / MEGAPIXEL) / price.block) if price.unit is Unit.MEGAPIXEL else 1
        count = each * result_count(endpoint, arguments)
    units = max(count, price.minimum or 0) * (price_factor(endpoint, price, arguments) or 1.0)
    extra = surcharge_usd(endpoint, arguments) + (0 if price.first is None else price.first - price.usd)
    return round(units + (extra / price.usd if price.usd else 0), 6)


UNITS_HEADER = "x-fal-billable-units"
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "application/json": "json"}


class RequestWorker:
    """Answers requests, also concurrently."""

    def __init__(
        self,
        endpoint: Callable[[str], Endpoint | None],
        artist: ResultGenerator,
        plain: ResultGenerator,
        served: ServedFiles,
        payloads: DocumentFile,
    ) -> None:
        """Let `artist` answer endpoints of the catalog, and `plain` others."""
        self._endpoint = endpoint
        self._artist = artist
        self._plain = plain
        self._served = served
        self._payloads = payloads

    async def answer(self, order: EmulatedRequest) -> RequestOutcome:
        """Answer a request. Raises nothing: a failure is an outcome."""
        endpoint = self._endpoint(order.endpoint)
        if endpoint is None or order.arguments_slot is None:
            return runner_error("internal_error")
        try:
            return await self._answer(order, endpoint, self._payloads.read(order.arguments_slot))
        except UnreadableUrl as error:
            place, url = error.args
            return model_error("file_download_error", field=str(place), msg=f"Failed to download {url}")
        except CallFailed as error:
            return _outcome_of(error)

    async def _answer(self, order: EmulatedRequest, endpoint: Endpoint, given: JSONObject) -> RequestOutcome:
        wrong = validation_error(endpoint, given)
        if wrong is not None:
            return RequestOutcome(status=422, body=wrong)
        artist = self._plain if is_unlisted(endpoint) else self._artist
        inputs = split_inputs(endpoint, given, self._served, strict=artist.strict)
        made = await artist.make(endpoint, inputs, order.digest)
        if lost := order.outcome_fault("completed-with-error"):
            return runner_error(lost.arg)
        if bad := order.outcome_fault("422"):
            return forced_422(bad.arg)
        if billed := order.outcome_fault("billed-422"):
            failure, units = forced_422(billed.arg or "no_media_generated"), self._units(endpoint, inputs)
            return replace(failure, units=units, headers={**failure.headers, UNITS_HEADER: f"{units:g}"})
        if order.outcome_fault("nsfw"):
            made = await asyncio.to_thread(_as_flagged, made)
        return self._ending(order, endpoint, inputs, made)

    def _ending(
        self, order: EmulatedRequest, endpoint: Endpoint, inputs: RequestInputs, made: GeneratedResult
    ) -> RequestOutcome:
        inline = bool(endpoint.roles.sync and inputs.arguments.get(endpoint.roles.sync) is True)
        body: dict[str, JSONValue] = {}
        ids: list[str] = []
        for place, payload in made.files.items():
            about = self._kept(order, place, payload, ids, inline=inline)
            head, _, at = place.partition("/")
            body[head] = [*as_items(body.get(head)), about] if at else about
        units = self._units(endpoint, inputs)
        headers = {} if order.outcome_fault("no-units") else {UNITS_HEADER: f"{units:g}"}
        whole = malformed_result({**body, **made.data}, order)
        return RequestOutcome(status=200, body=whole, units=units, headers=headers, files=tuple(ids))

    def _units(self, endpoint: Endpoint, inputs: RequestInputs) -> float:
        size = result_size(endpoint, inputs.arguments, picture=_input_size(endpoint, inputs)) or (1024, 1024)
        return billed_units(endpoint, inputs.arguments, size)

    def _kept(
        self, order: EmulatedRequest, place: str, payload: AnswerFile, ids: list[str], *, inline: bool
    ) -> JSONObject:
        data = payload.data.read_bytes() if isinstance(payload.data, Path) else payload.data
        name = f"{place.replace('/', '-')}.{_EXTENSIONS.get(payload.media, 'safetensors')}"
        about: dict[str, JSONValue] = {"content_type": payload.media, "file_name": name, "file_size": len(data)}
        if payload.media.startswith("image/"):
            about["width"], about["height"] = _size_of(data)
        if inline:
            return {"url": f"data:{payload.media};base64,{base64.b64encode(data).decode()}", **about}
        strikes = [fault for fault in order.faults if fault.point is FaultPoint.DOWNLOAD] if not ids else []
        kept = self._served.place(name, media=payload.media, lifetime=file_lifetime(order.headers), faults=strikes)
        kept.path.write_bytes(data)
        self._served.keep(kept)
        ids.append(kept.id)
        return {"url": kept.url(files_base_url(order.base)), **about}


def _input_size(endpoint: Endpoint, inputs: RequestInputs) -> tuple[int, int] | None:
    found = inputs.files.get(endpoint.roles.image or "")
    if found is None:
        return None
    try:
        return _size_of(found[0].read_bytes())
    except (OSError, ValueError, Image.DecompressionBombError):  # what Pillow raises for a file that is no picture
        return None


def _size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


def _as_flagged(made: GeneratedResult) -> GeneratedResult:
    """The result after a safety checker flagged it: black pictures and the flag."""
    files: dict[str, AnswerFile] = {}
    for place, payload in made.files.items():
        if not payload.media.startswith("image/") or isinstance(payload.data, Path):
            files[place] = payload
            continue
        with Image.open(io.BytesIO(payload.data)) as picture:
            black = Image.new("RGB", picture.size)
        files[place] = encode_picture(black, payload.media.removeprefix("image/"))
    return GeneratedResult(data={**made.data, "has_nsfw_concepts": [True] * len(files)}, files=files)


_MODEL_ERRORS: Mapping[str, str] = {
    "invalid_archive": "invalid_archive",
    "local_size": "image_too_large",
    "worker_died": "internal_server_error",
}


def _outcome_of(error: CallFailed) -> RequestOutcome:
    """A failure of the local provider as a model's error."""
    problem = error.problems[0]
    field = problem.data.get("input") or problem.data.get("name") or ""
    told = ", ".join(f"{name}: {value}" for name, value in problem.data.items())
    type_ = _MODEL_ERRORS.get(problem.kind, "image_load_error" if "input" in problem.data else "value_error")
    return model_error(type_, field=str(field), msg=f"{problem.kind.replace('_', ' ')} ({told})")
