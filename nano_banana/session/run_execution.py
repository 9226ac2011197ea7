"""Executes a plan: runs the engine, writes pictures and records.

Ctrl-C once begins nothing new and leaves requests at the service; twice cancels everything.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from nano_banana.engine.async_store import Batcher, heartbeat
from nano_banana.engine.call_resolver import CallResolver, collecting_earlier_requests
from nano_banana.engine.provider_dispatch import InputFiles, ScratchFolders
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.engine.scheduler import Scheduler
from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.json_values import JSONObject
from nano_banana.model.nodes import NodeResult, NodeStatus, Plan
from nano_banana.model.problem import NanoBananaError
from nano_banana.model.ticket import Ticket, TicketState, UnknownRequestPolicy, transition
from nano_banana.session.exported_files import ExportResult
from nano_banana.session.manifest import MANIFEST, older_pictures, write_manifest
from nano_banana.session.marked_outputs import EmbedSettings, OutputFolder, OutputMarker
from nano_banana.session.run_records import NodeRecord, follow_record, node_record, slim_record, stop_unchosen
from nano_banana.session.run_request import RunTrace
from nano_banana.session.run_snapshot import kept_nodes, pack_snapshot
from nano_banana.session.store_runner import Runner
from nano_banana.store.local_store import Store
from nano_banana.store.tickets import LedgerLine, Saving


class RunSpec(Struct, frozen=True, kw_only=True):
    """A plan to execute, and what is known about it.

    `policy` has the providers and limits. `known` are the records of nodes whose replies are all stored. If the run is
    `whole`, pictures of takes that are not in the plan are stale; `owns_name` says that no other recipe has its name.
    `manifest_head` is what the manifest says of the whole run, `arguments` what the log of runs says. `saved` is what
    stored replies saved: subject and endpoint to calls and USD. `free_calls` are keys of calls that were made just
    before the run, to find mistakes early. `embed` says what metadata the pictures get.
    """

    plan: Plan
    policy: EnginePolicy
    known: Sequence[NodeRecord]
    whole: bool
    owns_name: bool
    manifest_head: JSONObject
    arguments: JSONObject
    saved: Mapping[tuple[str, str], tuple[int, float]]
    free_calls: Collection[str] = frozenset()
    embed: EmbedSettings = EmbedSettings()


class RunOutcome(Struct, frozen=True, kw_only=True):
    """The result of a run. `halted` is why it ended early.

    `made`, `cached` and `failed` count distinct calls. `stale_pictures` are files of an earlier run in the folder that
    this run doesn't have: of takes that no longer exist or are rejected now. `restored` counts missing or changed
    pictures that were written again. `still_at_service` counts requests for the next run to collect, and
    `unknown_requests` are those whose result is unknown. `exported` are the user's copies; `export_skipped` says that
    the recipe asks for copies, but that only whole runs make them.
    """

    run: str
    records: Sequence[NodeRecord]
    made: int
    cached: int
    failed: int
    cost_usd: float
    unknown_cost: int
    halted: NanoBananaError | None
    folder: Path
    files: Mapping[str, FileStamp]
    restored: int
    stale_pictures: Sequence[str] = ()
    still_at_service: int = 0
    unknown_requests: Sequence[Ticket] = ()
    exported: ExportResult | None = None
    export_skipped: bool = False

    @property
    def status(self) -> Literal["done", "failed", "stopped"]:
        """`done`, `failed` (some takes), or `stopped` (Ctrl-C, a limit, the provider)."""
        if self.halted is not None:
            return "stopped"
        return "done" if all(record.status is NodeStatus.DONE for record in self.records) else "failed"


def run_summary(outcome: RunOutcome) -> JSONObject:
    """What the log keeps of an outcome: its calls, its cost, and its takes by status and by verdict."""
    takes = [record for record in outcome.records if record.card.kind == "take"]
    return {
        "made": outcome.made,
        "cached": outcome.cached,
        "failed": outcome.failed,
        "cost_usd": round(outcome.cost_usd, 6),
        "unknown_cost": outcome.unknown_cost,
        "takes": dict(Counter(str(take.status) for take in takes)),
        "verdicts": dict(Counter(str(take.final_verdict.ruling) for take in takes if take.final_verdict)),
    }


CanStop: TypeAlias = Callable[[Callable[[], None]], None]
"""Receives a function that stops the run, to be called in any thread; called twice, it also cancels requests."""


def ignore_stop(_stop: Callable[[], None]) -> None:
    """For a run that only signals can stop."""


_STOPS = (signal.SIGINT, signal.SIGTERM)


GATHER_SECONDS = 0.05
"""Seconds that a finished picture may wait for others before it appears in the output folder."""


class RunExecution:
    """A run in progress, with all of its state."""

    def __init__(self, store: Store, spec: RunSpec, outputs: OutputFolder, on_event: EventHandler) -> None:
        self._store = store
        self._spec = spec
        self._outputs = outputs
        self._on_event = on_event
        self._halt = Halt()
        self._records: dict[str, NodeRecord] = {}
        self._made: frozenset[str] = frozenset()
        self._failed = 0
        self._untracked: Sequence[float | None] = ()
        self._restored = 0
        self._placing: Batcher[NodeRecord, None] = Batcher(self._keep_batch, gather=GATHER_SECONDS)

    def restore(self) -> None:
        """Note what is known already, and restore its pictures that are missing or changed."""
        self._restored = self._keep(self._spec.known)

    async def run(self, run: str, can_stop: CanStop) -> NanoBananaError | None:
        """Run the engine over what is left; return why it was halted, or None.

        Raises unexpected errors, once everything that was under way has ended and is stored.
        """
        policy = self._spec.policy
        inputs = InputFiles(self._store, self._spec.plan.files)
        resolver = CallResolver(policy, inputs, self._on_event, run, self._halt)
        engine = Scheduler(resolver, policy, self._halt, self._on_event, self._node_ended)
        ScratchFolders(self._store.folder).clean()
        known = {record.id: record.node_end for record in self._spec.known}
        said = "stopping_at_fal" if policy.resumes else "stopping"
        with _interrupts(self._halt, self._on_event, said, can_stop) as settling:
            try:
                async with heartbeat(self._store), collecting_earlier_requests(self._store, resolver, policy.resumes):
                    await engine.run(self._spec.plan, known=known)
            except asyncio.CancelledError:
                self._halt.interrupt()
            finally:
                settling.set()
                await resolver.close()
                await self._placing.flush()
                self._made = frozenset(resolver.made) | frozenset(self._spec.free_calls)
                self._failed = len(resolver.failed)
                self._untracked = resolver.untracked
        if self._halt.bug is not None:
            raise self._halt.bug
        return self._halt.reason

    @property
    def made(self) -> frozenset[str]:
        """The keys of the calls that were made."""
        return self._made

    def outcome(self, run: str, halted: NanoBananaError | None) -> RunOutcome:
        """How it ended."""
        resumes = self._spec.policy.resumes
        opened = self._store.tickets.opened(resumes) if resumes else []
        keys = {key for record in self._records.values() for key in record.keys.values()}
        records = list(self._records.values())
        bill = self._store.ledger.runs([run]).get(run, LedgerLine(name=run))
        return RunOutcome(
            run=run,
            records=[stop_unchosen(record) for record in records] if halted else records,
            made=len(self._made),
            cached=len(keys - self._made),
            failed=self._failed,
            cost_usd=bill.spent_usd + sum(cost or 0.0 for cost in self._untracked),
            unknown_cost=bill.unknown + self._untracked.count(None),
            halted=halted,
            folder=self._outputs.folder,
            files=self._outputs.stats,
            restored=self._restored,
            still_at_service=sum(ticket.state is TicketState.SENT for ticket in opened),
            unknown_requests=[ticket for ticket in opened if ticket.state is TicketState.UNKNOWN],
        )

    def _keep(self, records: Sequence[NodeRecord]) -> int:
        """Note nodes' records, and write their pictures; return how many were missing or changed."""
        self._records |= {record.id: follow_record(self._records.get(record.id), record) for record in records}
        return self._outputs.put(records)

    def _node_ended(self, result: NodeResult) -> None:
        # Roots whose replies are stored run again, too, because other nodes wait for them.
        _ = self._placing.ask(node_record(result))

    def _keep_batch(self, records: Sequence[NodeRecord]) -> Sequence[None]:
        try:
            self._keep(records)
        except Exception as error:  # noqa: BLE001 - nobody awaits this: any error must end the run
            self._halt.stop_for(error)
        return [None] * len(records)


