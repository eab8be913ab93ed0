"""``foveal train``."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from foveal.config.schema import RunConfig

if TYPE_CHECKING:
    from foveal.runs.several.plan import Kind
    from foveal.runs.start import Trained
    from foveal.runs.streams.train import TrainedStream

MOST = 100
"""Runs in one folder."""
LESS = (
    "Free some or allow more, or train anew with a smaller --batch-size (foveal tune DATA --find batch finds one) or"
    " --size."
)
"""What to do where memory ran out."""


def train(
    data: Annotated[
        str,
        Parameter(help="Folder, table, COCO .json, YOLO .yaml or .txt"),
    ] = "",
    *,
    out: Annotated[
        Path | None, Parameter(metavar="FOLDER", help="Output folder of the run; default: runs/NAME")
    ] = None,
    config: Annotated[
        str | None, Parameter(metavar="RECIPE", help="Recipe: a .toml file, or one of: fine_grained, scratch")
    ] = None,
    backbone: Annotated[
        str | None, Parameter(metavar="NAME", help="Backbone network; `foveal models` lists them")
    ] = None,
    size: Annotated[
        str | None, Parameter(metavar="SIZE", help="Input side, or WIDTHxHEIGHT; default: from the data")
    ] = None,
    epochs: Annotated[int | None, Parameter(help="Passes over the images; default: from the data")] = None,
    time: Annotated[str | None, Parameter(metavar="TIME", help="Time budget, such as 90s, 5m or 1h")] = None,
    batch_size: Annotated[int | None, Parameter(help="Images per step; default: from the data")] = None,
    lr: Annotated[float | None, Parameter(help="Learning rate of the head; default: from the data")] = None,
    workers: Annotated[int | None, Parameter(help="Worker processes; default: from the cores")] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"] | None, Parameter(help="Device; auto: a GPU if there is one")
    ] = None,
    skip_bad: Annotated[bool, Parameter(negative="", help="Leave out images that cannot be read")] = False,
    folds: Annotated[int | None, Parameter(metavar="N", help="Cross-validation: a run per fold")] = None,
    seeds: Annotated[int | None, Parameter(metavar="N", help="A run per seed on one split, to see the spread")] = None,
    resume: Annotated[
        Path | None, Parameter(metavar="RUN", help="Go on with a run, or train it longer (--epochs)")
    ] = None,
    quiet: Annotated[bool, Parameter(negative="", help="Print errors only")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print progress as JSON lines")] = False,
    open: Annotated[bool, Parameter(negative="", help="Show the report in the browser when done")] = False,  # noqa: A002
    settings: Annotated[RunConfig | None, Parameter(name="*", group="All settings", consume_multiple=True)] = None,
) -> None:
    """Train a model on a folder of images or another data set."""
    from rich.console import Console

    from foveal.artifact.free import free_folder
    from foveal.cli.mistakes import check_values
    from foveal.config.duration import parse_duration
    from foveal.engine.clock import OWN_PROCESS, process_began
    from foveal.engine.logs.json_log import JsonLog
    from foveal.engine.logs.log import Log, RichLog
    from foveal.errors import RunError, TrainingError
    from foveal.ops.lack import lack_in_words, ran_out
    from foveal.process import INTERRUPTS, output_closed
    from foveal.runs.several.plan import read_plan
    from foveal.runs.several.summary import Summary
    from foveal.runs.several.train import resume_several, train_several
    from foveal.runs.train import train as run

    console = Console()
    quiet = quiet or os.environ.get("RANK", "0") != "0"  # one of several processes talks
    log: Log = Log() if quiet else JsonLog() if json else RichLog(console)
    given = {} if settings is None else settings.model_dump(exclude_unset=True)
    short: Mapping[str, object] = {
        "data": {"workers": workers, "bad_images": "skip" if skip_bad else None},
        "input": {"size": size},
        "model": {"backbone": backbone},
        "optim": {"lr": lr},
        "train": {
            "epochs": epochs,
            "batch_size": batch_size,
            "time_s": None if time is None else parse_duration(time),
        },
        "runtime": {"device": device},
    }
    short = without_none(short)
    check_values("train", short)
    began = process_began() if OWN_PROCESS.get() else None
    folder = resume or out or free_folder(Path(data))
    layers: list[Mapping[str, object]] = [given, short]
    trained: Trained | TrainedStream | Summary | None
    several = asked_for(folds, seeds, resume=resume)
    try:
        if several is not None or (resume is not None and read_plan(resume) is not None):
            if several is None:
                assert resume is not None, "there is a plan in it"
                if data:
                    layers.append({"data": {"path": data}})
                trained = resume_several(resume, settings=layers, log=log, began=began)
            else:
                kind, number = several
                trained = train_several(
                    data, kind=kind, number=number, recipe=config, settings=layers, out=out, log=log, began=began
                )
        else:
            trained = run(data, recipe=config, settings=layers, out=out, resume=resume, log=log, began=began)
    except KeyboardInterrupt:
        INTERRUPTS.end()
        log.close()
        raise KeyboardInterrupt(go_on(folder)) from None
    except (BrokenPipeError, SystemExit) as error:
        if not output_closed(error):
            raise
        raise RunError("The output was closed, so the training stopped.", go_on(folder)) from None
    except (MemoryError, RuntimeError, OSError, ImportError) as error:
        if not ran_out(error):
            raise
        raise TrainingError(lack_in_words(error), f"{LESS} {go_on(folder)}".rstrip()) from None
    if trained is None:
        return
    if not quiet and not json:
        from foveal.cli.screens import last_screen
        from foveal.cli.several_screen import summary_screen
        from foveal.cli.stream_screens import last_screen as last_stream_screen
        from foveal.runs.streams.train import TrainedStream as OnStream

        if isinstance(trained, Summary):
            summary_screen(console, trained)
        elif isinstance(trained, OnStream):
            last_stream_screen(console, trained)
        else:
            last_screen(console, trained)
    if open:
        from foveal.cli.screens import show_page

        show_page(trained.folder / "report.html", quiet=quiet or json)


def asked_for(folds: int | None, seeds: int | None, *, resume: Path | None) -> "tuple[Kind, int] | None":
    """Which several runs are asked for; None: one run.

    Raises:
        ConfigError: Both kinds, a number out of bounds, or a folder to resume, which knows its own.
    """
    from foveal.errors import ConfigError

    if folds is None and seeds is None:
        return None
    if folds is not None and seeds is not None:
        raise ConfigError("--folds and --seeds are two kinds of several runs.", "Use one of them.")
    if resume is not None:
        raise ConfigError("--resume knows how many runs a folder has.", "Leave out --folds and --seeds.")
    kind, number = ("folds", folds) if folds is not None else ("seeds", seeds)
    if number is None or not 2 <= number <= MOST:
        raise ConfigError(f"--{kind} {number} is not between 2 and {MOST}.", "Use 5 folds, or 3 seeds.")
    return ("folds" if folds is not None else "seeds"), number


def go_on(folder: Path) -> str:
    """How to go on with a run; empty where it has not begun."""
    begun = (folder / "config.toml").exists() or (folder / "runs.toml").exists()
    return f"Go on with: foveal train --resume {shlex.quote(str(folder))}" if begun else ""


def without_none(values: Mapping[str, object]) -> dict[str, object]:
    """Only what was given."""
    cleaned = {key: without_none(value) if isinstance(value, Mapping) else value for key, value in values.items()}
    return {key: value for key, value in cleaned.items() if value is not None and value != {}}
