"""What other clients send, in plain requests: those that are too large to install here, or need a program around.

`fal` takes 128 MB and litellm 256 MB with what they need. ComfyUI's nodes are fal-client and raw requests; MCP servers
ask the queue, the platform API and the site's lists of models.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from nano_banana.emulator.server import Emulator

LORA = "fal-ai/flux-lora"
GIVEN = {"prompt": "a photo"}


@pytest.fixture
def http(emulator: Emulator) -> Iterator[httpx.Client]:
    import ssl

    trust = ssl.create_default_context(cafile=emulator.ca)
    head = {"Authorization": "Key id:secret"}
    with httpx.Client(proxy=emulator.proxy, verify=trust, headers=head, timeout=10, trust_env=False) as client:
        yield client


def test_fal_s_own_sdk(http: httpx.Client) -> None:
    """`fal.apps`: slashes at the end of addresses, 200 and 202 told apart by status, streams of bytes."""
    url = f"https://queue.fal.run/{LORA}"
    id_ = http.post(url, json=GIVEN).json()["request_id"]
    while (status := http.get(f"{url}/requests/{id_}/status/", params={"logs": "1"})).status_code == 202:
        assert status.json()["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    assert http.get(f"{url}/requests/{id_}/").json()["images"]
    assert http.put(f"{url}/requests/{id_}/cancel").status_code == 400
    with http.stream("POST", f"https://fal.run/{LORA}/stream", json=GIVEN) as stream:
        events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
    assert events[-1]["images"]


def test_litellm(http: httpx.Client) -> None:
    """A direct call with a bearer-like key and a size; it reads `images[].url`, `width` and `content_type`."""
    given = {"prompt": "a photo", "num_images": 2, "image_size": "square"}
    answer = http.post("https://fal.run/fal-ai/flux/schnell", json=given)
    assert [(each["width"], each["content_type"]) for each in answer.json()["images"]] == [(64, "image/jpeg")] * 2


def test_comfyui_nodes(http: httpx.Client) -> None:
    """ComfyUI-fal-API: an upload, `submit`, `get`, and the picture's bytes."""
    token = http.post("https://rest.fal.ai/storage/auth/token?storage_type=fal-cdn-v3", json={}).json()
    head = {"Authorization": f"{token['token_type']} {token['token']}", "Content-Type": "image/png"}
    file = http.post(f"{token['base_url']}/files/upload", content=b"a picture", headers=head).json()["access_url"]
    given = {"prompt": "x", "image_url": file, "mask_url": file}
    sent = http.post(f"https://queue.fal.run/{LORA}/inpainting", json=given).json()
    while http.get(sent["status_url"]).status_code == 202:
        pass
    assert http.get(http.get(sent["response_url"]).json()["images"][0]["url"]).content[:2] == b"\xff\xd8"


def test_mcp_servers(http: httpx.Client) -> None:
    """A search for models, one model's schema and price, what was spent, and a picture."""
    api = "https://api.fal.ai/v1/models"
    found = http.get(api, params={"category": "text-to-image", "q": "flux-lora", "limit": 10}).json()["models"]
    assert LORA in {each["endpoint_id"] for each in found}
    site = http.get("https://fal.ai/api/models", params={"keywords": "flux-lora", "page": 1, "total": 3}).json()
    assert LORA in {each["id"] for each in site["items"]}
    schema = http.get("https://fal.ai/api/openapi/queue/openapi.json", params={"endpoint_id": LORA}).json()
    assert f"/{LORA}" in schema["paths"]
    assert http.get("https://fal.ai/api/openapi/queue/openapi.json", params={"endpoint_id": "x"}).status_code == 404
    assert http.get(f"{api}/pricing", params={"endpoint_id": LORA}).json()["prices"][0]["unit_price"] > 0
    assert http.post(f"https://fal.run/{LORA}", json=GIVEN).json()["images"]
    usage = http.get(f"{api}/usage", params={"expand": "time_series", "start": "2020-01-01"}).json()
    assert LORA in {row["endpoint_id"] for day in usage["time_series"] for row in day["results"]}
    gcs = "https://rest.alpha.fal.ai/storage/upload/initiate?storage_type=gcs"
    signed = http.post(gcs, json={"file_name": "x.png", "content_type": "image/png"}).json()
    assert http.put(signed["upload_url"], content=b"x").status_code == 200
    assert http.get(signed["file_url"]).content == b"x"
