"""A project folder that a test tells a story in: write, run, look, run again."""

from __future__ import annotations

import io
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from textwrap import dedent
from typing import Self

import pytest

from nano_banana.model.json_values import JSONObject
from tests.photos import SIZE, photo
from tests.screen import Screen

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
FOREIGN = ("FAL_", "NANO_BANANA_", "XDG_", "COLUMNS", "FORCE_COLOR", "CLICOLOR", "LC_", "LANG", "TZ")
PROGRAM = "nano-banana"


class Workspace:
    """One folder, one home. Commands run in this process (`run`) or in one of their own (`spawn`)."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, update_golden: bool = False) -> None:
        self.root = folder / "project"
        self.home = folder / "home"
        self.root.mkdir()
        self.home.mkdir()
        self._monkeypatch = monkeypatch
        self._update_golden = update_golden
        for name in [name for name in os.environ if name.startswith(FOREIGN)]:
            monkeypatch.delenv(name)
        self.env(
            HOME=str(self.home),
            XDG_CONFIG_HOME=str(self.home / "config"),
            XDG_CACHE_HOME=str(self.home / "cache"),
            XDG_DATA_HOME=str(self.home / "data"),
            XDG_STATE_HOME=str(self.home / "state"),
            COLUMNS="100",
            LINES="40",
            NO_COLOR="1",
            TERM="dumb",
            LC_ALL="C.UTF-8",
            TZ="UTC",
        )

    # --- before: what lies in the folder ---

    def env(self, **values: str) -> Self:
        """Set variables of the environment, for commands of either kind."""
        for name, value in values.items():
            self._monkeypatch.setenv(name, value)
        return self

    def path(self, name: str) -> Path:
        """A place in the project's folder."""
        return self.root / name

    def write(self, name: str, content: str | bytes) -> Self:
        """Write a file; text may be indented as the test is, and begin on a line of its own."""
        target = self.path(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else dedent(content).lstrip("\n").encode())
        return self

    def edit(self, name: str, old: str, new: str) -> Self:
        """Put `new` in the place of `old`, which must be there."""
        text = self.path(name).read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        self.path(name).write_text(text.replace(old, new), encoding="utf-8")
        return self

    def photos(self, folder: str, *, count: int = 5, seed: int = 1, size: tuple[int, int] = SIZE) -> Self:
        """Put `count` photos of one (made-up) person into `folder`; `size` in pixels."""
        for number in range(count):
            self.write(f"{folder}/{number + 1:02}.jpg", photo(1000 * seed + number, size=size))
        return self

    def copy(self, source: Path, name: str) -> Self:
        """Put a file from elsewhere (an example of the repository) into the folder."""
        return self.write(name, source.read_bytes())

    # --- commands ---

    def run(self, *argv: str, stdin: str = "") -> Screen:
        """Run the program in this process, as the console script would."""
        from nano_banana.cli.main import main

        out, err = _stream(), _stream()
        with self._monkeypatch.context() as here, redirect_stdout(out), redirect_stderr(err):
            here.chdir(self.root)
            here.setattr(sys, "argv", [PROGRAM, *argv])
            here.setattr(sys, "stdin", _stream(stdin))
            # The program leaves deaf to Ctrl-C, which those whom this process starts would inherit.
            hears = signal.getsignal(signal.SIGINT)
            try:
                with pytest.raises(SystemExit) as end:
                    main()
            finally:
                signal.signal(signal.SIGINT, hears)
        code = end.value.code
        assert isinstance(code, int), code
        return self.screen(argv, code, _written(out), _written(err))

    def json(self, *argv: str, exit_code: int = 0) -> JSONObject:
        """Run with `--json` and give back the object on stdout."""
        screen = self.run(*argv, "--json")
        assert screen.exit_code == exit_code, screen.text
        return screen.json

    def expect(self, *argv: str, golden: str = "", exit_code: int = 0, stdin: str = "") -> Screen:
        """Run, insist on the exit code, and compare the whole screen with `tests/golden/<golden>.txt`."""
        screen = self.run(*argv, stdin=stdin)
        assert screen.exit_code == exit_code, screen.golden
        if golden:
            self.matches(golden, screen.golden)
        return screen

    def matches(self, golden: str, text: str) -> None:
        """Compare `text` with a golden file; `--update-golden` writes the file instead."""
        file = GOLDEN / f"{golden}.txt"
        if self._update_golden:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        assert file.is_file(), f"no {file.name} yet: pytest --update-golden, then read it\n{text}"
        assert text == file.read_text(encoding="utf-8")

    def spawn(self, *argv: str) -> Spawned:
        """Start the program in a process of its own (and of its own group), for kill -9 and for company."""
        process = subprocess.Popen(
            [sys.executable, "-m", "nano_banana", *argv],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        return Spawned(self, argv, process)

    # --- after: what there is now ---

    def files(self, pattern: str = "out/**/*") -> list[str]:
        """The files that match a glob, as paths from the project's folder, sorted."""
        found = (path for path in self.root.glob(pattern) if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found)

    def read(self, name: str) -> str:
        """A file's text."""
        return self.path(name).read_text(encoding="utf-8")

    def screen(self, argv: tuple[str, ...], code: int, out: str, err: str) -> Screen:
        """What a command showed, with this workspace's places known."""
        places = ((str(self.root), "$PROJECT"), (str(self.home), "$HOME"))
        return Screen(command=shlex.join([PROGRAM, *argv]), exit_code=code, stdout=out, stderr=err, places=places)


class Spawned:
    """A running command of a workspace."""

    def __init__(self, workspace: Workspace, argv: tuple[str, ...], process: subprocess.Popen[str]) -> None:
        self.process = process
        self._workspace = workspace
        self._argv = argv

    def signal(self, number: int) -> Self:
        """Send a signal to the command and to every process that it started."""
        with suppress(ProcessLookupError):  # where it was quicker than we
            os.killpg(self.process.pid, number)
        return self

    def wait(self, *, seconds: float = 60) -> Screen:
        """Wait for the end; a death by signal N is the exit code -N."""
        out, err = self.process.communicate(timeout=seconds)
        return self._workspace.screen(self._argv, self.process.returncode, out, err)


def _stream(text: str = "") -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", write_through=True)


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def unwatched(environ: Mapping[str, str]) -> dict[str, str]:
    """Without what makes coverage watch other processes: it can't save when a signal ends them, and says so."""
    return {name: value for name, value in environ.items() if not name.startswith(("COVERAGE", "COV_"))}
