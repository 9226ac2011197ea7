"""What earlier runs sent and never saw the end of, collected beside one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nano_banana.core.errors import Stopped
from nano_banana.core.ticket import Ticket, TicketState
from nano_banana.engine.answering import Answering
from nano_banana.store.store import Store


@asynccontextmanager
async def resuming(store: Store, answering: Answering, provider: str) -> AsyncIterator[None]:
    """Follow every accepted request of this provider while the block lasts, whoever sent it and for what.

    At the end of the block, those that are not done are left at the service again.
    """
    opened = await asyncio.to_thread(store.tickets.opened, provider) if provider else []
    tasks = [asyncio.create_task(_one(answering, ticket)) for ticket in opened if ticket.state is TicketState.SENT]
    # Each takes its call before anybody else asks for it.
    await asyncio.sleep(0)
    try:
        yield
    finally:
        answering.halt.leave.asked.set()
        if tasks:
            await asyncio.wait(tasks)


async def _one(answering: Answering, ticket: Ticket) -> None:
    try:
        await answering.resume(ticket)
    except Stopped:
        return
    except Exception as error:  # noqa: BLE001 - a bug of ours must not lose what others have under way
        answering.halt.set(error)
