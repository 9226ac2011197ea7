"""`config`: what is set, where it came from, and a key that nobody sees."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.workspace import ROOT, Workspace

KEY = "11111111-2222-3333-4444-555555555555:abcdef0123456789abcdef0123456789"
CONFIG = "config/nano-banana/config.toml"


def test_show_names_the_source_of_everything(workspace: Workspace) -> None:
    workspace.write("nano-banana.toml", 'out = "pictures"\nparallel_compute = 2\n')
    workspace.env(NANO_BANANA_PROVIDER="fal", FAL_KEY=KEY)
    workspace.run("config", "set", "ask_above_usd", "25")
    workspace.expect("config", "show", golden="cli/config-show").hides(KEY[4:-2])


def test_show_for_a_program(workspace: Workspace) -> None:
    workspace.run("config", "set", "ask_above_usd", "inf")
    found = workspace.env(FAL_KEY=KEY).json("config", "show")
    settings = found["settings"]
    assert isinstance(settings, dict)
    assert settings["color"] == {"value": "auto", "source": "default", "from": None}
    assert settings["store"]["value"] == str(workspace.path(".nano-banana"))
    assert settings["ask_above_usd"] == {"value": "inf", "source": "user", "from": str(workspace.home / CONFIG)}
    assert found["fal_key"] == {"masked": "1111…89", "source": "FAL_KEY"}


def test_show_without_a_key(workspace: Workspace) -> None:
    workspace.expect("config", "show").shows("fal key: not set")
    assert workspace.json("config", "show")["fal_key"] is None


def test_set_and_unset(workspace: Workspace) -> None:
    workspace.expect("config", "set", "store", "../kept").shows("store = ../kept in ")
    workspace.expect("config", "set", "store", "../kept").shows("store is already ../kept in ")
    assert (workspace.home / CONFIG).read_text() == 'store = "../kept"\n'
    workspace.expect("config", "show").shows("../kept", "user config: ")
    workspace.expect("config", "unset", "store").shows("removed store from ")
    workspace.expect("config", "unset", "store").shows("store was not set in ")


def test_set_for_the_project(workspace: Workspace) -> None:
    workspace.expect("config", "set", "parallel_image", "8", "--project")
    assert workspace.read("nano-banana.toml") == "parallel_image = 8\n"
    workspace.expect("config", "unset", "parallel_image", "--project")
    assert workspace.read("nano-banana.toml") == ""


def test_wrong_settings_are_not_kept(workspace: Workspace) -> None:
    workspace.expect("config", "set", "provder", "fal", golden="cli/config-set-unknown", exit_code=2)
    workspace.expect("config", "set", "provider", "local")
    workspace.expect("config", "set", "provider", "fla", golden="cli/config-set-wrong", exit_code=2)
    workspace.expect("config", "unset", "provder", exit_code=2).shows("did you mean `provider`?")
    assert 'provider = "local"' in (workspace.home / CONFIG).read_text()


def test_a_wrong_file_is_shown(workspace: Workspace) -> None:
    workspace.write("nano-banana.toml", 'color = "auto"\nparalel_image = 3\nprovider = "fla"\n')
    workspace.expect("config", "show", golden="cli/config-wrong-file", exit_code=2)
    workspace.write("nano-banana.toml", "color = auto\n")
    workspace.expect("config", "show", golden="cli/config-not-toml", exit_code=2)


def test_colour_is_a_setting(workspace: Workspace) -> None:
    workspace.env(NO_COLOR="", NANO_BANANA_COLOR="always")
    workspace.expect("config", "show").shows("\x1b[2msetting")
    workspace.env(NANO_BANANA_COLOR="").run("config", "set", "color", "always")
    workspace.expect("config", "show").shows("\x1b[2msetting")


def test_a_key_from_stdin_is_kept_and_not_shown(workspace: Workspace) -> None:
    screen = workspace.expect("config", "set-key", stdin=f"{KEY}\n", golden="cli/set-key")
    screen.hides(KEY, KEY.split(":")[1])
    file = workspace.home / "config/nano-banana/fal-key"
    assert file.read_text() == f"{KEY}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    workspace.expect("config", "show").shows("fal key: set in ", "1111…89").hides(KEY)


def test_what_is_no_key_is_not_repeated(workspace: Workspace) -> None:
    workspace.expect("config", "set-key", stdin="sesame-open\n", exit_code=2).hides("sesame").shows("`id:secret`")
    workspace.expect("config", "set-key", stdin="", exit_code=2).shows("no key given")


def test_a_key_on_the_command_line_is_neither_kept_nor_shown(workspace: Workspace) -> None:
    screen = workspace.expect("config", "set-key", KEY, stdin=f"{KEY}\n", exit_code=2)
    screen.hides(KEY, KEY.partition(":")[2]).shows("can't be given on the command line")
    workspace.expect("config", "show").shows("fal key: not set")


def test_a_key_typed_on_a_terminal_is_not_echoed(workspace: Workspace) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nano_banana", "config", "set-key"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=workspace.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.close(theirs)
    shown = b""
    typed = False
    while True:
        try:
            shown += os.read(ours, 1000)
        except OSError:
            break
        if not typed and b"shown)" in shown:
            os.write(ours, f"{KEY}\n".encode())
            typed = True
    os.close(ours)
    assert process.wait(10) == 0, shown
    assert b"1111" in shown
    assert KEY.encode() not in shown
    assert KEY.split(":")[1].encode() not in shown


def test_path(workspace: Workspace) -> None:
    workspace.write("nano-banana.toml", "")
    workspace.expect("config", "path", golden="cli/config-path")
    found = workspace.json("config", "path")
    assert found["project"] == {"path": str(workspace.path("nano-banana.toml")), "exists": True}


def test_the_project_is_found_from_below(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace.write("nano-banana.toml", 'provider = "fal"\n')
    workspace.write("deep/below/note.txt", "")
    monkeypatch.chdir(workspace.path("deep/below"))
    workspace.expect("config", "show").shows("project config: ", "fal ")
