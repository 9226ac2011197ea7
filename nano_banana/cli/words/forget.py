"""The words for forgetting somebody."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording

WORDS: Mapping[str, Wording] = {
    "forget_nobody": Wording(
        "nothing here knows a subject `{name}`", "subjects here: {known}; a recipe elsewhere is named by --recipe"
    ),
    "forget_unconfirmed": Wording(
        "nothing was deleted: nobody is here to ask", "look at what would go, then say --yes"
    ),
    "forget_declined": Wording("nothing was deleted"),
    "forget_underway": Wording(
        "a run goes on with the store in {folder}, and would make anew what is deleted", "wait for its end, or stop it"
    ),
    "forget_open": Wording(
        "requests of {name} have not come to their end ({number}), and would bring back what is deleted",
        "the next run at the service collects what it has (`nano-banana stats` lists them); here, `--abandon` gives up"
        " those that nobody knows the end of",
    ),
    "forget_busy": Wording(
        "another program reads the store in {folder}, so what was deleted can't be wiped from its pages yet",
        "end it, and forget once more: that finishes the work",
    ),
    "photo_unread": Wording(
        "can't read {file}, so what was made of it can't be found: {why}", "make it readable, or move it away"
    ),
    "receipt_taken": Wording(
        "{file} is there already, and nothing was deleted", "a receipt takes nobody's place: name another file"
    ),
    "receipt_unwritten": Wording("the receipt can't be written to {file}, and nothing was deleted: {why}"),
}
