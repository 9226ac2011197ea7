"""The command that makes a certificate for content credentials."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from nano_banana.cli.house import settings_for
from nano_banana.cli.options import as_json, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.config_file import write_atomically
from nano_banana.core.errors import Invalid, Unusable, trouble
from nano_banana.marks.c2pa.certificate import make_certificate
from nano_banana.settings import SPECS, Settings, user_folder

AUTHORITY_FILE = "c2pa-authority.pem"
SETTINGS = ("c2pa_certificate", "c2pa_key")
TEN_YEARS = 3652
EPILOG = """\b
Examples:
  nano-banana config make-certificate
  nano-banana config make-certificate --name "Ana's studio" --days 730
"""


@click.command(name="make-certificate", epilog=EPILOG)
@click.option("--name", default="Self-made", metavar="ORG", help="Who signs, as readers of the pictures will see it.")
@click.option(
    "--days", type=click.IntRange(1, 36_500), default=TEN_YEARS, show_default=True, help="How long it is valid."
)
@click.option("--force", is_flag=True, help="Replace the one that is there.")
@as_json
@pass_screen
def make(screen: Screen, *, name: str, days: int, force: bool, as_json: bool) -> None:
    """Make a certificate that signs content credentials, and keep it with its key.

    Both go into your config folder, the key readable by nobody else. Readers show pictures signed with it as signed by
    somebody they don't know, unless the authority that is made with it is added to those they trust.
    """
    if not (1 <= len(name.strip()) <= 64 and name.isprintable()):
        raise Invalid([trouble("c2pa_organisation", given=name)])
    settings = settings_for(screen)
    certificate, key = (user_folder() / str(SPECS[setting].default) for setting in SETTINGS)
    authority = user_folder() / AUTHORITY_FILE
    there = [file for file in (certificate, key) if file.exists()]
    if there and not force:
        raise Unusable([trouble("c2pa_taken", file=str(there[0]))])
    made = make_certificate(name.strip(), days=days, now=datetime.now(UTC))
    write_atomically(key, made.credential.reveal(), mode=0o600)
    write_atomically(certificate, made.credential.chain, mode=0o600)
    write_atomically(authority, made.authority, mode=0o600)
    dates = {"begins": f"{made.begins:%Y-%m-%d}", "ends": f"{made.ends:%Y-%m-%d}"}
    files = {"certificate": str(certificate), "key": str(key), "authority": str(authority)}
    if as_json:
        screen.json({"fingerprint": made.fingerprint, **dates, **files})
        return
    screen.say(f"a certificate for {name.strip()}, valid from {dates['begins']} to {dates['ends']}")
    screen.say(f"its fingerprint (SHA-256): {made.fingerprint}")
    screen.table(list(files.items()))
    screen.say("\nPictures are signed with it where a recipe says `outputs: {files: {embed: [recipe, c2pa]}}`.")
    screen.say("Readers show its signatures as untrusted unless they are told to trust the authority.")
    for setting, file in zip(SETTINGS, (certificate, key), strict=True):
        _say_elsewhere(screen, settings, setting, file)


def _say_elsewhere(screen: Screen, settings: Settings, setting: str, file: Path) -> None:
    if settings.value(setting) != file:
        screen.note(f"the setting `{setting}` names another file, which is what signs: {settings.value(setting)}")
