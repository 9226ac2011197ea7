"""The one that prints: which stream, what colour, how wide."""

from __future__ import annotations

import io
import json
import os
import pty
import sys
import termios
from collections.abc import Mapping, Sequence

import pytest

from nano_banana.cli.formatting import duration, file_size, money, spent_text, wrap_words
from nano_banana.cli.screen import Screen
from nano_banana.model.problem import problem


class Watched(io.StringIO):
    """A stream that a person watches."""

    def isatty(self) -> bool:
        return True


def screen(
    stream: type[io.StringIO] = io.StringIO, environ: Mapping[str, str] | None = None, *, machine: bool = False
) -> tuple[Screen, io.StringIO, io.StringIO]:
    out, err = stream(), stream()
    return Screen(out, err, environ=environ or {}, machine=machine, width=60), out, err


def test_results_and_remarks_go_their_ways() -> None:
    plain, out, err = screen()
    plain.say("made")
    plain.note("by the way")
    assert (out.getvalue(), err.getvalue()) == ("made\n", "by the way\n")


def test_for_a_machine_stdout_is_one_object() -> None:
    plain, out, err = screen(machine=True)
    plain.say("made")
    plain.json({"é": 1})
    assert (json.loads(out.getvalue()), err.getvalue()) == ({"é": 1}, "made\n")
    assert out.getvalue().isascii()
    with pytest.raises(RuntimeError):
        plain.json({})


@pytest.mark.parametrize(
    ("environ", "choice", "watched", "colored"),
    [
        ({}, "auto", True, True),
        ({}, "auto", False, False),
        ({"TERM": "dumb"}, "auto", True, False),
        ({"NO_COLOR": "1"}, "auto", True, False),
        ({"NO_COLOR": ""}, "auto", True, True),
        ({"NO_COLOR": "1"}, "always", True, False),
        ({}, "always", False, True),
        ({}, "never", True, False),
    ],
)
def test_colour(environ: Mapping[str, str], choice: str, watched: bool, colored: bool) -> None:  # noqa: FBT001 - a table's column
    plain, out, _ = screen(Watched if watched else io.StringIO, environ)
    plain.set_color(choice)
    plain.say(plain.paint("green", "made"))
    assert out.getvalue() == ("\x1b[32mmade\x1b[0m\n" if colored else "made\n")


def test_the_environment_chooses_colour_before_settings_are_read() -> None:
    assert screen(Watched, {"NANO_BANANA_COLOR": "never"})[0].paint("red", "x") == "x"


def test_a_dumb_terminal_is_not_lively() -> None:
    assert [screen(Watched, {"TERM": term})[0].lively for term in ("xterm", "dumb")] == [True, False]
    assert not screen()[0].lively


HOSTILE = "a\x1b]52;c;QQ==\x07\x1b[31m\x9b31m\u202e\u2066\x7f\rb"


def test_nothing_that_is_written_steers_the_terminal() -> None:
    """Whatever a command forgets to look at: one place writes, and makes it safe; our colours go through."""
    seen = "a\ufffd]52;c;QQ==\ufffd\ufffd[31m\ufffd31m\ufffd\ufffd\ufffd\ufffdb"
    plain, out, err = screen(Watched)
    plain.say(f"{plain.paint('red', HOSTILE)}\n\tnext")
    plain.note(HOSTILE)
    plain.problems([problem("usage", message=f"{HOSTILE}\n  line", program="x")])
    assert out.getvalue() == f"\x1b[1;31m{seen}\x1b[0m\n\tnext\n"
    assert err.getvalue().startswith(f"{seen}\n\x1b[1;31merror\x1b[0m\x1b[1m: {seen.replace(chr(0xFFFD) + 'b', ' b')}")
    data, out, _ = screen()
    data.data(HOSTILE)
    assert out.getvalue() == seen


def test_json_is_plain_ascii_that_reads_the_same() -> None:
    data, out, _ = screen(machine=True)
    data.json({"name": HOSTILE})
    assert json.loads(out.getvalue()) == {"name": HOSTILE}
    assert all(character == "\n" or " " <= character <= "~" for character in out.getvalue())


