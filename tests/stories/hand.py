"""A provider that obeys a file of rules and writes down every call."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TypeVar, TypeVarTuple

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Task
from nano_banana.catalog.provider_registry import BUILT_IN
from nano_banana.model.call import Call
from nano_banana.model.json_values import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.model.problem import CallFailed, Refused, problem
from nano_banana.model.provider_protocol import Answer, AnswerFile, CallContext, Provider
from nano_banana.providers.workers import WorkerPool
from nano_banana.session.store_runner import ProviderFactory

FOLDER = "NANO_BANANA_HAND"
"""The variable that names the folder of the rules and the log."""

REVISION = "nano_banana.providers.local.revision"

ALONE = threading.Lock()

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of the log: a call began, or was answered. `at` in seconds since 1970."""

    event: str
    key: str
    endpoint: str
    told: str
    pid: int
    at: float


class Notes:
    """The folder: `rules.json` says how to answer, `log` what was asked. Any process may write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def rule(self, **rules: JSONValue) -> None:
        """Answer by these rules from now on.

        `delay` in seconds; `slow`, `fail`, `refuse` and `bug` hold words: a call whose arguments say one is
        answered after one more second, fails, is refused, or meets an error that nobody foresaw; `cost` in USD, null
        where nobody knows; `big` for pictures of half a megabyte. `who` holds pairs of a word and a person (see
        `tests.stories.gated`): the first whose word the arguments say is drawn.
        """
        (self.folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")

    @property
    def rules(self) -> JSONObject:
        """The rules as they are now."""
        file = self.folder / "rules.json"
        return as_object(json.loads(file.read_text(encoding="utf-8"))) if file.exists() else {}

    def write(self, event: str, call: Call) -> None:
        """Add a line; short ones are written whole, whoever else writes."""
        told = json.dumps(dict(call.arguments))
        line = json.dumps([event, call.key, call.endpoint, told, os.getpid(), time.time()])
        with (self.folder / "log").open("ab", buffering=0) as log:
            log.write(line.encode() + b"\n")

    def lines(self, event: str = "begun") -> list[Line]:
        """What was written, in order."""
        file = self.folder / "log"
        rows = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        found = [json.loads(row) for row in rows]
        return [
            Line(event=row[0], key=row[1], endpoint=row[2], told=row[3], pid=row[4], at=row[5])
            for row in found
            if row[0] == event
        ]

    def fresh(self) -> None:
        """Begin a new log."""
        (self.folder / "log").unlink(missing_ok=True)


class Hand:
    """Answers any endpoint of the catalog with a tiny picture or a tiny adapter, as the rules say."""

    name = "local"

    def __init__(self, notes: Notes, catalog: Catalog) -> None:
        self._notes = notes
        self._catalog = catalog

    async def answer(self, call: Call, context: CallContext) -> Answer:
        """Obey."""
        rules = self._notes.rules
        told = json.dumps(dict(call.arguments))
        self._notes.write("begun", call)
        for blob in call.inputs.values():
            context.path(blob)
        await asyncio.sleep(as_number(rules.get("delay", 0)) + _says(rules, "slow", told))
        if _says(rules, "refuse", told):
            raise Refused([problem("no_key")])
        if _says(rules, "fail", told):
            raise CallFailed([problem("no_result", endpoint=call.endpoint, expected="a picture")])
        if _says(rules, "bug", told):
            raise ZeroDivisionError("nobody foresaw this")
        cost = rules.get("cost", 0.0)
        files = self._files(call, big=rules.get("big") is True, who=_who(rules, told))
        self._notes.write("answered", call)
        price = None if cost is None else as_number(cost)
        data = {"seed": call.arguments.get("seed"), "plain": rules.get("plain") is True}
        return Answer(data=data, files=files, cost_usd=price)

    async def close(self) -> None:
        """Nothing to give back."""

    def _files(self, call: Call, *, big: bool, who: str = "") -> dict[str, AnswerFile]:
        endpoint = self._catalog.get(call.endpoint)
        if endpoint is not None and endpoint.does is Task.TRAIN:
            data = AnswerFile(data=f"adapter {call.key}".encode(), media="application/octet-stream")
            return dict.fromkeys(endpoint.makes, data)
        place = "image" if endpoint is None else endpoint.makes[0].replace("*", "0")
        drawn = person(who, call.key) if who else picture(call.key, big=big)
        return {place: AnswerFile(data=drawn, media="image/png")}


def picture(name: str, *, big: bool = False) -> bytes:
    """A small PNG whose colour is its name's; or a big one (half a megabyte) of noise."""
    from PIL import Image

    if big:
        noise = random.Random(name).randbytes(400 * 400 * 3)
        buffer = io.BytesIO()
        Image.frombytes("RGB", (400, 400), noise).save(buffer, "PNG")
        return buffer.getvalue()

    red, green, blue = hashlib.sha256(name.encode()).digest()[:3]
    buffer = io.BytesIO()
    Image.new("RGB", (32, 40), (red, green, blue)).save(buffer, "PNG")
    return buffer.getvalue()


def person(who: str, name: str) -> bytes:
    """A PNG of somebody, in a light that is the name's."""
    from tests.stories.gated import portrait

    return portrait(who, 0.9 + hashlib.sha256(name.encode()).digest()[0] / 1280)


def _who(rules: JSONObject, told: str) -> str:
    pairs = [[str(word) for word in as_items(pair)] for pair in as_items(rules.get("who"))]
    return next((who for word, who in pairs if word in told), "")


def _says(rules: JSONObject, rule: str, told: str) -> bool:
    return any(str(word) in told for word in as_items(rules.get(rule)))


class Threads(WorkerPool):
    """Does in a thread what a worker process would do: the same work, begun at once."""

    async def run(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run it, one at a time: a process of the pool's does no two things at once, and its networks can't."""

        def alone() -> T:
            with ALONE:
                return work(*args)

        return await asyncio.to_thread(alone)


@contextmanager
def at_work() -> Iterator[None]:
    """Let the hand answer for the local provider (and, if its price is to be asked, for fal) in this process."""

    def hand(crew: ProviderFactory) -> Hand:
        return Hand(Notes(Path(os.environ[FOLDER])), crew._catalog)

    def makers(crew: ProviderFactory) -> Mapping[str, Callable[[], Provider]]:
        return {
            "local": lambda: hand(crew),
            "compute": partial(crew._make, BUILT_IN["compute"]),
            "fal": lambda: hand(crew),
        }

    ours = {"pool": property(lambda _crew: Threads()), "factories": property(makers)}
    before = {name: ProviderFactory.__dict__[name] for name in ours}
    revision = ModuleType(REVISION)
    vars(revision)["local_revision"] = lambda: 1
    known = sys.modules.get(REVISION)
    sys.modules[REVISION] = revision
    try:
        for name, value in ours.items():
            setattr(ProviderFactory, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ProviderFactory, name, value)
        del sys.modules[REVISION]
        if known is not None:
            sys.modules[REVISION] = known


def main() -> None:
    """Be the program, with the hand at work."""
    from nano_banana.cli.main import main as program

    with at_work():
        program()


if __name__ == "__main__":
    main()
