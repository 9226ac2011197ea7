"""A desk with files, small photos of nobody, and adapters made of painted figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from nano_banana.catalog.arguments import result_size
from nano_banana.catalog.catalog import Catalog
from nano_banana.faces.networks import weights_file
from nano_banana.formats.photo_export import reproducible_zip
from nano_banana.formats.weight_files import FOLDER_VARIABLE
from nano_banana.model.json_values import JSONObject
from nano_banana.providers.local.local_job import LocalJob
from nano_banana.providers.local.local_provider import perform_local
from nano_banana.providers.local.local_training import LocalAdapter, adapter_bytes
from nano_banana.providers.local.strangers import HEIGHT, WIDTH, draw_stranger
from nano_banana.providers.workers import WorkResult
from tests.photos import photo

Ask = Callable[[str, JSONObject, Mapping[str, bytes]], WorkResult]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Do a call of a catalogued endpoint in this process."""
    catalog = Catalog.load()

    def run(name: str, arguments: JSONObject, inputs: Mapping[str, bytes]) -> WorkResult:
        endpoint = catalog.get(name)
        assert endpoint is not None
        paths = {}
        for at, (place, data) in enumerate(inputs.items()):
            paths[place] = tmp_path / f"input-{at}"
            paths[place].write_bytes(data)
        job = LocalJob(
            endpoint=name,
            does=str(endpoint.does),
            roles=endpoint.roles.named(),
            makes=endpoint.makes,
            arguments=arguments,
            inputs=paths,
            size=result_size(endpoint, arguments),
            key="a key",
        )
        return perform_local(job)

    return run


@pytest.fixture(scope="session")
def adapter() -> bytes:
    """An adapter of two painted figures, as training would have made of photos with a clean edge."""
    return adapter_bytes(
        LocalAdapter(cutouts=[draw_stranger(1, None), draw_stranger(2, (0.8, 0.3, 0.1))], trigger="anqz7"), {}
    )


@pytest.fixture(scope="session")
def style_adapter() -> bytes:
    """A style adapter that is all blue."""
    figure = replace(draw_stranger(3, None), pixels=np.full((HEIGHT, WIDTH, 3), (0.1, 0.2, 0.9), np.float32))
    return adapter_bytes(LocalAdapter(cutouts=[figure], style=True), {})


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No weights here."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "none"))


@pytest.fixture
def weights() -> None:
    """Skip where `nano-banana setup` was not run."""
    if weights_file("selfie_segmenter.tflite") is None:
        pytest.skip("the weights of the local provider are not here")


@pytest.fixture(scope="session")
def archive() -> bytes:
    """A zip of three photos."""
    return reproducible_zip([(f"{seed}.jpg", photo(seed)) for seed in range(3)])
