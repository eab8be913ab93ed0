"""``foveal``, and ``python -m foveal``: imports nothing before Ctrl-C is handled."""

import sys


def main() -> None:
    """Run the command line, and leave with its exit code."""
    try:
        from foveal.process import call
    except KeyboardInterrupt:
        sys.stderr.write("error: Interrupted.\n  hint: Give the command again to start over.\n")
        sys.exit(130)
    call(_run)


def _run() -> int:
    from foveal.cli.app import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    main()
