"""Drawn results: through HTTP and without it, the same bytes."""

from __future__ import annotations

import asyncio
import hashlib
import io
import ssl
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from PIL import Image, ImageDraw

from nano_banana.catalog.arguments import complete_arguments
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import endpoint_revision
from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.call import Blob, Call, blob_of
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.providers.local.local_provider import LocalProvider
from nano_banana.providers.local.revision import local_revision
from nano_banana.providers.workers import WorkerPool
from nano_banana.stages.generate_stage import ImageRequest, image_call
from nano_banana.stages.stage_calls import CallTarget
from tests.emulator.conftest import ended
from tests.photos import photo

pytestmark = pytest.mark.slow  # worker processes load OpenCV
CATALOG = Catalog.load()
SIZE: JSONObject = {"width": 128, "height": 160}


@pytest.fixture(scope="module")
def http(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with Emulator(tmp_path_factory.mktemp("drawn"), EmulatorOptions(drawers=1)) as server:
        trust = ssl.create_default_context(cafile=server.ca)
        with httpx.Client(
            base_url=server.url, headers={"Authorization": "Key a:b"}, timeout=60, verify=trust
        ) as client:
            yield client


@pytest.fixture(scope="module")
def adapter(http: httpx.Client) -> tuple[str, bytes]:
    """The adapter of a training: its address and its bytes."""
    trainer = "fal-ai/flux-lora-fast-training"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for seed in range(4):
            file.writestr(f"{seed}.jpg", photo(seed))
    given = {"images_data_url": upload(http, archive.getvalue(), "set.zip"), "trigger_word": "sks"}
    id_ = http.post(f"/{trainer}", json=given).json()["request_id"]
    url = ended(http, id_, trainer).json()["diffusers_lora_file"]["url"]
    return str(url), http.get(url).content


def upload(http: httpx.Client, data: bytes, name: str) -> str:
    return str(http.post("/files/upload", content=data, headers={"X-Fal-File-Name": name}).json()["access_url"])


class Files:
    """Bytes in a folder, by digest."""

    def __init__(self, folder: Path, data: tuple[bytes, ...]) -> None:
        self._folder = folder
        for each in data:
            (folder / hashlib.sha256(each).hexdigest()).write_bytes(each)

    def path(self, blob: Blob) -> Path:
        return self._folder / blob.digest


def drawn_here(call: Call, files: Files) -> bytes:
    async def draw() -> bytes:
        pool = WorkerPool(1)
        try:
            payload = (await LocalProvider(pool, CATALOG).answer(call, files)).files["images/0"].data
        finally:
            pool.close()
        assert isinstance(payload, bytes)
        return payload

    return asyncio.run(draw())


def call_for(name: str, given: JSONObject, adapter: bytes, inputs: Mapping[str, Blob] | None = None) -> Call:
    endpoint = CATALOG.get(name)
    assert endpoint is not None
    site = CallTarget(provider="local", revision=local_revision(), meanings={name: endpoint_revision(endpoint)})
    adapters = [(blob_of(adapter, media="application/octet-stream"), 0.9)]
    arguments = complete_arguments(endpoint, given)
    return image_call(
        site, ImageRequest(endpoint=endpoint, arguments=arguments, adapters=adapters, inputs=inputs or {})
    )


def drawn_there(http: httpx.Client, call: Call, urls: Mapping[str, str], adapter_url: str) -> bytes:
    given: dict[str, JSONValue] = {**call.arguments, **urls, "loras": [{"path": adapter_url, "scale": 0.9}]}
    id_ = http.post(f"/{call.endpoint}", json=given).json()["request_id"]
    result = ended(http, id_)
    assert result.status_code == 200, result.text
    assert "plain" not in result.json()
    return http.get(result.json()["images"][0]["url"]).content


def test_a_picture_is_the_same(http: httpx.Client, adapter: tuple[str, bytes], tmp_path: Path) -> None:
    url, data = adapter
    call = call_for("fal-ai/flux-lora", {"prompt": "sks on a beach", "image_size": SIZE}, data)  # no seed: by the key
    assert drawn_there(http, call, {}, url) == drawn_here(call, Files(tmp_path, (data,)))


def test_a_repainted_picture_is_the_same(http: httpx.Client, adapter: tuple[str, bytes], tmp_path: Path) -> None:
    url, data = adapter
    mask = Image.new("L", (240, 300))
    ImageDraw.Draw(mask).ellipse((60, 40, 180, 180), fill=255)
    out = io.BytesIO()
    mask.save(out, "PNG")
    picture, masked = photo(9), out.getvalue()
    inputs = {"image_url": blob_of(picture, media="image/jpeg"), "mask_url": blob_of(masked, media="image/png")}
    call = call_for("fal-ai/flux-lora/inpainting", {"prompt": "sks", "seed": 5}, data, inputs)
    urls = {"image_url": upload(http, picture, "a.jpg"), "mask_url": upload(http, masked, "m.png")}
    assert drawn_there(http, call, urls, url) == drawn_here(call, Files(tmp_path, (data, picture, masked)))


def test_several_pictures_differ(http: httpx.Client, adapter: tuple[str, bytes]) -> None:
    loras: JSONValue = [{"path": adapter[0]}]
    given = {"prompt": "sks", "image_size": SIZE, "num_images": 2, "seed": 1, "loras": loras}
    id_ = http.post("/fal-ai/flux-lora", json=given).json()["request_id"]
    result = ended(http, id_)
    first, second = (http.get(image["url"]).content for image in result.json()["images"])
    assert first != second
    assert result.json()["images"][0]["content_type"] == "image/jpeg"  # the endpoint's own default


def test_what_cannot_be_drawn(http: httpx.Client) -> None:
    def refused(endpoint: str, given: JSONObject) -> JSONObject:
        id_ = http.post(f"/{endpoint}", json=given).json()["request_id"]
        result = ended(http, id_, "/".join(endpoint.split("/")[:2]))
        assert result.status_code == 422
        entry: JSONObject = result.json()["detail"][0]
        return entry

    elsewhere: JSONObject = {"prompt": "x", "loras": [{"path": "owner/name"}]}
    assert refused("fal-ai/flux-lora", elsewhere)["loc"] == ["body", "loras/0/path"]
    broken = {"images_data_url": "data:application/zip;base64,AAAA"}
    assert refused("fal-ai/flux-lora-fast-training", broken)["type"] == "invalid_archive"
    unreadable = {"prompt": "x", "image_url": "data:image/png;base64,?"}
    assert refused("fal-ai/flux/dev/image-to-image", unreadable)["type"] == "file_download_error"
