"""Webhooks: posted and signed, or refused at once; never dropped in silence."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from nano_banana.emulator.server import Emulator
from nano_banana.model.json_values import JSONObject, as_object

LORA = "fal-ai/flux-lora"
Got = list[tuple[Mapping[str, str], bytes]]


@contextmanager
def receiver(*codes: int) -> Iterator[tuple[str, Got]]:
    """A server that answers with these codes in turn; yields its address and what it got."""
    got: Got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            head = {name.lower(): value for name, value in self.headers.items()}
            got.append((head, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(codes[min(len(got), len(codes)) - 1])
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook?a=b", got
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sent(http: httpx.Client, url: str, **given: object) -> str:
    answer = http.post(f"/{LORA}", params={"fal_webhook": url}, json=given)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["request_id"])


def delivery(http: httpx.Client) -> JSONObject:
    """The delivery of the last request, once it has been tried."""
    while True:
        row = as_object(http.get("/_emulator/requests?limit=1").json()["requests"][0])
        told = as_object(row["webhook"])
        if told["delivered"] or told["error"]:
            return told


def test_a_result_is_posted_and_signed(http: httpx.Client) -> None:
    with receiver(200) as (url, got):
        id_ = sent(http, url, prompt="a photo")
        assert delivery(http)["attempts"] == 1
    ((head, body),) = got
    told = json.loads(body)
    assert (told["request_id"], told["gateway_request_id"], told["status"]) == (id_, id_, "OK")
    assert told["payload"]["images"][0]["url"]
    (key,) = http.get("/.well-known/jwks.json", headers={"Authorization": ""}).json()["keys"]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(f"{key['x']}=="))
    names = ("request-id", "user-id", "timestamp")
    message = "\n".join([*(head[f"x-fal-webhook-{name}"] for name in names), hashlib.sha256(body).hexdigest()])
    public.verify(bytes.fromhex(head["x-fal-webhook-signature"]), message.encode())


def test_a_failure_is_posted_too_and_again_until_it_is_taken(http: httpx.Client) -> None:
    with receiver(500, 204) as (url, got):
        sent(http, url)  # without its prompt
        while not delivery(http)["delivered"]:
            pass
    assert [json.loads(body)["status"] for _, body in got] == ["ERROR", "ERROR"]
    assert json.loads(got[0][1])["error"] == "Invalid status code: 422"
    assert json.loads(got[0][1])["payload"]["detail"][0]["type"] == "missing"


def test_nobody_listens(http: httpx.Client) -> None:
    sent(http, "http://localhost:1/", prompt="x")
    told = delivery(http)
    assert not told["delivered"]
    assert "ConnectError" in str(told["error"])


def test_a_direct_call_has_no_webhook(http: httpx.Client) -> None:
    answer = http.post(f"/fal.run/{LORA}", params={"fal_webhook": "http://localhost:1/"}, json={"prompt": "x"})
    assert answer.status_code == 400
    assert "queue.fal.run" in answer.json()["detail"]


@pytest.mark.parametrize(
    "url",
    ["https://example.com/hook", "http://10.0.0.1/", "http://localhost.example.com/", "ftp://localhost/", "http://["],
)
def test_what_is_not_delivered_is_refused_at_once(server: Emulator, http: httpx.Client, url: str) -> None:
    answer = http.post(f"/{LORA}", params={"fal_webhook": url}, json={"prompt": "x"})
    assert answer.status_code == 400
    assert "webhook" in answer.json()["detail"]
    assert as_object(server.control("GET", "counts"))["accepted"] == 0
