"""What is said about pictures of real people: consents, and one notice."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.cells import visible
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONObject, as_items

NOTICE = """\
These are AI-made pictures of real people. Make them only of people who agreed (`consent` in the recipe says who
allowed what), say that they are AI-made where you show them (each file says so, too), and know the law where you
are. `nano-banana forget SUBJECT` deletes a person again. This is said once for each project.
"""


def say_consents(screen: Screen, consents: Mapping[str, JSONObject]) -> None:
    """Print who allowed what, one line for each subject that the recipe has a consent of."""
    for name, consent in consents.items():
        if consent:
            screen.say(f"consent of {name}: {_words(consent)}")


def _words(consent: JSONObject) -> str:
    uses = ", ".join(visible(str(use)) for use in as_items(consent.get("uses", ())))
    parts = {"given by": visible(str(consent.get("given_by", ""))), "on": visible(str(consent.get("on", "")))}
    said = " ".join(f"{word} {what}" for word, what in parts.items() if what)
    return f"{said}, for {uses}" if uses else said