def test_a_question_without_an_answer_is_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stdin is closed: that is not Ctrl-C, and the command says what it needs."""
    for typed, answer in (("", False), ("n\n", False), ("y\n", True)):
        watched, out, _ = screen(Watched)
        with monkeypatch.context() as here:
            here.setattr(sys, "stdin", io.StringIO(typed))
            assert watched.confirm("go on\x1b[2J?") is answer
        assert out.getvalue() == ""
    assert not screen()[0].confirm("nobody watches")


def test_a_table_lines_up_whatever_the_script() -> None:
    plain, out, _ = screen()
    plain.table([("名前", "1"), ("b\x1b", "")], head=("name", "count"), indent=1)
    plain.table([])
    assert out.getvalue() == " name  count\n 名前  1\n b�\n"


def test_a_table_breaks_its_last_column_at_blanks_where_a_terminal_is_narrow() -> None:
    rows = [("a.jpg", "small face, not sharp, small photo"), ("b.jpg", "")]

    def printed(out: io.StringIO, width: int, rows: Sequence[Sequence[str]] = rows) -> list[str]:
        Screen(out, io.StringIO(), environ={"NO_COLOR": "1"}, width=width).table(rows, indent=2)
        return out.getvalue().splitlines()

    whole = ["  a.jpg  small face, not sharp, small photo", "  b.jpg"]
    assert printed(Watched(), 40) == ["  a.jpg  small face, not sharp, small", "         photo", "  b.jpg"]
    assert printed(Watched(), 100) == whole
    assert printed(io.StringIO(), 40) == whole
    # A word with no room in its column takes all of them further left.
    assert printed(Watched(), 40, [("a.jpg", "x" * 12, "by a far-too-long-name, and more of it")]) == [
        "  a.jpg  xxxxxxxxxxxx  by a",
        "      far-too-long-name, and more of it",
    ]


def test_broken_lines_lose_no_word() -> None:
    assert wrap_words("one two  three", 7, rest=7) == ["one two", "three"]
    assert wrap_words("unbreakable x", 4, rest=4) == ["unbreakable", "x"]
    assert wrap_words("写真 写真", 5, rest=5) == ["写真", "写真"]
    assert wrap_words("one two three four", 7, rest=10) == ["one two", "three four"]
    assert wrap_words("", 5, rest=5) == [""]


def test_problems_go_to_stderr() -> None:
    plain, out, err = screen(Watched)
    plain.problems([problem("out_of_memory")])
    assert out.getvalue() == ""
    assert err.getvalue().startswith("\x1b[1;31merror\x1b[0m")


def test_width() -> None:
    def width(**environ: str) -> int:
        return Screen(io.StringIO(), io.StringIO(), environ=environ).width

    assert [width(), width(COLUMNS="72"), width(COLUMNS="7"), width(COLUMNS="x")] == [100, 72, 40, 100]


def test_width_of_a_real_terminal() -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (40, 77))
    with os.fdopen(theirs, "w") as err, os.fdopen(ours):
        assert Screen(io.StringIO(), err, environ={}).width == 77


def test_sizes() -> None:
    counts = (0, 1, 999, 1000, 4_200_000, 123_456_789, 999_960, 10**18)
    assert [file_size(count) for count in counts] == [
        "0 bytes", "1 byte", "999 bytes", "1.0 kB", "4.2 MB", "123 MB", "1.0 MB", "1000 PB",
    ]  # fmt: skip


def test_durations() -> None:
    assert [duration(seconds) for seconds in (-1, 0.44, 9.96, 59.6, 185, 7800)] == [
        "0.0 s", "0.4 s", "10 s", "1 min 0 s", "3 min 5 s", "2 h 10 min",
    ]  # fmt: skip


def test_money() -> None:
    assert [money(usd) for usd in (None, 0, 0.004, 0.035, 0.14, 1234.5)] == [
        "unknown", "$0.00", "$0.0040", "$0.035", "$0.14", "$1,234.50",
    ]  # fmt: skip
    assert [spent_text(0, 0), spent_text(0.14, 0), spent_text(0.07, 2), spent_text(0, 1)] == [
        "", "$0.14", "$0.07 + 2 unknown", "$0.00 + 1 unknown",
    ]  # fmt: skip


def test_a_table_fits_80_columns_without_a_broken_word() -> None:
    out = Watched()
    row = ("portraits/ana/office/s11", "needs your review", "the face is blurred and too small", "out/portraits/x.png")
    head = ("take", "verdict", "why", "picture")
    Screen(out, io.StringIO(), environ={"NO_COLOR": "1"}, width=80).table([row], head=head, indent=2, spare=["picture"])
    printed = out.getvalue()
    assert max(map(len, printed.splitlines())) <= 80
    assert set(" ".join(row).split()) <= set(printed.split())
