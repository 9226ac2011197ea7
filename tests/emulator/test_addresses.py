"""By which address a client may come: direct calls, fal's host names, proxies, web pages."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from nano_banana.emulator.emulator_state import EmulatorOptions
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import as_object
from tests.emulator.conftest import KEY, ended, submitted, trust

LORA = "fal-ai/flux-lora"
PHOTO = {"prompt": "a photo"}


@pytest.fixture
def abroad(server: Emulator) -> Iterator[httpx.Client]:
    """A client that knows fal's host names only, and goes through the proxy."""
    assert server.proxy is not None
    head = {"Authorization": f"Key {KEY}"}
    with httpx.Client(proxy=server.proxy, verify=trust(server), headers=head, timeout=5, trust_env=False) as client:
        yield client


def test_a_slash_at_the_end_changes_nothing(http: httpx.Client) -> None:
    id_ = str(http.post(f"/{LORA}/", json=PHOTO).json()["request_id"])
    ended(http, id_)
    here = f"/{LORA}/requests/{id_}"
    assert http.get(f"{here}/status/").json()["status"] == "COMPLETED"
    assert http.get(f"{here}/").json() == http.get(here).json()
    assert http.get(f"{here}/response/").json()["images"]
    assert http.put(f"{here}/cancel/").status_code == 400


@pytest.mark.parametrize("way", ["host", "path", "target", "backup"])
def test_a_direct_call_is_answered_with_the_result(http: httpx.Client, way: str) -> None:
    path, head = f"/{LORA}", {}
    if way == "host":
        head = {"Host": "fal.run"}
    elif way == "backup":
        head = {"Host": "falrun.com:443"}
    elif way == "path":
        path = f"/fal.run/{LORA}"
    else:
        path, head = "/api/fal/proxy", {"X-Fal-Target-Url": f"https://fal.run/{LORA}"}
    answer = http.post(path, json=PHOTO, headers=head)
    assert answer.json()["images"], answer.text
    assert answer.headers["x-fal-billable-units"] == "1"
    assert answer.headers["x-fal-request-id"]
    row = as_object(http.get("/_emulator/requests").json()["requests"][0])
    assert row["state"] == "done"
    stream = http.post(f"/fal.run/{LORA}/stream", json=PHOTO)
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert json.loads(stream.text.removeprefix("data: ").strip())["images"]


@pytest.mark.parametrize("path", [LORA, f"{LORA}/stream"])
def test_a_direct_call_that_fails(server: Emulator, http: httpx.Client, path: str) -> None:
    wrong = http.post(f"/fal.run/{path}", json={})
    assert (wrong.status_code, wrong.json()["detail"][0]["type"]) == (422, "missing")
    assert http.post("/fal.run/fal-ai/no-such", json={}).status_code == 404
    assert http.post(f"/fal.run/{path}", json=PHOTO, headers={"Authorization": ""}).status_code == 401
    lost = http.post(f"/fal.run/{path}", json=PHOTO, headers={"x-emulator-fault": "completed-with-error"})
    assert lost.json()["error_type"] == "runner_disconnected"
    assert http.get(f"/fal.run/{path}").status_code == 405
    assert as_object(server.control("GET", "counts"))["errors"] == []


def test_a_fault_at_the_result_strikes_a_direct_call_too(http: httpx.Client) -> None:
    answer = http.post(f"/fal.run/{LORA}", json=PHOTO, headers={"x-emulator-fault": "result-in-progress@result"})
    assert answer.status_code == 400


def test_direct_calls_do_not_wait_for_a_slot(tmp_path: Path) -> None:
    """The queue lets requests wait; a direct call above the account's limit is refused at once."""
    head = {"Authorization": f"Key {KEY}"}
    options = EmulatorOptions(pictures="plain", seconds=60, concurrency=1, tls=False)
    with Emulator(tmp_path, options) as server, httpx.Client(base_url=server.url, headers=head) as http:
        http.post(f"/{LORA}", json=PHOTO)
        refused = http.post(f"/fal.run/{LORA}", json=PHOTO)
        assert refused.status_code == 429
        assert refused.headers["x-fal-needs-retry"] == "1"
        assert refused.headers["x-fal-error-type"] == "concurrent_requests_limit"
        assert http.post(f"/{LORA}", json=PHOTO).json()["status"] == "IN_QUEUE"


