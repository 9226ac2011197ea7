"""What PyPI's clients of fal do: `python stories.py NAME` prints what it saw as one line of JSON.

All requests go to fal's own host names, through the proxy that HTTPS_PROXY names.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

LORA = "fal-ai/flux-lora"
GIVEN = {"prompt": "a photo", "num_inference_steps": 20}


def fetched(url: str) -> bytes:
    """The bytes of a file; its address is on one of fal's hosts."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - an address of the emulator
        return bytes(answer.read())


def fal_client() -> dict[str, object]:
    """Every function of fal-client that needs HTTP alone."""
    import fal_client

    seen: dict[str, object] = {"run": list(fal_client.run(LORA, GIVEN))}
    handle = fal_client.submit(LORA, GIVEN)
    events = list(handle.iter_events(with_logs=True))
    logs = getattr(events[-1], "logs", None) or []
    seen["events"] = [type(events[-1]).__name__, *(row["message"] for row in (logs[0], logs[-1]))]
    result = handle.get()
    seen["picture"] = fetched(result["images"][0]["url"])[:2].hex()
    seen["again"] = fal_client.result(LORA, handle.request_id) == result
    seen["status"] = type(fal_client.status(LORA, handle.request_id)).__name__
    told: list[str] = []
    subscribed = fal_client.subscribe(
        LORA, GIVEN, with_logs=True, on_queue_update=lambda update: told.append(type(update).__name__)
    )
    seen["subscribe"] = [len(subscribed["images"]), told[-1]]
    seen["stream"] = [list(event) for event in fal_client.stream("fal-ai/flux/dev", GIVEN)]
    seen["upload"] = fetched(fal_client.upload(b"some text", "text/plain")).decode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "photo.png")
        file.write_bytes(b"a picture")
        seen["upload_file"] = fetched(fal_client.upload_file(file)).decode()
    try:
        fal_client.run(LORA, {})
    except Exception as error:  # noqa: BLE001 - each version has an error of its own
        seen["refused"] = "Field required" in str(error)
    return {**seen, "async": asyncio.run(fal_client_async())}


async def fal_client_async() -> list[object]:
    """The same, with the async client; a request in the queue is cancelled."""
    import fal_client

    client = fal_client.AsyncClient()
    handle = await client.submit(LORA, GIVEN)
    kinds = [type(event).__name__ async for event in handle.iter_events(with_logs=True)]
    result = await handle.get()
    direct = await client.run("fal-ai/flux/dev", GIVEN)
    streamed = [len(event["images"]) async for event in client.stream("fal-ai/flux/dev", GIVEN)]
    try:
        await client.cancel(LORA, handle.request_id)
    except Exception as error:  # noqa: BLE001 - each version has an error of its own
        return [kinds[-1], len(result["images"]), len(direct["images"]), streamed, "ALREADY_COMPLETED" in str(error)]
    return [kinds[-1], len(result["images"]), len(direct["images"]), streamed, None]


def by_variables() -> dict[str, object]:
    """What works without a proxy, by fal-client's own variables."""
    import fal_client

    return {"run": list(fal_client.run(LORA, GIVEN)), "queue": list(fal_client.submit(LORA, GIVEN).get())}


def realtime() -> dict[str, object]:
    """What fal-client says of a realtime endpoint."""
    import fal_client

    try:
        with fal_client.realtime(LORA) as connection:
            connection.send({"prompt": "x"})
    except Exception as error:  # noqa: BLE001 - it may be anybody's
        return {"error": f"{type(error).__name__}: {error}"}
    return {"error": None}


def huggingface_hub() -> dict[str, object]:
    """Hugging Face's client with fal as its provider; what its hub would say of a model is given here."""
    from huggingface_hub import InferenceClient
    from huggingface_hub.hf_api import InferenceProviderMapping
    from huggingface_hub.inference._providers import _common

    for task, endpoint in (("text-to-image", "fal-ai/flux/dev"), ("image-to-image", "fal-ai/flux/dev/image-to-image")):
        _common.HARDCODED_MODEL_INFERENCE_MAPPING["fal-ai"][f"a/{task}"] = InferenceProviderMapping(
            provider="fal-ai", hf_model_id=f"a/{task}", providerId=endpoint, status="live", task=task
        )
    client = InferenceClient(provider="fal-ai", api_key="a:b")
    drawn = client.text_to_image("a photo", model="a/text-to-image")
    changed = client.image_to_image(fetched_picture(), prompt="a photo", model="a/image-to-image")
    return {"text_to_image": drawn.size, "image_to_image": changed.size}


def fetched_picture() -> bytes:
    """A picture to change: one pixel, as PNG."""
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 80, 40)).save(out, "PNG")
    return out.getvalue()


STORIES: dict[str, Callable[[], dict[str, object]]] = {
    "fal_client": fal_client,
    "by_variables": by_variables,
    "realtime": realtime,
    "huggingface_hub": huggingface_hub,
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(STORIES[sys.argv[1]]()) + "\n")
