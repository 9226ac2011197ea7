"""`python -m benchmarks [NAME …] [--times N] [--quick]`: all of them, or those named."""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
from functools import partial
from pathlib import Path

from benchmarks import faces, fal, noop, overhead, scale, startup, watermarks

BENCHES = {
    "startup": startup.bench,
    "noop": noop.bench,
    "overhead": overhead.bench,
    "scale": scale.bench,
    "fal": fal.bench,
    "faces": faces.bench,
    "watermarks": watermarks.bench,
}


def main() -> None:
    """Run benchmarks in a temporary folder and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(BENCHES)} (default: all)")
    parser.add_argument("--times", type=int, default=5, help="rounds that count (default: 5)")
    parser.add_argument("--quick", action="store_true", help="smaller workloads of `fal`, to see that it works")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHES):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    for name in options.names or BENCHES:
        with tempfile.TemporaryDirectory(prefix="nano-banana-bench-") as folder:
            bench = partial(fal.bench, quick=options.quick) if name == "fal" else BENCHES[name]
            bench(Path(folder), times=options.times)


if __name__ == "__main__":
    main()