def test_stopping_ends_a_direct_call(tmp_path: Path) -> None:
    server = Emulator(tmp_path, EmulatorOptions(pictures="plain", seconds=60, tls=False)).start()
    body = json.dumps(PHOTO)
    head = f"POST /fal.run/{LORA} HTTP/1.1\r\nhost: x\r\nauthorization: Key a:b\r\ncontent-length: {len(body)}"
    with socket.create_connection(("127.0.0.1", server.port)) as waiting:
        waiting.sendall(f"{head}\r\n\r\n{body}".encode())
        while as_object(server.control("GET", "counts"))["running"] == 0:
            pass
        server.stop()


def test_fal_s_host_names_through_the_proxy(abroad: httpx.Client) -> None:
    sent = abroad.post(f"https://queue.fal.run/{LORA}", json=PHOTO).json()
    assert sent["status_url"] == f"https://queue.fal.run/{LORA}/requests/{sent['request_id']}/status"
    while abroad.get(sent["status_url"]).status_code == 202:
        pass
    url = abroad.get(sent["response_url"]).json()["images"][0]["url"]
    assert url.startswith("https://v3.fal.media/files/")
    assert abroad.get(url).headers["content-type"] == "image/jpeg"
    assert abroad.post(f"https://fal.run/{LORA}", json=PHOTO).json()["images"]
    assert abroad.get("https://api.fal.ai/v1/models").json()["models"]
    assert abroad.post("https://rest.alpha.fal.ai/storage/auth/token", json={}).json()["base_url"] == (
        "https://v3.fal.media"
    )


