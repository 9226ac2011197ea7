"""`cache`: what the store holds, whether it is sound, and what may go."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nano_banana.cli.commands.cache_command import _say_gc
from nano_banana.cli.screen import Screen
from nano_banana.model.call import Blob, Call, Reply
from nano_banana.store.local_store import Store
from nano_banana.store.maintenance import GcReport
from nano_banana.store.reply_cache import RecordedCall
from tests.workspace import Workspace

DAY = 86_400.0


@pytest.fixture
def kept(workspace: Workspace) -> Iterator[list[Path]]:
    """A store of yesterday's with two answers, one of them paid for, and bytes that nobody asked for."""
    with Store.open(workspace.path(".nano-banana"), clock=lambda: time.time() - DAY) as store:
        blobs = [store.blobs.put(bytes([number]) * 1500, media="image/png") for number in range(3)]
        run = store.runs.begin("recipe", arguments={})
        store.replies.record(
            [
                RecordedCall(call=call("fal", "fal-ai/flux-lora"), reply=reply(blobs[0], cost_usd=0.035), run=run),
                RecordedCall(call=call("local", "fal-ai/flux-lora"), reply=reply(blobs[1], cost_usd=0.0), run=run),
            ]
        )
        store.runs.end(run, status="done", summary={})
        yield [store.blobs.path(blob) for blob in blobs]


def call(provider: str, endpoint: str) -> Call:
    return Call(provider=provider, endpoint=endpoint, arguments={"prompt": "a"})


def reply(blob: Blob, *, cost_usd: float | None) -> Reply:
    return Reply(data={}, files={"images/0": blob}, seconds=12.0, cost_usd=cost_usd)


@pytest.mark.parametrize("command", ["stats", "verify", "gc"])
def test_without_a_store_none_is_made(workspace: Workspace, command: str) -> None:
    workspace.expect("cache", command).shows("No store at ", ".nano-banana yet; `nano-banana run` creates it")
    assert workspace.json("cache", command) == {"store": None}
    assert not workspace.path(".nano-banana").exists()


@pytest.mark.usefixtures("kept")
def test_stats(workspace: Workspace) -> None:
    workspace.expect("cache", "stats", golden="cli/cache-stats")
    found = workspace.json("cache", "stats")
    assert (found["replies"], found["blobs"], found["bytes"]) == (2, 3, 4500)


@pytest.mark.usefixtures("kept")
def test_the_store_may_be_elsewhere(workspace: Workspace, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    workspace.path(".nano-banana").rename(elsewhere)
    workspace.expect("cache", "stats", "--store", "../elsewhere").shows("2 results")
    workspace.env(NANO_BANANA_STORE=str(elsewhere)).expect("cache", "stats").shows("2 results")


def test_verify_finds_damage_once(workspace: Workspace, kept: list[Path]) -> None:
    workspace.expect("cache", "verify").shows("3 files, 4.5 kB: no damage found")
    kept[0].chmod(0o644)
    kept[0].write_bytes(b"\xff" * 1500)
    kept[2].unlink()
    workspace.expect("cache", "verify", golden="cli/cache-verify", exit_code=1)
    workspace.expect("cache", "verify").shows(
        "1 file, 1.5 kB: no damage found", "1 call will be repeated when needed, $0.035:"
    )
    found = workspace.json("cache", "verify")
    assert (found["damaged"], found["missing"], found["blobs"]) == ([], [], 1)


def test_stats_of_an_empty_store(workspace: Workspace) -> None:
    Store.open(workspace.path(".nano-banana")).close()
    workspace.expect("cache", "stats").shows("0 results, 0 files, 0 bytes\n").hides("endpoint")


def test_verify_without_a_call_lost(workspace: Workspace, kept: list[Path]) -> None:
    kept[2].unlink()
    workspace.expect("cache", "verify", exit_code=1).shows("1 file missing").hides("repeated")


@pytest.mark.usefixtures("kept")
def test_gc_keeps_what_was_paid_for(workspace: Workspace) -> None:
    workspace.expect("cache", "gc", "--dry-run", golden="cli/cache-gc-dry-run")
    workspace.expect("cache", "gc", "--older-than", "2").shows("deleted 0 results")
    workspace.expect("cache", "gc").shows("deleted ", "kept 1 result that cost money")
    assert workspace.json("cache", "gc", "--paid", "--dry-run")["replies"] == 1
    workspace.expect("cache", "gc", "--paid").shows("deleted 1 result ")
    assert workspace.json("cache", "stats")["replies"] == 0


def test_gc_says_what_else_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    report = GcReport(replies=0, blobs=0, bytes=0, leftovers=2, memories=0, paid_kept=0, underway=True, dry_run=False)
    _say_gc(Screen(sys.stdout, sys.stderr, environ={}), report)
    assert capsys.readouterr().out.splitlines() == [
        "deleted 0 results and 0 files, 0 bytes",
        "deleted 2 half-written files",
        "a run is in progress, so results and files were kept",
    ]