@contextmanager
def _interrupts(
    halt: Halt, on_event: EventHandler, said: str, can_stop: CanStop = ignore_stop
) -> Iterator[asyncio.Event]:
    """Handle Ctrl-C and SIGTERM: once, begin nothing new and leave requests at the service; twice, cancel everything.

    Yields an event to set when there is nothing left to cancel: results are written however many signals come.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    settling = asyncio.Event()

    def interrupt() -> None:
        if halt.reason is None:
            halt.interrupt()
            on_event(Event(kind="note", stage="", data={"kind": said}))
        else:
            halt.force()
            if task is not None and not settling.is_set():
                task.cancel()

    def stop() -> None:
        with suppress(RuntimeError):  # the run has ended
            loop.call_soon_threadsafe(interrupt)

    can_stop(stop)
    try:
        for number in _STOPS:
            loop.add_signal_handler(number, interrupt)
    except (ValueError, RuntimeError, NotImplementedError):
        # Not the main thread, or a system without such handlers: there is only KeyboardInterrupt.
        yield settling
        return
    try:
        yield settling
    finally:
        for number in _STOPS:
            loop.remove_signal_handler(number)


def execute_run(
    runner: Runner, spec: RunSpec, folder: Path, on_event: EventHandler, can_stop: CanStop = ignore_stop
) -> RunOutcome:
    """Do what is left of the plan, store everything it makes, and write the manifest, the snapshot and the log."""
    store, recipe = runner.store, spec.plan.recipe
    run = store.runs.begin(recipe, arguments=spec.arguments)
    marking = OutputMarker(store, recipe, folder, spec.embed, spec.policy.kind_of)
    execution = RunExecution(store, spec, OutputFolder(store, folder, marking.writer_for), on_event)
    try:
        if spec.policy.unknown_requests is UnknownRequestPolicy.ABANDON and spec.owns_name:
            _abandon_unneeded(store, spec)
        execution.restore()
        halted = asyncio.run(execution.run(run, can_stop))
        outcome = _record_run(store, spec, execution.outcome(run, halted), execution.made)
    except BaseException as error:
        store.runs.end(run, status="broken", summary={"error": type(error).__name__})
        raise
    savings = [
        Saving(recipe=recipe, subject=subject, endpoint=endpoint, calls=calls, usd=usd)
        for (subject, endpoint), (calls, usd) in spec.saved.items()
    ]
    store.ledger.note(run, savings)
    store.runs.end(run, status=outcome.status, summary=run_summary(outcome))
    return outcome


def _abandon_unneeded(store: Store, spec: RunSpec) -> None:
    """Abandon lost requests that no call of this recipe needs any more: no run would ever settle them."""
    lost = [
        transition(ticket, TicketState.ABANDONED, reason=ticket.reason)
        for ticket in store.tickets.opened(spec.policy.resumes)
        if ticket.state is TicketState.UNKNOWN
        and ticket.requester.recipe == spec.plan.recipe
        and ticket.key not in spec.policy.missing
    ]
    store.tickets.keep(lost)


def _record_run(store: Store, spec: RunSpec, outcome: RunOutcome, made: Collection[str]) -> RunOutcome:
    """Write the trail, the manifest and the snapshot; returns the outcome with slim records."""
    recipe, whole = spec.plan.recipe, spec.whole and outcome.halted is None
    keys = {position: key for record in outcome.records for position, key in record.keys.items()}
    old = store.trail.get(recipe)
    before = {place: old[place] for place, key in keys.items() if old.get(place, key) != key}
    store.trail.set(recipe, keys, whole=whole)
    store.notes.write(previous_calls_note(recipe), json.dumps(before))
    stale = older_pictures(outcome.folder, outcome.files) if whole else []
    write_manifest(outcome.folder, {**spec.manifest_head, "run": outcome.run}, outcome.records, whole=whole)
    packed = pack_snapshot(outcome.run, recipe, kept_nodes(outcome.records, made), whole=whole)
    store.snapshots.keep(outcome.run, recipe, packed)
    return replace(outcome, stale_pictures=stale, records=[slim_record(record) for record in outcome.records])


def previous_calls_note(recipe: str) -> str:
    """The name of the note with the calls that a recipe's last run replaced: position to key."""
    return f"before/{recipe}"


def trace_of_run(
    outcome: RunOutcome, *, read: Mapping[Path, FileStamp | None], environment: Mapping[str, str]
) -> RunTrace:
    """What the next run compares to see that nothing changed, without the summary.

    `read` has files' stamps from before they were read, so that a file edited during the run counts as changed.
    """
    return RunTrace(
        read={str(path): stamp for path, stamp in read.items()},
        environment=environment,
        folder=str(outcome.folder),
        written={**outcome.files, MANIFEST: stamp_or_none(outcome.folder / MANIFEST)},
        summary={},
    )
