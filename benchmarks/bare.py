"""The floor: waits in bare asyncio, and a file written for each."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path


async def main(count: int, seconds: float, abreast: int) -> None:
    """Do `count` waits of `seconds` each, `abreast` at a time."""
    gate = asyncio.Semaphore(abreast)

    async def one(number: int) -> None:
        async with gate:
            await asyncio.sleep(seconds)
            await asyncio.to_thread(Path(f"made/{number:05}").write_text, "done", encoding="utf-8")

    await asyncio.gather(*(one(number) for number in range(count)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
