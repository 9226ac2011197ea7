"""Takes by name, derived seeds, samples and globs."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nano_banana.planner.takes import SelectedPath, evenly_spaced, takes_of
from nano_banana.recipe.axis_values import AxisValue
from nano_banana.recipe.recipe_model import SeedSpec, Shot, TemplateText
from nano_banana.stages.take_context import StagePath, TemplateContexts, derived_seed


def shot(scenes: tuple[str, ...] = ("office", "street"), seeds: SeedSpec = SeedSpec(count=2)) -> Shot:  # noqa: B008
    """A shot of one person before some scenes."""
    values = tuple(AxisValue.of(scene, f"a bright {scene}") for scene in scenes)
    text = TemplateText(text="", where=())
    return Shot(name="heads", where=(), template=text, cast=("ana",), matrix={"scene": values}, exclude=(), seeds=seeds)


def seeds_of(recipe: str, of: Shot, subject: str = "ana") -> dict[str, int]:
    """Slot → seed."""
    return {take.slot: take.seed for take in takes_of(recipe, of, subject)}


def test_takes_have_names_in_the_recipe_s_order() -> None:
    found = list(takes_of("r", shot(seeds=SeedSpec(explicit=(11, 29))), "ana"))
    assert [take.id for take in found] == [
        "heads/ana/office/s11",
        "heads/ana/office/s29",
        "heads/ana/street/s11",
        "heads/ana/street/s29",
    ]
    assert [take.slot for take in found][:2] == ["heads/ana/office/#0", "heads/ana/office/#1"]
    assert next(takes_of("r", replace(shot(), cast=()), "")).id.startswith("heads/office/s")


def test_a_derived_seed_is_a_golden_number() -> None:
    assert seeds_of("r", shot(("office",), SeedSpec(count=1))) == {"heads/ana/office/#0": 1448000632}


def test_derived_seeds_depend_on_names_and_never_on_positions() -> None:
    before = seeds_of("r", shot())
    after = seeds_of("r", shot(("harbour", "street", "garden", "office"), SeedSpec(count=3)))
    assert before.items() <= after.items()
    assert len(set(after.values())) == len(after)


def test_the_order_of_axes_and_of_their_values_changes_no_derived_seed() -> None:
    scenes, lights = (tuple(map(AxisValue.of, names, names)) for names in (["office", "street"], ["noon", "dusk"]))

    def seeds(matrix: dict[str, tuple[AxisValue, ...]]) -> dict[tuple[str, str, int], int]:
        takes = takes_of("r", replace(shot(), matrix=matrix), "ana")
        return {(take.cell["scene"].key, take.cell["light"].key, take.seed_index): take.seed for take in takes}

    before = seeds({"scene": scenes, "light": lights})
    assert len(set(before.values())) == len(before) == 8
    assert seeds({"light": lights, "scene": scenes}) == before
    assert seeds({"light": lights[::-1], "scene": scenes[::-1]}) == before


def test_derived_seeds_of_one_cell_never_repeat() -> None:
    few, many = (seeds_of("r", shot(("office",), SeedSpec(count=count, salt="46"))) for count in (6_500, 6_600))
    assert len(set(many.values())) == len(many)
    assert few.items() <= many.items()


def test_every_name_counts() -> None:
    one = shot(("office",), SeedSpec(count=1))
    others = [
        seeds_of("r", one),
        seeds_of("another", one),
        seeds_of("r", replace(one, name="hands")),
        seeds_of("r", one, "ben"),
        seeds_of("r", replace(one, seeds=SeedSpec(count=1, salt="x"))),
    ]
    assert len({seed for found in others for seed in found.values()}) == len(others)


@given(st.text(max_size=5), st.integers(min_value=0, max_value=99))
def test_seeds_fit_every_service(recipe: str, at: int) -> None:
    assert 0 <= derived_seed(recipe, shot(), "ana", {}, at) < 2**31


@given(st.integers(min_value=0, max_value=500), st.integers(min_value=1, max_value=60))
def test_a_sample_is_spread_evenly(total: int, count: int) -> None:
    chosen = sorted(evenly_spaced(total, count))
    assert len(chosen) == min(total, count)
    assert all(0 <= at < total for at in chosen)
    gaps = {after - before for before, after in pairwise(chosen)}
    assert not gaps or max(gaps) - min(gaps) <= 1


def test_a_wanted_path_has_takes_by_glob() -> None:
    path = StagePath(shot=shot(), stages=())
    assert SelectedPath(path=path).includes("anything")
    assert SelectedPath(path=path, takes=("heads/*/office/*",)).includes("heads/ana/office/s1")
    assert not SelectedPath(path=path, takes=("heads/*/office/*",)).includes("heads/ana/street/s1")


def test_a_take_of_nobody_has_no_subject() -> None:
    contexts = TemplateContexts(common={}, subjects={"ana": {"name": "ana"}})
    (empty,) = takes_of("r", replace(shot(("office",), SeedSpec(count=1)), cast=()), "")
    assert "subject" not in contexts.for_take(empty)
    (take,) = takes_of("r", shot(("office",), SeedSpec(count=1)), "ana")
    assert contexts.for_take(take)["subject"] == {"name": "ana"}
