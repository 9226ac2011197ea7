"""The platform API: models, prices, the history of requests."""

from __future__ import annotations

import httpx
import pytest

from tests.emulator.conftest import ended
from tests.emulator.conftest import submitted

LORA = "fal-ai/flux-lora"
HISTORY = "/v1/models/requests/by-endpoint"


def test_models_in_pages(http: httpx.Client) -> None:
    first = http.get("/v1/models", params={"limit": 5}).json()
    assert (len(first["models"]), first["has_more"], first["next_cursor"]) == (5, True, "5")
    rest = http.get("/v1/models", params={"cursor": 5}).json()
    assert not rest["has_more"]
    assert first["models"][-1]["endpoint_id"] < rest["models"][0]["endpoint_id"]
    trainers = http.get("/v1/models", params={"q": "trainer"}).json()["models"]
    assert {each["metadata"]["kind"] for each in trainers} == {"training"}


def test_openapi_of_the_endpoints_that_are_named(http: httpx.Client) -> None:
    params = {"endpoint_id": [f"{LORA}/inpainting", "fal-ai/nano-banana/edit", "none"], "expand": "openapi-3.0"}
    found = {each["endpoint_id"]: each["openapi"] for each in http.get("/v1/models", params=params).json()["models"]}
    assert set(found) == {f"{LORA}/inpainting", "fal-ai/nano-banana/edit"}
    schema = found[f"{LORA}/inpainting"]["components"]["schemas"]["FalAiFluxLoraInpaintingInput"]
    assert schema["required"] == ["prompt", "image_url", "mask_url"]
    assert schema["properties"]["guidance_scale"] | {"description": ""} == {
        "title": "guidance_scale",
        "description": "",
        "type": "number",
        "default": 3.5,
        "minimum": 0,
        "maximum": 35,
    }
    assert schema["properties"]["acceleration"]["enum"] == ["none", "regular"]
    assert f"/{LORA}/requests/{{request_id}}" in found[f"{LORA}/inpainting"]["paths"]


def test_prices(http: httpx.Client) -> None:
    trainer = "fal-ai/flux-lora-portrait-trainer"
    prices = http.get("/v1/models/pricing", params={"endpoint_id": f"{LORA},{trainer}"}).json()["prices"]
    assert [(each["endpoint_id"], each["unit_price"], each["unit"], each["currency"]) for each in prices] == [
        (LORA, 0.035, "megapixels", "USD"),
        (trainer, 0.0024, "steps", "USD"),
    ]
    assert http.get("/v1/models/pricing", params={"endpoint_id": "none"}).status_code == 404
    assert http.get("/v1/models/pricing", params={"endpoint_id": "fal-ai/nano-banana/edit"}).status_code in {200, 404}
    assert len(http.get("/v1/models/pricing").json()["prices"]) > 10


def test_history_lists_what_has_ended(http: httpx.Client) -> None:
    http.post("/_emulator/faults", json=[{"kind": "422", "endpoint": LORA}])
    ids = []
    for prompt in ("one", "two", "three"):
        ids.append(submitted(http, prompt=prompt))
        ended(http, ids[-1])
    http.post("/_emulator/pause")
    submitted(http, prompt="four")
    told = http.get(HISTORY, params={"endpoint_id": LORA, "expand": "payloads"}).json()
    assert [row["request_id"] for row in told["items"]] == ids[::-1]
    assert [row["json_input"]["prompt"] for row in told["items"]] == ["three", "two", "one"]
    assert [row["status_code"] for row in told["items"]] == [200, 200, 422]
    assert told["items"][0]["json_output"]["images"]
    assert told["items"][0]["sent_at"] <= told["items"][0]["ended_at"]

    def found(**params: str) -> list[str]:
        rows = http.get(HISTORY, params={"endpoint_id": LORA, **params}).json()["items"]
        assert all("json_input" not in row for row in rows)
        return [row["request_id"] for row in rows]

    assert found(status="user_error") == ids[:1]
    assert found(status="success", request_id=ids[2]) == ids[2:]
    assert found(start="2100-01-01T00:00:00Z") == []
    assert found(end="2000-01-01T00:00:00") == []
    page = http.get(HISTORY, params={"endpoint_id": LORA, "limit": 2}).json()
    assert page["has_more"]
    assert found(cursor=page["next_cursor"]) == ids[:1]


def test_history_without_payloads(http: httpx.Client) -> None:
    id_ = http.post(f"/{LORA}", json={"prompt": "x"}, headers={"X-Fal-Store-IO": "0"}).json()["request_id"]
    ended(http, id_)
    (row,) = http.get(HISTORY, params={"endpoint_id": LORA, "expand": "payloads"}).json()["items"]
    assert (row["json_input"], row["json_output"]) == (None, None)


def test_questions_that_make_no_sense(http: httpx.Client) -> None:
    assert http.get(HISTORY).status_code == 422
    assert http.get(HISTORY, params={"endpoint_id": LORA, "start": "yesterday"}).status_code == 422
    assert http.get(HISTORY, params={"endpoint_id": LORA}, headers={"Authorization": ""}).status_code == 401


@pytest.mark.parametrize("head", [{"Origin": "https://elsewhere"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_web_page_may_not_turn_the_world(http: httpx.Client, head: dict[str, str]) -> None:
    assert http.post("/_emulator/reset", headers=head).status_code == 403
    assert http.get("/_emulator/requests", headers=head).status_code == 403
    assert http.get("/_emulator/requests", headers={"Sec-Fetch-Site": "none"}).status_code == 200
