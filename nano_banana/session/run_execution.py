"""Executes a plan: drives the engine, places pictures, writes records.

Ctrl-C once begins nothing new and leaves at a service what is there; twice gives it all up.
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

from msgspec import Struct, field
from msgspec.structs import replace

from nano_banana.engine.async_store import Batcher, heartbeat
from nano_banana.engine.call_resolver import CallResolver, collecting_earlier_requests
from nano_banana.engine.provider_dispatch import InputFiles, ScratchFolders
from nano_banana.engine.run_control import EnginePolicy, Halt
from nano_banana.engine.scheduler import Scheduler
from nano_banana.formats.file_stamps import FileStamp, stamp_or_none
from nano_banana.model.call import Call
from nano_banana.model.event import Event, EventHandler
from nano_banana.model.json_values import JSONObject, JSONValue
from nano_banana.model.nodes import NodeResult, NodeStatus, Plan
from nano_banana.model.problem import NanoBananaError
from nano_banana.model.provider_protocol import Provider
from nano_banana.model.ticket import ResendPolicy, Ticket, TicketState, UnknownRequestPolicy, transition
from nano_banana.session.compute_calls import CallEnd, ComputeBatch, answer_batch
from nano_banana.session.exported_files import ExportResult
from nano_banana.session.manifest import MANIFEST, older_pictures, write_manifest
from nano_banana.session.marked_outputs import EmbedSettings, OutputFolder, OutputMarker
from nano_banana.session.run_records import NodeRecord, follow_record, node_record, slim_record, stop_unchosen
from nano_banana.session.run_request import RunTrace
from nano_banana.session.run_snapshot import kept_nodes, pack_snapshot
from nano_banana.settings.configuration import Settings
from nano_banana.store.local_store import Store
from nano_banana.store.tickets import LedgerLine, Saving


class RunSpec(Struct, frozen=True, kw_only=True):
    """A plan to execute, and what is known about it.

    `known` are the ends of nodes that the store could answer whole, `missing` the keys of the calls that it had no
    reply to; `whole` says that the plan is all of the recipe, so that what is not in it is gone, and `sole` that no
    other recipe has its name either; `head` is what the manifest says of the run. `resumes` names the provider whose
    open requests are collected, `lost` and `resend` what to do about those that nobody knows the end of; `saved` is
    what the store spared: subject and endpoint to calls and USD; `checked` are the keys of the calls that were made
    just before, to find mistakes early; `budget_name` says where the budget can be changed; `marks` says what the
    pictures tell of themselves.
    """

    plan: Plan
    known: Sequence[NodeRecord]
    missing: Collection[str]
    kind_of: Callable[[Call], str]
    price: Callable[[Call], float | None]
    whole: bool
    manifest_head: JSONObject
    arguments: JSONObject
    owns_name: bool = False
    resumes: str = ""
    unknown_policy: UnknownRequestPolicy = UnknownRequestPolicy.ASK
    resend: ResendPolicy = ResendPolicy.CHEAP
    saved: Mapping[tuple[str, str], tuple[int, float]] = field(default_factory=dict)
    free_calls: Collection[str] = frozenset()
    budget_name: str = "`--budget`"
    marks: EmbedSettings = field(default_factory=EmbedSettings)


class RunOutcome(Struct, frozen=True, kw_only=True):
    """The result of a run. `halted` is why it ended early.

    `made`, `cached` and `failed` count distinct calls; `older` are the pictures in the folder that an
    earlier run put there and this one did not: of takes that are no more, or that are refused now; `restored` is
    how many pictures of takes that were done before had to be put back in place. `left` counts the requests that
    are still at the service, to be collected by the next run; `lost` are those that nobody knows the end of. `handed`
    is what was copied out for the user; `withheld` says that copies are wanted, and that only whole runs make them.
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
    """What the log of runs keeps of an outcome: its calls, its cost, and its takes by status and by verdict."""
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
    """For a run that only signals stop."""


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
        """Note what is known already, and put back those of its pictures that are gone or changed."""
        self._restored = self._keep(self._spec.known)

    async def run(self, policy: EnginePolicy, run: str, can_stop: CanStop) -> NanoBananaError | None:
        """Run the engine over what is left; return why it was halted, or None.

        Raises what nobody foresaw, once everything that was under way has ended and is kept.
        """
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
        opened = self._store.tickets.opened(self._spec.resumes) if self._spec.resumes else []
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
        """Note nodes' ends, and put their pictures in place; return how many were not there."""
        self._records |= {record.id: follow_record(self._records.get(record.id), record) for record in records}
        return self._outputs.put(records)

    def _node_ended(self, result: NodeResult) -> None:
        # Roots whose reply is known are driven again for the sake of those who wait for them.
        _ = self._placing.ask(node_record(result))

    def _keep_batch(self, records: Sequence[NodeRecord]) -> Sequence[None]:
        try:
            self._keep(records)
        except Exception as error:  # noqa: BLE001 - nobody waits for this: whatever it is, the run must end with it
            self._halt.stop_for(error)
        return [None] * len(records)


