"""The key: found in three places, shown in none."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from nano_banana.model.problem import Invalid, Unusable
from nano_banana.settings.fal_key import FalKey, find_key, keep_key, key_file

SECRET = "11111111-2222-3333-4444-555555555555:abcdef0123456789abcdef0123456789"


def test_found_in_the_environment_first(tmp_path: Path) -> None:
    keep_key(SECRET, tmp_path)
    environ = {"FAL_KEY": " a:b ", "FAL_KEY_ID": "c", "FAL_KEY_SECRET": "d"}
    found = [find_key(each, tmp_path) for each in (environ, {**environ, "FAL_KEY": " "}, {"FAL_KEY_ID": "c"})]
    assert [(key.reveal(), key.where) for key in found if key] == [
        ("a:b", "FAL_KEY"),
        ("c:d", "FAL_KEY_ID, FAL_KEY_SECRET"),
        (SECRET, str(tmp_path / "fal-key")),
    ]


@pytest.mark.parametrize("quoted", ['"id:secret"', "'id:secret'", ' " id:secret " '])
def test_quotes_around_a_key_are_no_part_of_it(tmp_path: Path, quoted: str) -> None:
    for environ in ({"FAL_KEY": quoted}, {"FAL_KEY_ID": '"id"', "FAL_KEY_SECRET": "'secret'"}):
        key = find_key(environ, tmp_path)
        assert key is not None
        assert key.reveal() == "id:secret"
    keep_key(quoted.replace("id:secret", "idno:secret-0123"), tmp_path)
    kept = find_key({}, tmp_path)
    assert kept is not None
    assert kept.reveal() == "idno:secret-0123"


def test_not_found(tmp_path: Path) -> None:
    assert find_key({}, tmp_path) is None
    key_file(tmp_path).write_text("\n")
    assert find_key({}, tmp_path) is None


def test_found_where_the_platform_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keep_key(SECRET).is_relative_to(tmp_path)
    assert find_key({}) is not None


def test_a_file_that_holds_no_text(tmp_path: Path) -> None:
    key_file(tmp_path).write_bytes(b"\xff")
    with pytest.raises(Unusable):
        find_key({}, tmp_path)


def test_kept_for_the_owner_alone(tmp_path: Path) -> None:
    file = keep_key(f"  {SECRET}\n", tmp_path / "new")
    assert file.read_text() == f"{SECRET}\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    file.chmod(0o644)
    keep_key(SECRET, tmp_path / "new")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    file = keep_key(SECRET, tmp_path)
    file.chmod(0o644)
    assert find_key({}, tmp_path) is not None
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "no-colon-in-it", "a:b", "id:se cret-secret", "idid:sécretsecret", "idid:a:bcdefghij"]
)
def test_what_is_no_key_is_not_kept(tmp_path: Path, text: str) -> None:
    with pytest.raises(Invalid) as caught:
        keep_key(text, tmp_path)
    assert caught.value.problems[0].data == {}
    assert not key_file(tmp_path).exists()


def test_no_way_of_printing_shows_it() -> None:
    key = FalKey(SECRET, "FAL_KEY")
    shown = [str(key), repr(key), f"{key}", f"{key!r:>5}", "%s" % key, repr([key]), repr({"key": key})]  # noqa: UP031 - one way more
    assert not [text for text in shown if SECRET[4:-2] in text or SECRET.split(":")[1] in text]
    assert key.masked == "1111…89"
    assert FalKey("short:secret", "x").masked == "…"
    with pytest.raises(TypeError):
        pickle.dumps(key)


@pytest.mark.parametrize("secret", ["id:schlüssel", "id:two words", "id:tab\there"])
def test_a_key_that_no_header_can_hold_is_malformed(secret: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        find_key({"FAL_KEY": secret}, tmp_path)
    assert [problem.kind for problem in caught.value.problems] == ["key_malformed"]
    assert secret not in str(caught.value)
