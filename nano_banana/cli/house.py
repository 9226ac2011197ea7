"""The settings of the house, as a command finds them from where it stands."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from nano_banana.cli.options import overrides as given
from nano_banana.cli.screen import Screen
from nano_banana.core.modes import is_shared, share_files
from nano_banana.core.problem import Problem
from nano_banana.core.root import project_root
from nano_banana.settings import PROJECT_FILE, Settings, load_settings, settings_fingerprint, user_folder
from nano_banana.trust import keep_trust


def settings_for(
    screen: Screen,
    *,
    start: Path | None = None,
    overrides: Mapping[str, str | None] | None = None,
    trust: bool = False,
) -> Settings:
    """Load the settings of the project around `start` (None: the working folder), and colour as they say.

    Settings of a project that the user has not trusted are ignored with a warning, or trusted from now on with
    `trust`. Raises Invalid and Unusable, as `load_settings` does.
    """
    root = project_root(start or Path.cwd())
    settings = load_settings(root=root, environ=os.environ, overrides=overrides or {}, trust=trust)
    screen.set_color(settings.color)
    share_files(shared=is_shared(settings.store, settings.store_group))
    names = ", ".join(f"`{name}`" for name in sorted(settings.guarded))
    if not settings.trusts:
        screen.problems([Problem(kind="settings_ignored", data={"file": PROJECT_FILE, "names": names}, warning=True)])
    elif trust and names:
        about = f"{names} in {root / PROJECT_FILE}"
        keep_trust(settings_fingerprint(root, settings.guarded), about, user_folder())
    return settings


def store_folder(screen: Screen, store: Path | None) -> Path | None:
    """The store's folder (`store`, if said); where there is none yet that is said, and none is made."""
    folder = settings_for(screen, overrides=given(store=store)).store
    if folder.is_dir():
        return folder
    below = sorted(path.parent.as_posix() for path in Path().glob("*/.nano-banana/**/store.sqlite"))
    screen.say(f"no store in {folder} yet; a run makes it" + (f", or say `--store {below[0]}`" if below else ""))
    if screen.machine:
        screen.json({"store": None})
    return None
