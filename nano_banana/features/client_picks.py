"""What a client decided in a gallery, merged into `picks.yaml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from nano_banana.model.problem import Invalid, problem
from nano_banana.planner.takes import pick_stages
from nano_banana.recipe.picks_file import (
    PICKS_FILE,
    ChangedPicks,
    PickChange,
    TakePick,
    apply_decisions,
    read_decisions,
)
from nano_banana.session.session import Session

MAX_FILE = 16 * 1_048_576
"""Bytes of the largest file that is read."""


class ClientFile(Struct, frozen=True, kw_only=True):
    """A `client.json`: what one person said of the takes in a gallery, by take."""

    nano_banana_client: Literal[1]
    recipe: Annotated[str, Meta(max_length=1_000)]
    picks: dict[str, TakePick]


class MergedPicks(Struct, frozen=True, kw_only=True):
    """The end of a merge: `before` is what the file said of the changed takes; `unknown` takes aren't in the recipe."""

    file: Path
    before: Mapping[str, TakePick]
    result: ChangedPicks
    unknown: Sequence[str]


def read_client_file(path: Path) -> ClientFile:
    """The file that a gallery made. Raises Invalid if it is another file, or too big."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise Invalid([problem("file_too_big", path=str(path), size=len(data), limit=MAX_FILE)])
        return msgspec.json.decode(data, type=ClientFile)
    except FileNotFoundError as error:
        raise Invalid([problem("file_missing", path=str(path))]) from error
    except OSError as error:
        raise Invalid([problem("file_unreadable", path=str(path), why=error.strerror or "")]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid([problem("client_file", path=str(path), why=str(error))]) from error


def merge_client_picks(session: Session, client: ClientFile, *, overwrite: bool, dry_run: bool) -> MergedPicks:
    """Merge what the client said into the recipe's `picks.yaml`.

    The client began without anybody's decisions, so what people said here clashes if it differs, unless the client's
    word may `overwrite` it. Raises Invalid for another recipe's gallery, and what `apply_decisions` raises.
    """
    if client.recipe != session.recipe.name:
        raise Invalid([problem("client_other_recipe", name=client.recipe, recipe=session.recipe.name)])
    stage_of = pick_stages(session.recipe)
    stages = {record.id: stage_of(record.id, record.card) for record in session.forecast().records if record.card.shot}
    path = session.request.recipe.with_name(PICKS_FILE)
    before = read_decisions(path, stages)
    changes = []
    for take, said in client.picks.items():
        known = before.get(take, TakePick())
        # What the client left empty says nothing, so what is there stays.
        decision, stars, note = said.decision or known.decision, said.stars or known.stars, said.note or known.note
        base = known if overwrite else _unsaid(said, known)
        if take in stages:
            changes.append(
                PickChange(take=take, stage=stages[take], decision=decision, stars=stars, note=note, base=base)
            )
    result = apply_decisions(path, changes, stages, dry_run=dry_run)
    unknown = [take for take in client.picks if take not in stages]
    return MergedPicks(file=path, before=before, result=result, unknown=unknown)


def _unsaid(said: TakePick, known: TakePick) -> TakePick:
    """What the client saw: nothing, apart from parts that they left as they are."""
    return TakePick(
        decision=None if said.decision else known.decision,
        stars=0 if said.stars else known.stars,
        note="" if said.note else known.note,
    )
