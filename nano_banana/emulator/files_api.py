"""fal's storage: tokens, three kinds of upload, and downloads."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from nano_banana.emulator.emulator_state import EmulatorState
from nano_banana.emulator.failures import cut_connection, error_response, json_response, unauthorized_response
from nano_banana.emulator.fal_hosts import files_base_url
from nano_banana.emulator.request_entry import AdmittedRequest, AsgiReply, client_base_url, read_json
from nano_banana.emulator.request_queue import iso_time
from nano_banana.emulator.served_files import ServedFile, file_lifetime
from nano_banana.model.json_values import as_items, as_object

TOKEN_LIFETIME = 3600.0
"""Seconds that an upload token is good for."""

MAX_PARTS = 10_000
"""Parts of one upload, as in S3."""

SMALL_FILE = 1 << 20
"""Bytes up to which a file is served in one piece, from memory."""

PRIVATE_URL = "http://169.254.169.254/latest/meta-data/"
"""Where a redirect leads unless told otherwise: an address that no client should follow."""


class FilesApi:
    """The handlers of storage and of files."""

    def __init__(self, world: EmulatorState) -> None:
        """Serve this world."""
        self._world = world

    async def token(self, visit: AdmittedRequest) -> AsgiReply:
        """Give out a token for uploads."""
        world = self._world
        return json_response(
            {
                "token": world.token,
                "token_type": "Bearer",
                "base_url": files_base_url(client_base_url(visit.request)),
                "expires_at": iso_time(world.clock() + TOKEN_LIFETIME),
            }
        )

    async def temporary_token(self, _: AdmittedRequest) -> AsgiReply:
        """Give out a token that may stand in an address, for browsers."""
        return json_response(self._world.token)

    async def webhook_keys(self, _: AdmittedRequest) -> AsgiReply:
        """The key set that webhooks' signatures are checked with."""
        return json_response(self._world.webhooks.keys)

    async def upload(self, visit: AdmittedRequest) -> AsgiReply:
        """Take a file in one piece."""
        request = visit.request
        if not self._may_upload(request):
            return unauthorized_response()
        kept = self._place(request)
        await _written(request, kept.path)
        self._world.cabinet.keep(kept)
        return json_response({"access_url": kept.url(files_base_url(client_base_url(request)))})

    async def begin(self, visit: AdmittedRequest) -> AsgiReply:
        """Begin an upload in parts."""
        request = visit.request
        if not self._may_upload(request):
            return unauthorized_response()
        kept = self._place(request)
        upload = uuid4().hex
        self._parts(kept.id, upload).mkdir(parents=True)
        self._world.pending[kept.id] = kept
        return json_response({"access_url": kept.url(files_base_url(client_base_url(request))), "uploadId": upload})

    async def part(self, visit: AdmittedRequest) -> AsgiReply:
        """Take one part; its number is in the address, its ETag in the answer."""
        request = visit.request
        folder = self._parts(request.path_params["file"], request.path_params["upload"])
        if not self._may_upload(request):
            return unauthorized_response()
        if not folder.is_dir():
            return error_response(404, "No such upload")
        if not 1 <= request.path_params["part"] <= MAX_PARTS:
            return error_response(400, f"The number of a part is from 1 to {MAX_PARTS}")
        etag = await _written(request, folder / str(request.path_params["part"]))
        quoted = f'"{etag}"'
        return json_response({"partNumber": request.path_params["part"], "etag": quoted}, headers={"etag": quoted})

    async def complete(self, visit: AdmittedRequest) -> AsgiReply:
        """Put the parts together, in the order of their numbers."""
        request = visit.request
        if not self._may_upload(request):
            return unauthorized_response()
        kept = self._world.pending.get(request.path_params["file"])
        folder = self._parts(request.path_params["file"], request.path_params["upload"])
        if kept is None or not folder.is_dir():
            return error_response(404, "No such upload")
        listed = as_items(as_object(await read_json(request)).get("parts"))
        try:
            wanted = sorted(int(str(as_object(part).get("partNumber"))) for part in listed)
        except ValueError:
            return error_response(400, "Each part needs a partNumber")
        if [folder / str(number) for number in wanted] != sorted(folder.iterdir(), key=lambda path: int(path.name)):
            return error_response(400, "The parts that are named are not those that were sent")
        del self._world.pending[kept.id]
        await asyncio.to_thread(_joined, folder, wanted, kept.path)
        self._world.cabinet.keep(kept)
        return json_response({"access_url": kept.url(files_base_url(client_base_url(request)))})

    async def initiate(self, visit: AdmittedRequest) -> AsgiReply:
        """Give out a signed address to put a file at, or its parts."""
        request = visit.request
        told = as_object(await read_json(request))
        media = str(told.get("content_type") or "application/octet-stream")
        name = str(told.get("file_name") or "file")
        kept = self._world.cabinet.place(name, media=media, lifetime=file_lifetime(request.headers))
        self._world.pending[kept.id] = kept
        base = files_base_url(client_base_url(request))
        upload_url = f"{base}/files/signed/{kept.id}"
        if request.url.path.endswith("-multipart"):
            upload = uuid4().hex
            self._parts(kept.id, upload).mkdir(parents=True)
            upload_url += f"/multipart/{upload}"
        return json_response({"upload_url": upload_url, "file_url": kept.url(base)})

    async def put(self, visit: AdmittedRequest) -> AsgiReply:
        """Take a file at a signed address."""
        kept = self._world.pending.pop(visit.request.path_params["file"], None)
        if kept is None:
            return error_response(404, "No such upload")
        await _written(visit.request, kept.path)
        self._world.cabinet.keep(kept)
        return Response()

    async def download(self, visit: AdmittedRequest) -> AsgiReply:
        """Hand out a file; anybody may have it who knows its address."""
        kept = self._world.cabinet.get(visit.request.path_params["file"])
        if kept is None or kept.name != visit.request.path_params["name"]:
            return error_response(404, "Not Found")
        if visit.fault is not None:
            damaged = _damaged(kept, visit)
            if damaged is not None:
                return damaged
        if kept.path.stat().st_size <= SMALL_FILE:
            return _CountedFile(Response(kept.path.read_bytes(), media_type=kept.media), self._world)
        return _CountedFile(FileResponse(kept.path, media_type=kept.media), self._world)

    def _may_upload(self, request: Request) -> bool:
        if "name" not in request.path_params and "upload" in request.path_params:
            return True  # a signed address: the id of the upload is the secret
        given = request.headers.get("authorization", "")
        return given == f"Bearer {self._world.token}" or (given.startswith("Key ") and self._world.opens(given))

    def _place(self, request: Request) -> ServedFile:
        head = request.headers
        media = head.get("content-type", "application/octet-stream")
        name = head.get("x-fal-file-name", "file")
        return self._world.cabinet.place(name, media=media, lifetime=file_lifetime(head))

    def _parts(self, file: str, upload: str) -> Path:
        return self._world.cabinet.folder / f"{file}.{upload}"


