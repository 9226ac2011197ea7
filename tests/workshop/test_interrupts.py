"""Ctrl-C, once, twice, and while what was made is being written."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from nano_banana.engine.run_control import Halt
from nano_banana.model.event import Event
from nano_banana.session.run_execution import _interrupts


def pressed(times: int, *, settled: bool) -> tuple[bool, list[Event]]:
    """Press Ctrl-C so often; whether the work went on to its end, and what was said."""
    halt, said = Halt(), list[Event]()
    hear: Callable[[Event], None] = said.append

    async def work() -> bool:
        with _interrupts(halt, hear, "stopping") as settling:
            if settled:
                settling.set()
            try:
                for _ in range(times):
                    os.kill(os.getpid(), signal.SIGINT)
                    await asyncio.sleep(0.05)
            except asyncio.CancelledError:
                return False
        return True

    ended = asyncio.run(work())
    assert halt.reason is not None
    return ended, said


CASES = {"once": (1, False, True), "twice": (2, False, False), "while it is written": (3, True, True)}
"""How often it is pressed, whether what was made is being written by then, and whether the work comes to its end."""


@pytest.mark.parametrize("case", CASES)
def test_twice_gives_up_what_is_under_way_but_never_what_is_being_written(case: str) -> None:
    times, settled, ended = CASES[case]
    went_on, said = pressed(times, settled=settled)
    assert went_on is ended
    assert [news.data["kind"] for news in said] == ["stopping"]
