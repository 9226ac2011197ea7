"""Problems as text: the line, the caret, and nothing that a file can do to the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from nano_banana.cli.diagnostics import describe, fill_message, message_tables, render_problems, snippet, source_lines
from nano_banana.cli.formatting import plural
from nano_banana.model.problem import Position, Problem

HERE = Path("/project")
FILES = {
    "/project/recipe.yaml": [
        "nano_banana: 1",
        "shots:",
        "  a: {templat: b}",
        "\tseeds: 名前 [x]",
        "évil \x1b[31mred\x07 end",
    ],
    "/elsewhere/b.yaml": ["x"] * 120,
}


def lines(file: str) -> list[str]:
    return FILES.get(file, [])


def shown(*problems: Problem, width: int = 80) -> str:
    return render_problems(problems, lines, width=width, cwd=HERE)


def unknown(
    line: int, column: int, length: int = 1, *, file: str = "/project/recipe.yaml", warning: bool = False
) -> Problem:
    place = Position(file=file, line=line, column=column, length=length)
    return Problem(kind="unwritable", position=place, data={"file": "x", "why": "y"}, warning=warning)


def test_all_problems_sorted_by_place_and_counted() -> None:
    spot = Position(file="/project/recipe.yaml", line=3, column=7, length=7)
    named = Problem(
        kind="no_such_option",
        position=spot,
        data={"program": "recipe", "name": "templat"},
        suggestions=("template", "templates", "plate"),
    )
    assert shown(unknown(4, 9, 4), named, unknown(1, 1, 11, warning=True)) == (
        "warning: can't write x: y\n"
        " ——▶ recipe.yaml:1:1\n"
        "  │\n"
        "1 │ nano_banana: 1\n"
        "  │ ^^^^^^^^^^^\n"
        "\n"
        "error: `recipe` has no option `templat`\n"
        " ——▶ recipe.yaml:3:7\n"
        "  │\n"
        "3 │   a: {templat: b}\n"
        "  │       ^^^^^^^\n"
        "  = did you mean `template`, `templates` or `plate`?\n"
        "  = help: `recipe --help` lists the options\n"
        "\n"
        "error: can't write x: y\n"
        " ——▶ recipe.yaml:4:9\n"
        "  │\n"
        "4 │     seeds: 名前 [x]\n"
        "  │            ^^^^^^\n"
        "\n"
        "2 problems and 1 warning in recipe.yaml"
    )


def test_a_file_elsewhere_is_named_whole_and_the_gutter_grows() -> None:
    assert shown(unknown(120, 1, file="/elsewhere/b.yaml")) == (
        "error: can't write x: y\n   ——▶ /elsewhere/b.yaml:120:1\n    │\n120 │ x\n    │ ^"
    )


def test_without_a_line_there_is_no_line() -> None:
    for problem in (unknown(9, 1), unknown(1, 1, file="/project/gone.yaml")):
        assert "│" not in shown(problem)


def test_several_files_and_none() -> None:
    assert shown(unknown(1, 1), unknown(1, 1, file="b.yaml")).endswith("\n\n2 problems in 2 files")
    alone = Problem(kind="out_of_memory")
    assert shown(alone) == "error: not enough memory"
    assert shown(alone, alone).endswith("\n\n2 problems")


def test_a_file_does_not_steer_the_terminal() -> None:
    text = shown(
        Problem(kind="usage", data={"message": "\x1b]0;title\x07 \u202egnp", "program": "a\nb"}), unknown(5, 6)
    )
    assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "5 │ évil �[31mred� end" in text


def test_colour() -> None:
    text = render_problems([unknown(1, 1)], lines, paint=lambda style, said: f"<{style}>{said}</>", cwd=HERE)
    assert text.startswith("<red>error</><bold>: can't write x: y</>\n <blue>——▶</> recipe.yaml:1:1")
    assert "<red>^</>" in text


@pytest.mark.parametrize(
    ("line", "column", "length", "expected"),
    [
        ("abc", 2, 1, ("abc", " ^")),
        ("abc", 2, 99, ("abc", " ^^")),
        ("abc", 9, 3, ("abc", "   ^")),
        ("", 1, 1, ("", "^")),
        ("abc  ", 1, 3, ("abc", "^^^")),
        ("a" * 50, 50, 1, ("…" + "a" * 29, " " * 29 + "^")),
        ("a" * 50, 1, 1, ("a" * 29 + "…", "^")),
        ("a" * 50, 1, 50, ("a" * 27 + "…", "^" * 28)),
        ("a" * 24 + "X" + "a" * 25, 25, 1, ("…" + "a" * 13 + "X" + "a" * 14 + "…", " " * 14 + "^")),
        ("名" * 30, 16, 1, ("…" + "名" * 14 + "…", None)),
        ("e\u0301x", 3, 1, ("e\u0301x", " ^")),
    ],
)
def test_a_snippet_fits_and_points(line: str, column: int, length: int, expected: tuple[str, str | None]) -> None:
    text, carets = snippet(line, column, length, width=30)
    assert text == expected[0]
    assert expected[1] in {None, carets}


def test_a_line_of_megabytes_is_cut_quickly() -> None:
    text, carets = snippet("名" * 3_000_000, 2_000_000, 1_000_000, width=60)
    assert len(text) <= 60
    assert carets.count("^") > 10


def test_lines_break_where_yaml_breaks_them(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"a\r\nb\rc\x0cd\xff\n")
    assert source_lines(str(file)) == ["a", "b", "c\x0cd\ufffd", ""]
    assert source_lines(str(tmp_path / "gone.yaml")) == []
    (tmp_path / "huge.yaml").write_bytes(b"x" * 4_000_001)
    assert source_lines(str(tmp_path / "huge.yaml")) == []
    assert source_lines("\0") == []


def test_numbers_have_their_nouns() -> None:
    assert [plural(count, "file") for count in (0, 1, 2, 1000)] == ["0 files", "1 file", "2 files", "1,000 files"]


def test_words_are_filled_in_whatever_the_data() -> None:
    data = {"names": ["a", "b"], "none": None, "yes": True, "map": {"é": 1}, "cost": 0.123, "text": "x"}
    assert (
        fill_message("{names}; {none}; {yes}; {map}; {cost:.2f}; {text!r}", data)
        == "a, b; none; true; {\"é\": 1}; 0.12; 'x'"
    )
    assert fill_message("{gone} {names[9]} {text.upper.x} {text:.2f}", data) == "{gone} {names[9]} {text.upper.x} x"


def test_a_kind_without_words_is_readable() -> None:
    assert describe(Problem(kind="of_no_room")) == ("of no room", "")


def test_the_rooms_words_are_found() -> None:
    assert {"usage_messages", "run_messages"} <= set(message_tables())
