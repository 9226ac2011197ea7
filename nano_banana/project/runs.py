"""Past runs through the door: the nouns, and who looks back."""

from nano_banana.reports.contrast import Cause, Changed, Contrast, cost_of
from nano_banana.reports.snapshot import KeptCall, KeptPicture, KeptTake, KeptVerdict, Snapshot
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
