"""What is to be expected of gates, from what they let through before."""

from __future__ import annotations

from collections.abc import Mapping

from nano_banana.core.result import NodeResult
from nano_banana.planner.forecast import OddsOf
from nano_banana.planner.odds import Odds, share_of
from nano_banana.reports.past import Past, Rates, past, template_key
from nano_banana.workshop.workshop import Workshop


def odds_from(workshop: Workshop, recipe: str) -> OddsOf:
    """A function that says what is to be expected of a node's first gate, by its template's past."""
    known: dict[str, Mapping[tuple[str, str], Past]] = {}
    odds: dict[tuple[str, str], Odds] = {}

    def odds_of(result: NodeResult) -> Odds:
        if not result.judged:
            return Odds()
        key = (template_key(recipe, result.node.card), result.judged[0].stage)
        if key not in odds:
            if key[0] not in known:
                known[key[0]] = past(workshop.store, [key[0]])
            odds[key] = _odds(known[key[0]].get(key))
        return odds[key]

    return odds_of


def _odds(before: Past | None) -> Odds:
    if before is None:
        return Odds()
    return Odds(
        first=_share(before.first),
        retry=_share(before.retry),
        repair=_share(before.repair),
        judged=before.first.judged,
        passed=before.first.passed,
    )


def _share(rates: Rates) -> float:
    return share_of(rates.passed, rates.judged)
