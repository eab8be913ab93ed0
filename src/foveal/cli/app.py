"""The command line. Each command is a function of its own module, imported only when it is called."""

import errno
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from cyclopts import App, Parameter
from cyclopts.exceptions import UnknownCommandError, UnknownOptionError

from foveal.errors import FovealError
from foveal.version import __version__

HELP = (
    "Train, evaluate and deploy image classification, object detection and segmentation models.\n\n"
    "Start with `foveal train IMAGES/` on a folder of images, or `foveal demo` to see an example end to end."
)

TRAIN_HELP = (
    "Train a model on a folder of images or another data set.\n\n"
    "An image folder has one sub-folder per class, or train/ and val/ with one sub-folder per class each. COCO, Pascal "
    "VOC and YOLO data sets are recognised and train an object detector; images with masks train a semantic "
    "segmentation model. Use --task where a data set fits several tasks."
)
EVALUATE_HELP = (
    "Evaluate a model on labelled images.\n\n"
    "The data set is read with the model's classes, whatever their order in the data set. Metrics and predictions are "
    "written to a folder."
)
PREDICT_HELP = "Predict on images."
EXPORT_HELP = (
    "Export a model to ONNX.\n\n"
    "The exported model is compared with the original on real images; if their predictions differ, no file is written "
    "and the exit code is 1."
)
MODELS_HELP = (
    "List the available backbones.\n\n"
    "Shows each backbone's parameters, multiply-accumulate operations (MACs), input size, and where its pretrained "
    "weights come from."
)
DEMO_HELP = "Train, evaluate and predict on 1,797 handwritten digits that come with scikit-learn."

REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOSPC, errno.EIO})
"""Failures of the system that a user can fix; any other OSError may be a bug in Foveal."""


def _default(value: object) -> str | None:
    """A default as it would be typed; None for one that needs no mention: a flag that is off, an empty value."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or None
    return None if value is None or value is False or value == "" else str(value)


# Plain text: the Markdown renderer alone would take a fifth of the time that help takes.
app = App(
    name="foveal",
    version=__version__,
    help=HELP,
    version_flags=["--version"],
    help_format="plaintext",
    default_parameter=Parameter(show_default=_default),
    suppress_keyboard_interrupt=False,
)
app.command("foveal.cli.train:train", name="train", help=TRAIN_HELP, sort_key=1)
app.command("foveal.cli.evaluate:evaluate", name="evaluate", help=EVALUATE_HELP, sort_key=2)
app.command("foveal.cli.predict:predict", name="predict", help=PREDICT_HELP, sort_key=3)
app.command("foveal.cli.export:export", name="export", help=EXPORT_HELP, sort_key=4)
app.command("foveal.cli.data:app", name="data", help="Inspect, check, preview and convert data sets.", sort_key=5)
app.command("foveal.cli.models:models", name="models", help=MODELS_HELP, sort_key=6)
app.command("foveal.cli.demo:demo", name="demo", help=DEMO_HELP, sort_key=7)


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code.

    0 success, 1 a check or an export failed, 2 the user's mistake, 130 interrupted.
    """
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command.

    Returns:
        The exit code.
    """
    try:
        result: Any = app(with_streams(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except FovealError as error:
        say_error(error.what, error.hint)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        say_error("Interrupted.", str(interrupt) or "Give the command again to start over.")
        return 130
    except BrokenPipeError:
        return 0
    except OSError as error:
        if error.errno not in REFUSALS or error.filename is None:
            raise
        say_error(f"{error.filename}: {error.strerror}.", "Check the path and its permissions.")
        return 2
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "cyclopts":
            raise
        say_error(*explain(error))
        return 2
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def with_streams(arguments: Sequence[str]) -> list[str]:
    """Arguments with ``-`` written out: the standard output after an option that names a file, else the input.

    The parser would take it for an option without a name.
    """
    before = ["", *arguments]
    outputs = ("--csv", "--coco")
    return [
        text if text != "-" else "/dev/stdout" if last in outputs else "/dev/stdin"
        for last, text in zip(before, arguments, strict=False)
    ]


def explain(error: Exception) -> tuple[str, str]:
    """What is wrong with the arguments and what to do; errors of pydantic in one line."""
    hint = "`foveal COMMAND --help` lists the options."
    match error:
        case UnknownOptionError():
            given = (error.token.keyword or error.token.value).partition("=")[0]
            known = [name for argument in error.argument_collection if not argument.children for name in argument.names]
            return _unknown(given, known), hint
        case UnknownCommandError(unused_tokens=[str(given), *_]) if given.startswith("-"):
            return _unknown(given, [*app.help_flags, *app.version_flags]), hint
    details = getattr(error.__cause__, "errors", None)
    if details is None:
        return " ".join(str(error).split()), hint
    first = details()[0]
    option = ".".join(part for part in first["loc"] if isinstance(part, str)).replace("_", "-")
    if option != ".".join(map(str, first["loc"])).replace("_", "-"):
        hint = "It takes every value up to the next option: name DATA before it."
    message = first["msg"][:1].lower() + first["msg"][1:]
    return f"--{option} {first['input']} is not allowed: {message}.", hint


def _unknown(option: str, known: Sequence[str]) -> str:
    """An unknown option and the nearest known one, within its section if the section exists."""
    section, dot, _ = option.rpartition(".")
    inside = [name for name in known if dot and name.startswith(section + dot)]
    keys = {name.removeprefix(section + dot): name for name in inside} or {name: name for name in known}
    near = get_close_matches(option.removeprefix(section + dot) if inside else option, keys, n=1)
    return f"Unknown option: {option}." + (f" Did you mean {keys[near[0]]}?" if near else "")


def say_error(what: str, hint: str) -> None:
    """One line of what, one of what to do, on standard error."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), what))
    if hint:
        console.print(Text.assemble(("  hint: ", "bold"), hint))
