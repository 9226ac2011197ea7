"""Providers of other packages: found by entry point, and clear errors if one can't be used."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pytest

from nano_banana.catalog.provider_registry import (
    BUILT_IN,
    ProviderSpec,
    ResendSafety,
    check_provider,
    find_provider,
    is_signed_in,
    load_code,
    provider_names,
    selectable_provider,
)
from nano_banana.model.problem import Invalid, NanoBananaError
from nano_banana.settings.configuration import Settings


class Install(Protocol):
    """Puts a package with one entry point on the path."""

    def __call__(self, name: str, value: str, code: str = "", *, package: str = "") -> None: ...


IMPORT = "from nano_banana.catalog.provider_registry import ProviderSpec\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, value: str, code: str = "", *, package: str = "") -> None:
        about = tmp_path / f"{package or name}_dist-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package or name}-dist\nVersion: 1\n")
        (about / "entry_points.txt").write_text(f"[nano_banana.providers]\n{name} = {value}\n")
        (tmp_path / f"{value.partition(':')[0]}.py").write_text(code)

    return install


def problem_of(error: pytest.ExceptionInfo[NanoBananaError]) -> tuple[str, str]:
    (problem,) = error.value.problems
    return problem.kind, str(problem.data.get("why", ""))


@pytest.mark.parametrize("spec", BUILT_IN.values(), ids=lambda spec: spec.name)
def test_the_code_that_a_built_in_spec_names_is_there(spec: ProviderSpec) -> None:
    texts = (spec.factory, spec.price, spec.signed_in, spec.check, spec.address, spec.revision)
    assert all(callable(load_code(text)) for text in texts if isinstance(text, str) and text)


def test_compute_can_t_be_chosen() -> None:
    assert {"local", "fal"} <= set(provider_names())
    assert "compute" not in provider_names()
    with pytest.raises(Invalid) as error:
        selectable_provider("compute")
    assert problem_of(error)[0] == "unknown_provider"


def test_a_name_nearly_right_is_suggested() -> None:
    with pytest.raises(Invalid) as error:
        selectable_provider("locla")
    assert error.value.problems[0].suggestions == ("local",)


def test_an_installed_provider_is_found_by_its_name(install: Install) -> None:
    code = f"{IMPORT}SPEC = ProviderSpec(name='acme', about='', factory='acme_code:make', endpoints=('acme/*',))\n"
    install("acme", "acme_code:SPEC", code)
    spec = selectable_provider("acme")
    assert (spec.name, spec.resend) == ("acme", ResendSafety.NONE)
    assert spec.answers("acme/draw")
    assert not spec.answers("fal-ai/flux-lora")
    assert "acme" in provider_names()


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("crash", "1 / 0", "ZeroDivisionError: division by zero"),
        ("absent", "", "AttributeError"),
        ("number", "SPEC = 1", "it is a int, not a ProviderSpec"),
        (
            "alias",
            f"{IMPORT}SPEC = ProviderSpec(name='other', about='', factory='a:b')",
            "its ProviderSpec is named 'other'",
        ),
    ],
)
def test_a_broken_entry_point_is_a_clear_error(install: Install, name: str, code: str, why: str) -> None:
    install(name, f"{name}_code:SPEC", code)
    with pytest.raises(Invalid) as error:
        selectable_provider(name)
    kind, said = problem_of(error)
    assert kind == "provider_broken"
    assert why in said


def test_two_packages_can_t_offer_one_name(install: Install) -> None:
    install("twice", "twice_a:SPEC", package="a")
    install("twice", "twice_b:SPEC", package="b")
    with pytest.raises(Invalid) as error:
        find_provider("twice")
    assert problem_of(error) == ("provider_broken", "two packages offer this name")


def test_credentials_are_the_environment_variables_that_a_spec_names() -> None:
    spec = ProviderSpec(name="acme", about="", factory="a:b", secrets=("ACME_ID", "ACME_KEY"))
    assert is_signed_in(spec, {"ACME_ID": "a", "ACME_KEY": "b"})
    with pytest.raises(NanoBananaError) as error:
        check_provider(spec, Settings(), {"ACME_ID": "a"})
    (problem,) = error.value.problems
    assert (problem.kind, problem.data["variables"]) == ("no_credentials", "ACME_KEY")
