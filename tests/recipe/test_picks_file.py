"""Decisions about takes: read, merged by take, written into `picks.yaml`."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from nano_banana.model.flow import Decision
from nano_banana.model.problem import Invalid, Unusable
from nano_banana.recipe.picks_file import (
    PickChange,
    PickClash,
    TakePick,
    apply_decisions,
    merge_change,
    read_decisions,
)

NOTHING = TakePick()
KEPT, DROPPED = TakePick(stage="p", decision="keep"), TakePick(stage="p", decision="drop")


def change(
    take: str, decision: Decision | None = None, *, base: TakePick = NOTHING, stars: int = 0, note: str = ""
) -> PickChange:
    return PickChange(take=take, stage="p", decision=decision, stars=stars, note=note, base=base)


def written(folder: Path, text: str) -> Path:
    path = folder / "picks.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("present", "wanted", "merged"),
    [
        (NOTHING, change("a", "keep"), KEPT),
        (KEPT, change("a", "keep"), KEPT),
        (DROPPED, change("a", "keep"), None),
        (DROPPED, change("a", "keep", base=DROPPED), KEPT),
        (KEPT, change("a", base=KEPT), TakePick(stage="p")),
        (KEPT, change("a", base=DROPPED), None),
        (NOTHING, change("a", base=KEPT), TakePick(stage="p")),
        (DROPPED, change("a", stars=4), TakePick(stage="p", decision="drop", stars=4)),
        (TakePick(stars=2), change("a", "keep", stars=4), None),
        (TakePick(note="x"), change("a", "keep"), TakePick(stage="p", decision="keep", note="x")),
    ],
)
def test_what_is_said_is_merged_each_for_itself(present: TakePick, wanted: PickChange, merged: TakePick | None) -> None:
    assert merge_change(present, wanted) == merged


def test_a_missing_file_says_nothing_and_is_made(tmp_path: Path) -> None:
    path = tmp_path / "picks.yaml"
    assert read_decisions(path) == {}
    done = apply_decisions(path, [change("a/s1", "keep", stars=5, note="the best: really")])
    assert done.picks == {"a/s1": TakePick(stage="p", decision="keep", stars=5, note="the best: really")}
    head, *rest = path.read_text().splitlines()
    assert head.startswith("# ")
    assert rest == [
        *("picks:", "  p:", "    keep:", "      - a/s1"),
        *("    stars:", "      a/s1: 5", "    notes:", '      a/s1: "the best: really"'),
    ]
    assert read_decisions(path) == done.picks
    assert [each.name for each in tmp_path.iterdir()] == ["picks.yaml"]


def test_nothing_to_change_makes_no_file(tmp_path: Path) -> None:
    assert apply_decisions(tmp_path / "picks.yaml", [change("a", base=KEPT)]).picks == {}
    assert not [*tmp_path.iterdir()]


def test_changes_follow_one_another_and_come_to_the_same_twice(tmp_path: Path) -> None:
    path = written(tmp_path, "picks: {}  # mine\n")
    changes = [change("a", "keep"), change("b", "drop"), change("a", "drop", base=KEPT), change("b", base=DROPPED)]
    first = apply_decisions(path, changes)
    text = path.read_text()
    assert (first.picks, first.clashes) == ({"a": DROPPED}, [])
    assert text == "picks:  # mine\n  p:\n    drop:\n      - a\n"
    again = apply_decisions(path, changes[2:])
    assert (again.picks, again.clashes, path.read_text()) == (first.picks, [], text)


def test_what_was_said_meanwhile_is_not_written_over(tmp_path: Path) -> None:
    path = written(tmp_path, "picks:\n  p:\n    drop: [a]  # the client's word\n")
    done = apply_decisions(path, [change("a", "keep"), change("b", "keep")])
    assert done.clashes == [PickClash(take="a", mine=KEPT, theirs=DROPPED)]
    assert done.picks == {"a": DROPPED, "b": KEPT}
    assert path.read_text() == "picks:\n  p:\n    drop: [a]  # the client's word\n    keep:\n      - b\n"


def test_a_glob_stays_and_a_take_s_own_name_wins_over_it(tmp_path: Path) -> None:
    path = written(tmp_path, "picks: {p: {drop: ['*/s1'], keep: ['b/*']}}\n")
    takes = ["a/s1", "a/s2", "b/s1", "b/s2"]
    before = read_decisions(path, takes)
    assert {take: pick.decision for take, pick in before.items()} == {"a/s1": "drop", "b/s1": "drop", "b/s2": "keep"}
    done = apply_decisions(
        path, [change("a/s1", "keep", base=DROPPED), change("b/s2", "keep", base=KEPT, stars=1)], takes
    )
    assert path.read_text() == "picks: {p: {drop: ['*/s1'], keep: ['b/*', a/s1], stars: {b/s2: 1}}}\n"
    assert done.picks["a/s1"] == KEPT
    back = apply_decisions(path, [change("a/s1", "drop", base=KEPT)], takes)
    assert path.read_text() == "picks: {p: {drop: ['*/s1'], keep: ['b/*'], stars: {b/s2: 1}}}\n"
    assert back.picks["a/s1"].decision == "drop"


def test_a_take_has_its_word_under_one_stage(tmp_path: Path) -> None:
    path = written(tmp_path, "picks:\n  judged: {keep: [a, b], drop: []}\n  old:\n    notes: {a: why}\n")
    assert read_decisions(path)["a"] == TakePick(stage="judged", decision="keep", note="why")
    done = apply_decisions(path, [change("a", "drop", base=TakePick(decision="keep", note="why"), note="why")])
    assert path.read_text() == (
        "picks:\n  judged: {keep: [b], drop: []}\n  p:\n    drop:\n      - a\n    notes:\n      a: why\n"
    )
    assert done.picks["a"] == TakePick(stage="p", decision="drop", note="why")


def test_of_two_stages_what_drops_counts(tmp_path: Path) -> None:
    path = written(tmp_path, "picks: {judged: {keep: [a], stars: {a: 3}}, p: {drop: [a, b]}, q: {keep: [b]}}\n")
    assert read_decisions(path) == {"a": TakePick(stage="p", decision="drop", stars=3), "b": DROPPED}


def test_a_file_that_can_not_be_read_is_not_touched(tmp_path: Path) -> None:
    path = written(tmp_path, "picks: {p: {keep: a}}\n")
    with pytest.raises(Invalid, match="wrong_type"):
        apply_decisions(path, [change("b", "keep")])
    assert path.read_text() == "picks: {p: {keep: a}}\n"


def test_a_folder_that_can_not_be_written(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="unwritable"):
        apply_decisions(tmp_path / "gone" / "picks.yaml", [change("b", "keep")])


def test_a_link_and_the_file_s_mode_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    real = written(tmp_path / "real", "picks: {}\n")
    real.chmod(0o640)
    link = tmp_path / "picks.yaml"
    link.symlink_to(real)
    apply_decisions(link, [change("b", "keep")])
    assert link.is_symlink()
    assert "- b" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


def test_threads_lose_no_decision(tmp_path: Path) -> None:
    path = written(tmp_path, "picks: {}\n")
    threads = [
        threading.Thread(target=apply_decisions, args=(path, [change(f"t{of}/s{at}", "keep") for at in range(5)]))
        for of in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_decisions(path)) == 40


def test_ten_thousand_decisions_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "# all\npicks:\n  p:\n    keep:\n      - first\n")
    takes = [f"heads/ana/office/s{at}" for at in range(10_000)]
    done = apply_decisions(path, [change(take, "drop") for take in takes])
    assert len(done.picks) == 10_001
    done = apply_decisions(path, [change(take, base=DROPPED) for take in takes])
    assert path.read_text() == "# all\npicks:\n  p:\n    keep:\n      - first\n"
