"""The command line. Each command is a function of its own module, imported only when it is called."""

import errno
import gc
import re
import sys
from collections.abc import Sequence
from typing import Any

from cyclopts import App, Parameter
from cyclopts.exceptions import CycloptsError

from foveal.cli.help import asks_for_help, print_page
from foveal.engine.clock import OWN_PROCESS
from foveal.errors import FovealError, MissingExtraError
from foveal.process import AGAIN, INTERRUPTED, INTERRUPTS, output_closed
from foveal.version import __version__

HELP = (
    "Train, evaluate and deploy image classification, object detection and segmentation models.\n\n"
    "Start with `foveal train IMAGES/` on a folder of images, or `foveal demo` to see an example end to end."
)

TRAIN_HELP = (
    "Train a model on a folder of images or another data set.\n\n"
    "A sub-folder per class; or COCO, VOC, YOLO, masks, a text or a series (.csv)."
)
EVALUATE_HELP = (
    "Evaluate a model on labelled images.\n\n"
    "The data set is read with the model's classes, whatever their order in the data set. Metrics and predictions are "
    "written to a folder."
)
COMPARE_HELP = (
    "Compare two or more models on the same images.\n\n"
    "Differences with paired intervals, an exact test for classifiers, and the smallest difference that could have "
    "been seen. A page shows the images on which they differ."
)
TUNE_HELP = (
    "Search for better settings, and find out whether they are better.\n\n"
    "Trials pause early unless they are among the best. The best is then trained anew beside the default, on other "
    "splits and seeds: if no difference is seen, the default is kept."
)
PREDICT_HELP = "Predict on images or videos."
GENERATE_HELP = "Write on from a beginning, with a model on text."
EXPLAIN_HELP = (
    "Show where the evidence for predictions lies.\n\n"
    "Prints for each class, object or region how much evidence there is and where its peak is; --save draws it. An "
    "image without evidence shows none."
)
EXPORT_HELP = (
    "Export a model to ONNX.\n\n"
    "The exported model is compared with the original on real images; if their predictions differ, no file is written "
    "and the exit code is 1. With --int8, as many layers as --max-drop permits are put on 8-bit integers."
)
PARITY_HELP = (
    "Compare every path of a model on the same images.\n\n"
    "The network, its exported file on ONNX Runtime and, where it is installed, on OpenVINO, and a server: if their "
    "predictions differ by more than rounding, the exit code is 1."
)
MODELS_HELP = "List the available backbones, or show one layer by layer."
SERVE_HELP = (
    "Serve models over HTTP.\n\n"
    "Images of many requests are predicted on in one batch. A page at / tries the models out; /v1/models/NAME/predict "
    "takes images and returns the JSON of `foveal predict`."
)
DEMO_HELP = "Train, evaluate and predict on 1,797 handwritten digits."
SCRATCH_HELP = "Networks by hand: train one, or draw what its layers do."

REFUSALS = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENAMETOOLONG, errno.ELOOP, errno.ENOSPC, errno.EIO})
"""Failures of the system that a user can fix; any other OSError may be a bug in Foveal."""

TRAINING_PACKAGES = frozenset(
    [
        "accelerate",
        "captum",
        "jinja2",
        "matplotlib",
        "onnx",
        "onnxscript",
        "psutil",
        "segmentation_models_pytorch",
        "sklearn",
        "tensorboard",
        "timm",
        "tomli_w",
        "torch",
        "torchvision",
    ]
)
"""What a base install lacks, by the names they are imported by."""


def _default(value: object) -> str | None:
    """A default as it would be typed; None for one that needs no mention: a flag that is off, an empty value."""
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or None
    return None if value is None or value is False or value == "" else str(value)


