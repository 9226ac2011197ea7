"""What drifted from a lock: all of it at once, and nothing that only follows from it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nano_banana.session.lock_drift import lock_drifts, lock_warnings
from nano_banana.session.lock_file import Lock, LockedCall, LockedEndpoint, LockedSet

ADAPTER = LockedCall(key="train", asked="training", sha256="adapter", size=7)
DRAFT = LockedCall(key="draw", asked="drawing", seed=1, sha256="draft")
FACES = LockedCall(key="paint", asked="painting", seed=1, sha256="faces")
LOCK = Lock(
    version="1",
    provider="fal",
    recipe="duo",
    training_sets={"ana": LockedSet(photos=2, sha256="photos")},
    endpoints={"flux": LockedEndpoint(fields="fields", usd=1.0)},
    adapters={"likeness/ana": ADAPTER},
    takes={f"heads/s{seed}": {"draft": DRAFT, "faces": FACES} for seed in range(5)},
)


def found(now: Lock, *, held: bool = True, whole: bool = True) -> list[str]:
    problems = lock_drifts(LOCK, now, held={"likeness/ana"} if held else set(), whole=whole)
    assert not any(problem.warning for problem in problems)
    return [problem.kind for problem in problems]


def take(draft: LockedCall, faces: LockedCall) -> Lock:
    """The lock with one take changed."""
    return replace(LOCK, takes={**LOCK.takes, "heads/s0": {"draft": draft, "faces": faces}})


def adapter(key: str = ADAPTER.key, asked: str = ADAPTER.asked, sha256: str = ADAPTER.sha256) -> Lock:
    """The lock with its adapter changed."""
    return replace(LOCK, adapters={"likeness/ana": replace(ADAPTER, key=key, asked=asked, sha256=sha256)})


def test_nothing_drifted() -> None:
    assert found(LOCK) == []
    assert lock_warnings(LOCK, LOCK) == []


def test_a_price_is_no_drift() -> None:
    assert found(replace(LOCK, endpoints={"flux": LockedEndpoint(fields="fields", usd=2.0)})) == []


def test_everything_at_once() -> None:
    now = Lock(
        version="1",
        provider="local",
        recipe="trio",
        training_sets={"ana": LockedSet(photos=3, sha256="others")},
        endpoints={"flux": LockedEndpoint(fields="changed")},
        adapters={"likeness/ana": replace(ADAPTER, asked="for more photos"), "likeness/ben": ADAPTER},
        takes={"heads/s0": {"draft": replace(DRAFT, asked="else")}, "new": {"draft": DRAFT}},
    )
    assert found(now) == [
        "locked_recipe",
        "locked_provider",
        "locked_training_set",
        "locked_endpoint",
        "locked_adapters_new",
        "locked_takes_new",
        "locked_takes_gone",
        "locked_takes_changed",
    ]
    assert found(replace(LOCK, adapters={})) == ["locked_adapters_gone"]


def test_of_a_part_nothing_is_gone() -> None:
    assert found(replace(LOCK, training_sets={}, adapters={}, takes={}), whole=False) == []


def test_many_takes_are_told_by_the_first() -> None:
    (problem,) = lock_drifts(LOCK, replace(LOCK, takes={}), held={"likeness/ana"}, whole=True)
    assert problem.data["count"] == 5
    assert problem.data["names"] == "heads/s0, heads/s1, heads/s2, …"


@pytest.mark.parametrize(
    ("draft", "faces", "kinds"),
    [
        (DRAFT, replace(FACES, key="other"), ["locked_takes_changed"]),
        (replace(DRAFT, asked="other"), FACES, ["locked_takes_changed"]),
        # Not drawn yet, or drawn anew: what is painted over it is another call, and asks the same.
        (replace(DRAFT, sha256=""), replace(FACES, key="", sha256=""), []),
        (replace(DRAFT, sha256="anew"), replace(FACES, key="other"), []),
        (replace(DRAFT, sha256=""), replace(FACES, asked="other", key=""), ["locked_takes_changed"]),
    ],
)
def test_another_call_is_told_from_another_picture(draft: LockedCall, faces: LockedCall, kinds: list[str]) -> None:
    assert found(take(draft, faces)) == kinds


def test_what_only_follows_is_not_told() -> None:
    moved = {name: {"draft": replace(DRAFT, key="?"), "faces": FACES} for name in LOCK.takes}
    assert found(replace(LOCK, provider="local", takes=moved), held=False) == ["locked_provider"]
    sets = {"ana": LockedSet(photos=2, sha256="others")}
    now = replace(adapter(key="", sha256=""), training_sets=sets, takes=moved)
    assert found(now, held=False) == ["locked_training_set"]


def test_adapters_must_be_at_hand() -> None:
    assert found(adapter(sha256=""), held=False) == ["locked_adapter_missing"]
    assert found(adapter(sha256="another"), held=False) == ["locked_adapter_other"]
    assert found(adapter(asked="other")) == found(adapter(key="other")) == ["locked_adapter_changed"]


def test_without_its_zip_an_adapter_is_at_hand_where_the_same_program_packs_it() -> None:
    now = adapter(key="", sha256="")
    assert found(now) == []
    assert found(now, held=False) == ["locked_adapter_missing"]
    assert found(replace(now, version="2")) == ["locked_adapter_missing"]


def test_another_picture_and_another_version_are_warnings() -> None:
    now = replace(take(DRAFT, replace(FACES, sha256="another")), version="2")
    problems = lock_warnings(LOCK, now)
    assert [(problem.kind, problem.warning) for problem in problems] == [
        ("locked_pictures_other", True),
        ("locked_version", True),
    ]
    assert problems[0].data["names"] == "heads/s0"
    assert lock_warnings(LOCK, take(replace(DRAFT, sha256=""), replace(FACES, sha256=""))) == []
    assert lock_warnings(LOCK, replace(LOCK, takes={})) == []


JUDGED = LockedCall(key="draw", asked="judging", seed=1, sha256="draft")
REFUSED = replace(DRAFT, left="rejected")
UNSEEN = replace(DRAFT, sha256="")


@pytest.mark.parametrize(
    ("locked", "given", "same"),
    [
        ({"draft": DRAFT, "judged": JUDGED}, {"draft": DRAFT, "judged": JUDGED}, True),
        ({"draft": REFUSED}, {"draft": UNSEEN, "judged": replace(JUDGED, key="", sha256="")}, True),
        ({"draft": REFUSED}, {"draft": DRAFT, "judged": JUDGED}, False),
        ({"draft": DRAFT, "judged": JUDGED}, {"draft": replace(UNSEEN, left="not_chosen")}, True),
        ({"draft": DRAFT, "judged": JUDGED}, {"draft": REFUSED}, False),
        ({"draft": DRAFT, "judged": JUDGED}, {"draft": UNSEEN}, False),
        ({"draft": REFUSED}, {"other": UNSEEN, "judged": JUDGED}, False),
        ({"draft": DRAFT}, {}, False),
    ],
    ids=["same", "refused then", "let through now", "not chosen yet", "refused now", "a stage less", "another", "gone"],
)
def test_where_a_take_s_way_ends_hangs_on_its_pictures(
    locked: dict[str, LockedCall], given: dict[str, LockedCall], *, same: bool
) -> None:
    lock, now = (replace(LOCK, takes={"heads/s0": stages}) for stages in (locked, given))
    kinds = [problem.kind for problem in lock_drifts(lock, now, held={"likeness/ana"}, whole=True)]
    assert kinds == ([] if same else ["locked_takes_changed"])
