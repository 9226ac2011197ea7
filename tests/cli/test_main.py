"""Every ending of the program: what is said, and the exit code."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from nano_banana.model.problem import CallFailed, Invalid, LimitReached, Position, Refused, Stopped, Unusable, problem
from tests.workspace import ROOT, Workspace

KEY = "11111111-2222-3333-4444-555555555555:abcdef0123456789abcdef0123456789"
ERRORS = {kind.__name__: kind for kind in (CallFailed, Invalid, LimitReached, Refused, Stopped, Unusable)}


@click.command(name="break")
@click.argument("how")
def breaks(how: str) -> int:
    """Ends as it is told to."""
    if how in ERRORS:
        raise ERRORS[how](
            [problem("unwritable", position=Position(file="a.yaml", line=1, column=2), file="a", why="full")]
        )
    if how == "three":
        return 3
    if how == "leave":
        raise SystemExit(7)
    raised: dict[str, BaseException] = {
        "ctrl-c": KeyboardInterrupt(),
        "pipe": BrokenPipeError(),
        "memory": MemoryError(),
        "loop": RuntimeError("Symlink loop from '/a/b'"),
        "threads": RuntimeError("can't start new thread"),
        "temporary": FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']"),
        "many": OSError(errno.EMFILE, "Too many open files"),
        "closed": PermissionError(errno.EACCES, "Permission denied", "photos/a\x1b.jpg"),
        "file": click.FileError("photos.zip", "No such file."),
        "key": RuntimeError(f"said no to {KEY} and {os.environ.get('FAL_KEY_SECRET')}"),
    }
    raise raised[how]


@pytest.fixture(autouse=True)
def broken() -> Iterator[None]:
    """A command that ends badly, known for the length of a test."""
    sys.modules["nano_banana.cli.commands.break_command"] = sys.modules[__name__]
    yield
    del sys.modules["nano_banana.cli.commands.break_command"]


command = breaks


@pytest.mark.parametrize(("how", "code"), [(name, kind.exit_code) for name, kind in ERRORS.items()])
def test_an_error_of_ours_leaves_with_its_class_code(workspace: Workspace, how: str, code: int) -> None:
    screen = workspace.run("break", how)
    assert screen.exit_code == code
    assert screen.stderr == "error: can't write a: full\n ——▶ a.yaml:1:2\n"
    assert screen.stdout == ""


def test_a_command_may_return_its_code(workspace: Workspace) -> None:
    assert workspace.run("break", "three").exit_code == 3


def test_an_exit_of_the_systems_goes_through(workspace: Workspace) -> None:
    assert workspace.run("break", "leave").exit_code == 7


def test_ctrl_c_leaves_with_130(workspace: Workspace) -> None:
    workspace.expect("break", "ctrl-c", exit_code=130).shows("error: stopped")


def test_a_broken_pipe_is_quiet(workspace: Workspace) -> None:
    assert workspace.expect("break", "pipe", exit_code=141).text == ""


def test_too_little_memory_is_no_bug(workspace: Workspace) -> None:
    workspace.expect("break", "memory", exit_code=1).shows("not enough memory").hides("bug")


def test_what_this_machine_refuses_is_no_bug(workspace: Workspace) -> None:
    workspace.expect("break", "many", exit_code=1).shows("error: too many open files\n").hides("bug")
    workspace.expect("break", "threads", exit_code=1).shows("too many threads", "ulimit -u").hides("bug")
    workspace.expect("break", "temporary", exit_code=1).shows("no writable temporary folder", "TMPDIR").hides("bug")
    workspace.expect("break", "loop", exit_code=1).shows("can't use /a/b: Too many levels of symbolic links")
    workspace.expect("break", "closed", exit_code=1).shows("error: can't use photos/a\ufffd.jpg: Permission denied\n")


def test_a_file_that_click_cannot_open(workspace: Workspace) -> None:
    workspace.expect("break", "file", exit_code=2).shows("error: can't open photos.zip: no such file\n")


def test_a_bug_leaves_a_report_without_keys(workspace: Workspace) -> None:
    workspace.env(FAL_KEY_SECRET="half-of-a-secret")
    screen = workspace.expect("break", "key", exit_code=1)
    screen.shows("error: this is a bug in nano-banana: RuntimeError: said no to [removed] and [removed]")
    screen.hides("Traceback", KEY, "half-of-a-secret")
    (report,) = workspace.home.glob("state/nano-banana/**/crash-*.txt")
    text = report.read_text("utf-8")
    assert "Traceback" in text
    assert "arguments: ['break', 'key']" in text
    assert "half-of-a-secret" not in text
    assert KEY.split(":")[1] not in text
    assert report.stat().st_mode & 0o777 == 0o600
    assert str(report) in screen.stderr


def test_a_bug_where_no_report_can_be_written(workspace: Workspace) -> None:
    (workspace.home / "state").write_text("in the way")
    workspace.expect("break", "key", exit_code=1).shows("NANO_BANANA_DEBUG=1").hides("Traceback")


def test_debug_shows_the_trace(workspace: Workspace) -> None:
    workspace.env(NANO_BANANA_DEBUG="1").run("break", "Refused").shows("Traceback", "Refused")
    workspace.run("break", "ctrl-c").hides("Traceback")


def test_json_of_an_error_is_one_object(workspace: Workspace) -> None:
    workspace.write("nano-banana.toml", 'stor = "x"\n')
    screen = workspace.run("config", "show", "--json")
    assert screen.exit_code == 2
    assert screen.json == {
        "status": "error",
        "exit_code": 2,
        "problems": [
            {
                "kind": "setting_unknown",
                "severity": "error",
                "message": "nano-banana.toml: unknown setting `stor`",
                "hint": "`nano-banana config show` lists the settings",
                "suggestions": ["store"],
                "place": {"file": str(workspace.path("nano-banana.toml")), "line": 1, "column": 1, "length": 4},
            }
        ],
    }
    assert screen.stderr.startswith("error: nano-banana.toml: unknown setting `stor`\n")


def test_json_of_an_error_without_a_place(workspace: Workspace) -> None:
    assert workspace.run("config", "show", "--json", "--jsn").json["problems"] == [
        {
            "kind": "no_such_option",
            "severity": "error",
            "message": "`nano-banana config show` has no option `--jsn`",
            "hint": "`nano-banana config show --help` lists the options",
            "suggestions": ["--json"],
            "place": None,
        }
    ]


def test_json_after_two_dashes_is_an_argument(workspace: Workspace) -> None:
    screen = workspace.run("schema", "--", "--json")
    assert (screen.exit_code, screen.stdout) == (2, "")


@pytest.mark.parametrize(
    ("typed", "golden"),
    [
        (("rnu",), "unknown-command"),
        (("zzz",), "unlike-any-command"),
        (("--vers",), "unknown-option"),
        (("config", "show", "--jsno"), "unknown-option-of-a-command"),
        (("config",), "missing-command"),
        (("config", "shw"), "unknown-command-of-a-group"),
        (("config", "set", "color"), "missing-argument"),
        (("cache", "gc", "--older-than", "soon"), "wrong-value"),
        (("schema", "recipes"), "wrong-choice"),
    ],
)
def test_a_wrong_command_line_says_what_would_be_right(
    workspace: Workspace, typed: tuple[str, ...], golden: str
) -> None:
    workspace.expect(*typed, golden=f"cli/{golden}", exit_code=2)


def test_the_real_entry_leaves_with_the_code(workspace: Workspace) -> None:
    assert workspace.spawn("--version").wait().exit_code == 0
    screen = workspace.spawn("rnu").wait()
    assert screen.exit_code == 2
    assert screen.stderr.startswith("error: unknown command `rnu`\n")


def test_a_reader_that_leaves_early_hears_nothing(workspace: Workspace) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "nano_banana", "--help"],
        stdout=write,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=workspace.root,
        check=False,
    )
    os.close(write)
    assert done.stderr == b""
    assert done.returncode == 141


def test_a_reader_of_errors_that_leaves_early_hears_nothing(workspace: Workspace) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "nano_banana", "rnu"],
        stderr=write,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=workspace.root,
        check=False,
    )
    os.close(write)
    assert done.returncode == 2


def test_completion_of_commands_and_options(workspace: Workspace) -> None:
    def complete(line: str, word: str) -> list[str]:
        workspace.env(_NANO_BANANA_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=word)
        return [found.partition(",")[2] for found in workspace.run().stdout.split()]

    assert complete("nano-banana co", "1") == ["compare", "config", "completion"]
    assert complete("nano-banana config se", "2") == ["set", "set-key"]
    assert complete("nano-banana cache gc --dr", "3") == ["--dry-run"]
    assert complete("nano-banana nothing so", "2") == []
    assert complete("nano-banana run --provider ", "3") == ["local", "fal"]
    assert complete("nano-banana mask a.png --find f", "4") == ["face"]
    assert complete("nano-banana config set pro", "3") == ["provider"]
    assert complete("nano-banana config set color n", "4") == ["never"]
    assert complete("nano-banana config set store ", "4") == []
    workspace.write("endpoints/x.yaml", "id: acme/relight\ndoes: other\nmakes: [it]\nfields: {}\n")
    assert complete("nano-banana catalog show acm", "3") == ["acme/relight"]
    assert complete("nano-banana generate --using fal-ai/flux-2/lora/", "3") == ["fal-ai/flux-2/lora/edit"]
    workspace.write("endpoints/x.yaml", "id: [")
    assert complete("nano-banana catalog show acm", "3") == []


def test_a_ctrl_c_that_comes_while_python_leaves_says_nothing() -> None:
    script = (
        "import atexit, os, signal, sys\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "sys.argv = ['nano-banana', '--version']\n"
        "from nano_banana.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
