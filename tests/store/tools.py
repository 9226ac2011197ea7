"""What the store's tests share: calls, entries, a clock, and a user without power."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nano_banana.model.call import Blob, Call, Reply
from nano_banana.model.problem import Unusable
from nano_banana.model.ticket import Requester, Ticket
from nano_banana.store.local_store import Store
from nano_banana.store.reply_cache import RecordedCall

NOBODY = 65534
DAY = 86400.0


class Clock:
    """Seconds since 1970, set by hand."""

    def __init__(self, now: float = 4_000_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def a_call(seed: int) -> Call:
    return Call(provider="local", endpoint="fal-ai/flux-lora", arguments={"seed": seed, "prompt": "a portrait"})


def an_entry(seed: int, *pictures: Blob, cost_usd: float | None = 0.0) -> RecordedCall:
    files = {f"images/{number}": picture for number, picture in enumerate(pictures)}
    reply = Reply(data={"seed": seed, "images": [{"width": 8}]}, files=files, seconds=1.5, cost_usd=cost_usd)
    return RecordedCall(call=a_call(seed), reply=reply, run="a-run")


def a_ticket(seed: int) -> Ticket:
    call = a_call(seed)
    return Ticket(
        key=call.key,
        document=call.text,
        provider="fal",
        service="https://queue.example",
        endpoint=call.endpoint,
        body="{}",
        requester=Requester(run="a-run", recipe="portraits", stage="takes", node="office", subject="ana"),
        estimate_usd=0.035,
    )


def answered(store: Store, seed: int, *, cost_usd: float | None = 0.0) -> tuple[str, Blob]:
    """A call answered with a picture of its own: its key, and the picture."""
    picture = store.blobs.put(b"picture %d" % seed, media="image/png")
    store.replies.record([an_entry(seed, picture, cost_usd=cost_usd)])
    return a_call(seed).key, picture


def file_of(store: Store, blob: Blob) -> Path:
    """Where the blob lies, without asking the store to check it."""
    return store.folder / "blobs" / blob.digest[:2] / blob.digest[2:]


def spoil(path: Path, data: bytes) -> None:
    """Write over a file in place, and set its times back: only the ctime tells."""
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    path.chmod(0o444)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def leftovers(store: Store) -> list[Path]:
    return list((store.folder / "blobs" / "new").glob("*"))


def kind_of(error: pytest.ExceptionInfo[Unusable]) -> str:
    return error.value.problems[0].kind


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Start a Python of its own with the package at hand; unmeasured, since a kill would tear the measurements."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        env=quiet,
        stdin=subprocess.PIPE,  # at its end in CI, where a child that waits for a line would go home
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def powerless() -> Iterator[None]:
    """Be a user whom file permissions stop."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def no_larger_files(size: int) -> Iterator[None]:
    """A disk with no room for files of more than `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def ended(*processes: subprocess.Popen[str]) -> list[int]:
    """Wait for them all: their exit codes."""
    for process in processes:
        process.communicate()
    return [process.returncode for process in processes]
