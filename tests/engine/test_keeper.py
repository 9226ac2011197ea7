"""What a provider answered is kept, whatever becomes of the others beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nano_banana.core.answer import Answer, Payload
from nano_banana.core.call import Call
from nano_banana.core.errors import Unusable
from nano_banana.core.reply import Reply
from nano_banana.engine.keeper import Answered, Keeper
from nano_banana.store.store import Store


def call(name: str) -> Call:
    return Call(provider="local", endpoint=name, arguments={})


def test_an_answer_that_can_not_be_put_loses_no_other_of_its_batch(tmp_path: Path) -> None:
    payloads: dict[str, bytes | Path] = {"a": b"a", "gone": tmp_path / "gone", "b": b"b"}
    answers = [
        Answered(call=call(name), answer=Answer(data={}, files={"image": Payload(data=data, media="x/y")}), seconds=1)
        for name, data in payloads.items()
    ]

    async def story(keeper: Keeper) -> list[Reply | BaseException]:
        return await asyncio.gather(*map(keeper.keep, answers), return_exceptions=True)

    with Store.open(tmp_path / "store") as store:
        kept = asyncio.run(story(Keeper(store, "run")))
        assert [type(each) for each in kept] == [Reply, Unusable, Reply]
        assert set(store.replies(call(name).key for name in payloads)) == {call("a").key, call("b").key}
