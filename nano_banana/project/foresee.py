"""A plan driven against the store alone, and what the store has of it."""

from __future__ import annotations

from collections.abc import Sequence

from nano_banana.catalog.catalog import Catalog
from nano_banana.core.node import Plan
from nano_banana.core.ticket import Ticket, TicketState
from nano_banana.planner.forecast import Tally, pricer
from nano_banana.planner.imagine import imaginer
from nano_banana.planner.preview import preview
from nano_banana.project.calm import calm
from nano_banana.project.forecast import Forecast, Spared
from nano_banana.project.odds import odds_from
from nano_banana.project.parts import price_date
from nano_banana.recipe.recipe import Recipe
from nano_banana.reports.record import Record, record_of
from nano_banana.workshop.workshop import Workshop


def foresee(plan: Plan, recipe: Recipe, catalog: Catalog, workshop: Workshop, opened: Sequence[Ticket]) -> Forecast:
    """How each node would end today. `opened` are the provider's requests whose end is not known, of any recipe."""
    keys = frozenset(ticket.key for ticket in opened)
    tally, spared = Tally(pricer(catalog), odds_from(workshop, recipe.name), opened=keys), Spared()
    ends: dict[str, Record] = {}
    inputs: set[str] = set()
    with calm():
        for result in preview(plan, workshop.store.replies, imaginer(catalog)):
            tally.add(result)
            spared.add(result)
            for step in result.steps:
                if not step.cached:
                    inputs |= {blob.digest for blob in step.call.inputs.values()}
            # One that was chosen is foreseen again, further on its way.
            ends[result.node.id] = record_of(result)
    records = list(ends.values())
    wanted = {key for record in records for key in record.missing} if opened else set()
    ours = [ticket for ticket in opened if ticket.key in wanted]
    return Forecast(
        project=recipe.name,
        records=records,
        tally=tally,
        inputs=inputs & plan.files.keys(),
        prices_as_of=price_date(recipe, catalog),
        saved=spared.sums,
        sent=[ticket for ticket in ours if ticket.state is TicketState.SENT],
        lost=[ticket for ticket in ours if ticket.state is not TicketState.SENT],
    )
