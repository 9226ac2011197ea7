"""The program as odd shells and machines start it: streams, limits, no home, no folder, Ctrl-C at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nano_banana.model.json_values import as_items, as_object
from tests.workspace import ROOT, Workspace, unwatched

PROGRAM = f"'{sys.executable}' -m nano_banana"
FULL = Path("/dev/full")
RECIPE = """\
nano_banana: 1
name: fast
provider: local
shots:
  streets: {template: "an empty {{ scene }}", matrix: {scene: [park]}, seeds: [1]}
stages:
  - {id: takes, generate: streets, using: fal-ai/flux/schnell, with: {image_size: {width: 64, height: 64}}}
"""


def shell(workspace: Workspace, line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell, in which `$NB` is the program."""
    return subprocess.run(
        ["bash", "-c", line.replace("$NB", PROGRAM)],
        cwd=workspace.root,
        env={**unwatched(os.environ), "PYTHONPATH": str(ROOT), **environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=100,
    )


@pytest.fixture
def project(workspace: Workspace) -> Workspace:
    workspace.write("recipe.yaml", RECIPE)
    return workspace


def test_a_run_whose_messages_go_nowhere_is_made_and_kept(project: Workspace) -> None:
    """A closed stderr, and one on a full disk: that a message is lost is no reason to stop."""
    ends = ["2>&-", "2>/dev/full"] if FULL.exists() else ["2>&-"]
    for number, end in enumerate(ends):
        done = shell(project, f"$NB run --out out{number} {end}")
        assert (done.returncode, done.stderr) == (0, "")
        assert len(project.files(f"out{number}/**/*.png")) == 1
    assert {as_object(run)["status"] for run in as_items(project.json("runs")["runs"])} == {"done"}


def test_a_closed_stdout_is_no_file_of_the_program(project: Workspace) -> None:
    """Nothing that is opened later, such as the database, gets the number of a closed stream."""
    done = shell(project, "$NB run >&- <&-")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    project.expect("cache", "verify").shows("no damage found")


@pytest.mark.skipif(not FULL.exists(), reason="this machine has no /dev/full")
@pytest.mark.parametrize("command", ["schema recipe", "plan --json", "--help", "runs list"])
def test_a_full_stdout_is_said(project: Workspace, command: str) -> None:
    done = shell(project, f"$NB {command} >/dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith("error: can't write to stdout: No space left on device\n")
    assert "bug" not in done.stderr


def test_a_stdout_that_does_not_block_gets_all_of_it(workspace: Workspace) -> None:
    """A program that shares its pipe with others may have made it so."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    child = subprocess.Popen(
        [sys.executable, "-m", "nano_banana", "schema", "recipe"],
        stdout=write,
        cwd=workspace.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        text = pipe.read()
    assert child.wait() == 0
    assert text == (ROOT / "schemas" / "recipe.schema.json").read_bytes()
    assert len(text) > 65_536


def test_a_deleted_working_folder_is_said(project: Workspace) -> None:
    done = shell(project, f"mkdir gone && cd gone && rmdir ../gone && $NB run '{project.root}'")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the current folder no longer exists\n")


def homeless(workspace: Workspace) -> dict[str, str]:
    """An environment whose user has no home, not even in passwd."""
    nobody = "import pwd\ndef nobody(uid):\n    raise KeyError(uid)\npwd.getpwuid = nobody\n"
    workspace.write("site/sitecustomize.py", nobody)
    return {"PYTHONPATH": f"{workspace.path('site')}:{ROOT}"}


def test_without_a_home_all_works_that_needs_none(project: Workspace) -> None:
    environ = homeless(project)
    without = "env -u HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME -u XDG_CACHE_HOME"
    for command in ("plan", "config show", "runs"):
        done = shell(project, f"{without} $NB {command}", **environ)
        assert (done.returncode, done.stderr) == (0, ""), command
    for command in ("config set provider fal", "setup", "config set-key <<< ident:0123456789abcdef"):
        done = shell(project, f"{without} $NB {command}", **environ)
        assert (done.returncode, "set HOME" in done.stderr) == (1, True), command
    assert project.files("**/~/**/*") == []


def test_a_home_that_is_no_folder_holds_no_config(project: Workspace) -> None:
    done = shell(project, "env -u XDG_CONFIG_HOME HOME=/dev/null $NB plan && HOME=relative $NB config path")
    assert (done.returncode, done.stderr) == (0, "")


def test_too_few_open_files_are_said_before_anything_is_paid(project: Workspace) -> None:
    done = shell(project, "ulimit -n 20; $NB run")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the open-file limit is 20, but a run needs 128\n")
    assert "ulimit -n 1024" in done.stderr
    assert project.files(".nano-banana/*") == []
    assert shell(project, "ulimit -n 20; $NB plan").returncode == 0


def test_a_low_soft_limit_is_raised(project: Workspace) -> None:
    assert shell(project, "ulimit -Sn 20; $NB run").returncode == 0


def test_what_fails_for_want_of_open_files_says_how_few_there_are(project: Workspace) -> None:
    """SQLite has no word of them: it can't open its file."""
    project.expect("run")
    done = shell(project, "ulimit -n 6; $NB stats")
    assert (done.returncode, "bug" in done.stderr) == (1, False)
    assert "the open-file limit is 6" in done.stderr


def test_a_ctrl_c_while_modules_load_says_nothing() -> None:
    script = (
        "import builtins, os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "real = builtins.__import__\n"
        "def stopped(name, *rest):\n"
        "    if name == 'click':\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "    return real(name, *rest)\n"
        "from nano_banana.__main__ import main\n"
        "builtins.__import__ = stopped\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (130, "")


def test_a_ctrl_c_in_a_callback_of_python_is_heard_later_and_leaves_no_trace() -> None:
    """Python drops what is raised there: an object's finalizer, a weak reference's callback, as import locks have."""
    script = (
        "import signal, time, weakref\n"
        "from nano_banana.cli.process import handle_ctrl_c, ignore_ctrl_c\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "handle_ctrl_c()\n"
        "class Lock: pass\n"
        "lock = Lock()\n"
        "watched = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGINT))\n"
        "try:\n"
        "    del lock\n"
        "    time.sleep(60)\n"
        "except KeyboardInterrupt:\n"
        "    ignore_ctrl_c()\n"
        "    print('stopped')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "stopped\n", "")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ((b"generate", b"--prompt", b"caf\xe9", b"--plan"), "--prompt"),
        ((b"runs", b"show", b"\xe9"), "RUN"),
        ((b"forget", b"\xe9va", b"--dry-run"), "SUBJECT"),
        ((b"run", b"--set", b"a=\xe9"), "--set"),
        ((b"catalog", b"show", b"\xe9"), "ENDPOINT"),
    ],
)
def test_an_argument_that_is_not_utf8_is_named(project: Workspace, words: tuple[bytes, ...], named: str) -> None:
    screen = project.run(*map(os.fsdecode, words))
    assert screen.exit_code == 2
    screen.shows(f"invalid value for `{named}`" if named.startswith("-") else named, "is not UTF-8")


@pytest.mark.parametrize(
    "words", [("plan", ""), ("run", "--out", ""), ("plan", "--store", ""), ("schema", "--out", "")]
)
def test_an_empty_path_is_no_path(project: Workspace, words: tuple[str, ...]) -> None:
    """A shell's variable that is not set: the working folder is surely not meant."""
    project.expect(*words, exit_code=2).shows("the path is empty")


def test_a_path_may_be_any_bytes(project: Workspace) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    project.write(name, RECIPE)
    project.expect("plan", name).shows("1 call to make")
