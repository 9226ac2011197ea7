"""Work that several ask for at the same time, done once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from collections.abc import Callable
from typing import Generic
from typing import TypeVar

T = TypeVar("T")


class Flights(Generic[T]):
    """What is going on, by name. Nothing is remembered once it has ended."""

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Future[T]] = {}

    async def join(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """The result of the work of this name that is going on, or of `work`, which then is it.

        Its error is everybody's; where the one who does it is cancelled, the next one does it again.
        """
        while (flying := self._flying.get(name)) is not None:
            try:
                return await asyncio.shield(flying)
            except asyncio.CancelledError:
                if not flying.cancelled() or _are_cancelled():
                    raise
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._flying[name] = future
        try:
            result = await work()
        except asyncio.CancelledError:
            future.cancel()
            raise
        except Exception as error:
            future.set_exception(error)
            # Nobody may be waiting for it, and that is fine.
            future.exception()
            raise
        finally:
            del self._flying[name]
        future.set_result(result)
        return result


def _are_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
