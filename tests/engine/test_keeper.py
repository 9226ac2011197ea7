"""What a provider answered is kept, whatever becomes of the others beside it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from nano_banana.engine.async_store import AnsweredCall, AsyncStore
from nano_banana.model.call import Call, Reply
from nano_banana.model.problem import Unusable
from nano_banana.model.provider_protocol import Answer, AnswerFile
from nano_banana.store.local_store import Store


def call(name: str) -> Call:
    return Call(provider="local", endpoint=name, arguments={})


def test_an_answer_that_can_not_be_put_loses_no_other_of_its_batch(tmp_path: Path) -> None:
    payloads: dict[str, bytes | Path] = {"a": b"a", "gone": tmp_path / "gone", "b": b"b"}
    answers = [
        AnsweredCall(
            call=call(name), answer=Answer(data={}, files={"image": AnswerFile(data=data, media="x/y")}), seconds=1
        )
        for name, data in payloads.items()
    ]

    async def story(keeper: AsyncStore) -> list[Reply | BaseException]:
        return await asyncio.gather(*map(keeper.record, answers), return_exceptions=True)

    with Store.open(tmp_path / "store") as store:
        kept = asyncio.run(story(AsyncStore(store, "run")))
        assert [type(each) for each in kept] == [Reply, Unusable, Reply]
        assert set(store.replies.get(call(name).key for name in payloads)) == {call("a").key, call("b").key}
