"""The queue, as fal's own clients see it."""

from __future__ import annotations

import io
import json

import fal_client
import httpx
import pytest
from PIL import Image

from nano_banana.emulator.server import Emulator
from tests.emulator.conftest import ended, submitted, talk

LORA = "fal-ai/flux-lora"


def test_a_request_goes_all_the_way(server: Emulator, http: httpx.Client) -> None:
    async def all_the_way(client: fal_client.AsyncClient) -> tuple[list[fal_client.Status], dict[str, object]]:
        handle = await client.submit(LORA, {"prompt": "a photo", "seed": 7})
        events = [event async for event in handle.iter_events(with_logs=True, interval=0.01)]
        return events, await handle.get()

    events, result = talk(all_the_way)
    assert isinstance(events[-1], fal_client.Completed)
    assert events[-1].logs is not None
    assert [events[-1].logs[at]["message"] for at in (0, -1)] == ["started", "done"]
    assert (result["seed"], result["prompt"], result["has_nsfw_concepts"]) == (7, "a photo", [False])
    images = result["images"]
    assert isinstance(images, list)
    file = http.get(images[0]["url"])
    with Image.open(io.BytesIO(file.content)) as picture:
        assert picture.size == (images[0]["width"], images[0]["height"]) == (64, 48)
    assert len(file.content) == images[0]["file_size"]
    counts = server.control("GET", "counts")
    assert isinstance(counts, dict)
    assert {name: counts[name] for name in ("accepted", "completed", "failed", "billed", "units", "distinct")} == {
        "accepted": 1,
        "completed": 1,
        "failed": 0,
        "billed": 1,
        "units": 1.0,
        "distinct": 1,
    }


def test_the_sync_client_takes_it_up_again_by_its_id(sync: fal_client.SyncClient) -> None:
    request_id = sync.submit("fal-ai/flux/dev", {"prompt": "x"}).request_id
    assert sync.get_handle("fal-ai/flux/dev", request_id).get(interval=0.01)["prompt"] == "x"
    assert sync.result("fal-ai/flux/dev", request_id)["images"]


def test_equal_requests_have_equal_pictures_and_others_have_others(http: httpx.Client) -> None:
    ids = [submitted(http, prompt=prompt, output_format="png") for prompt in ("one", "one", "two")]
    pictures = [http.get(ended(http, id_).json()["images"][0]["url"]).content for id_ in ids]
    assert pictures[0] == pictures[1] != pictures[2]


def test_several_pictures_a_request(http: httpx.Client) -> None:
    result = ended(http, submitted(http, num_images=3, image_size={"width": 2048, "height": 1024}))
    assert len({http.get(image["url"]).content for image in result.json()["images"]}) == 3
    assert result.headers["x-fal-billable-units"] == "6"
    assert result.json()["has_nsfw_concepts"] == [False] * 3


def test_an_inline_answer(http: httpx.Client) -> None:
    result = ended(http, submitted(http, sync_mode=True)).json()
    assert result["images"][0]["url"].startswith("data:image/jpeg;base64,")


def test_a_trainer_makes_an_adapter(http: httpx.Client) -> None:
    given = {"images_data_url": "data:application/zip;base64,UEs=", "steps": 100}
    id_ = http.post("/fal-ai/flux-lora-portrait-trainer", json=given).json()["request_id"]
    result = ended(http, id_, "fal-ai/flux-lora-portrait-trainer")
    adapter = http.get(result.json()["diffusers_lora_file"]["url"]).content
    assert b'"format":"nano-banana-local-plain"' in adapter
    assert result.headers["x-fal-billable-units"] == "1000"  # its least
    status = http.get(f"/fal-ai/flux-lora-portrait-trainer/requests/{id_}/status?logs=1").json()
    assert "step 50/100" in [line["message"] for line in status["logs"]]


@pytest.mark.parametrize(
    ("endpoint", "given"),
    [
        ("fal-ai/nano-banana-pro", {"prompt": "x", "resolution": "4K"}),
        ("fal-ai/flux-lora/inpainting", {"prompt": "x", "image_url": "data:,x", "mask_url": "data:,x"}),
    ],
)
def test_other_endpoints_answer_too(http: httpx.Client, endpoint: str, given: dict[str, object]) -> None:
    id_ = http.post(f"/{endpoint}", json=given).json()["request_id"]
    result = ended(http, id_, "/".join(endpoint.split("/")[:2]))
    assert result.json()["images"], result.text
    assert float(result.headers["x-fal-billable-units"]) >= 1