CLUSTER = re.compile(r"local|auto|ray://\S+|[\w.-]+:\d+")
"""What names a Ray cluster."""
COMMANDS = "foveal.cli.commands"

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
app.command(f"{COMMANDS}.train:train", name="train", help=TRAIN_HELP, sort_key=1)
app.command(f"{COMMANDS}.evaluate:evaluate", name="evaluate", help=EVALUATE_HELP, sort_key=2)
app.command(f"{COMMANDS}.compare:compare", name="compare", help=COMPARE_HELP, sort_key=2)
app.command("foveal.cli.tuning.command:tune", name="tune", help=TUNE_HELP, sort_key=2)
app.command(f"{COMMANDS}.predict:predict", name="predict", help=PREDICT_HELP, sort_key=3)
app.command(f"{COMMANDS}.generate:generate", name="generate", help=GENERATE_HELP, sort_key=3)
app.command(f"{COMMANDS}.explain:explain", name="explain", help=EXPLAIN_HELP, sort_key=4)
app.command(f"{COMMANDS}.export:export", name="export", help=EXPORT_HELP, sort_key=4)
app.command(f"{COMMANDS}.parity:parity", name="parity", help=PARITY_HELP, sort_key=4)
app.command(f"{COMMANDS}.serve:serve", name="serve", help=SERVE_HELP, sort_key=4)
app.command(
    "foveal.cli.commands.data:app", name="data", help="Inspect, check, preview and convert data sets.", sort_key=5
)
app.command(f"{COMMANDS}.models:app", name="models", help=MODELS_HELP, sort_key=6)
app.command(f"{COMMANDS}.demo:demo", name="demo", help=DEMO_HELP, sort_key=7)
app.command(f"{COMMANDS}.scratch:app", name="scratch", help=SCRATCH_HELP, sort_key=12)
app.register_install_completion_command(help="Install completion for this shell (bash, zsh, fish, PowerShell).")


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit code.

    0 success, 1 a check or an export failed, 2 the user's mistake, 130 interrupted.
    """
    OWN_PROCESS.set(True)
    code = run(sys.argv[1:] if arguments is None else arguments)
    gc.freeze()  # nothing is left to collect: leaving would take a second longer with torch loaded
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run a command.

    Returns:
        The exit code.
    """
    try:
        if asks_for_help(arguments):
            print_page(app, arguments)
            return 0
        result: Any = app(with_streams(arguments), exit_on_error=False, print_error=False, result_action="return_value")
    except FovealError as error:
        say_error(error.what, error.hint)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        INTERRUPTS.end()
        say_error("Interrupted.", str(interrupt) or AGAIN)
        return INTERRUPTED
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in TRAINING_PACKAGES:
            raise
        missing = MissingExtraError(f"run `foveal {arguments[0]}`", package)
        say_error(missing.what, missing.hint)
        return missing.exit_code
    except (BrokenPipeError, SystemExit) as error:
        if not output_closed(error):
            raise
        return 0
    except OSError as error:
        if error.errno not in REFUSALS or (error.filename is None and error.errno != errno.ENOSPC):
            raise
        say_error(f"{error.filename or 'The output'}: {error.strerror}.", "Check the path and its permissions.")
        return 2
    except CycloptsError as error:
        from foveal.cli.mistakes import explain

        say_error(*explain(error, app))
        return 2
    return result if isinstance(result, int) and not isinstance(result, bool) else 0


def with_streams(arguments: Sequence[str]) -> list[str]:
    """Arguments with ``-`` written out: the standard output after an option that names a file, else the input.

    The parser would take it for an option without a name.
    """
    arguments = with_cluster(arguments)
    before = ["", *arguments]
    outputs = ("--csv", "--coco", "--out", "--save", "--masks", "--crops")
    return [
        text if text != "-" else "/dev/stdout" if last in outputs else "/dev/stdin"
        for last, text in zip(before, arguments, strict=False)
    ]


def with_cluster(arguments: Sequence[str]) -> list[str]:
    """Arguments with the value of ``--ray`` written out: what follows it where that is an address, else ``local``."""
    whole, rest = list[str](), list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--ray":
            word = f"--ray={rest.pop(0) if rest and CLUSTER.fullmatch(rest[0]) else 'local'}"
        whole.append(word)
        if word == "--":
            return whole + rest
    return whole


def say_error(what: str, hint: str) -> None:
    """One line of what, one of what to do, on standard error."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    console.print(Text.assemble(("error: ", "bold red"), what))
    if hint:
        console.print(Text.assemble(("  hint: ", "bold"), hint))
