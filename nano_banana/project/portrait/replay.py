"""An account's calls asked again, from where their files are at hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from nano_banana.core.blob import Blob
from nano_banana.core.call import Call
from nano_banana.core.errors import CallFailed, trouble
from nano_banana.core.flow import Flow, Made, ask
from nano_banana.core.node import Card, Group, Node, Plan
from nano_banana.marks.account import Account, Told
from nano_banana.marks.origin import producers

NAME = "(again)"
"""What the store's log calls such a run; no recipe can be called that."""

_LONGEST = 120
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A file that nobody here has: its digest, and the call and the place that it goes into."""

    digest: str
    call: Told
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What making the picture again takes: `calls` to ask in order, files that are `given`, and those that `lack`."""

    account: Account
    calls: Sequence[Told]
    given: Mapping[str, Blob]
    lacks: Sequence[Lack]


def replay_of(
    account: Account, at_hand: Callable[[str], Blob | None], answered: Callable[[Told], bool], *, anew: bool = False
) -> Replay:
    """What of the account's calls has to be asked.

    `at_hand` finds a file's bytes by digest; `answered` says that the store has the reply to a call. Behind either
    nothing is asked again, unless all that a call made is to be made `anew`.
    """
    made_by = producers(account.calls)
    given: dict[str, Blob] = {}
    calls: set[int] = set()
    lacks: list[Lack] = []
    # What a call lacks is said of the first call that needs it.
    left: list[tuple[str, Told | None, str]] = [(account.picture, None, "")]
    seen: set[str] = set()
    while left:
        digest, needed_by, place = left.pop()
        if digest in seen:
            continue
        seen.add(digest)
        call = made_by.get(digest)
        if call is not None and answered(call):
            calls.add(id(call))
            continue
        here = None if call is not None and anew else at_hand(digest)
        if here is not None:
            given[digest] = here
        elif call is not None:
            calls.add(id(call))
            left += [(each, call, at) for at, each in sorted(call.inputs.items(), reverse=True)]
        elif needed_by is not None:
            lacks.append(Lack(digest=digest, call=needed_by, place=place))
    ordered = [call for call in account.calls if id(call) in calls]
    replay = Replay(account=account, calls=ordered, given=given, lacks=lacks)
    return replace(replay, lacks=[*lacks, *_unmade(replay, at_hand, answered)])


def _unmade(replay: Replay, at_hand: Callable[[str], Blob | None], answered: Callable[[Told], bool]) -> Iterator[Lack]:
    """What a call needs that no call before it makes: of a photo that is opened as it is the bytes make themselves."""
    known = {*replay.given, *(lack.digest for lack in replay.lacks)}
    asked = set(map(id, still_open(replay, answered)))
    for call in replay.calls:
        for place, digest in sorted(call.inputs.items()) if id(call) in asked else ():
            if digest not in known and at_hand(digest) is None:
                known.add(digest)
                yield Lack(digest=digest, call=call, place=place)
        known.update(call.outputs.values())


def still_open(replay: Replay, answered: Callable[[Told], bool]) -> list[Told]:
    """The calls that would be made: those without a reply, and those that what comes of these goes into."""
    anew: set[str] = set()
    found: list[Told] = []
    for call in replay.calls:
        if not answered(call) or anew & set(call.inputs.values()):
            found.append(call)
            anew |= set(call.outputs.values())
    return found


def plan_of(replay: Replay, call_of: Callable[[Told, Mapping[str, Blob]], Call], budget_usd: float | None) -> Plan:
    """The plan of one node; `call_of` makes a call of what is told and of the files that go into it."""
    account = replay.account
    name = "/".join(filter(None, (_safe(part) for part in account.take.split("/"))))[:_LONGEST].strip("/") or "picture"
    stage = _safe(account.stage)[:_LONGEST] or "again"
    people = tuple(person.name for person in account.people)
    card = Card(
        kind="take",
        slot=name,
        stage=stage,
        shot=account.shot,
        template=account.template,
        subject=people[0] if len(people) == 1 else "",
        cast=people,
        axes=account.axes,
        seed=account.seed,
    )
    node = Node(id=name, card=card, flow=lambda _results: _flow(replay, call_of, stage))
    group = Group(name=name, after=(), count=1, nodes=lambda _ends: iter([node]))
    return Plan(recipe=NAME, roots=(), groups=(group,), files={}, budget_usd=budget_usd)


def stage_of(told: Told) -> str:
    """The stage of a call, as it was called; of one from another recipe the last word of its endpoint."""
    return _safe(told.stage)[:_LONGEST] or _safe(told.endpoint.rpartition("/")[2])[:_LONGEST] or "call"


def _flow(replay: Replay, call_of: Callable[[Told, Mapping[str, Blob]], Call], stage: str) -> Flow[Blob]:
    """Ask for the calls in their order; what comes out of each takes the place of what came out of it before."""
    files = dict(replay.given)
    picture = replay.account.picture
    call = Call(provider="compute", endpoint="again", arguments={"picture": picture})
    for told in replay.calls:
        call = call_of(told, {place: files.get(digest) or _named(digest) for place, digest in told.inputs.items()})
        reply = yield from ask(stage_of(told), call)
        for place, digest in told.outputs.items():
            blob = reply.files.get(place)
            if blob is not None:
                files[digest] = blob
    found = files.get(picture)
    if found is None:
        raise CallFailed([trouble("no_result", endpoint=call.endpoint, expected="a picture")])
    yield Made(stage=stage, blob=found, call=call)
    return found


def _named(digest: str) -> Blob:
    """A file of which only the digest is known: enough for a call that the store has the reply to."""
    return Blob(digest=digest, size=0, media="")


def _safe(text: str) -> str:
    """A name that is surely a file's, whatever an account says: letters, digits, `_` and `-`."""
    return _UNSAFE.sub("_", text).strip("_-") if text else ""
