"""`packs`: show, test, create and add template packs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nano_banana.cli.app import SuggestingGroup
from nano_banana.cli.error_exit import problem_json
from nano_banana.cli.options import FILE, FOLDER, add_options, pass_screen
from nano_banana.cli.project_loading import settings_for
from nano_banana.cli.screen import Screen
from nano_banana.model.json_values import as_object
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, problem

if TYPE_CHECKING:
    from nano_banana.features.packs.pack_install import IncomingPack
    from nano_banana.features.packs.pack_library import PackLibrary

SECTION = ("Manage", 3)

EPILOG = """\b
Examples:
  nano-banana packs list
  nano-banana packs show cinema/noir-detective
  nano-banana packs add ~/Downloads/travel-1.2.0.zip
  nano-banana packs test
"""

TEST_FAILED = 1
"""Exit code of `test` if a test fails."""


@click.group(name="packs", cls=SuggestingGroup, epilog=EPILOG, invoke_without_command=True)
@add_options("--json")
@click.pass_context
def command(context: click.Context) -> None:
    """Show, test, create and add template packs.

    A pack is a folder of prompt templates with variables. Built-in packs are ready to use; a project's own packs are in
    `packs/`. In a recipe: `templates: {noir: {pack: cinema/noir-detective}}`.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command(name="list", epilog="\b\nExample:\n  nano-banana packs list\n")
@add_options("--json")
@pass_screen
def list_(screen: Screen) -> None:
    """List all packs."""
    from nano_banana.cli.pack_views import say_packs
    from nano_banana.features.packs.pack_testing import found_pack_json

    found = _pack_library().all()
    if screen.machine:
        screen.json({"packs": [found_pack_json(each) for each in found]})
    else:
        say_packs(screen, found)


@command.command(
    epilog="\b\nExamples:\n  nano-banana packs show cinema\n  nano-banana packs show cinema/noir-detective\n"
)
@click.argument("what", metavar="PACK[/TEMPLATE]")
@add_options("--json")
@pass_screen
def show(screen: Screen, what: str) -> None:
    """Show a pack's templates, or a template's variables and how to use it."""
    from nano_banana.cli.pack_views import say_pack, say_template
    from nano_banana.features.packs.pack_testing import pack_json, pack_template_json

    library = _pack_library()
    if "/" in what and not Path(what, "pack.yaml").is_file():
        pack, template = library.template(what)
        if screen.machine:
            screen.json(
                {"pack": pack.name, "version": pack.version, "name": template.name, **pack_template_json(template)}
            )
        else:
            say_template(screen, pack, template)
        return
    pack = library.get(what)
    if screen.machine:
        screen.json(pack_json(pack))
    else:
        say_pack(screen, pack)


@command.command(
    epilog="\b\nExamples:\n  nano-banana packs preview cinema/noir-detective\n"
    "  nano-banana packs preview cinema/noir-detective --photos photos/ana --out noir.png\n"
    "  nano-banana packs preview --html packs.html\n"
)
@click.argument("what", metavar="[PACK/TEMPLATE]", default="")
@click.option("--out", type=FILE, help="Copy the preview (or the generated picture) to this file.")
@click.option(
    "--photos", "--subject-photos", type=FOLDER, help="Generate the picture from this person's photos, locally."
)
@click.option("--noun", default="person", show_default=True, help="Class word for that person: woman, man, child …")
@click.option("--html", type=FILE, help="Write a page with all previews to this file.")
@add_options("--json")
@pass_screen
def preview(screen: Screen, what: str, *, out: Path | None, photos: Path | None, noun: str, html: Path | None) -> None:
    """Show a template's preview and its prompt for each choice."""
    from nano_banana.cli.pack_views import preview_template, write_gallery

    if html is not None:
        write_gallery(screen, _pack_library(), html)
    if what:
        preview_template(screen, _pack_library(), what, out=out, photos=photos, noun=noun)
    elif html is None:
        raise Invalid([problem("preview_of_nothing")])


@command.command(epilog="\b\nExample:\n  nano-banana packs new travel\n")
@click.argument("name")
@pass_screen
def new(screen: Screen, name: str) -> None:
    """Create a commented starter pack that passes its own test."""
    from nano_banana.cli.pack_views import create_pack

    for path in create_pack(name, project_root(Path.cwd()) / "packs"):
        screen.say(f"wrote {os.path.relpath(path)}")
    screen.say("\nNext:")
    screen.say(f"  nano-banana packs test {name}")


