"""The count of calls by stage, kept from the news."""

from __future__ import annotations

from dataclasses import dataclass

from nano_banana.core.news import News

PHASES = {
    "uploading": "uploading",
    "unreachable": "no connection, trying again",
    "busy": "fal is busy, trying again",
    "looking": "looking for it in fal's history",
}
"""What is said of a call that has not come to the service's queue, or was lost on the way."""


@dataclass(slots=True)
class Count:
    """What became of one stage's calls so far."""

    planned: int = 0
    cached: int = 0
    started: int = 0
    made: int = 0
    failed: int = 0
    said: str = ""
    """The last line that a service logged."""

    @property
    def done(self) -> int:
        """Calls that need nothing more."""
        return self.cached + self.made + self.failed

    @property
    def running(self) -> int:
        """Calls that are with their provider now."""
        return max(self.started - self.made - self.failed, 0)

    @property
    def total(self) -> int:
        """All calls known of: stages that decide as they go may outgrow what was planned."""
        return max(self.planned, self.done + self.running)


class Tally:
    """Sums up the news; adding one costs about a microsecond."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.stages: dict[str, Count] = {}
        self.cost_usd = 0.0
        self.unknown_costs = 0

    def add(self, news: News) -> None:
        """Count one piece of news."""
        count = self.stages.get(news.stage)
        if count is None:
            if news.kind in {"note", "node_done", "node_failed", "progress"}:
                return
            count = self.stages[news.stage] = Count()
        match news.kind:
            case "planned":
                count.planned += news.count
            case "cached":
                count.cached += news.count
            case "running":
                count.started += news.count
            case "made":
                count.made += news.count
                self._pay(news)
            case "failed":
                count.failed += news.count
                self._pay(news)
            case "progress":
                count.said = far(news) or ("" if count.said in PHASES.values() else count.said)
            case _:
                pass

    def _pay(self, news: News) -> None:
        if news.cost_usd is None:
            self.unknown_costs += news.count
        else:
            self.cost_usd += news.cost_usd


def far(news: News) -> str:
    """How far a call at a service is, in a few words; empty where that says nothing new."""
    phase, position, log = (news.data.get(name) for name in ("phase", "position", "log"))
    if phase == "queued":
        return f"{position} ahead in the queue" if position else "queued"
    if phase == "running":
        return str(log or "")
    return PHASES.get(str(phase), "")
