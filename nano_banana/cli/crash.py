"""The report of a bug of ours: the trace, without anybody's key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from nano_banana import __version__
from nano_banana.core.home import user_dir

GONE = "[removed]"
# fal's keys: a UUID and 32 hex digits; and anything else of the shape `id:secret` with a long secret.
SECRET = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}:[A-Za-z0-9_-]{16,}")


def keep_report(
    error: BaseException,
    arguments: Sequence[str],
    environ: Mapping[str, str],
    *,
    now: datetime | None = None,
    folder: Path | None = None,
) -> Path | None:
    """Write the report to a file that only the user can read; None where that can't be done.

    `folder` is the user's state folder (None: where the platform has it), `now` the time (None: now).
    """
    from nano_banana.config_file import write_atomically
    from nano_banana.core.errors import NanoBananaError

    when = now or datetime.now(UTC)
    try:
        file = (folder or user_dir("state")) / f"crash-{when:%Y%m%d-%H%M%S-%f}.txt"
        write_atomically(file, report(error, arguments, environ, when).encode("utf-8", "backslashreplace"), mode=0o600)
    except (NanoBananaError, OSError, RuntimeError):
        return None
    return file


def report(error: BaseException, arguments: Sequence[str], environ: Mapping[str, str], when: datetime) -> str:
    """The versions, the command line and the trace, with secrets removed."""
    import platform
    import traceback

    text = "\n".join(
        [
            f"nano-banana {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"{when.isoformat(timespec='seconds')}",
            f"arguments: {list(arguments)}",
            "",
            *traceback.format_exception(error),
        ]
    )
    return scrub(text, environ)


def scrub(text: str, environ: Mapping[str, str]) -> str:
    """Take out the key, wherever it is kept, its parts, and whatever looks like a key."""
    for secret in sorted(_secrets(environ), key=len, reverse=True):
        text = text.replace(secret, GONE)
    return SECRET.sub(GONE, text)


def _secrets(environ: Mapping[str, str]) -> set[str]:
    from nano_banana.core.errors import NanoBananaError
    from nano_banana.credentials import find_key

    found = {value.strip("\"' \t\r\n") for name, value in environ.items() if name.startswith("FAL_KEY")}
    try:
        kept = find_key({})
    except (NanoBananaError, OSError, RuntimeError):
        kept = None
    if kept is not None:
        found.add(kept.reveal())
    halves = {half for secret in found for half in secret.split(":")}
    return {secret for secret in found | halves if len(secret) >= 4}
