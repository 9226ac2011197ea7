"""Words for what keeps the emulator from serving."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.cli.words.wording import Wording, install

WORDS: Mapping[str, Wording] = {
    "emulator_extra": Wording(
        say="the emulator needs `{module}`, which is not installed",
        hint=f"`{install('emulator')}`",
    ),
    "emulator_port": Wording(
        say="cannot serve on port {port}: {reason}",
        hint="choose another with --port, or 0 for any that is free",
    ),
    "emulator_folder": Wording(
        say="cannot write to the folder {folder}: {reason}",
        hint="choose another with --folder",
    ),
}
