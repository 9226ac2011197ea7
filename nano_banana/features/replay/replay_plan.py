"""Plans the calls in a picture's metadata, to recreate it.

A record may be forged: its calls are checked against the catalog, their keys are computed, never trusted, and files
are found by the digest of their bytes, never by a path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.catalog.arguments import argument_problems
from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.endpoint import Roles
from nano_banana.catalog.provider_registry import (
    description_revision,
    find_provider,
    is_emulated,
    provider_revision,
    selectable_provider,
)
from nano_banana.catalog.revisions import compute_revision
from nano_banana.formats.image_metadata import embeddable_media_type
from nano_banana.model.call import COMPUTE, Blob, Call
from nano_banana.model.flow import Flow, Made, ask
from nano_banana.model.json_values import JSONValue
from nano_banana.model.nodes import Group, Node, NodeInfo, Plan
from nano_banana.model.problem import CallFailed, Problem, Unusable, problem
from nano_banana.provenance.generation_record import CallRecord, GenerationRecord, producing_calls
from nano_banana.settings.configuration import Settings
from nano_banana.store.local_store import Store

REPLAY_NAME = "(again)"
"""The name of such a run in the store's log; no recipe can have it."""

_LONGEST_NAME = 120
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class MissingInput(Struct, frozen=True, kw_only=True):
    """A file that is missing here: its digest, and the call and the input that need it."""

    digest: str
    call: CallRecord
    place: str


class Replay(Struct, frozen=True, kw_only=True):
    """What recreating the picture takes: `calls` in order, `given` files, and `missing` ones."""

    account: GenerationRecord
    calls: Sequence[CallRecord]
    given: Mapping[str, Blob]
    missing: Sequence[MissingInput]


def replay_of_account(
    account: GenerationRecord,
    at_hand: Callable[[str], Blob | None],
    answered: Callable[[CallRecord], bool],
    *,
    anew: bool = False,
) -> Replay:
    """Which of the record's calls are needed.

    `at_hand` finds a file by digest; `answered` says that the store has the reply to a call. Calls before either are
    not needed, unless everything is to be made `anew`.
    """
    made_by = producing_calls(account.calls)
    given: dict[str, Blob] = {}
    calls: set[int] = set()
    lacks: list[MissingInput] = []
    # A missing file is reported for the first call that needs it.
    left: list[tuple[str, CallRecord | None, str]] = [(account.picture, None, "")]
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
            lacks.append(MissingInput(digest=digest, call=needed_by, place=place))
    ordered = [call for call in account.calls if id(call) in calls]
    replay = Replay(account=account, calls=ordered, given=given, missing=lacks)
    return replace(replay, missing=[*lacks, *_missing_inputs(replay, at_hand, answered)])


def _missing_inputs(
    replay: Replay, at_hand: Callable[[str], Blob | None], answered: Callable[[CallRecord], bool]
) -> Iterator[MissingInput]:
    """Inputs that no earlier call makes, such as a photo that is opened unchanged."""
    known = {*replay.given, *(lack.digest for lack in replay.missing)}
    asked = set(map(id, unanswered_calls(replay, answered)))
    for call in replay.calls:
        for place, digest in sorted(call.inputs.items()) if id(call) in asked else ():
            if digest not in known and at_hand(digest) is None:
                known.add(digest)
                yield MissingInput(digest=digest, call=call, place=place)
        known.update(call.outputs.values())


def unanswered_calls(replay: Replay, answered: Callable[[CallRecord], bool]) -> list[CallRecord]:
    """The calls that would be made: those without a stored reply, and those that use their outputs."""
    anew: set[str] = set()
    found: list[CallRecord] = []
    for call in replay.calls:
        if not answered(call) or anew & set(call.inputs.values()):
            found.append(call)
            anew |= set(call.outputs.values())
    return found


