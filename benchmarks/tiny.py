"""A provider that answers any picture call with a tiny PNG after a wait."""

from __future__ import annotations

import asyncio
import os
import struct
import sys
import zlib
from dataclasses import replace
from pathlib import Path

from nano_banana.catalog.catalog import Catalog
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject
from nano_banana.model.provider_protocol import Answer, AnswerFile, CallContext, Provider
from nano_banana.session.run_report import run_report_pieces
from nano_banana.session.run_request import RunRequest
from nano_banana.session.session import Session
from nano_banana.session.store_runner import ProviderFactory
from nano_banana.settings.configuration import load_settings

SIDE = 8
MEDIA = "image/png"


class Tiny:
    """Stands in for the local provider, so that its own later runs find what this one made."""

    name = "local"

    def __init__(self, *, seconds: float) -> None:
        self.seconds = seconds

    async def answer(self, call: Call, context: CallContext) -> Answer:  # noqa: ARG002 - a Provider takes both
        """One picture, after `seconds`; other calls, other pixels."""
        await asyncio.sleep(self.seconds)
        image: JSONObject = {"width": SIDE, "height": SIDE, "content_type": MEDIA}
        return Answer(
            data={"images": [image], "seed": call.arguments.get("seed"), "prompt": call.arguments.get("prompt")},
            files={"images/0": AnswerFile(data=png(bytes.fromhex(call.key)), media=MEDIA)},
        )

    async def close(self) -> None:
        """Hold nothing."""


def png(digest: bytes) -> bytes:
    """An 8 × 8 grey PNG whose first four rows are the 32 bytes of `digest`."""
    rows = b"".join(b"\0" + digest[8 * row % 32 :][:SIDE] for row in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG: length, kind, data and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def run(recipe: Path, *, provider: Provider, abreast: int) -> None:
    """Run a recipe with `provider` in the place of the local one, `abreast` picture calls at a time."""
    overrides = {"parallel_image": str(abreast), "provider": "local"}
    settings = load_settings(root=recipe.parent, environ=os.environ, overrides=overrides)
    crew = ProviderFactory(
        replace(settings, parallel_compute=1), Catalog.load(), os.environ, extra={"local": lambda: provider}
    )
    with Session.open(RunRequest(recipe=recipe), settings, environ=os.environ, providers=crew) as project:
        forecast = project.forecast()
        outcome = project.execute(forecast, lambda _news: None)
        if outcome.status != "done":
            raise RuntimeError(outcome.halted or outcome.failed)
        project.remember(outcome, run_report_pieces(forecast, outcome))


if __name__ == "__main__":
    run(Path(sys.argv[1]), provider=Tiny(seconds=float(sys.argv[2])), abreast=int(sys.argv[3]))
