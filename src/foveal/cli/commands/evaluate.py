"""``foveal evaluate``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from foveal.cli.data_options import Classes, Data, FormatName, Ignore, Images, Labels
from foveal.cli.view_options import (
    BatchSize,
    Crops,
    Device,
    Engine,
    Flip,
    MaxObjects,
    Only,
    Overlap,
    Scales,
    Threads,
    Threshold,
    Tile,
)


def evaluate(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file or .onnx file.")],
    data: Data,
    *,
    split: Annotated[
        str | None, Parameter(help="Split to evaluate: train, val or test; default: test, else val, else train.")
    ] = None,
    out: Annotated[
        Path | None, Parameter(help="Output folder for metrics and predictions; default: evaluations/NAME.")
    ] = None,
    format: FormatName = "auto",  # noqa: A002
    images: Images = "",
    labels: Labels = "",
    classes: Classes = "",
    ignore: Ignore = (),
    groups: Annotated[
        str | None,
        Parameter(help="Images that hang together: a column, folder, or a regular expression on the path."),
    ] = None,
    threshold: Threshold = None,
    max_objects: MaxObjects = None,
    only: Only = (),
    crops: Crops = None,
    tile: Tile = None,
    overlap: Overlap = 0.2,
    flip: Flip = False,
    scales: Scales = (1.0,),
    batch_size: BatchSize = 32,
    skip_bad: Annotated[bool, Parameter(negative="", help="Skip images that cannot be read, and list them.")] = False,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    open: Annotated[bool, Parameter(negative="", help="Show the report in the browser when done.")] = False,  # noqa: A002
    engine: Engine = "auto",
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Evaluate a model on labelled images, with the model's own class map."""
    from foveal.cli.screens import Skipped, evaluation_screen, print_json, print_notes, show_page
    from foveal.cli.terminal import Bar
    from foveal.data.catalog.looks import looks_kept_in
    from foveal.data.outside import cache_folder
    from foveal.errors import ConfigError
    from foveal.inference.streams.load import is_on_streams
    from foveal.inference.views import Viewing
    from foveal.runs.evaluate import EvaluationRun
    from foveal.runs.evaluate import evaluate as run

    if is_on_streams(model):
        for_images = {
            "--format": format != "auto",
            "--images": images,
            "--labels": labels,
            "--classes": classes,
            "--ignore": ignore,
            "--groups": groups is not None,
            "--threshold": threshold is not None,
            "--max-objects": max_objects is not None,
            "--only": only,
            "--crops": crops is not None,
            "--tile": tile is not None,
            "--flip": flip,
            "--scales": tuple(scales) != (1.0,),
            "--skip-bad": skip_bad,
        }
        if given := [name for name, value in for_images.items() if value]:
            raise ConfigError(f"{given[0]} is for models on images.", "Leave it out.")
        evaluate_on_stream(model, Path(data), split=split, out=out, threads=threads, json=json, open_page=open)
        return
    viewing = Viewing(tile, overlap, flip, scales)
    with Bar(shown=not json) as bar, looks_kept_in(cache_folder()):
        done = run(
            model,
            data,
            split=split,
            format=format,
            images=images,
            labels=labels,
            classes=classes,
            ignore=ignore,
            groups=groups,
            out=out,
            engine=engine,
            device=device,
            threads=threads,
            viewing=viewing,
            threshold=threshold,
            max_objects=max_objects,
            only=only,
            crops=crops,
            batch_size=batch_size,
            skip_bad=skip_bad,
            progress=bar,
        )
    assert isinstance(done, EvaluationRun), "a model on images"
    with Skipped(len(done.skipped) + done.results.images) as skipped:
        for error in done.skipped:
            skipped.add(error)
    print_notes(done.notes)
    if json:
        print_json(done.document)
    else:
        evaluation_screen(done)
    if open:
        show_page(done.folder / "report.html", quiet=json)


def evaluate_on_stream(
    model: Path, data: Path, *, split: str | None, out: Path | None, threads: int, json: bool, open_page: bool
) -> None:
    """The same of a model on a text or a series."""
    from foveal.cli.screens import print_json, print_notes, show_page
    from foveal.cli.stream_screens import evaluation_screen
    from foveal.cli.terminal import Bar
    from foveal.runs.streams.evaluate import evaluate_stream

    with Bar(shown=not json) as bar:
        done = evaluate_stream(model, data, split=split, out=out, threads=threads, progress=bar)
    print_notes(done.notes)
    if json:
        print_json(done.document)
    else:
        evaluation_screen(done)
    if open_page:
        show_page(done.folder / "report.html", quiet=json)
