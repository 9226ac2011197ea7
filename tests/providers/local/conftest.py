"""A desk with files, small photos of nobody, and adapters made of painted figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nano_banana.catalog.catalog import Catalog
from nano_banana.catalog.size import pixels
from nano_banana.core.json import JSONObject
from nano_banana.core.weights import FOLDER_VARIABLE
from nano_banana.faces.weights import weight
from nano_banana.imaging.archive import fixed_zip
from nano_banana.providers.local.adapter import Adapter, to_bytes
from nano_banana.providers.local.job import Job, Result
from nano_banana.providers.local.mannequin import HEIGHT, WIDTH, mannequin
from nano_banana.providers.local.perform import perform
from tests.photos import photo

Ask = Callable[[str, JSONObject, Mapping[str, bytes]], Result]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Do a call of a catalogued endpoint in this process."""
    catalog = Catalog.load()

    def run(name: str, arguments: JSONObject, inputs: Mapping[str, bytes]) -> Result:
        endpoint = catalog.get(name)
        assert endpoint is not None
        paths = {}
        for at, (place, data) in enumerate(inputs.items()):
            paths[place] = tmp_path / f"input-{at}"
            paths[place].write_bytes(data)
        job = Job(
            endpoint=name,
            does=str(endpoint.does),
            roles=endpoint.roles.named(),
            makes=endpoint.makes,
            arguments=arguments,
            inputs=paths,
            size=pixels(endpoint, arguments),
            key="a key",
        )
        return perform(job)

    return run


@pytest.fixture(scope="session")
def adapter() -> bytes:
    """An adapter of two painted figures, as training would have made of photos with a clean edge."""
    return to_bytes(Adapter(cutouts=[mannequin(1, None), mannequin(2, (0.8, 0.3, 0.1))], trigger="anqz7"), {})


@pytest.fixture(scope="session")
def style_adapter() -> bytes:
    """A style adapter that is all blue."""
    figure = replace(mannequin(3, None), pixels=np.full((HEIGHT, WIDTH, 3), (0.1, 0.2, 0.9), np.float32))
    return to_bytes(Adapter(cutouts=[figure], style=True), {})


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No weights here."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))


@pytest.fixture
def weights() -> None:
    """Skip where `nano-banana setup` was not run."""
    if weight("selfie_segmenter.tflite") is None:
        pytest.skip("the weights of the local provider are not here")


@pytest.fixture(scope="session")
def archive() -> bytes:
    """A zip of three photos."""
    return fixed_zip([(f"{seed}.jpg", photo(seed)) for seed in range(3)])
