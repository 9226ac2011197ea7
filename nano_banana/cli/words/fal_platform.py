"""The words of what fal's platform says, and of what it does not say."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "platform_denied": Wording(
        "fal does not let this key ask for {what} (HTTP {status})",
        "a key of scope API may; see fal.ai/dashboard/keys",
    ),
    "platform_odd": Wording(
        "fal answered oddly when asked for {what} (HTTP {status})", "try again later; nothing was changed"
    ),
    "history_too_long": Wording(
        "fal's list of {what} has no end (after {pages} pages)", "ask for a shorter stretch of time"
    ),
    "endpoint_unlisted": Wording(
        "there is no endpoint `{name}` here",
        "`nano-banana catalog refresh {name}` takes it over from fal, if it has it",
    ),
    "endpoint_strange": Wording("fal has no endpoint `{name}`", "ids look like `fal-ai/flux-lora`"),
    "endpoint_vanished": Wording(
        "fal has no `{endpoint}` any more (as of {as_of})", "what is in the store stays; new calls will fail"
    ),
    "endpoint_deprecated": Wording(
        "fal calls `{endpoint}` deprecated (as of {as_of})", "it still answers; look for the one that follows it"
    ),
    "listed_field_needed": Wording(
        "`{endpoint}` now needs the field `{field}` (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}`, then give it under `with`",
    ),
    "listed_field_gone": Wording(
        "`{endpoint}` has no field `{field}` any more (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
    "listed_field_type": Wording(
        "`{field}` of `{endpoint}` is now {after}, not {before} (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
    "listed_field_range": Wording(
        "`{field}` of `{endpoint}` took {before} and now takes {after} (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
    "listed_field_choices": Wording(
        "`{field}` of `{endpoint}` is now one of {after} (as of {as_of})",
        "`nano-banana catalog refresh {endpoint}` brings the project's copy up to date",
    ),
}
