"""Requests that make no sense: each is answered, and none stops the server."""

from __future__ import annotations

import base64
import json
import zlib

import httpx
import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.emulator.failures import MAX_PICTURES, validation_error, with_bounds
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import as_items, as_object
from tests.emulator.conftest import ended, submitted

LORA = "fal-ai/flux-lora"
HUGE = 1180591620717411303424


@pytest.mark.parametrize(
    "given",
    [
        {"num_images": HUGE},
        {"num_images": 0},
        {"num_images": 1.5},
        {"num_images": "4"},
        {"seed": 10**400},
        {"seed": -(10**400)},
        {"image_size": {"width": 10**400, "height": 64}},
        {"image_size": {"width": 0, "height": 0}},
        {"num_inference_steps": HUGE},
        {"loras": [{"path": "a/b", "scale": 10**400}]},
    ],
)
def test_numbers_without_sense_are_refused(server: Emulator, http: httpx.Client, given: dict[str, object]) -> None:
    result = ended(http, http.post(f"/{LORA}", json={"prompt": "x", **given}).json()["request_id"])
    assert result.status_code == 422, result.text
    assert {entry["loc"][1] for entry in result.json()["detail"]} == set(given)
    counts = server.control("GET", "counts")
    assert isinstance(counts, dict)
    assert (counts["errors"], counts["running"]) == ([], 0)


def test_every_number_of_the_catalog_has_a_bound() -> None:
    catalog = Catalog.load()
    for endpoint in filter(None, map(catalog.get, catalog.ids)):
        fields = with_bounds(endpoint).fields.values()
        assert all(field.minimum is not None and field.maximum is not None for field in fields)
        if endpoint.roles.count:
            body = json.dumps(validation_error(endpoint, {endpoint.roles.count: HUGE}))
            assert "less_than_equal" in body, endpoint.id
            most = endpoint.fields[endpoint.roles.count].maximum or MAX_PICTURES
            within = as_items((validation_error(endpoint, {endpoint.roles.count: int(most)}) or {}).get("detail"))
            assert all(as_object(entry)["loc"] != ["body", endpoint.roles.count] for entry in within)


@pytest.mark.parametrize("url", ["http://[::1", "http://[", "data:", "data:image/png;base64,%%%", "/files/none/x"])
def test_an_address_that_is_none_ends_its_request(server: Emulator, http: httpx.Client, url: str) -> None:
    id_ = http.post(f"/{LORA}/image-to-image", json={"prompt": "x", "image_url": url}).json()["request_id"]
    assert ended(http, id_).status_code in {200, 422}
    counts = server.control("GET", "counts")
    assert isinstance(counts, dict)
    assert (counts["errors"], counts["running"]) == ([], 0)


def test_a_picture_that_is_a_bomb(server: Emulator, http: httpx.Client) -> None:
    head = b"\0\0\0\rIHDR" + (60_000).to_bytes(4) * 2 + b"\x08\x02\0\0\0"
    png = b"\x89PNG\r\n\x1a\n" + head + zlib.crc32(head[4:]).to_bytes(4)
    url = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    id_ = http.post(f"/{LORA}/image-to-image", json={"prompt": "x", "image_url": url}).json()["request_id"]
    assert ended(http, id_).status_code == 200
    counts = server.control("GET", "counts")
    assert isinstance(counts, dict)
    assert counts["errors"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[" * 200_000, 400),
        (b'{"prompt": ' + b"[" * 700 + b"]" * 700 + b"}", 400),
        (b'{"prompt": "x", "seed": ' + b"9" * 5000 + b"}", 400),
        (b'{"seed": NaN}', 400),
        (b'{"seed": 1e999}', 400),
        (b"\xff\xfe", 400),
        (b"", 422),
    ],
)
def test_a_body_that_no_parser_should_meet(http: httpx.Client, body: bytes, code: int) -> None:
    assert http.post(f"/{LORA}", content=body).status_code == code
    assert http.post("/_emulator/faults", content=body).status_code in {200, 400}
    assert http.post("/storage/upload/initiate", content=body).status_code in {200, 400}
    assert http.get("/_emulator/counts").json()["errors"] == []


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "nan", "inf", "1e999", "x", "²", "0"])
def test_numbers_in_queries_headers_and_rules(http: httpx.Client, number: str) -> None:
    assert http.get("/v1/models", params={"limit": number, "cursor": number}).status_code == 200
    assert http.get("/_emulator/requests", params={"limit": number}).status_code == 200
    assert http.post(f"/{LORA}?fal_max_queue_length={number}", json={"prompt": "x"}).status_code == 200
    head = {b"X-Fal-Object-Lifecycle-Preference": f'{{"expiration_duration_seconds": {number}}}'.encode()}
    file = http.post("/files/upload", content=b"x", headers=head).json()
    assert set(file) == {"access_url"}
    for fault in ("nginx", "5xx", "result-4xx@result", "slow", "reorder"):
        wish = {b"x-emulator-fault": f"{fault}={number}".encode()}
        assert http.post(f"/{LORA}", json={"prompt": "x"}, headers=wish).status_code in {200, 500, 502}
    for key in ("chance", "seed", "times"):
        assert http.post(
            "/_emulator/faults", content=f'[{{"kind": "422", "{key}": {number}}}]'.encode()
        ).status_code in {
            200,
            400,
        }
    assert http.get("/_emulator/counts").json()["errors"] == []


def test_pages_of_models_come_to_an_end(http: httpx.Client) -> None:
    page = http.get("/v1/models", params={"limit": 0}).json()
    assert (len(page["models"]), page["next_cursor"]) == (1, "1")


def test_parts_of_an_upload_have_sensible_numbers(http: httpx.Client) -> None:
    begun = http.post("/files/upload/multipart", headers={"X-Fal-File-Name": "x" * 5000}).json()
    url = f"{begun['access_url']}/multipart/{begun['uploadId']}"
    assert http.put(f"{url}/0", content=b"x").status_code == 400
    assert http.put(f"{url}/{'9' * 300}", content=b"x").status_code == 400
    assert http.post(f"{url}/complete", json={"parts": [{"partNumber": "x"}]}).status_code == 400
    assert http.get("/_emulator/counts").json()["errors"] == []


def test_an_error_of_the_emulator_itself_is_told(
    server: Emulator, http: httpx.Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no")

    monkeypatch.setattr("nano_banana.emulator.generation.validation_error", broken)
    result = ended(http, submitted(http))
    assert (result.status_code, result.json()["error_type"]) == (500, "internal_error")
    monkeypatch.setattr("nano_banana.emulator.emulator_routes.query_int", broken)
    assert http.get("/_emulator/requests").json()["detail"] == "The emulator failed: ZeroDivisionError: no"
    counts = server.control("GET", "counts")
    assert isinstance(counts, dict)
    assert (counts["errors"], counts["running"]) == (["ZeroDivisionError: no"] * 2, 0)
    assert capfd.readouterr() == ("", "")
