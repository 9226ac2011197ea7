"""The plain script: `asyncio.gather` over fal-client's own `subscribe`.

`python fal_peer.py CALLS.jsonl ABREAST FOLDER`: a line is `{"endpoint": …, "arguments": {…}}`; each picture of a
result is written into FOLDER. It keeps no record, looks at nothing that it gets, and what is run again is paid again.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import fal_client
import httpx


async def main(calls: list[str], abreast: int, folder: Path) -> None:
    """Ask for all of them, so many at a time, and download what comes."""
    gate = asyncio.Semaphore(abreast)
    wanted = [json.loads(line) for line in calls]

    async with httpx.AsyncClient(timeout=60) as http:

        async def one(number: int, endpoint: str, arguments: dict[str, object]) -> None:
            async with gate:
                result = await fal_client.subscribe_async(endpoint, arguments)
                for at, image in enumerate(result["images"]):
                    response = await http.get(image["url"])
                    response.raise_for_status()
                    (folder / f"{number:05}-{at}.png").write_bytes(response.content)

        await asyncio.gather(*(one(at, call["endpoint"], call["arguments"]) for at, call in enumerate(wanted)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines(), int(sys.argv[2]), Path(sys.argv[3])))
