"""fal's storage: tokens, three kinds of upload, and downloads."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path
from uuid import uuid4

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from nano_banana.emulator.failures import UNAUTHORIZED, cut_body, error_response, json_response
from nano_banana.emulator.fal_hosts import files_base_url
from nano_banana.emulator.fault_injection import InjectedFault
from nano_banana.emulator.request_entry import AdmittedRequest, Api, AsgiReply, client_base_url, read_json
from nano_banana.emulator.request_queue import iso_time
from nano_banana.emulator.served_files import ServedFile, file_lifetime
from nano_banana.model.json_values import as_items, as_object

TOKEN_LIFETIME = 3600.0
"""Seconds that an upload token is valid."""

MAX_PARTS = 10_000
"""Parts of one upload, as in S3."""

SMALL_FILE = 1 << 20
"""Bytes of the largest file that is served from memory."""

PRIVATE_URL = "http://169.254.169.254/latest/meta-data/"
"""The default target of a redirect: an address that no client should follow."""


class FilesApi(Api):
    """The handlers of storage and of files."""

    async def token(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return a token for uploads."""
        state = self._state
        return json_response(
            {
                "token": state.token,
                "token_type": "Bearer",
                "base_url": files_base_url(client_base_url(admitted.request)),
                "expires_at": iso_time(state.clock() + TOKEN_LIFETIME),
            }
        )

    async def temporary_token(self, _: AdmittedRequest) -> AsgiReply:
        """Return a token that browsers may put into a URL."""
        return json_response(self._state.token)

    async def webhook_keys(self, _: AdmittedRequest) -> AsgiReply:
        """Return the key set that verifies webhooks' signatures."""
        return json_response(self._state.webhooks.keys)

    async def upload(self, admitted: AdmittedRequest) -> AsgiReply:
        """Receive a file in one piece."""
        request = admitted.request
        self._check_key(request)
        kept = self._place(request)
        await _written(request, kept.path)
        self._state.files.keep(kept)
        return json_response({"access_url": self._url(kept, request)})

    async def begin(self, admitted: AdmittedRequest) -> AsgiReply:
        """Start a multipart upload."""
        request = admitted.request
        self._check_key(request)
        kept = self._place(request)
        upload = uuid4().hex
        self._parts(kept.id, upload).mkdir(parents=True)
        self._state.pending[kept.id] = kept
        return json_response({"access_url": self._url(kept, request), "uploadId": upload})

    async def part(self, admitted: AdmittedRequest) -> AsgiReply:
        """Receive one part; its number is in the URL, its ETag in the answer."""
        request = admitted.request
        folder = self._parts(request.path_params["file"], request.path_params["upload"])
        self._check_key(request)
        if not folder.is_dir():
            return error_response(404, "No such upload")
        if not 1 <= request.path_params["part"] <= MAX_PARTS:
            return error_response(400, f"The number of a part is from 1 to {MAX_PARTS}")
        etag = await _written(request, folder / str(request.path_params["part"]))
        quoted = f'"{etag}"'
        return json_response({"partNumber": request.path_params["part"], "etag": quoted}, headers={"etag": quoted})

    async def complete(self, admitted: AdmittedRequest) -> AsgiReply:
        """Join the parts in the order of their numbers."""
        request = admitted.request
        self._check_key(request)
        kept = self._state.pending.get(request.path_params["file"])
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
        del self._state.pending[kept.id]
        await asyncio.to_thread(_joined, folder, wanted, kept.path)
        self._state.files.keep(kept)
        return json_response({"access_url": self._url(kept, request)})

    async def initiate(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return a signed URL to upload a file or its parts to."""
        request = admitted.request
        told = as_object(await read_json(request))
        media = str(told.get("content_type") or "application/octet-stream")
        name = str(told.get("file_name") or "file")
        kept = self._state.files.place(name, media=media, lifetime=file_lifetime(request.headers))
        self._state.pending[kept.id] = kept
        base = files_base_url(client_base_url(request))
        upload_url = f"{base}/files/signed/{kept.id}"
        if request.url.path.endswith("-multipart"):
            upload = uuid4().hex
            self._parts(kept.id, upload).mkdir(parents=True)
            upload_url += f"/multipart/{upload}"
        return json_response({"upload_url": upload_url, "file_url": kept.url(base)})

    async def put(self, admitted: AdmittedRequest) -> AsgiReply:
        """Receive a file at a signed URL."""
        kept = self._state.pending.pop(admitted.request.path_params["file"], None)
        if kept is None:
            return error_response(404, "No such upload")
        await _written(admitted.request, kept.path)
        self._state.files.keep(kept)
        return Response()

    async def download(self, admitted: AdmittedRequest) -> AsgiReply:
        """Return a file; its URL is the only secret."""
        kept = self._state.files.get(admitted.request.path_params["file"])
        if kept is None or kept.name != admitted.request.path_params["name"]:
            return error_response(404, "Not Found")
        if admitted.fault is not None and (damaged := _damaged(kept, admitted.fault)):
            return damaged
        counted = BackgroundTask(self._state.count_download)
        if kept.path.stat().st_size <= SMALL_FILE:
            return Response(kept.path.read_bytes(), media_type=kept.media, background=counted)
        return FileResponse(kept.path, media_type=kept.media, background=counted)

    def _check_key(self, request: Request) -> None:
        """Raise HTTPException if the request may not upload."""
        if "name" not in request.path_params and "upload" in request.path_params:
            return  # a signed URL: the id of the upload is the secret
        given = request.headers.get("authorization", "")
        if given != f"Bearer {self._state.token}" and not (given.startswith("Key ") and self._state.accepts_key(given)):
            raise HTTPException(401, UNAUTHORIZED)

    def _url(self, kept: ServedFile, request: Request) -> str:
        """The file's URL for this client."""
        return kept.url(files_base_url(client_base_url(request)))

    def _place(self, request: Request) -> ServedFile:
        head = request.headers
        media, name = head.get("content-type", "application/octet-stream"), head.get("x-fal-file-name", "file")
        return self._state.files.place(name, media=media, lifetime=file_lifetime(head))

    def _parts(self, file: str, upload: str) -> Path:
        return self._state.files.folder / f"{file}.{upload}"


def _joined(folder: Path, numbers: list[int], target: Path) -> None:
    with target.open("wb") as whole:
        for number in numbers:
            with (folder / str(number)).open("rb") as part:
                shutil.copyfileobj(part, whole, 1 << 20)
    shutil.rmtree(folder)


async def _written(request: Request, path: Path) -> str:
    """Stream the body to a file; return its MD5, the ETag of storage services."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("wb") as file:
        async for chunk in request.stream():
            file.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()


def _damaged(kept: ServedFile, fault: InjectedFault) -> AsgiReply | None:
    data = kept.path.read_bytes()
    middle = len(data) // 2
    if fault.kind == "truncated":
        return cut_body(data[:middle], kept.media, len(data))
    if fault.kind == "corrupt":
        return Response(data[:middle] + bytes(byte ^ 0x5A for byte in data[middle:]), media_type=kept.media)
    if fault.kind == "wrong-type":
        return Response("<html><body>Please wait …</body></html>", media_type="text/html")
    return RedirectResponse(fault.arg or PRIVATE_URL, 302) if fault.kind == "redirect" else None
