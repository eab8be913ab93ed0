"""``foveal tune``."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from foveal.config.schema import RunConfig

DEFAULT = "The default's settings"
"""Title of the settings that have a short option, as for `foveal train`."""


def tune(
    data: Annotated[str, Parameter(help="Folder, table, COCO .json, YOLO .yaml or .txt")] = "",
    *,
    time: Annotated[
        str | None, Parameter(metavar="TIME", help="Time budget for all of it, such as 30m or 2h; default: none")
    ] = None,
    trials: Annotated[
        int | None, Parameter(metavar="N", help="Trials, the default included; default: 20, or what --time allows")
    ] = None,
    tune: Annotated[
        str, Parameter(metavar="NAMES", help="Settings to search, such as optim.lr,augment.*; default: the usual ones")
    ] = "",
    space: Annotated[
        Path | None, Parameter(metavar="FILE", help="Settings to search and their ranges: a .toml file")
    ] = None,
    seeds: Annotated[
        int | None, Parameter(metavar="N", help="Runs per setting that confirm the best; default: 3, on streams 5")
    ] = None,
    out: Annotated[Path | None, Parameter(metavar="FOLDER", help="Folder of the study; default: tune/NAME")] = None,
    resume: Annotated[
        Path | None, Parameter(metavar="STUDY", help="Go on with a study; with more --trials or --time, further")
    ] = None,
    workers: Annotated[
        int | None, Parameter(metavar="N", help="Processes that train at once on this machine; default: 1")
    ] = None,
    worker: Annotated[
        Path | None, Parameter(metavar="STUDY", help="Work on a study that another command began, on any machine")
    ] = None,
    ray: Annotated[
        str | None,
        Parameter(metavar="[ADDRESS]", help="Let the workers run on a Ray cluster; default: on this machine"),
    ] = None,
    find: Annotated[
        Literal["batch", "lr"] | None, Parameter(help="Find a batch size or a learning rate, and train nothing")
    ] = None,
    advise: Annotated[
        bool, Parameter(negative="", help="What would help most: more images, or one change; by runs of each")
    ] = False,
    config: Annotated[
        str | None, Parameter(metavar="RECIPE", help="Recipe of the default: a .toml file, or a shipped one's name")
    ] = None,
    backbone: Annotated[
        str | None, Parameter(group=DEFAULT, metavar="NAME", help="Backbone network; `foveal models` lists them")
    ] = None,
    size: Annotated[
        str | None,
        Parameter(group=DEFAULT, metavar="SIZE", help="Input side, or WIDTHxHEIGHT; default: from the data"),
    ] = None,
    epochs: Annotated[
        int | None, Parameter(group=DEFAULT, help="Passes over the images; default: from the data")
    ] = None,
    batch_size: Annotated[int | None, Parameter(group=DEFAULT, help="Images per step; default: from the data")] = None,
    lr: Annotated[
        float | None, Parameter(group=DEFAULT, help="Learning rate of the head; default: from the data")
    ] = None,
    device: Annotated[
        Literal["auto", "cpu", "cuda"] | None,
        Parameter(group=DEFAULT, help="Device; auto: a GPU if there is one"),
    ] = None,
    skip_bad: Annotated[
        bool, Parameter(group=DEFAULT, negative="", help="Leave out images that cannot be read")
    ] = False,
    quiet: Annotated[bool, Parameter(negative="", help="Print errors only")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else")] = False,
    open: Annotated[bool, Parameter(negative="", help="Show the report in the browser when done")] = False,  # noqa: A002
    settings: Annotated[RunConfig | None, Parameter(name="*", group="All settings", consume_multiple=True)] = None,
) -> int:
    """Search for better settings than the default's, and find out whether they are better."""
    from rich.console import Console

    from foveal.cli.commands.train import without_none
    from foveal.cli.mistakes import check_values
    from foveal.cli.screens import print_json, show_page
    from foveal.cli.tuning import advise as advising
    from foveal.cli.tuning import find as finding
    from foveal.cli.tuning.screen import StudyLog, last_screen, watched
    from foveal.config.duration import parse_duration
    from foveal.config.schema import merge
    from foveal.engine.clock import OWN_PROCESS, process_began
    from foveal.engine.logs.log import Log
    from foveal.errors import ConfigError
    from foveal.process import INTERRUPTS
    from foveal.tune.start import join
    from foveal.tune.start import tune as run
    from foveal.tune.workers import Workers

    short: Mapping[str, object] = {
        "data": {"bad_images": "skip" if skip_bad else None},
        "input": {"size": size},
        "model": {"backbone": backbone},
        "optim": {"lr": lr},
        "train": {"epochs": epochs, "batch_size": batch_size},
        "runtime": {"device": device},
    }
    short = without_none(short)
    check_values("tune", short)
    given = merge({}, {} if settings is None else settings.model_dump(exclude_unset=True), short)
    searched: dict[str, object] = {"--tune": tune or None, "--space": space}
    search = {"--trials": trials, **searched, "--workers": workers, "--worker": worker, "--ray": ray}
    runs = {"--seeds": seeds, "--out": out, "--resume": resume}
    if find is not None:
        refuse(
            "--find", {**search, **runs, "--advise": advise or None, "--quiet": quiet or None, "--open": open or None}
        )
        return finding.find(data, find, recipe=config, settings=[given], time=time, json=json)
    if advise:
        refuse("--advise", search)
        if resume is not None:
            refuse("--resume", {"--out": out})
        advised = advising.advise(
            data,
            recipe=config,
            settings=[given],
            time=time,
            seeds=seeds,
            out=out,
            resume=resume,
            json=json,
            quiet=quiet,
        )
        if open:
            show_page(advised / "report.html", quiet=quiet or json)
        return 0
    began = process_began() if OWN_PROCESS.get() else None
    console = Console(stderr=json)
    shown = not quiet and not json
    log: Log = StudyLog(console) if shown else Log()
    if worker is not None:
        of_study = {**search, "--worker": None, **runs, "--time": time, "--config": config, "settings": given or None}
        refuse("--worker", {"DATA": data or None, **of_study, "--open": open or None, "--json": json or None})
        join(worker, log=log)
        return 0
    if resume is not None:
        refuse("--resume", {"DATA": data or None, **searched, "--seeds": seeds, "--out": out, "--config": config})
    if tune and space is not None:
        raise ConfigError("--tune and --space both name what is searched.", "Use one of them.")
    names = [name for name in tune.split(",") if name.strip()]
    many = Workers(workers, ray=ray)
    watching = watched(console, shown=shown)
    try:
        done = run(
            data,
            space=space if space is not None else names or None,
            trials=trials,
            time_s=None if time is None else parse_duration(time),
            seeds=seeds,
            workers=many.count,
            recipe=config,
            settings=given,
            out=out,
            resume=resume,
            log=log,
            began=began,
            work=lambda study, before_s: watching(study, lambda: many.work(study, before_s)),
        )
    except KeyboardInterrupt:
        INTERRUPTS.end()
        folder = watching.folder or resume
        hint = "" if folder is None else f"Go on with: foveal tune --resume {shlex.quote(str(folder))}"
        raise KeyboardInterrupt(hint) from None
    if json:
        print_json(done.document)
    elif shown:
        last_screen(console, done)
    if open:
        show_page(done.folder / "report.html", quiet=not shown)
    return 0


def refuse(what: str, options: Mapping[str, object]) -> None:
    """Refuse options that have no use here.

    Raises:
        ConfigError: One is given; all of them are named.
    """
    from foveal.errors import ConfigError

    given = [name for name, value in options.items() if value is not None]
    if given:
        raise ConfigError(
            f"{what} has no use for {', '.join(given)}.", "Leave it out." if len(given) == 1 else "Leave them out."
        )
