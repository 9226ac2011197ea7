"""Takes in rows and columns: what reads best where nobody said."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from nano_banana.features.sheets.sheet_takes import SheetAxes, SheetTake, TakeState, arrange_grids
from tests.web.sheets import take

SCENES, STYLES = ("office", "street", "studio"), ("oil", "photo")


def many(*, people: tuple[str, ...] = ("ana",), seeds: int = 2, styles: tuple[str, ...] = STYLES) -> list[SheetTake]:
    return [
        take(seed, subject=who, scene=scene, style=style)
        for who, scene, style, seed in product(people, SCENES, styles, range(seeds))
    ]


@pytest.mark.parametrize(
    ("takes", "axes"),
    [
        (many(), SheetAxes(down=("style",), across=("scene", "seed"))),
        (many(people=("ana", "ben")), SheetAxes(down=("subject", "style"), across=("scene", "seed"))),
        (many(seeds=9), SheetAxes(down=("style", "seed"), across=("scene",))),
        ([take(1)], SheetAxes()),
        ([take(seed) for seed in range(20)], SheetAxes(inside=("seed",))),
        ([take(1, subject=who) for who in ("ana", "ben")], SheetAxes(inside=("subject",))),
        (
            [take(seed, scene=f"s{at}") for at in range(14) for seed in (1, 2)],
            SheetAxes(down=("scene",), across=("seed",)),
        ),
    ],
)
def test_what_goes_where(takes: list[SheetTake], axes: SheetAxes) -> None:
    (grid,) = arrange_grids(takes, (), ())
    assert grid.axes == axes
    assert sorted(take.record.id for take in grid.takes) == sorted(take.record.id for take in takes)


def test_what_is_said_is_done_and_what_is_left_makes_groups() -> None:
    grids = arrange_grids(many(people=("ana", "ben")), ("subject",), ("scene",))
    assert [grid.title for grid in grids] == [(style, str(seed)) for style in STYLES for seed in range(2)]
    assert grids[0].rows == [("ana",), ("ben",)]
    assert grids[0].columns == [(scene,) for scene in SCENES]


def test_where_one_is_said_the_rest_goes_the_other_way() -> None:
    assert [grid.title for grid in arrange_grids(many(), ("scene",), ())] == [("oil",), ("photo",)]
    assert arrange_grids(many(), ("scene",), ())[0].axes == SheetAxes(
        apart=("style",), down=("scene",), across=("seed",)
    )
    (across,) = arrange_grids(many(), (), ("scene", "seed"))
    assert across.axes == SheetAxes(down=("style",), across=("scene", "seed"))


def test_shots_with_other_axes_have_grids_of_their_own() -> None:
    takes = [*many(), *[take(seed, shot="rooms", room=room) for room in ("attic", "cellar") for seed in (1, 2)]]
    assert [grid.axes.across for grid in arrange_grids(takes, (), ())] == [("scene", "seed"), ("room", "seed")]


def test_axes_that_a_shot_lacks_are_left_out_of_its_grid() -> None:
    takes = [*many(), *[take(seed, shot="plain") for seed in (1, 2)]]
    scenes, plain = arrange_grids(takes, ("scene", "style"), ("seed",))
    assert (scenes.shots, plain.shots) == (("heads",), ("plain",))
    assert plain.axes == SheetAxes(across=("seed",))
    assert ["" not in value for grid in (scenes, plain) for value in (*grid.rows, *grid.columns)].count(False) == 0
    (alone,) = arrange_grids(many(), ("scene", "style"), ("seed",))
    assert alone.shots == ()


def turned(seed: int, turn: int, scene: str, shot: str = "heads") -> SheetTake:
    return replace(take(seed, shot=shot, scene=scene), turn=f"#{turn}")


def test_a_column_has_the_seed_itself_where_all_of_its_takes_have_it() -> None:
    same = [turned(seed, at, scene=scene) for scene in SCENES for at, seed in enumerate((11, 29), 1)]
    other = [turned(seed, 1, shot="wide", scene=scene) for scene, seed in zip(SCENES, (5, 6, 7), strict=True)]
    (grid,) = arrange_grids(same, ("scene",), ("seed",))
    assert grid.columns == [("11",), ("29",)]
    assert [take.card.seed for take in grid.takes] == [11, 29] * 3
    (mixed,) = arrange_grids([*same, *other], ("shot", "scene"), ("seed",))
    assert mixed.columns == [("#1",), ("29",)]
    assert len(list(mixed.takes)) == 9
    grids = arrange_grids([*same, *other], ("scene",), ("shot",))
    assert [grid.title for grid in grids] == [("#1",), ("29",)]


def test_rows_and_columns_that_nothing_was_made_of_are_left_out() -> None:
    missing = [take(seed, state=TakeState.MISSING, scene="attic", style=style) for style in STYLES for seed in (0, 1)]
    (grid,) = arrange_grids([*many(), *missing, take(5, state=TakeState.MISSING, scene="office", style="oil")], (), ())
    assert {column[0] for column in grid.columns} == set(SCENES)
    assert {column[1] for column in grid.columns} == {"0", "1"}
