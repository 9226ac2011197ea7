"""Files of ours at fal: each content sent once, and its address known."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx
from fal_client import FalClientHTTPError
from fal_client.client import MULTIPART_THRESHOLD, StorageSettings

from nano_banana.core.answer import Desk
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.flights import Flights
from nano_banana.core.json import JSONValue
from nano_banana.core.upload import Upload
from nano_banana.providers.fal.faults import fault_of
from nano_banana.providers.fal.line import Line
from nano_banana.providers.fal.places import filled
from nano_banana.providers.fal.preparing import Parcel, named, pack
from nano_banana.providers.fal.resend import Patience, insist
from nano_banana.providers.fal.wire import Broken, Declined

AT_ONCE = 4
MARGIN = 600.0
"""Seconds that an upload must still have, as the store sees it; half its life where that is shorter."""
PATIENCE = Patience(first=0.5, most=10.0, total=120.0)
LEAST_SECONDS, SLOWEST = 120.0, 16_384.0
"""An upload may take so many seconds, and one more for each so many bytes, before it counts as hung."""
WHAT = "uploads"
_SILENT = logging.NullHandler()
_KEY_TROUBLE = (401, 402, 403)


class Uploads:
    """Puts the inputs of calls at the service. One a run; calls that want the same bytes share one upload."""

    def __init__(self, line: Line) -> None:
        # A library's warnings go to the screen where nobody listens to its logger.
        logging.getLogger("fal_client").addHandler(_SILENT)
        self._line = line
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._flights: Flights[Upload] = Flights()
        self._known: dict[str, Upload] = {}

    async def body(self, call: Call, desk: Desk, *, fresh: bool = False) -> dict[str, JSONValue]:
        """The call's arguments with an address in the place of each input.

        `fresh` sends again what is remembered: the service could not load it. Raises CallFailed: what `pack` raises,
        `fal_unreachable`, `fal_certificate`, `fal_busy`, `upload_failed`; Refused where the key is.
        """
        inputs = {blob.digest: (place, blob) for place, blob in call.inputs.items()}
        asked = [self._place(place, blob, desk, fresh=fresh) for place, blob in inputs.values()]
        found = await asyncio.gather(*asked, return_exceptions=True)
        urls = dict(zip(inputs, _all(found), strict=True))
        return filled(call.arguments, {place: urls[blob.digest] for place, blob in call.inputs.items()})

    async def _place(self, place: str, blob: Blob, desk: Desk, *, fresh: bool) -> str:
        known = None if fresh else self._lasting(blob) or await desk.upload(self._line.hosts.service, blob)
        if known is not None:
            return known.url
        desk.tell(phase="uploading")
        try:
            found, _ = await self._flights.join(blob.digest, lambda: self._upload(blob, desk))
        except CallFailed as error:
            raise CallFailed([replace(one, data={**one.data, "input": place}) for one in error.problems]) from error
        return found.url

    def _lasting(self, blob: Blob) -> Upload | None:
        """What this run has sent: a life too short for the store's margin is long enough for the next call."""
        upload, life = self._known.get(blob.digest), self._line.terms.uploads_expire_after
        if upload is None or upload.expires_at is None or life is None:
            return upload
        return upload if upload.expires_at > self._line.clock.now() + min(MARGIN, life / 2) else None

    async def _upload(self, blob: Blob, desk: Desk) -> Upload:
        async with self._slots:
            folder = desk.scratch()
            try:
                parcel = await asyncio.to_thread(lambda: pack(desk.path(blob), blob.digest[:16], folder))
                begun = self._line.clock.now()
                url = await insist(
                    lambda: self._sent(parcel, folder), patience=PATIENCE, clock=self._line.clock, what=WHAT
                )
            finally:
                shutil.rmtree(folder, ignore_errors=True)
        life = self._line.terms.uploads_expire_after
        expires_at = None if life is None else begun + life
        upload = Upload(service=self._line.hosts.service, digest=blob.digest, url=url, expires_at=expires_at)
        self._known[blob.digest] = upload
        await desk.uploaded(upload)
        return upload

    async def _sent(self, parcel: Parcel, folder: Path) -> str:
        """Send it and return where it lies. Raises Broken and Declined where another try may do better."""
        try:
            url: object = await self._send(parcel, folder)
        except TimeoutError as error:
            raise Broken("timeout", sent=True) from error
        except (FalClientHTTPError, httpx.HTTPStatusError) as error:
            raise _refusal(error.response) from error
        except (KeyError, TypeError, ValueError) as error:
            raise CallFailed([trouble("upload_failed", input="", why="no address")]) from error
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise CallFailed([trouble("upload_failed", input="", why="no address")])
        return url

    async def _send(self, parcel: Parcel, folder: Path) -> str:
        """By fal-client's way for this size. Only the bytes, a neutral name and the lifetime go along."""
        client, life = self._line.client, StorageSettings(expires_in=self._line.terms.uploads_expire_after)
        size = parcel.path.stat().st_size
        async with asyncio.timeout(LEAST_SECONDS + size / SLOWEST):
            if size > MULTIPART_THRESHOLD:
                return await client.upload_file(await asyncio.to_thread(named, parcel, folder), lifecycle=life)
            data = await asyncio.to_thread(parcel.path.read_bytes)
            return await client.upload(data, parcel.media, parcel.name, lifecycle=life)


def _all(found: Sequence[str | BaseException]) -> list[str]:
    """The addresses. Raises the failures: all that belong to the call at once, before them what ends the run."""
    failed = [one for one in found if isinstance(one, CallFailed)]
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, CallFailed):
            raise one
    if failed:
        raise CallFailed([problem for one in failed for problem in one.problems]) from failed[0]
    return [one for one in found if isinstance(one, str)]


def _refusal(response: httpx.Response) -> Exception:
    if response.status_code in _KEY_TROUBLE:
        return fault_of(response.status_code, response.headers, response.text, endpoint=WHAT).error()
    if response.status_code >= 500:
        return Declined(response)
    return CallFailed([trouble("upload_failed", input="", why=f"status {response.status_code}")])
