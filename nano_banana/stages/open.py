"""The open stage: pictures that are there already come in as takes."""

from __future__ import annotations

from nano_banana.core.blob import Blob
from nano_banana.core.flow import Flow, Made, ask
from nano_banana.stages.kind import NAMES, Kind
from nano_banana.stages.site import compute
from nano_banana.stages.standing import Standing

KIND = Kind(
    verb="open",
    about="Brings in the picture files of the named shots (`pictures: […]`), upright and without metadata, so that "
    "every other stage can work on them. A take is named for its file: `touched/beach/s1`.",
    params={
        "open": {**NAMES, "description": "The shots with `pictures`: a name, a list of names, or `all`."},
    },
    required=("open",),
)


def open_file(stage: str, file: Blob) -> Flow[Standing]:
    """Ask this machine for the file's picture as other stages take it, and return that."""
    call = compute("open", {}, {"file": file})
    picture = (yield from ask(stage, call)).files["image"]
    yield Made(stage=stage, blob=picture, call=call)
    return Standing(picture=picture, call=call)