def plan_of_replay(
    replay: Replay, call_of: Callable[[CallRecord, Mapping[str, Blob]], Call], budget_usd: float | None
) -> Plan:
    """The plan of one node; `call_of` makes a call from its record and its input files."""
    account = replay.account
    name = (
        "/".join(filter(None, (_safe_name(part) for part in account.take.split("/"))))[:_LONGEST_NAME].strip("/")
        or "picture"
    )
    stage = _safe_name(account.stage)[:_LONGEST_NAME] or "again"
    people = tuple(person.name for person in account.people)
    card = NodeInfo(
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
    node = Node(id=name, info=card, flow=lambda _results: _replay_flow(replay, call_of, stage))
    group = Group(name=name, after=(), count=1, nodes=lambda _ends: iter([node]))
    return Plan(recipe=REPLAY_NAME, roots=(), groups=(group,), files={}, budget_usd=budget_usd)


def stage_of_call(told: CallRecord) -> str:
    """The name of a call's stage; if the record has none, the end of its endpoint's id."""
    return (
        _safe_name(told.stage)[:_LONGEST_NAME] or _safe_name(told.endpoint.rpartition("/")[2])[:_LONGEST_NAME] or "call"
    )


def _replay_flow(replay: Replay, call_of: Callable[[CallRecord, Mapping[str, Blob]], Call], stage: str) -> Flow[Blob]:
    """Make the calls in order; each output replaces the recorded one."""
    files = dict(replay.given)
    picture = replay.account.picture
    call = Call(provider=COMPUTE, endpoint="again", arguments={"picture": picture})
    for told in replay.calls:
        call = call_of(told, {place: files.get(digest) or _blob_named(digest) for place, digest in told.inputs.items()})
        reply = yield from ask(stage_of_call(told), call)
        for place, digest in told.outputs.items():
            blob = reply.files.get(place)
            if blob is not None:
                files[digest] = blob
    found = files.get(picture)
    if found is None:
        raise CallFailed([problem("no_result", endpoint=call.endpoint, expected="a picture")])
    yield Made(stage=stage, blob=found, call=call)
    return found


def _blob_named(digest: str) -> Blob:
    """A file of which only the digest is known: enough for a call whose reply is stored."""
    return Blob(digest=digest, size=0, media="")


def _safe_name(text: str) -> str:
    """A safe file name from any text: letters, digits, `_` and `-`."""
    return _UNSAFE.sub("_", text).strip("_-") if text else ""


STAND_IN_URL = "https://nano-banana.invalid/file"
"""Replaces the address of a file while fields are checked."""

COMPUTE_ENDPOINTS = frozenset({"crop", "imprint", "look", "mask", "open", "paste"})
"""This machine's calls that a picture can depend on."""


def missing_input_problem(missing: MissingInput, catalog: Catalog) -> Problem:
    """Why a missing file can't be made, and what helps: an adapter can be imported, photos never travel."""
    endpoint = catalog.get(missing.call.endpoint)
    roles = endpoint.roles if endpoint is not None else Roles()
    digest, kind = missing.digest, "again_lacks_file"
    if roles.adapters and missing.place.startswith(f"{roles.adapters}/"):
        kind = "again_lacks_adapter"
    elif endpoint is not None and missing.place == roles.archive:
        # Whoever has the adapter needs no training.
        made = missing.call.outputs
        digest = next((made[place] for place in endpoint.makes if place in made), missing.digest)
        kind = "again_lacks_adapter"
    return Problem(kind=kind, data={"digest": digest, "place": missing.place, "endpoint": missing.call.endpoint})


def call_faults(call: CallRecord, catalog: Catalog) -> Iterator[Problem]:
    """Everything that prevents a call: its provider, its endpoint and its fields."""
    if find_provider(call.provider) is None:
        yield problem("again_nobody", name=call.provider, endpoint=call.endpoint)
    elif call.provider == COMPUTE:
        if call.endpoint not in COMPUTE_ENDPOINTS:
            yield problem("again_unknown", endpoint=call.endpoint)
    else:
        endpoint = catalog.get(call.endpoint)
        if endpoint is None:
            yield problem("again_unknown", suggestions=catalog.near(call.endpoint), endpoint=call.endpoint)
            return
        given: JSONValue = call.arguments
        for place in call.inputs:
            given = _with_address(given, place.split("/"))
        for misfit in argument_problems(endpoint, given if isinstance(given, dict) else {}):
            where = "/".join(str(step) for step in misfit.path)
            yield problem("again_unfit", field=where, endpoint=call.endpoint)
            yield Problem(kind=misfit.kind, data=misfit.data, suggestions=misfit.suggestions)


def _with_address(value: JSONValue, steps: Sequence[str]) -> JSONValue:
    """The arguments with an address at the place of a file; unchanged if there is no such place."""
    if not steps:
        return STAND_IN_URL
    if steps[0].isdecimal() and not isinstance(value, dict):
        items = list(value) if isinstance(value, list) else []
        at = int(steps[0])
        if at > len(items):
            return value
        return [*items[:at], _with_address(items[at] if at < len(items) else None, steps[1:]), *items[at + 1 :]]
    inner = value if isinstance(value, dict) else {}
    return {**inner, steps[0]: _with_address(inner.get(steps[0]), steps[1:])}


_OCTET_STREAM = "application/octet-stream"
_HEAD_BYTES = 1024


class LocalReplies:
    """The calls of one record as they are made here. Keys are computed, never trusted."""

    def __init__(
        self,
        account: GenerationRecord,
        store: Store,
        catalog: Catalog,
        settings: Settings,
        environ: Mapping[str, str],
    ) -> None:
        """Look up calls in the store; `settings` and `environ` say which services an emulator replaces."""
        self._account = account
        self._settings = settings
        self._environ = environ
        self._store = store
        self._catalog = catalog

    def answered(self, told: CallRecord) -> bool:
        """Whether the store has the reply to the call as it was made for the picture."""
        return _recorded_call(told).key in self._kept

    def blob(self, digest: str) -> Blob | None:
        """The file with this digest, if the store has it."""
        try:
            path = self._store.blobs.path(Blob(digest=digest, size=0, media=_OCTET_STREAM))
            with path.open("rb") as file:
                media = embeddable_media_type(file.read(_HEAD_BYTES)) or _OCTET_STREAM
            return Blob(digest=digest, size=path.stat().st_size, media=media)
        except (Unusable, OSError):
            return None

    def call(self, told: CallRecord, inputs: Mapping[str, Blob]) -> Call:
        """The call as recorded if the store has its reply, else as this version of the program makes it."""
        call = replace(_recorded_call(told), inputs=inputs)
        return call if call.key in self._kept else replace(call, revision=self._revision(told))

    @cached_property
    def _kept(self) -> frozenset[str]:
        return frozenset(self._store.replies.get([_recorded_call(told).key for told in self._account.calls]))

    def _revision(self, told: CallRecord) -> int:
        if told.provider == COMPUTE:
            return compute_revision(told.endpoint, told.arguments) or 0
        spec = selectable_provider(told.provider)
        emulated = is_emulated(spec, self._settings, self._environ)
        endpoint = self._catalog.get(told.endpoint)
        return provider_revision(spec, emulated=emulated) + description_revision(spec, endpoint)


def _recorded_call(told: CallRecord) -> Call:
    """The call as it was made for the picture."""
    return Call(
        provider=told.provider,
        endpoint=told.endpoint,
        arguments=told.arguments,
        inputs={place: Blob(digest=digest, size=0, media="") for place, digest in told.inputs.items()},
        revision=told.revision,
    )
