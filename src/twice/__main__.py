"""``python -m twice``: the command line."""

from twice.cli.main import main

if __name__ == "__main__":
    main()
