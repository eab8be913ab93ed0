"""A command whose process is killed just before it changes a file. Light: each process that is killed imports it."""

import os
import signal
import sys

CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir")
"""Events of Python's audit, beside files that are opened to be written."""


def killed_before_change(number: int, folder: str, per_part: int, arguments: list[str]) -> None:
    """Run a command that is killed (SIGKILL) before it changes what is in a folder for the so-many-th time.

    Args:
        number: From 1 on; a command that changes less often ends by itself.
        folder: Its path.
        per_part: Images per part of a job.
        arguments: Of the command line.
    """
    import foveal.jobs.run as jobs
    from foveal.cli.app import run

    jobs.IMAGES_PER_PART = per_part
    seen = 0

    def watch(event: str, details: tuple[object, ...]) -> None:
        nonlocal seen
        written = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
        below = event in ("os.remove", "os.rmdir") and details[-1] != -1  # as ``rmtree`` names files
        if below or ((written or event in CHANGES) and folder in str(details[0])):
            seen += 1
            if seen == number:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)
    sys.exit(run(arguments))


def in_parts_of(
    per_part: int, arguments: list[str], environment: dict[str, str] | None = None, folder: str = ""
) -> None:
    """Run a command with smaller parts; with a folder, its screen goes to the file ``told`` there."""
    import foveal.jobs.run as jobs
    from foveal.cli.app import run

    jobs.IMAGES_PER_PART = per_part
    os.environ.update(environment or {}, COLUMNS="160", NO_COLOR="1")
    if folder:
        told = os.open(f"{folder}/told", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(told, number)
    sys.exit(run(arguments))
