"""Opening the store and reading a note costs next to no imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from nano_banana.store.local_store import Store

HEAVY = "asyncio numpy PIL concurrent.futures shutil tempfile random socket subprocess yaml jinja2 rich"
CODE = """
import sys
from pathlib import Path
from nano_banana.store.local_store import Store
with Store.open(Path(sys.argv[1])) as store:
    print(store.notes.read("a"))
print([name for name in sys.argv[2].split() if name in sys.modules])
"""


def test_a_note_is_read_without_anything_slow(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.notes.write("a", "b")
    alone = [sys.executable, "-S", "-c", CODE, str(tmp_path), HEAVY]
    places = {"PYTHONPATH": str(Path(msgspec.__file__).parents[1])}
    done = subprocess.run(alone, cwd=Path(__file__).parents[2], env=places, capture_output=True, text=True, check=True)
    assert done.stdout == "b\n[]\n"
