"""Storage and files, by fal-client's three ways to upload."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import fal_client
import httpx
import pytest

from nano_banana.emulator.served_files import file_lifetime
from nano_banana.emulator.server import Emulator
from tests.emulator.conftest import submitted, talk

MIB = 1 << 20


def test_upload_in_one_piece(http: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "a photo.png"
    path.write_bytes(b"not quite")

    async def upload(client: fal_client.AsyncClient) -> str:
        return await client.upload_file(path, lifecycle=fal_client.StorageSettings(expires_in="1d"))

    answer = http.get(talk(upload))
    assert (answer.content, answer.headers["content-type"]) == (b"not quite", "image/png")


def test_upload_to_a_signed_address(http: httpx.Client, sync: fal_client.SyncClient) -> None:
    url = sync.upload(b"hello", "text/plain", "hello.txt", repository="fal")
    assert http.get(url).text == "hello"
    assert http.put("/files/signed/none", content=b"").status_code == 404


@pytest.mark.slow
def test_upload_in_parts(http: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "big.bin"
    with path.open("wb") as file:
        file.truncate(101 * MIB)
        file.seek(57 * MIB + 3)
        file.write(b"in the middle")

    async def upload(client: fal_client.AsyncClient) -> str:
        return await client.upload_file(path)

    with path.open("rb") as whole:
        wanted = hashlib.file_digest(whole, "sha256").hexdigest()
    found = hashlib.sha256()
    with http.stream("GET", talk(upload)) as answer:
        assert answer.headers["content-length"] == str(101 * MIB)
        for chunk in answer.iter_bytes():
            found.update(chunk)
    assert found.hexdigest() == wanted


def test_parts_that_are_missing(http: httpx.Client) -> None:
    begun = http.post("/files/upload/multipart", headers={"X-Fal-File-Name": "x.bin"}).json()
    here = f"{begun['access_url']}/multipart/{begun['uploadId']}"
    etags = {part: http.put(f"{here}/{part}", content=b"part %d " % part).headers["etag"] for part in (2, 1)}
    assert http.get(begun["access_url"]).status_code == 404  # not before it is whole
    assert http.put(f"{begun['access_url']}/multipart/none/1", content=b"").status_code == 404
    wrong = http.post(f"{here}/complete", json={"parts": [{"partNumber": 1, "etag": etags[1]}]})
    assert wrong.status_code == 400
    parts = [{"partNumber": part, "etag": etag} for part, etag in etags.items()]
    assert http.post(f"{here}/complete", json={"parts": parts}).status_code == 200
    assert http.get(begun["access_url"]).text == "part 1 part 2 "
    assert http.post(f"{here}/complete", json={"parts": parts}).status_code == 404


def test_files_expire(server: Emulator, http: httpx.Client) -> None:
    def put(wish: str) -> str:
        headers = {"X-Fal-Object-Lifecycle-Preference": wish, "X-Fal-File-Name": "x"}
        return str(http.post("/files/upload", content=b"x", headers=headers).json()["access_url"])

    brief = put('{"expiration_duration_seconds": 0.05}')
    lasting = put('{"expiration_duration_seconds": null}')
    time.sleep(0.1)
    assert (http.get(brief).status_code, http.get(lasting).status_code) == (404, 200)
    assert server.control("POST", "files/expire") == {"expired": 1}
    assert http.get(lasting).status_code == 404


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("{", None), ("[1]", None), ('{"expiration_duration_seconds": true}', None), ("{}", None)],
)
def test_a_wish_that_says_nothing(header: str, seconds: float | None) -> None:
    assert file_lifetime({"x-fal-object-lifecycle": header}) == seconds


def test_uploads_need_a_token(http: httpx.Client) -> None:
    for method, path in (
        ("POST", "/files/upload"),
        ("POST", "/files/upload/multipart"),
        ("PUT", "/files/f/n/multipart/u/1"),
    ):
        assert http.request(method, path, headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_file_that_is_gone_fails_the_request(http: httpx.Client) -> None:
    id_ = http.post(
        "/fal-ai/flux/dev/image-to-image", json={"prompt": "x", "image_url": f"{http.base_url}/files/none/x.png"}
    ).json()["request_id"]
    here = f"/fal-ai/flux/requests/{id_}"
    while http.get(f"{here}/status").status_code == 202:
        pass
    entry = http.get(here).json()["detail"][0]
    assert (entry["type"], entry["loc"]) == ("file_download_error", ["body", "image_url"])


def test_what_is_asked_to_be_forgotten_is_gone(http: httpx.Client) -> None:
    id_ = submitted(http)
    here = f"/fal-ai/flux-lora/requests/{id_}"
    while http.get(f"{here}/status").status_code == 202:
        pass
    url = http.get(here).json()["images"][0]["url"]
    assert http.delete(f"/v1/models/requests/{id_}/payloads").status_code == 200
    assert http.get(url).status_code == http.get(here).status_code == 404
    assert http.delete("/v1/models/requests/none/payloads").status_code == 404
