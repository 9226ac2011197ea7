"""Webhooks: posted when a request has ended, signed as fal signs them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ipaddress
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nano_banana.emulator.request_queue import EmulatedRequest, WebhookDelivery
from nano_banana.model.json_values import JSONObject, JSONValue

WAITS = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each attempt."""

TIMEOUT = 15.0
"""Seconds that a receiver has, as at fal."""

USER = "emulator"


class Webhooks:
    """Delivers each webhook once its request has ended, in tasks of its own."""

    def __init__(self, result: Callable[[EmulatedRequest], JSONValue], *, anywhere: bool) -> None:
        """Deliver what `result` says of a request; to this machine alone unless `anywhere`."""
        self._result = result
        self._anywhere = anywhere
        self._key = Ed25519PrivateKey.generate()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def keys(self) -> JSONObject:
        """The key set (JWKS) to check signatures with."""
        x = base64.urlsafe_b64encode(self._key.public_key().public_bytes_raw()).rstrip(b"=").decode()
        return {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "use": "sig", "kid": USER}]}

    def refusal(self, url: str) -> str | None:
        """Why nothing would be delivered there, in words; None where it would."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            host, parts = "", urlsplit("")
        if parts.scheme not in {"http", "https"} or not host:
            return f"fal_webhook is not an HTTP address: {url}"
        if self._anywhere or _is_loopback(host):
            return None
        return f"This emulator delivers webhooks to this machine only, not to {host} (see --public-webhooks)"

    def watch(self, order: EmulatedRequest, url: str) -> None:
        """Post the result there when the request has ended; `order.webhook` says how that goes."""
        order.webhook = WebhookDelivery(url=url)
        task = asyncio.get_running_loop().create_task(self._deliver(order, url))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Deliver no more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, order: EmulatedRequest, url: str) -> None:
        ended = asyncio.Event()
        order.watchers = [*(order.watchers or []), ended]
        while not order.ended:
            ended.clear()
            await ended.wait()
        order.watchers.remove(ended)
        body = json.dumps(self._told(order)).encode()
        async with httpx.AsyncClient(
            trust_env=False,
            timeout=TIMEOUT,
            verify=False,  # noqa: S501 - a receiver under test has a certificate of its own
        ) as client:
            for attempt, wait in enumerate(WAITS, start=1):
                await asyncio.sleep(wait)
                error = await self._posted(client, order.id, url, body)
                order.webhook = WebhookDelivery(url=url, attempts=attempt, delivered=error is None, error=error)
                if error is None:
                    return

    async def _posted(self, client: httpx.AsyncClient, request_id: str, url: str, body: bytes) -> str | None:
        """Post it once; returns what went wrong, in words."""
        stamp = str(int(time.time()))
        signed = "\n".join((request_id, USER, stamp, hashlib.sha256(body).hexdigest())).encode()
        headers = {
            "content-type": "application/json",
            "x-fal-webhook-request-id": request_id,
            "x-fal-webhook-user-id": USER,
            "x-fal-webhook-timestamp": stamp,
            "x-fal-webhook-signature": self._key.sign(signed).hex(),
        }
        try:
            answer = await client.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return f"{type(error).__name__}: {error}"
        return None if answer.is_success else f"HTTP {answer.status_code}"

    def _told(self, order: EmulatedRequest) -> JSONObject:
        told: JSONObject = {"request_id": order.id, "gateway_request_id": order.id, "payload": self._result(order)}
        if order.status < 400:
            return {**told, "status": "OK"}
        return {**told, "status": "ERROR", "error": order.error or f"Invalid status code: {order.status}"}


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
