"""Every kind of fault, as a client meets it."""

from __future__ import annotations

import io
import re
import socket
import time
from pathlib import Path

import fal_client
import httpx
import pytest
from PIL import Image

from nano_banana.emulator.fault_injection import FAULT_KINDS, FaultPoint
from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONValue, as_object
from tests.emulator.conftest import ended, submitted, talk, trust

LORA = "fal-ai/flux-lora"


def count(server: Emulator, name: str) -> JSONValue:
    return as_object(server.control("GET", "counts"))[name]


def submit(http: httpx.Client, fault: str) -> httpx.Response:
    return http.post(f"/{LORA}", json={"prompt": "x"}, headers={"x-emulator-fault": fault})


@pytest.mark.parametrize(("fault", "accepted"), [("drop-before-accept", 0), ("drop-after-accept", 1)])
def test_a_connection_that_dies(server: Emulator, http: httpx.Client, fault: str, accepted: int) -> None:
    with pytest.raises(httpx.TransportError):
        submit(http, fault)
    assert count(server, "accepted") == accepted
    assert count(server, "faults") == {fault: 1}


@pytest.mark.parametrize(("fault", "accepted"), [("hang-before", 0), ("hang", 1)])
def test_silence(server: Emulator, http: httpx.Client, fault: str, accepted: int) -> None:
    with pytest.raises(httpx.ReadTimeout):
        http.post(f"/{LORA}", json={"prompt": "x"}, headers={"x-emulator-fault": fault}, timeout=0.2)
    with pytest.raises(httpx.RemoteProtocolError):
        submit(http, f"{fault}=0.1")
    assert count(server, "accepted") == accepted * 2


@pytest.mark.parametrize(
    ("fault", "code", "part"),
    [
        ("429=3", 429, "Too many"),
        ("5xx", 500, "internal_error"),
        ("5xx=503", 503, "runner_connection_error"),
        ("5xx=runner_disconnected", 503, "runner_disconnected"),
        ("nginx", 502, "<center>nginx</center>"),
        ("nginx=504", 504, "Gateway Time-out"),
        ("401", 401, "Authentication"),
        ("403", 403, "Forbidden"),
        ("balance", 403, "Exhausted balance"),
    ],
)
def test_refusals(server: Emulator, http: httpx.Client, fault: str, code: int, part: str) -> None:
    answer = submit(http, fault)
    assert (answer.status_code, part in answer.text) == (code, True)
    assert ("x-fal-request-id" in answer.headers) == ("nginx" not in fault)
    assert answer.headers.get("retry-after") == ("3" if code == 429 else None)
    assert count(server, "accepted") == 0


def test_a_gateway_that_loses_the_answer(server: Emulator, http: httpx.Client) -> None:
    assert submit(http, "nginx-after=503").status_code == 503
    assert count(server, "accepted") == 1


def test_the_client_of_fal_sees_them(server: Emulator) -> None:
    async def refused(client: fal_client.AsyncClient) -> str | None:
        with pytest.raises(fal_client.FalClientHTTPError) as caught:
            await client.submit(LORA, {}, headers={"x-emulator-fault": "5xx=runner_scheduling_failure"})
        return caught.value.error_type

    assert talk(refused) == "runner_scheduling_failure"
    assert count(server, "accepted") == 0


def test_completed_with_an_error(server: Emulator, http: httpx.Client) -> None:
    id_ = submitted(http, fault="completed-with-error=runner_incomplete_response")
    result = ended(http, id_)
    assert (result.status_code, result.headers["x-fal-error-type"]) == (502, "runner_incomplete_response")
    status = http.get(f"/{LORA}/requests/{id_}/status").json()
    assert (status["status"], status["error_type"]) == ("COMPLETED", "runner_incomplete_response")
    assert (count(server, "failed"), count(server, "billed")) == (1, 0)


@pytest.mark.parametrize(
    ("arg", "code", "type_"),
    [
        ("", 422, "content_policy_violation"),
        ("no_media_generated", 422, "no_media_generated"),
        ("face_detection_error", 422, "face_detection_error"),
        ("missing:prompt", 422, "missing"),
        ("generation_timeout", 504, "generation_timeout"),
    ],
)
def test_models_that_refuse(http: httpx.Client, arg: str, code: int, type_: str) -> None:
    result = ended(http, submitted(http, fault=f"422={arg}"))
    assert (result.status_code, result.json()["detail"][0]["type"]) == (code, type_)


def test_a_refusal_in_prose(http: httpx.Client) -> None:
    assert isinstance(ended(http, submitted(http, fault="422=string")).json()["detail"], str)


def test_a_safety_checker(http: httpx.Client) -> None:
    result = ended(http, submitted(http, fault="nsfw")).json()
    assert result["has_nsfw_concepts"] == [True]
    with Image.open(io.BytesIO(http.get(result["images"][0]["url"]).content)) as picture:
        assert picture.convert("L").getextrema() == (0, 0)


