"""Work that several ask for at the same time, done once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


def never(_: Exception) -> bool:
    """Every error is everybody's."""
    return False


class Flights(Generic[T]):
    """What is going on, by name. Nothing is remembered once it has ended."""

    def __init__(self) -> None:
        self._flying: dict[str, asyncio.Future[T]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether work of this name is going on."""
        return name in self._flying

    async def join(
        self, name: str, work: Callable[[], Awaitable[T]], *, alone: Callable[[Exception], bool] = never
    ) -> tuple[T, bool]:
        """The result of the work of this name that is going on, or of `work`, which then is it; and whether it was.

        Its error is everybody's, unless it is one for whoever does the work `alone`; then, and where that one is
        cancelled, the next one does it again.
        """
        while (flying := self._flying.get(name)) is not None:
            try:
                return await asyncio.shield(flying), False
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
            if alone(error):
                future.cancel()
                raise
            future.set_exception(error)
            # Nobody may be waiting for it, and that is fine.
            future.exception()
            raise
        finally:
            del self._flying[name]
        future.set_result(result)
        return result, True


def _are_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
