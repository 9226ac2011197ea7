"""The nouns that come through the door, for those who stand outside."""

from nano_banana.planner.forecast import StageCount, Tally
from nano_banana.project.acceptance import Acceptance, Counts
from nano_banana.reports.compare import Change, Difference
from nano_banana.reports.entries import judged_picture, standing
from nano_banana.reports.handout import Handout
from nano_banana.reports.record import Record
from nano_banana.reports.ruled import Ruled, verdict_json
from nano_banana.workshop.order import Outcome

__all__ = [
    "Acceptance",
    "Change",
    "Counts",
    "Difference",
    "Handout",
    "Outcome",
    "Record",
    "Ruled",
    "StageCount",
    "Tally",
    "judged_picture",
    "standing",
    "verdict_json",
]