@contextmanager
def _interrupts(
    halt: Halt, on_event: EventHandler, said: str, can_stop: CanStop = ignore_stop
) -> Iterator[asyncio.Event]:
    """Ctrl-C (or SIGTERM) once: begin nothing new, and leave at a service what is there. Twice: give it all up.

    Yields an event to set once there is nothing left to give up: what is being written is written, however often
    somebody asks.
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
        with suppress(RuntimeError):  # the run has ended meanwhile
            loop.call_soon_threadsafe(interrupt)

    can_stop(stop)
    try:
        for number in _STOPS:
            loop.add_signal_handler(number, interrupt)
    except (ValueError, RuntimeError, NotImplementedError):
        # Not the main thread, or a system without such handlers: KeyboardInterrupt does its best.
        yield settling
        return
    try:
        yield settling
    finally:
        for number in _STOPS:
            loop.remove_signal_handler(number)


class Runner:
    """A store and the providers that work with it. Close it at the end."""

    def __init__(self, settings: Settings, providers: Mapping[str, Callable[[], Provider]]) -> None:
        """`providers` make each provider when it is first needed."""
        self.settings = settings
        self.store = Store.open(settings.store, group=settings.store_group)
        self._providers = providers

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def execute(
        self, spec: RunSpec, folder: Path, on_event: EventHandler, can_stop: CanStop = ignore_stop
    ) -> RunOutcome:
        """Do what is left of the plan, store everything it makes, and write the reports."""
        run = self.store.runs.begin(spec.plan.recipe, arguments=spec.arguments)
        marking = OutputMarker(self.store, spec.plan.recipe, folder, spec.marks, spec.kind_of)
        doing = RunExecution(self.store, spec, OutputFolder(self.store, folder, marking.writer_for), on_event)
        try:
            if spec.unknown_policy is UnknownRequestPolicy.ABANDON and spec.owns_name:
                self._give_up(spec)
            doing.restore()
            policy = EnginePolicy(
                providers=self._providers,
                kind_of=spec.kind_of,
                limits=self._limits(spec.plan),
                price=spec.price,
                budget_usd=spec.plan.budget_usd,
                budget_name=spec.budget_name,
                missing=spec.missing,
                reported_cached={
                    key for record in spec.known if record.card.kind == "take" for key in record.keys.values()
                },
                unknown_requests=spec.unknown_policy,
                resend=spec.resend,
                resumes=spec.resumes,
            )
            halted = asyncio.run(doing.run(policy, run, can_stop))
            outcome = self._reported(spec, doing.outcome(run, halted), doing.made)
        except BaseException as error:
            self.store.runs.end(run, status="broken", summary={"error": type(error).__name__})
            raise
        saved = spec.saved.items()
        self.store.ledger.note(
            run,
            [
                Saving(recipe=spec.plan.recipe, subject=subject, endpoint=endpoint, calls=calls, usd=usd)
                for (subject, endpoint), (calls, usd) in saved
            ],
        )
        self.store.runs.end(run, status=outcome.status, summary=run_summary(outcome))
        return outcome

    def answer_batch(self, batch: ComputeBatch, on_event: EventHandler) -> list[CallEnd]:
        """Answer calls of this machine that are no part of a plan; see `compute_calls`."""
        return answer_batch(
            self.store, self._providers, batch, at_once=self.settings.parallel_compute, on_event=on_event
        )

    def _give_up(self, spec: RunSpec) -> None:
        """Abandon lost requests that no call of this recipe needs any more: no run would ever settle them."""
        lost = [
            transition(ticket, TicketState.ABANDONED, reason=ticket.reason)
            for ticket in self.store.tickets.opened(spec.resumes)
            if ticket.state is TicketState.UNKNOWN
            and ticket.requester.recipe == spec.plan.recipe
            and ticket.key not in spec.missing
        ]
        self.store.tickets.keep(lost)

    def _limits(self, plan: Plan) -> dict[str, int]:
        settings = self.settings
        limits = {
            "train": settings.parallel_train,
            "image": settings.parallel_image,
            "compute": settings.parallel_compute,
        }
        return {**limits, **plan.limits}

    def _reported(self, spec: RunSpec, outcome: RunOutcome, made: Collection[str]) -> RunOutcome:
        keys = {position: key for record in outcome.records for position, key in record.keys.items()}
        whole = spec.whole and outcome.halted is None
        self._leave_trail(spec.plan.recipe, keys, whole=whole)
        head: dict[str, JSONValue] = {**spec.manifest_head, "run": outcome.run}
        older = older_pictures(outcome.folder, outcome.files) if whole else []
        write_manifest(outcome.folder, head, outcome.records, whole=whole)
        recipe = spec.plan.recipe
        packed = pack_snapshot(outcome.run, recipe, kept_nodes(outcome.records, made), whole=whole)
        self.store.snapshots.keep(outcome.run, recipe, packed)
        return replace(outcome, stale_pictures=older, records=[slim_record(record) for record in outcome.records])

    def _leave_trail(self, recipe: str, keys: Mapping[str, str], *, whole: bool) -> None:
        """Note which call stands where, and which stood there before, for those who ask what changed."""
        old = self.store.trail.get(recipe)
        before = {place: old[place] for place, key in keys.items() if old.get(place, key) != key}
        self.store.trail.set(recipe, keys, whole=whole)
        self.store.notes.write(previous_calls_note(recipe), json.dumps(before))


def previous_calls_note(recipe: str) -> str:
    """The name of the note of what a recipe's calls were before its last run changed them."""
    return f"before/{recipe}"


def trace_of_run(
    outcome: RunOutcome, *, read: Mapping[Path, FileStamp | None], environment: Mapping[str, str]
) -> RunTrace:
    """What the next run compares to see that nothing changed, without the summary.

    `read` is how files looked before they were read: one that was edited during the run has changed since.
    """
    return RunTrace(
        read={str(path): stamp for path, stamp in read.items()},
        environment=environment,
        folder=str(outcome.folder),
        written={**outcome.files, MANIFEST: stamp_or_none(outcome.folder / MANIFEST)},
        summary={},
    )
