"""`compare`: decide whether two pictures show the same person."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import asdict

from nano_banana.cli.formatting import one_line, plural
from nano_banana.cli.options import FILE, FiniteRange, add_options, pass_screen
from nano_banana.cli.screen import Screen

if TYPE_CHECKING:
    from nano_banana.features.face_comparison import ComparedPair, MatchRates

SECTION = ("Inspect", 5)

FAILURE_TEXTS = {"no_face": "no face", "unreadable": "unreadable picture", "not_found": "file not found"}
NOTE_EVERY = 100
"""Pictures between two progress messages."""


@click.command(name="compare")
@click.argument("pictures", nargs=-1, type=click.Path(), metavar="[A B]")
@click.option("--pairs", type=FILE, help="CSV file of pairs, with columns a, b and optionally truth.")
@click.option(
    "--same-from",
    type=FiniteRange(-1, 1),
    metavar="X",
    help="Similarity from which two faces count as the same person (default: 0.363).",
)
@add_options("--json")
@pass_screen
def command(screen: Screen, pictures: tuple[str, ...], *, pairs: Path | None, same_from: float | None) -> None:
    """Check whether two pictures show the same person.

    Compares the largest face in each picture, on this machine only. With --pairs, paths are relative to the CSV file,
    then to the current folder. If `truth` is given (1/0, true/false, yes/no, same/different), the accuracy is shown.
    Pictures that can't be compared are listed and are not errors.

    Examples:
      nano-banana compare ana.jpg out/portraits/takes/headshots_ana_office_s11.png
      nano-banana compare --pairs pairs.csv --json
    """
    from nano_banana.features.face_comparison import SAME_PERSON_THRESHOLD, compare_pictures, match_rates

    threshold = SAME_PERSON_THRESHOLD if same_from is None else same_from
    if len(pictures) != (0 if pairs else 2):
        raise click.UsageError("give two pictures, or `--pairs FILE`")
    compared = _compare_file(screen, pairs) if pairs else [compare_pictures(*pictures)]
    known = match_rates(compared, threshold)
    if screen.machine:
        from nano_banana.providers.compute.face_endpoints import face_networks

        screen.json(
            {
                "pairs": [_pair_json(one, threshold) for one in compared],
                "threshold": threshold,
                "models": face_networks(),
                "rates": known,
            }
        )
    elif pairs:
        _say_table(screen, compared, threshold)
        if known is not None:
            _say_rates(screen, known, threshold)
    else:
        _say_one(screen, compared[0], threshold)


def _compare_file(screen: Screen, file: Path) -> list[ComparedPair]:
    from nano_banana.features.face_comparison import compare_pairs, read_pairs

    def tell(done: int, of: int) -> None:
        if done % NOTE_EVERY == 0:
            screen.note(f"checked {done:,} of {plural(of, 'picture')}")

    return compare_pairs(read_pairs(file), file.absolute().parent, tell=tell)


def _say_one(screen: Screen, compared: ComparedPair, threshold: float) -> None:
    if compared.similarity is None:
        screen.say(f"can't compare: {_why(compared)}")
        return
    same = compared.same(threshold)
    answer = screen.paint("green", "the same person") if same else screen.paint("yellow", "different people")
    screen.say(f"{answer}: similarity {compared.similarity:.3f} (threshold {threshold:g})")


def _say_table(screen: Screen, compared: Sequence[ComparedPair], threshold: float) -> None:
    screen.table(
        [(one.pair.a, one.pair.b, *_answer(one, threshold), _truth(one, threshold)) for one in compared],
        head=("a", "b", "similarity", "result", "truth"),
    )
    left = sum(one.similarity is None for one in compared)
    same = sum(bool(one.same(threshold)) for one in compared)
    tail = f", {left:,} can't be compared" if left else ""
    screen.say(f"{plural(len(compared), 'pair')}: {same:,} the same person{tail} (threshold {threshold:g})")


def _say_rates(screen: Screen, known: MatchRates, threshold: float) -> None:
    counts = {"true accepts": (known.true_accepts, known.same), "false accepts": (known.false_accepts, known.different)}
    said = [f"{name} {count / of:.1%} ({count:,} of {of:,})" for name, (count, of) in counts.items() if of]
    if known.auc is not None:
        said.append(f"AUC {known.auc:.4f}")
    if known.left_out:
        said.append(f"{plural(known.left_out, 'pair')} with a known truth skipped")
    screen.say(f"at {threshold:g}: {', '.join(said)}")


def _answer(one: ComparedPair, threshold: float) -> tuple[str, str]:
    if one.similarity is None:
        return "", _why(one)
    return f"{one.similarity:.3f}", "same" if one.same(threshold) else "different"


def _truth(one: ComparedPair, threshold: float) -> str:
    if one.pair.truth is None:
        return ""
    said = "same" if one.pair.truth else "different"
    return said if one.same(threshold) in {None, one.pair.truth} else f"{said} (!)"


def _why(one: ComparedPair) -> str:
    return f"{FAILURE_TEXTS[one.reason or '']}: {one_line(' and '.join(one.blamed))}"


def _pair_json(one: ComparedPair, threshold: float) -> dict[str, object]:
    return {**asdict(one.pair), "similarity": one.similarity, "same": one.same(threshold), "reason": one.reason}
