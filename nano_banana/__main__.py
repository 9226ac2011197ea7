"""The program's entry point, also for `python -m nano_banana`."""

from __future__ import annotations

import os

try:
    import signal
except KeyboardInterrupt:
    os._exit(130)


def main() -> None:
    """Run the command line, and leave with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # While modules load there is nothing to tidy up, and a trace would be all that Ctrl-C says.
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    from nano_banana.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
