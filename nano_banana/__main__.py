"""The door for `python -m nano_banana`."""

from nano_banana.cli.main import main

if __name__ == "__main__":
    main()
