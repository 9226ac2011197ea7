"""The words of what fal's platform says, and of what it does not say."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "platform_odd": Wording(
        "fal answered oddly when asked for {what} (HTTP {status})", "try again later; nothing was changed"
    ),
    "history_too_long": Wording(
        "fal's list of {what} does not end after {most} pages", "ask for a shorter stretch of time"
    ),
}