def test_a_status_without_logs_breaks_the_client_of_fal(sync: fal_client.SyncClient) -> None:
    handle = sync.submit(LORA, {"prompt": "x"}, headers={"x-emulator-fault": "no-logs; odd-status@status=PAUSED"})
    time.sleep(0.1)
    with pytest.raises(KeyError, match="logs"):
        handle.status()
    with pytest.raises(ValueError, match="PAUSED"):
        handle.status()
    assert isinstance(handle.status(), fal_client.Completed)


def test_an_expired_result(server: Emulator, http: httpx.Client) -> None:
    id_ = submitted(http, fault="expired")
    assert ended(http, id_).status_code == 404
    other = submitted(http)
    assert ended(http, other).status_code == 200
    assert server.control("POST", "results/expire") == {"expired": 1}
    assert ended(http, other).status_code == 404


def test_one_that_is_slow(http: httpx.Client) -> None:
    id_ = submitted(http, fault="slow=600")
    assert ended(http, submitted(http, fault="slow=0.1")).status_code == 200
    assert http.get(f"/{LORA}/requests/{id_}/status").json()["status"] == "IN_QUEUE"


def test_a_slow_one_is_cancelled_all_the_same(http: httpx.Client) -> None:
    id_ = submitted(http, fault="slow=30")
    assert http.put(f"/{LORA}/requests/{id_}/cancel").status_code == 202
    assert ended(http, id_).status_code == 499


def test_another_order(server: Emulator, http: httpx.Client) -> None:
    first = submitted(http, fault="reorder=3", prompt="first")
    ended(http, submitted(http, prompt="second"))
    ended(http, first)
    told = server.control("GET", "requests")
    assert isinstance(told, dict)
    early, late = told["requests"]
    assert early["ended_at"] > late["ended_at"]


def test_no_bill(http: httpx.Client) -> None:
    assert "x-fal-billable-units" not in ended(http, submitted(http, fault="no-units")).headers


def test_streams_that_break(http: httpx.Client) -> None:
    here = f"/{LORA}/requests/{submitted(http, fault='stream-drop; stream-404')}/status/stream"
    with pytest.raises(httpx.TransportError), http.stream("GET", here) as stream:
        stream.read()
    assert http.get(here).status_code == 404
    assert "COMPLETED" in http.get(here).text


def test_a_stream_that_never_says_completed(http: httpx.Client) -> None:
    id_ = submitted(http, fault="endless-stream=0.01")
    ended(http, id_)
    with http.stream("GET", f"/{LORA}/requests/{id_}/status/stream") as stream:
        lines = [line for line, _ in zip(stream.iter_lines(), range(7), strict=False)]
    assert "IN_PROGRESS" in lines[0]
    assert [line for line in lines[1:] if line] == [": still there"] * 3
    assert http.get(f"/{LORA}/requests/{id_}/status").json()["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("fault", "code", "part"),
    [("result-4xx", 421, "<center>nginx"), ("result_4xx=405", 405, "405 Method Not Allowed")],
)
def test_a_gateway_that_answers_for_the_result(http: httpx.Client, fault: str, code: int, part: str) -> None:
    id_ = submitted(http, fault=fault)
    answer = ended(http, id_)
    assert (answer.status_code, part in answer.text, "x-fal-request-id" in answer.headers) == (code, True, False)
    assert ended(http, id_).status_code == 200


def test_a_result_that_is_said_to_be_in_progress(http: httpx.Client) -> None:
    id_ = submitted(http, fault="result-in-progress")
    answer = ended(http, id_)
    assert (answer.status_code, answer.json()["detail"]) == (400, "Request is still in progress")
    assert ended(http, id_).status_code == 200


@pytest.mark.parametrize(
    ("fault", "body"),
    [
        ("empty-result", {"images": []}),
        ("empty_result=null", {"images": None}),
        ("odd-result", {"image_url": "https"}),
        ("odd-result=relative", {"images": [{"url": "/files"}]}),
        ("odd-result=list", [{}]),
        ("odd-result=text", "done"),
    ],
)
def test_results_that_are_billed_and_of_no_use(
    server: Emulator, http: httpx.Client, fault: str, body: JSONValue
) -> None:
    result = ended(http, submitted(http, fault=fault))
    told = result.json()
    assert (result.status_code, result.headers["x-fal-billable-units"], count(server, "billed")) == (200, "1", 1)
    if isinstance(body, dict):
        assert isinstance(told, dict)
        assert ("images" in told, "image_url" in told) == ("images" in body, "image_url" in body)
        assert told.get("images") in ([], None) or told["images"][0]["url"].startswith("/files")
    else:
        assert type(told) is type(body)


