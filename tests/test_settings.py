"""Settings: five sources, one winner, and a place for what is wrong."""

from __future__ import annotations

import math
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nano_banana.cli.diagnostics import describe
from nano_banana.model.known_folders import project_root
from nano_banana.model.problem import Invalid, NanoBananaError, Position, Unusable
from nano_banana.settings.config_file import edit_config, position_of_key, read_config, write_atomically
from nano_banana.settings.configuration import (
    SPECS,
    Settings,
    SettingSource,
    check_setting,
    load_settings,
    user_config_folder,
)


def loaded(
    folder: Path, *, user: str = "", project: str = "", environ: dict[str, str] | None = None, **given: str | None
) -> Settings:
    (folder / "user").mkdir(exist_ok=True)
    (folder / "user" / "config.toml").write_text(user)
    (folder / "nano-banana.toml").write_text(project)
    return load_settings(root=folder, environ=environ or {}, overrides=given, user_dir=folder / "user")


def test_every_setting_says_what_it_is() -> None:
    assert list(SPECS) == [
        "provider",
        "store",
        "store_group",
        "out",
        "parallel_train",
        "parallel_image",
        "parallel_compute",
        "ask_above_usd",
        "allow_env",
        "fal_url",
        "c2pa_certificate",
        "c2pa_key",
        "color",
    ]
    assert all(spec.about and spec.variable == f"NANO_BANANA_{name.upper()}" for name, spec in SPECS.items())


def test_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path)
    assert settings.provider == "local"
    assert settings.store == tmp_path / ".nano-banana"
    assert settings.out == tmp_path / "out"
    assert settings.c2pa_key == tmp_path / "user" / "c2pa-key.pem"
    assert settings.ask_above_usd == 10.0
    assert settings.parallel_compute == os.cpu_count()
    assert {settings.origin(name).source for name in SPECS} == {SettingSource.DEFAULT}


def test_the_nearer_source_wins_and_is_named(tmp_path: Path) -> None:
    user, project = "parallel_image = 5", "parallel_image = 6"
    environ = {"NANO_BANANA_PARALLEL_IMAGE": "7"}
    found = [
        loaded(tmp_path, user=user),
        loaded(tmp_path, user=user, project=project),
        loaded(tmp_path, user=user, project=project, environ=environ),
        loaded(tmp_path, user=user, project=project, environ=environ, parallel_image="8"),
    ]
    assert [(each.value("parallel_image"), each.origin("parallel_image").source) for each in found] == [
        (5, SettingSource.USER),
        (6, SettingSource.PROJECT),
        (7, SettingSource.ENVIRONMENT),
        (8, SettingSource.COMMAND_LINE),
    ]
    assert [each.origin("parallel_image").name for each in found] == [
        str(tmp_path / "user" / "config.toml"),
        str(tmp_path / "nano-banana.toml"),
        "NANO_BANANA_PARALLEL_IMAGE",
        "--parallel-image",
    ]


def test_what_is_not_given_is_not_there(tmp_path: Path) -> None:
    settings = loaded(tmp_path, environ={"NANO_BANANA_COLOR": "", "NANO_BANANA_DEBUG": "1"}, color=None)
    assert settings.origin("color").source is SettingSource.DEFAULT


def test_relative_paths_count_from_who_says_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert loaded(tmp_path, project='store = "kept"').store == tmp_path / "kept"
    assert loaded(tmp_path, environ={"NANO_BANANA_STORE": "kept"}).store == elsewhere / "kept"
    assert loaded(tmp_path, store="kept").store == elsewhere / "kept"
    assert loaded(tmp_path, user='store = "~/kept"').store == tmp_path / "home" / "kept"
    settings = load_settings(root=None, environ={}, overrides={}, user_dir=tmp_path / "none")
    assert settings.store == elsewhere / ".nano-banana"


def test_the_users_folder_is_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    user_config_folder().mkdir(parents=True)
    (user_config_folder() / "config.toml").write_text('color = "never"')
    assert user_config_folder().is_relative_to(tmp_path)
    assert load_settings(root=None, environ={}, overrides={}).color == "never"


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    project = '# ours\nprovder = "fal"\ncolor = "nevr"\n\n[cloud]\nbucket = "b"\n'
    environ = {"NANO_BANANA_ASK_ABOVE_USD": "-1"}
    with pytest.raises(Invalid) as caught:
        loaded(tmp_path, user="parallel_train = true", project=project, environ=environ, out=" ")
    file = str(tmp_path / "nano-banana.toml")
    found = [(problem.kind, problem.position, problem.suggestions) for problem in caught.value.problems]
    assert found == [
        ("setting_not_an_amount", None, ()),
        ("setting_not_text", None, ()),
        ("setting_unknown", Position(file=file, line=2, column=1, length=7), ("provider",)),
        ("setting_not_a_choice", Position(file=file, line=3, column=1, length=5), ("never",)),
        ("setting_unknown", Position(file=file, line=5, column=2, length=5), ("color",)),
        ("setting_not_a_count", Position(file=str(tmp_path / "user" / "config.toml"), line=1, column=1, length=14), ()),
    ]


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("parallel_train", 3, 3),
        ("parallel_train", " 3 ", 3),
        ("ask_above_usd", 3, 3.0),
        ("ask_above_usd", "2.5", 2.5),
        ("ask_above_usd", "inf", math.inf),
        ("color", "never", "never"),
        ("out", "a b", Path("a b")),
        ("fal_url", "", ""),
        ("fal_url", " https://proxy.example/ ", "https://proxy.example"),
        *(
            ("fal_url", given, given)
            for given in ("http://localhost:8080", "HTTPS://127.0.0.1:1", "https://[::1]:8443")
        ),
    ],
)
def test_right_values(name: str, given: object, value: object) -> None:
    assert check_setting(name, given, owner="test") == value