def _joined(folder: Path, numbers: list[int], target: Path) -> None:
    with target.open("wb") as whole:
        for number in numbers:
            with (folder / str(number)).open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)
    shutil.rmtree(folder)


async def _written(request: Request, path: Path) -> str:
    """Stream the body to a file; returns the MD5 that storage services call an ETag."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        async for chunk in request.stream():
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _damaged(kept: ServedFile, visit: AdmittedRequest) -> AsgiReply | None:
    data = kept.path.read_bytes()
    if visit.shaped("truncated"):
        return _TruncatedFile(data=data, media=kept.media)
    if visit.shaped("corrupt"):
        middle = len(data) // 2
        return Response(data[:middle] + bytes(byte ^ 0x5A for byte in data[middle:]), media_type=kept.media)
    if visit.shaped("wrong-type"):
        return Response("<html><body>Please wait …</body></html>", media_type="text/html")
    if visit.shaped("redirect") and visit.fault is not None:
        return RedirectResponse(visit.fault.arg or PRIVATE_URL, 302)
    return None


class _CountedFile:
    """A file whose end is noted."""

    def __init__(self, file: Response, world: EmulatorState) -> None:
        self._file = file
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await self._file(scope, receive, send)
        self._world.served()


@dataclass(frozen=True, slots=True, kw_only=True)
class _TruncatedFile:
    """A file that ends in the middle, though more was announced."""

    data: bytes
    media: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send half of it, and cut."""
        head = [(b"content-length", str(len(self.data)).encode()), (b"content-type", self.media.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        half = self.data[: len(self.data) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await asyncio.sleep(0.05)  # so that the half is out before the line is dead
        await cut_connection(scope, receive)
