"""Past runs through the door: the nouns, and who looks back."""

from nano_banana.reports.contrast import Cause
from nano_banana.reports.contrast import Changed
from nano_banana.reports.contrast import Contrast
from nano_banana.reports.contrast import cost_of
from nano_banana.reports.snapshot import KeptCall
from nano_banana.reports.snapshot import KeptPicture
from nano_banana.reports.snapshot import KeptTake
from nano_banana.reports.snapshot import KeptVerdict
from nano_banana.reports.snapshot import Snapshot
from nano_banana.reports.usage import Judgements
from nano_banana.workshop.history import History

__all__ = [
    "Cause",
    "Changed",
    "Contrast",
    "History",
    "Judgements",
    "KeptCall",
    "KeptPicture",
    "KeptTake",
    "KeptVerdict",
    "Snapshot",
    "cost_of",
]
