"""The copy of a picture that was made again, where the user wants it."""

from __future__ import annotations

from pathlib import Path

from nano_banana.core.errors import Invalid, trouble
from nano_banana.project.portrait.portrait import Portrait
from nano_banana.project.portrait.replay import NAME
from nano_banana.reports.files import SUFFIXES
from nano_banana.reports.handout import put_out
from nano_banana.workshop.order import Outcome
from nano_banana.workshop.workshop import Workshop

_ALIKE = {".jpeg": ".jpg"}


def check_copy(portrait: Portrait, wanted: Path) -> Path:
    """The file that is meant: a folder stands for the picture's own name in it.

    Raises Invalid (`again_other_suffix`) where the name says another format than the picture has.
    """
    if wanted.is_dir() or not wanted.suffix:
        return wanted / portrait.path.name
    suffix = SUFFIXES.get(portrait.media, "")
    said = wanted.suffix.casefold()
    if _ALIKE.get(said, said) != suffix:
        raise Invalid([trouble("again_other_suffix", path=str(wanted), suffix=suffix)])
    return wanted


def copy_out(workshop: Workshop, outcome: Outcome, target: Path) -> None:
    """Put the picture that was made there. Raises Unusable: `target_taken`, `target_full`, …."""
    pictures = [picture for record in outcome.records for picture in record.pictures]
    source = outcome.folder / pictures[-1].name
    whole = target.absolute()
    put_out(workshop.store, NAME, {whole.name: source}, folder=whole.parent, packed=None, whole=False)
