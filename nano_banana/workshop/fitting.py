"""Pictures in another format or size, marked as the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nano_banana.catalog.revisions import COMPUTE_REVISIONS
from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, Invalid, Unusable
from nano_banana.core.json import JSONObject, JSONValue, as_items, as_number, as_object
from nano_banana.core.news import Watcher
from nano_banana.core.reply import Reply
from nano_banana.marks.embedded import account_in
from nano_banana.reports.files import fitted_name
from nano_banana.reports.record import Picture, Record
from nano_banana.store.link import LinkStat, content
from nano_banana.workshop.answering import COMPUTE, Errands
from nano_banana.workshop.marking import Marking
from nano_banana.workshop.workshop import Workshop

PURPOSE = "hand-out"
FIT = "fit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fitted picture in the output folder: `name` below it, `stat` of the file.

    `scale` is above 1 where it was enlarged; `faces` counts those that it is centred on.
    """

    name: str
    stat: LinkStat
    scale: float
    faces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A picture of a take, and what was made of it by a call."""

    record: Record
    before: Picture
    call: Call
    reply: Reply

    @property
    def picture(self) -> Picture:
        """The fitted one."""
        blob = self.reply.files["image"]
        return replace(self.before, blob=blob, name=fitted_name(self.before.name, blob.media))

    def told(self, calls: str = "[]") -> Record:
        """The take as the fitted picture's mark tells it, with these calls as JSON."""
        old, new = self.before.blob.digest, self.picture.blob.digest
        verdicts = [replace(ruled, digest=new) if ruled.digest == old else ruled for ruled in self.record.verdicts]
        return replace(self.record, calls=calls, verdicts=tuple(verdicts))


def fitted(
    workshop: Workshop,
    marking: Marking,
    folder: Path,
    wanted: Mapping[str, tuple[Record, Picture]],
    arguments: Callable[[str], JSONObject],
    watch: Watcher,
) -> dict[str, Fitted]:
    """The pictures of `wanted` fitted, under the same keys; each lies in the output folder beside its stage's.

    `arguments` are those of the compute endpoint `fit`, by the picture's media type. Raises Unusable where one can't
    be fitted, and what writing outputs raises.
    """
    store = workshop.store
    made = dict(zip(wanted, _made(workshop, list(wanted.values()), arguments, watch), strict=True))
    paths = {key: folder / each.picture.name for key, each in made.items()}
    dresses = {key: marking.dress(each.told(), each.picture) for key, each in made.items()}
    there = store.present({paths[key]: content(each.picture.blob.digest, dresses[key]) for key, each in made.items()})
    found: dict[str, Fitted] = {}
    for key, each in made.items():
        if paths[key] not in there:
            calls = _calls(each, (folder / each.before.name).read_bytes())
            dress = marking.dress(each.told(calls), each.picture)
            store.link_out(each.picture.blob, paths[key], dress=dress, look=False)
        data = each.reply.data
        found[key] = Fitted(
            name=each.picture.name,
            stat=LinkStat.of(paths[key]),
            scale=as_number(data["scale"]),
            faces=int(as_number(data["faces"])),
        )
    return found


def _made(
    workshop: Workshop,
    wanted: Sequence[tuple[Record, Picture]],
    arguments: Callable[[str], JSONObject],
    watch: Watcher,
) -> list[_Made]:
    calls = [
        Call(
            provider=COMPUTE,
            endpoint=FIT,
            arguments=arguments(picture.blob.media),
            inputs={"image": picture.blob},
            revision=COMPUTE_REVISIONS[FIT],
        )
        for _, picture in wanted
    ]
    ends = workshop.answer(Errands(purpose=PURPOSE, calls=calls), watch)
    problems = [problem for end in ends if isinstance(end, CallFailed) for problem in end.problems]
    if problems:
        raise Unusable(problems)
    return [
        _Made(record=record, before=picture, call=call, reply=end)
        for (record, picture), call, end in zip(wanted, calls, ends, strict=True)
        if isinstance(end, Reply)
    ]


def _calls(made: _Made, marked: bytes) -> str:
    """The calls that the picture's own mark tells of, and the one that fitted it."""
    try:
        account = account_in(marked)
    except Invalid:
        account = None
    before: list[JSONValue] = [] if account is None else list(as_items(as_object(json.loads(account.text))["calls"]))
    call = made.call
    fit: JSONObject = {
        "stage": made.before.stage,
        "provider": call.provider,
        "endpoint": call.endpoint,
        "revision": call.revision,
        "key": call.key,
        "arguments": call.arguments,
        "inputs": _digests(call.inputs),
        "outputs": _digests(made.reply.files),
        "cost_usd": made.reply.cost_usd,
    }
    return json.dumps([*before, fit])


def _digests(files: Mapping[str, Blob]) -> JSONObject:
    return {place: blob.digest for place, blob in files.items()}