def test_a_refusal_that_is_billed(server: Emulator, http: httpx.Client) -> None:
    result = ended(http, submitted(http, fault="billed-422"))
    assert (result.status_code, result.json()["detail"][0]["type"]) == (422, "no_media_generated")
    assert (result.headers["x-fal-billable-units"], count(server, "billed")) == ("1", 1)


def test_downloads_that_break(http: httpx.Client) -> None:
    fault = "truncated; corrupt; wrong-type; redirect=http://10.0.0.1/x"
    image = ended(http, submitted(http, fault=fault)).json()["images"][0]
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(image["url"])
    damaged = http.get(image["url"]).content
    assert http.get(image["url"]).headers["content-type"].startswith("text/html")
    assert http.get(image["url"]).headers["location"] == "http://10.0.0.1/x"
    whole = http.get(image["url"]).content
    assert (len(damaged), damaged == whole) == (image["file_size"], False)


def test_rules_are_for_points_endpoints_times_and_chances(server: Emulator, http: httpx.Client) -> None:
    rules: list[JSONValue] = [
        {"kind": 429, "times": 2, "endpoint": "fal-ai/flux-*", "arg": 1},
        {"kind": "5xx", "on": "status", "times": None},
        {"kind": "no-units"},
    ]
    assert server.control("POST", "faults", rules) == {"added": 3}
    assert [submit(http, "").status_code for _ in range(3)] == [429, 429, 200]
    assert http.post("/fal-ai/flux/dev", json={"prompt": "x"}).status_code == 200
    assert {http.get(f"/{LORA}/requests/{n}/status").status_code for n in range(3)} == {500}
    assert count(server, "faults") == {"429": 2, "5xx": 3, "no-units": 1}
    server.control("DELETE", "faults")
    assert http.get(f"/{LORA}/requests/0/status").status_code == 404


def test_chance_repeats_itself(server: Emulator, http: httpx.Client) -> None:
    def codes() -> list[int]:
        server.control("POST", "reset")
        server.control("POST", "faults", [{"kind": "403", "times": None, "chance": 0.5, "seed": 3}])
        return [submit(http, "").status_code for _ in range(12)]

    first = codes()
    assert set(first) == {200, 403}
    assert codes() == first


@pytest.mark.parametrize(
    "rule",
    [
        1,
        {},
        {"kind": "none"},
        {"kind": "truncated", "on": "submit"},
        {"kind": "429", "times": 1.5},
        {"kind": "429", "chance": "x"},
        {"kind": "429", "when": 1},
    ],
)
def test_rules_that_make_no_sense(http: httpx.Client, rule: JSONValue) -> None:
    answer = http.post("/_emulator/faults", json=[rule])
    assert answer.status_code == 400
    assert answer.json()["detail"]


@pytest.mark.parametrize("wish", ["no such", "none", "429@nowhere"])
def test_wishes_that_make_no_sense(http: httpx.Client, wish: str) -> None:
    assert submit(http, wish).status_code == 400


def test_a_wish_may_be_for_a_later_point(http: httpx.Client) -> None:
    id_ = submitted(http, fault="429@result=5")
    assert ended(http, id_).status_code == 429
    assert ended(http, id_).status_code == 200


def test_an_idle_connection_is_closed_early(server: Emulator, http: httpx.Client) -> None:
    """As a plain socket sees it: the answer is whole and says nothing of the end that comes."""
    body = b'{"prompt": "x"}'
    head = f"POST /{LORA} HTTP/1.1\r\nhost: x\r\nauthorization: Key a:b\r\ncontent-length: {len(body)}\r\n"
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as line,
        trust(server).wrap_socket(line, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(f"{head}x-emulator-fault: early-close=0.01\r\n\r\n".encode() + body)
        got = b""
        while part := secured.recv(4096):
            got += part
    assert b"200 OK" in got
    assert b"request_id" in got
    assert b"connection: close" not in got.lower()
    assert count(server, "faults") == {"early-close": 1}
    assert http.get("/v1/models").status_code == 200


def test_every_kind_is_tested_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in FAULT_KINDS if kind not in text] == []


def test_the_docs_list_every_kind_and_no_other() -> None:
    text = (Path(__file__).parents[2] / "docs" / "emulator.md").read_text(encoding="utf-8")
    table = text.partition("| kind | what happens |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1:-1] for row in table.splitlines()[2:]]
    places = {kind: row[3].strip() for row in rows for kind in re.findall("`([^`]+)`", row[0])}
    anywhere = {name for name, (_, points) in FAULT_KINDS.items() if points == tuple(FaultPoint)}
    assert {kind for kind, place in places.items() if place == "anywhere"} == anywhere
    assert {kind: place for kind, place in places.items() if kind not in anywhere} == {
        kind: ", ".join(points) for kind, (_, points) in FAULT_KINDS.items() if kind not in anywhere
    }
