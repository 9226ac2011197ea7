"""Tasks for doit: files copied to files, or waits; how many is said by the environment."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

Task = dict[str, object]

DOIT_CONFIG = {"default_tasks": [os.environ.get("BENCH_TASK", "copy")], "verbosity": 0}


def copy(source: str, target: str) -> None:
    """Make the target."""
    Path(target).write_bytes(Path(source).read_bytes())


def wait(target: str) -> None:
    """Answer after 50 ms, as the provider of the other side does."""
    time.sleep(0.05)
    Path(target).write_text(target, encoding="utf-8")


def task_copy() -> Iterator[Task]:
    """One task a file that lies in `in/`."""
    for source in sorted(path.name for path in Path("in").glob("*")):
        files = [f"in/{source}", f"made/{source}"]
        yield {"name": source, "actions": [(copy, files)], "file_dep": files[:1], "targets": files[1:]}


def task_wait() -> Iterator[Task]:
    """One task a wait."""
    for number in range(int(os.environ.get("BENCH_WAITS", "0"))):
        target = f"made/{number:05}"
        yield {"name": str(number), "actions": [(wait, [target])], "targets": [target]}
