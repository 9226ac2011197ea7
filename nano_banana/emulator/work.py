"""What becomes of an accepted request: checked, made, kept, billed."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from pathlib import Path

from nano_banana.catalog.endpoint import Endpoint
from nano_banana.catalog.size import pixels
from nano_banana.core.answer import Payload
from nano_banana.core.errors import CallFailed
from nano_banana.core.json import JSONObject, JSONValue
from nano_banana.emulator.billing import billed
from nano_banana.emulator.cabinet import Cabinet
from nano_banana.emulator.endings import charged, model_error, refused, runner_error, spoilt
from nano_banana.emulator.faults import Point
from nano_banana.emulator.hosts import files_base
from nano_banana.emulator.inputs import Inputs, Unreachable, taken_out
from nano_banana.emulator.lifecycle import lifetime
from nano_banana.emulator.made import Artist, Made
from nano_banana.emulator.order import Ending, Order
from nano_banana.emulator.payloads import Payloads
from nano_banana.emulator.stand_in import is_stand_in
from nano_banana.emulator.verdict import refusal

UNITS = "x-fal-billable-units"
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "application/json": "json"}


class Work:
    """Answers requests, one at a time or many at once."""

    def __init__(
        self,
        endpoint: Callable[[str], Endpoint | None],
        artist: Artist,
        plain: Artist,
        cabinet: Cabinet,
        payloads: Payloads,
    ) -> None:
        """Let `artist` make what the catalog describes, and `plain` what nothing describes."""
        self._endpoint = endpoint
        self._artist = artist
        self._plain = plain
        self._cabinet = cabinet
        self._payloads = payloads

    async def answer(self, order: Order) -> Ending:
        """Do what was asked. Raises nothing: what goes wrong is an ending, too."""
        endpoint = self._endpoint(order.endpoint)
        if endpoint is None or order.given is None:
            return runner_error("internal_error")
        try:
            return await self._answer(order, endpoint, self._payloads.read(order.given))
        except Unreachable as error:
            place, url = error.args
            return model_error("file_download_error", field=str(place), msg=f"Failed to download {url}")
        except CallFailed as error:
            return _failed(error)

    async def _answer(self, order: Order, endpoint: Endpoint, given: JSONObject) -> Ending:
        wrong = refusal(endpoint, given)
        if wrong is not None:
            return Ending(status=422, body=wrong)
        artist = self._plain if is_stand_in(endpoint) else self._artist
        inputs = taken_out(endpoint, given, self._cabinet, strict=artist.strict)
        made = await artist.make(endpoint, inputs, order.digest)
        lost = order.fate("completed-with-error")
        if lost:
            return runner_error(lost.arg)
        bad = order.fate("422")
        if bad:
            return refused(bad.arg)
        billed_bad = order.fate("billed-422")
        if billed_bad:
            return charged(refused(billed_bad.arg or "no_media_generated"), self._units(endpoint, inputs), UNITS)
        if order.fate("nsfw"):
            made = await asyncio.to_thread(_blackened, made)
        return self._ending(order, endpoint, inputs, made)

    def _ending(self, order: Order, endpoint: Endpoint, inputs: Inputs, made: Made) -> Ending:
        inline = bool(endpoint.roles.sync and inputs.arguments.get(endpoint.roles.sync) is True)
        body: dict[str, JSONValue] = {}
        ids: list[str] = []
        for place, payload in made.files.items():
            about = self._kept(order, place, payload, ids, inline=inline)
            head, _, at = place.partition("/")
            if at:
                listed = body.setdefault(head, [])
                if isinstance(listed, list):
                    listed.append(about)
            else:
                body[place] = about
        units = self._units(endpoint, inputs)
        headers = {} if order.fate("no-units") else {UNITS: f"{units:g}"}
        whole = spoilt({**body, **made.data}, order)
        return Ending(status=200, body=whole, units=units, headers=headers, files=tuple(ids))

    def _units(self, endpoint: Endpoint, inputs: Inputs) -> float:
        size = pixels(endpoint, inputs.arguments, picture=_input_size(endpoint, inputs)) or (1024, 1024)
        return billed(endpoint, inputs.arguments, size)

    def _kept(self, order: Order, place: str, payload: Payload, ids: list[str], *, inline: bool) -> JSONObject:
        data = payload.data.read_bytes() if isinstance(payload.data, Path) else payload.data
        name = f"{place.replace('/', '-')}.{_EXTENSIONS.get(payload.media, 'safetensors')}"
        about: dict[str, JSONValue] = {"content_type": payload.media, "file_name": name, "file_size": len(data)}
        if payload.media.startswith("image/"):
            about["width"], about["height"] = _size_of(data)
        if inline:
            return {"url": f"data:{payload.media};base64,{base64.b64encode(data).decode()}", **about}
        strikes = [fault for fault in order.faults if fault.on is Point.DOWNLOAD] if not ids else []
        kept = self._cabinet.place(name, media=payload.media, lifetime=lifetime(order.headers), faults=strikes)
        kept.path.write_bytes(data)
        self._cabinet.keep(kept)
        ids.append(kept.id)
        return {"url": kept.url(files_base(order.base)), **about}


def _input_size(endpoint: Endpoint, inputs: Inputs) -> tuple[int, int] | None:
    from PIL import Image

    found = inputs.files.get(endpoint.roles.image or "")
    if found is None:
        return None
    try:
        return _size_of(found[0].read_bytes())
    except (OSError, ValueError, Image.DecompressionBombError):  # what Pillow raises for a file that is no picture
        return None


def _size_of(data: bytes) -> tuple[int, int]:
    import io

    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        return picture.size


def _blackened(made: Made) -> Made:
    """The result as a safety checker leaves it: black pictures, and the flag."""
    import io

    from PIL import Image

    from nano_banana.emulator.plain import encoded

    files: dict[str, Payload] = {}
    for place, payload in made.files.items():
        if not payload.media.startswith("image/") or isinstance(payload.data, Path):
            files[place] = payload
            continue
        with Image.open(io.BytesIO(payload.data)) as picture:
            black = Image.new("RGB", picture.size)
        files[place] = encoded(black, payload.media.removeprefix("image/"))
    return Made(data={**made.data, "has_nsfw_concepts": [True] * len(files)}, files=files)


_MODEL_ERRORS: Mapping[str, str] = {
    "invalid_archive": "invalid_archive",
    "local_size": "image_too_large",
    "worker_died": "internal_server_error",
}


def _failed(error: CallFailed) -> Ending:
    """What the local provider could not do, as a model's error."""
    problem = error.problems[0]
    field = problem.data.get("input") or problem.data.get("name") or ""
    told = ", ".join(f"{name}: {value}" for name, value in problem.data.items())
    type_ = _MODEL_ERRORS.get(problem.kind, "image_load_error" if "input" in problem.data else "value_error")
    return model_error(type_, field=str(field), msg=f"{problem.kind.replace('_', ' ')} ({told})")
