"""The command line. Each command is a function of its own module, imported only when it is called."""

import sys
from typing import Any

from cyclopts import App

from foveal.errors import FovealError
from foveal.version import __version__

HELP = (
    "Train, judge, explain and ship image recognisers.\n\n"
    "`foveal train PICTURES/` trains on a folder of pictures; `foveal demo` shows the whole way on digits."
)

# Plain text: the Markdown renderer alone would take a fifth of the time that help takes.
app = App(
    name="foveal",
    version=__version__,
    help=HELP,
    version_flags=["--version"],
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)
app.command("foveal.cli.train:train", name="train", help="Train a model on a folder of pictures or another data set.")
app.command("foveal.cli.evaluate:evaluate", name="evaluate", help="Judge a model on pictures with known answers.")
app.command("foveal.cli.predict:predict", name="predict", help="Say what is in pictures.")
app.command("foveal.cli.export:export", name="export", help="Write a model as one ONNX file that agrees with it.")
app.command("foveal.cli.data:app", name="data", help="Look at, check, preview and convert a data set.")
app.command("foveal.cli.models:models", name="models", help="List networks to start from.")
app.command("foveal.cli.demo:demo", name="demo", help="The whole way, on handwritten digits that come with Foveal.")


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code.

    0 done, 1 judged and found wanting, 2 the user's mistake, 130 interrupted.
    """
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command.

    Returns:
        The exit code.
    """
    try:
        result: Any = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except FovealError as error:
        say_error(error.what, error.hint)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        say_error("Interrupted.", str(interrupt) or "Give the command again to start over.")
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "cyclopts":
            raise
        say_error(in_one_line(error), "`foveal COMMAND --help` lists the options.")
        return 2
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def in_one_line(error: Exception) -> str:
    """What is wrong with the arguments; of a value that a setting refuses, without pydantic's layout."""
    details = getattr(error.__cause__, "errors", None)
    if details is None:
        return " ".join(str(error).split())
    first = details()[0]
    option = ".".join(map(str, first["loc"])).replace("_", "-")
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"--{option} {first['input']} is not allowed: {message}."


def say_error(what: str, hint: str) -> None:
    """One line of what, one of what to do, on standard error."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), what))
    if hint:
        console.print(Text.assemble(("  hint: ", "bold"), hint))