def test_the_proxy_leads_nowhere_else(server: Emulator, abroad: httpx.Client) -> None:
    for host in ("example.com", "fal.run.example.com", "notfal.run", "127.0.0.1"):
        with pytest.raises(httpx.ProxyError, match="403"):
            abroad.get(f"https://{host}/")
    assert server.proxy is not None
    port = int(server.proxy.rpartition(":")[2])
    for said in (b"GET http://fal.run/ HTTP/1.1\r\n\r\n", b"CONNECT fal.run HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(said)
            assert b" 405 " in line.recv(200)


def test_a_fault_goes_through_the_proxy(server: Emulator, abroad: httpx.Client) -> None:
    with pytest.raises(httpx.TransportError):
        abroad.post(f"https://queue.fal.run/{LORA}", json=PHOTO, headers={"x-emulator-fault": "drop-after-accept"})
    assert as_object(server.control("GET", "counts"))["accepted"] == 1


def test_in_place_of_a_proxy_for_browsers(http: httpx.Client) -> None:
    """Fal's JavaScript client sends all to the page's own server, which adds the key: here there is none."""
    head = {"Authorization": "", "X-Fal-Target-Url": f"https://queue.fal.run/{LORA}?fal_max_queue_length=9"}
    id_ = http.post("/api/fal/proxy", json=PHOTO, headers=head).json()["request_id"]
    url = f"https://queue.fal.run/{LORA}/requests/{id_}"
    ended(http, id_)
    assert http.get("/api/fal/proxy", headers={**head, "X-Fal-Target-Url": url}).json()["images"]
    for wrong in ("https://example.com/x", "http://[", "fal.run", ""):
        assert http.post("/api/fal/proxy", headers={**head, "X-Fal-Target-Url": wrong}).status_code == 412
    assert http.post("/api/fal/proxy", headers={"X-Fal-Target-Url": url, "Authorization": "no"}).status_code != 200


def test_a_token_may_stand_in_the_address(http: httpx.Client) -> None:
    token = http.post("/tokens/", json={"allowed_apps": ["flux-lora"], "token_expiration": 120}).json()
    nobody = {"Authorization": ""}
    assert http.post(f"/{LORA}?fal_jwt_token={token}", json=PHOTO, headers=nobody).status_code == 200
    assert http.post(f"/{LORA}?fal_jwt_token=x", json=PHOTO, headers=nobody).status_code == 401


def test_pages_of_this_machine_may_ask(http: httpx.Client) -> None:
    asked = {"Origin": "http://localhost:5173", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "authorization,content-type,x-fal-target-url"
    before = http.options(f"/{LORA}", headers=asked)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, "http://localhost:5173")
    assert "x-fal-target-url" in before.headers["access-control-allow-headers"]
    answer = http.post(f"/{LORA}", json=PHOTO, headers={"Origin": "http://127.0.0.1:3000"})
    assert answer.headers["access-control-allow-origin"] == "http://127.0.0.1:3000"
    assert http.options(f"/{LORA}").status_code == 204
    assert http.options(f"/{LORA}", headers={**asked, "Origin": "https://example.com"}).status_code == 400
    elsewhere = http.get("/v1/models", headers={"Origin": "https://localhost.example.com"})
    assert "access-control-allow-origin" not in elsewhere.headers
    assert "access-control-allow-origin" not in http.get("/_emulator/counts", headers=asked).headers


@pytest.mark.parametrize("path", [f"/{LORA}/realtime", "/fal.run/fal-ai/flux-lora/realtime"])
def test_a_websocket_is_refused_in_words(
    http: httpx.Client, path: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    head = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "eA=="}
    answer = http.get(path, headers=head)
    assert answer.status_code == 501
    assert "realtime" in answer.json()["detail"]
    assert (capfd.readouterr(), caplog.text) == (("", ""), "")


def test_an_address_that_is_none_gets_json(http: httpx.Client) -> None:
    assert http.get("/nowhere").json()["detail"] == "Method Not Allowed"
    assert http.get("/v1/nothing/here").status_code == 405
    assert http.patch(f"/{LORA}/requests/x").json()["detail"]


def test_a_request_of_the_queue_says_its_gateway_id(http: httpx.Client) -> None:
    sent = http.post(f"/{LORA}", json=PHOTO).json()
    assert sent["gateway_request_id"] == sent["request_id"]


def test_a_file_in_parts_by_signed_addresses(http: httpx.Client) -> None:
    begun = http.post(
        "/storage/upload/initiate-multipart?storage_type=fal-cdn-v3",
        json={"file_name": "x.bin", "content_type": "image/png"},
    ).json()
    nobody = {"Authorization": ""}
    parts = []
    for number in (2, 1):
        part = http.put(f"{begun['upload_url']}/{number}", content=f"part {number} ".encode(), headers=nobody)
        assert part.headers["etag"] == part.json()["etag"]
        parts.append(part.json())
    done = http.post(f"{begun['upload_url']}/complete", json={"parts": parts}, headers=nobody)
    assert done.status_code == 200, done.text
    file = http.get(begun["file_url"], headers=nobody)
    assert (file.content, file.headers["content-type"]) == (b"part 1 part 2 ", "image/png")
    assert http.put(f"{begun['upload_url']}x/1", content=b"x").status_code == 404


def test_each_line_of_the_log_is_streamed_once(server: Emulator, http: httpx.Client) -> None:
    server.control("POST", "pause")
    id_ = submitted(http, num_inference_steps=20)
    lines: list[str] = []
    with http.stream("GET", f"/{LORA}/requests/{id_}/status/stream?logs=1") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                event = json.loads(line.removeprefix("data: "))
                lines += [row["message"] for row in event["logs"]]
                if event["status"] == "IN_QUEUE":
                    server.control("POST", "resume")
    assert (lines[0], lines[-1]) == ("started", "done")
    assert len(lines) == len(set(lines)) == 12