@command.command(
    epilog="\b\nExamples:\n  nano-banana packs add ~/Downloads/travel.zip\n  nano-banana packs add ~/src/packs/travel\n"
)
@click.argument("source", type=click.Path(path_type=Path), metavar="FOLDER|ZIP")
@click.option("--name", default="", help="Name for the pack (default: its own name).")
@click.option("--force", is_flag=True, help="Replace a pack with that name without asking.")
@add_options("--json")
@pass_screen
def add(screen: Screen, source: Path, *, name: str, force: bool) -> None:
    """Add a pack to this project, from a folder, a zip or a git clone.

    The whole pack is checked first: only text and pictures, and every prompt renders.
    """
    from nano_banana.features.packs.pack_install import discard_staged, install_pack, stage_pack

    incoming = stage_pack(source, project_root(Path.cwd()), name=name)
    try:
        same = incoming.replaces is not None and incoming.replaces.digest == incoming.pack.digest
        if not same and not force:
            _confirm_replacing(screen, incoming)
        install_pack(incoming)
    finally:
        discard_staged(incoming)
    pack, before = incoming.pack, incoming.replaces
    if screen.machine:
        screen.json(
            {
                "name": pack.name,
                "version": pack.version,
                "digest": pack.digest,
                "folder": str(incoming.target),
                "replaced": None if before is None else before.version,
                "commit": incoming.commit or None,
            }
        )
        return
    at = f" at commit {incoming.commit[:12]}" if incoming.commit else ""
    over = f", replacing {before.version}" if before is not None and not same else ""
    screen.say(f"added {pack.name} {pack.version}{at} in {os.path.relpath(incoming.target)}{over}")
    screen.say(f"see `nano-banana packs show {pack.name}`")


@command.command(epilog="\b\nExamples:\n  nano-banana packs test\n  nano-banana packs test travel --run\n")
@click.argument("packs", nargs=-1, metavar="[PACK]...")
@click.option("--run", is_flag=True, help="Also generate and judge a picture per template, locally.")
@click.option("--photos", type=FOLDER, help="Photos of the person to use (default: a sample astronaut).")
@click.option("--noun", default="person", show_default=True, help="Class word for the person in --photos: woman, man …")
@add_options("--json")
@pass_screen
def test(screen: Screen, *, packs: tuple[str, ...], run: bool, photos: Path | None, noun: str) -> int:
    """Render every prompt with every choice, and plan a picture for each crop.

    Costs nothing. Exits with 1 if a test fails.
    """
    from nano_banana.cli.pack_views import say_tested
    from nano_banana.cli.progress import progress
    from nano_banana.cli.run_reports import exit_code
    from nano_banana.features.packs.pack_testing import (
        TrialSubject,
        check_pack,
        draw_packs,
        example_subject,
        tested_pack_json,
    )

    library, settings, root = _pack_library(), settings_for(screen), project_root(Path.cwd())
    found = [library.find(name) for name in packs] or library.all()
    tested, code = [check_pack(each, root, settings, os.environ) for each in found], 0
    if run:
        sitter = example_subject() if photos is None else TrialSubject(photos=photos, noun=noun)
        with progress(screen) as on_event:
            tested, outcome = draw_packs(tested, sitter, root, settings, os.environ, on_event)
        code = 0 if outcome is None else exit_code(outcome)
    if screen.machine:
        told = [tested_pack_json(each, lambda problem: as_object(problem_json(problem))) for each in tested]
        screen.json({"packs": told, "good": all(each.is_ok for each in tested)})
    else:
        say_tested(screen, tested)
    return code if all(each.is_ok for each in tested) else TEST_FAILED


def _pack_library() -> PackLibrary:
    from nano_banana.features.packs.pack_library import PackLibrary

    return PackLibrary(project_root(Path.cwd()))


def _confirm_replacing(screen: Screen, incoming: IncomingPack) -> None:
    """Ask before a pack is replaced. Raises Invalid (`pack_would_replace`) for a no, or without a terminal."""
    if not incoming.is_blocked:
        return
    before = "something" if incoming.replaces is None else f"version {incoming.replaces.version}"
    asked = f"{incoming.pack.name}: {before} already exists. Replace it with version {incoming.pack.version}?"
    if sys.stdin.isatty() and screen.confirm(asked):
        return
    folder, version = str(incoming.target), incoming.pack.version
    raise Invalid([problem("pack_would_replace", folder=folder, before=before, version=version)])
