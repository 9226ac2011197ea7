"""The platform API: models, prices, the history of requests."""

from __future__ import annotations

import httpx
import pytest

from tests.emulator.conftest import ended, submitted

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
    for start in ("yesterday", "9999-99-99", "0001-01-01T00:00:00+23:59"):
        assert http.get(HISTORY, params={"endpoint_id": LORA, "start": start}).status_code in {200, 422}
    assert http.get(HISTORY, params={"endpoint_id": LORA}, headers={"Authorization": ""}).status_code == 401


def test_models_of_a_category(http: httpx.Client) -> None:
    found = {
        category: {
            each["endpoint_id"] for each in http.get("/v1/models", params={"category": category}).json()["models"]
        }
        for category in ("text-to-image", "image-to-image", "training", "text-to-video")
    }
    assert {LORA, "fal-ai/nano-banana-pro"} <= found["text-to-image"]
    assert {f"{LORA}/inpainting", "fal-ai/nano-banana/edit", "fal-ai/codeformer"} <= found["image-to-image"]
    assert "fal-ai/flux-lora-fast-training" in found["training"]
    assert not found["text-to-video"]
    assert sum(map(len, found.values())) == len(http.get("/v1/models").json()["models"])
    assert http.get("/v1/models", params={"status": "deprecated"}).json()["models"] == []
    titled = http.get("/v1/models", params={"q": "Kontext"}).json()["models"]
    assert "fal-ai/flux-kontext-lora" in {each["endpoint_id"] for each in titled}


def test_what_was_billed(http: httpx.Client) -> None:
    trainer = "fal-ai/flux-lora-portrait-trainer"
    for size in ({"width": 1024, "height": 1024}, {"width": 2048, "height": 1024}):
        ended(http, submitted(http, image_size=size))
    ended(http, submitted(http, num_images=0))  # refused, and not billed
    given = {"images_data_url": "data:application/zip;base64,UEs=", "steps": 2000}
    last = http.post(f"/{trainer}", json=given).json()["request_id"]
    ended(http, last, trainer)

    usage = http.get("/v1/models/usage", params={"expand": "time_series,summary", "timeframe": "month"}).json()
    summary = {row["endpoint_id"]: row for row in usage["summary"]}
    assert set(summary) == {LORA, trainer}
    assert (summary[LORA]["quantity"], summary[LORA]["unit"], summary[LORA]["cost"]) == (3, "megapixels", 0.105)
    assert (summary[trainer]["quantity"], summary[trainer]["cost_total"]) == (2000, 4.8)
    assert [row["results"] for row in usage["time_series"]] == [usage["summary"]]
    assert usage["time_series"][0]["bucket"].endswith("-01T00:00:00Z")
    only = http.get("/v1/models/usage", params={"endpoint_id": LORA, "timeframe": "week"}).json()
    assert [row["endpoint_id"] for row in only["time_series"][0]["results"]] == [LORA]
    assert http.get("/v1/models/usage", params={"start": "2100-01-01"}).json()["time_series"] == []

    events = http.get("/v1/models/billing-events", params={"limit": 2}).json()
    assert (len(events["billing_events"]), events["has_more"]) == (2, True)
    assert events["billing_events"][0]["request_id"] == last
    assert events["billing_events"][0]["cost_estimate_nano_usd"] == 4_800_000_000
    rest = http.get("/v1/models/billing-events", params={"cursor": events["next_cursor"]}).json()
    assert (len(rest["billing_events"]), rest["has_more"]) == (1, False)
    one = http.get("/v1/models/billing-events", params={"request_id": last}).json()["billing_events"]
    assert [row["endpoint_id"] for row in one] == [trainer]

    assert http.get("/v1/account/billing").json() == {"username": "emulator"}
    credits_ = http.get("/v1/account/billing", params={"expand": "credits"}).json()["credits"]
    assert credits_ == {"current_balance": 995.095, "currency": "USD"}

    def estimated(kind: str, **wishes: float) -> httpx.Response:
        wish = {LORA: wishes} if wishes else {}
        return http.post("/v1/models/pricing/estimate", json={"estimate_type": kind, "endpoints": wish})

    assert estimated("unit_price", unit_quantity=50).json()["total_cost"] == 1.75
    assert estimated("historical_api_price", call_quantity=2).json()["total_cost"] == 0.105
    assert [estimated("x", unit_quantity=1).status_code, estimated("unit_price").status_code] == [422, 422]
    assert estimated("unit_price", unit_quantity=-1).status_code == 422
    unknown = {"estimate_type": "unit_price", "endpoints": {"none": {"unit_quantity": 1}}}
    assert http.post("/v1/models/pricing/estimate", json=unknown).status_code == 404

    found = http.get("/v1/models/requests/search", params={"limit": 10}).json()["items"]
    assert [row["endpoint_id"] for row in found] == [trainer, LORA, LORA, LORA]
    assert len(http.get("/v1/models/requests/search", params={"status": "user_error"}).json()["items"]) == 1


@pytest.mark.parametrize("head", [{"Origin": "https://elsewhere"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_web_page_may_not_turn_the_world(http: httpx.Client, head: dict[str, str]) -> None:
    assert http.post("/_emulator/reset", headers=head).status_code == 403
    assert http.get("/_emulator/requests", headers=head).status_code == 403
    assert http.get("/_emulator/requests", headers={"Sec-Fetch-Site": "none"}).status_code == 200
