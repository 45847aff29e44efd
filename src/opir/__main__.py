"""``python -m opir``: the command line."""

from opir.cli import main

if __name__ == "__main__":
    main()
