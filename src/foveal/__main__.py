"""``foveal``, and ``python -m foveal``: imports nothing before Ctrl-C is handled."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from foveal.cli.app import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("error: Interrupted.\n  hint: Give the command again to start over.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