def test_what_does_not_fit_is_refused_at_the_end(http: httpx.Client) -> None:
    wrong = {"image_size": "huge", "guidance_scale": 99, "num_inference_steps": 0, "seed": "x", "loras": [{}]}
    result = ended(http, str(http.post(f"/{LORA}", json=wrong).json()["request_id"]))
    assert result.status_code == 422
    found = {tuple(entry["loc"]): entry["type"] for entry in result.json()["detail"]}
    assert found == {
        ("body", "prompt"): "missing",
        ("body", "image_size"): "literal_error",
        ("body", "guidance_scale"): "less_than_equal",
        ("body", "num_inference_steps"): "greater_than_equal",
        ("body", "seed"): "int_type",
        ("body", "loras", 0): "model_type",
    }
    assert result.headers["x-fal-billable-units"] == "0"


def test_a_list_that_is_too_long(http: httpx.Client) -> None:
    given = {"prompt": "x", "image_urls": ["https://example.com/x.png"] * 5, "loras": [{"path": "a/b"}] * 4}
    id_ = http.post("/fal-ai/flux-2/lora", json=given).json()["request_id"]
    assert "sequence_too_long" in ended(http, id_, "fal-ai/flux-2").text


def test_strangers_are_not_found(http: httpx.Client) -> None:
    assert http.post("/fal-ai/no-such", json={}).json() == {"detail": "Application 'no-such' not found"}
    assert http.get(f"/{LORA}/requests/none/status").json()["status"] == "NOT_FOUND"
    assert http.get(f"/{LORA}/requests/none").status_code == 404
    assert http.put(f"/{LORA}/requests/none/cancel").status_code == 404
    id_ = submitted(http)
    assert http.get(f"/fal-ai/flux/requests/{id_}/status").status_code == 404  # another's application


def test_a_body_that_is_no_object(http: httpx.Client) -> None:
    assert http.post(f"/{LORA}", content=b"{").status_code == 400
    assert http.post(f"/{LORA}", json=[1]).status_code == 422


@pytest.mark.parametrize("authorization", ["", "Key", "Key x", "Key :x", "Basic a:b"])
def test_a_key_is_asked_for(http: httpx.Client, authorization: str) -> None:
    answer = http.post(f"/{LORA}", json={"prompt": "x"}, headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert "detail" in answer.json()


def test_waiting_cancelling_and_going_on(server: Emulator, http: httpx.Client, sync: fal_client.SyncClient) -> None:
    server.control("POST", "pause")
    handles = [sync.submit(LORA, {"prompt": str(at)}) for at in range(3)]
    status = handles[2].status()
    assert isinstance(status, fal_client.Queued)
    assert status.position == 2
    assert http.get(f"/{LORA}/requests/{handles[0].request_id}").status_code == 400  # not yet
    assert http.put(f"/{LORA}/requests/{handles[0].request_id}/cancel").status_code == 202
    assert http.post(f"/{LORA}?fal_max_queue_length=1", json={"prompt": "x"}).status_code == 429
    gone = ended(http, handles[0].request_id)
    assert (gone.status_code, gone.json()["error_type"]) == (499, "client_cancelled")
    assert http.put(f"/{LORA}/requests/{handles[0].request_id}/cancel").status_code == 400
    server.control("POST", "resume")
    assert handles[2].get(interval=0.01)["images"]
    counts = server.control("GET", "counts")
    assert isinstance(counts, dict)
    assert (counts["accepted"], counts["completed"], counts["cancelled"]) == (3, 2, 1)


def test_a_stream_tells_every_change(server: Emulator, http: httpx.Client) -> None:
    server.control("POST", "pause")
    id_ = submitted(http)
    told = []
    with http.stream("GET", f"/{LORA}/requests/{id_}/status/stream?logs=1") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                told.append(json.loads(line.removeprefix("data: "))["status"])
            if told == ["IN_QUEUE"]:
                server.control("POST", "resume")
    assert (told[0], told[-1]) == ("IN_QUEUE", "COMPLETED")


def test_what_was_asked_is_noted(server: Emulator, http: httpx.Client) -> None:
    head = {"X-Fal-Store-IO": "0", "x-app-fal-disable-fallback": "true"}
    http.post(f"/{LORA}", json={"prompt": "x"}, headers=head)
    told = server.control("GET", "requests?limit=5")
    assert isinstance(told, dict)
    row = told["requests"][0]
    assert (row["endpoint"], row["arguments"], row["headers"]) == (
        LORA,
        {"prompt": "x"},
        {name.lower(): value for name, value in head.items()},
    )