@pytest.mark.parametrize(
    ("name", "given", "kind"),
    [
        *(("parallel_train", given, "setting_not_a_count") for given in (0, -1, 1.5, "x", "1.5", True, [1], 10_001)),
        *(("ask_above_usd", given, "setting_not_an_amount") for given in (-1, "nan", "x", True, [1], "")),
        *(("color", given, "setting_not_a_choice") for given in ("Never", "x")),
        *(("fal_url", given, "setting_not_an_address") for given in (1, "localhost", "https://", "https://a b")),
        *(
            ("fal_url", f"https://{given}", "setting_not_an_address")
            for given in ("a/b", "me:pass@host", "host:x", "é")
        ),
        *(("out", given, "setting_not_text") for given in (1, "", " ", "a\0b", "a\nb")),
    ],
)
def test_wrong_values(name: str, given: object, kind: str) -> None:
    problem = check_setting(name, given, owner="test")
    assert getattr(problem, "kind", None) == kind


def test_an_address_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        loaded(tmp_path, environ={"NANO_BANANA_FAL_URL": "https://me:secret@host"})
    what, hint = describe(caught.value.problems[0])
    assert what.startswith("NANO_BANANA_FAL_URL: `fal_url` must be the address of a host")
    assert "secret" not in what + hint


def test_the_project_is_where_its_config_is(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    assert project_root(deep) == deep
    (tmp_path / "nano-banana.toml").touch()
    assert project_root(deep) == tmp_path


# --- one file ---


def test_what_is_no_toml_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    for text, line, column in (("a = 1\nb = \n", 2, 5), ("a = ", 1, 5), ('a = """\n', 2, 1)):
        file.write_text(text)
        with pytest.raises(Invalid) as caught:
            read_config(file)
        (problem,) = caught.value.problems
        assert (problem.kind, problem.position and problem.position.line) == ("config_not_toml", line)
        assert str(problem.data["why"])[:1].islower()
        assert column


def test_what_cannot_be_read(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none.toml") == {}
    (tmp_path / "latin.toml").write_bytes(b"\xe9")
    with pytest.raises(Invalid):
        read_config(tmp_path / "latin.toml")
    with pytest.raises(Unusable):
        read_config(tmp_path)


def test_a_change_leaves_other_lines_alone(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "a.toml"
    assert edit_config(file, "provider", "fal")
    assert not edit_config(file, "provider", "fal")
    file.write_text('# mine\nprovider = "fal"  # fast\n\n[other]\nprovider = 1\n')
    assert edit_config(file, "out", 'a "b" é')
    assert edit_config(file, "provider", None)
    assert edit_config(file, "parallel_train", 3)
    assert not edit_config(file, "color", None)
    assert file.read_text("utf-8") == '# mine\n\nout = "a \\"b\\" é"\nparallel_train = 3\n[other]\nprovider = 1\n'
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_value_of_many_lines_is_not_changed(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('out = """\na"""\n')
    with pytest.raises(Invalid) as caught:
        edit_config(file, "out", "b")
    assert caught.value.problems[0].kind == "config_not_editable"
    assert file.read_text() == 'out = """\na"""\n'


def test_a_name_that_is_written_some_other_way_has_a_place_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "a.toml"
    file.write_text('"co\\u006cor" = 1\n')
    assert position_of_key(file, "color") == Position(file=str(file), line=1, column=1)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NanoBananaError) as caught:
        edit_config(tmp_path / "file" / "a.toml", "color", "never")
    assert caught.value.problems[0].kind in {"config_unreadable", "config_unwritable"}


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "a.toml").mkdir(parents=True)
    with pytest.raises(Unusable):
        write_atomically(folder / "a.toml", b"", mode=0o600)
    assert [path.name for path in folder.iterdir()] == ["a.toml"]


@given(text=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_what_is_written_is_read(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("config") / "a.toml"
    edit_config(file, "out", text)
    assert read_config(file) == {"out": text}


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("https://127.0.0.1:8700", ".nano-banana/rehearsal"),
        ("https://proxy.test", ".nano-banana"),
        ("", ".nano-banana"),
    ],
)
def test_what_a_stand_in_answers_has_a_store_of_its_own(tmp_path: Path, address: str, folder: str) -> None:
    environ = {"NANO_BANANA_FAL_URL": address}
    settings = load_settings(root=tmp_path, environ=environ, overrides={}, user_dir=tmp_path)
    assert settings.store == tmp_path / folder
    given = load_settings(
        root=tmp_path, environ=environ, overrides={"store": str(tmp_path / "mine")}, user_dir=tmp_path
    )
    assert given.store == tmp_path / "mine"


def test_settings_go_to_other_processes() -> None:
    settings = load_settings(root=None, environ={}, overrides={})
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 - our own
