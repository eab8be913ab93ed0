"""``foveal predict``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from foveal.cli.view_options import (
    BatchSize,
    Crops,
    Device,
    Engine,
    Flip,
    Fresh,
    MaxObjects,
    Only,
    Out,
    Overlap,
    Ray,
    Scales,
    Threads,
    Threshold,
    Tile,
    Workers,
)


def predict(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file or .onnx file.")],
    images: Annotated[
        list[str],
        Parameter(
            help="Image files, folders, or patterns such as 'photos/*.jpg'; - reads one image from standard input. Or"
            " videos; 0 is a camera.",
            negative="",
        ),
    ],
    *,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    csv: Annotated[Path | None, Parameter(help="Write predictions to a CSV file.")] = None,
    save: Annotated[
        Path | None,
        Parameter(
            help="Draw predictions on the images and save them to a folder; on a video: to a file such as out.mp4."
        ),
    ] = None,
    coco: Annotated[
        Path | None, Parameter(help="Write COCO results to a JSON file (detection and segmentation).")
    ] = None,
    coco_ids: Annotated[
        Path | None,
        Parameter(help="COCO annotation file that gives each image its image_id; default: of its data set, if any."),
    ] = None,
    masks: Annotated[Path | None, Parameter(help="Write masks as PNG files to a folder (segmentation).")] = None,
    polygons: Annotated[
        bool, Parameter(negative="", help="Write masks as polygons instead of RLE, in --json, --coco and --out.")
    ] = False,
    crops: Crops = None,
    threshold: Threshold = None,
    max_objects: MaxObjects = None,
    only: Only = (),
    top: Annotated[int | None, Parameter(help="List this many classes per image (classification).")] = None,
    tile: Tile = None,
    overlap: Overlap = 0.2,
    flip: Flip = False,
    scales: Scales = (1.0,),
    every: Annotated[int, Parameter(help="Predict on each n-th frame of a video.")] = 1,
    allow_fetch: Annotated[
        bool,
        Parameter(negative="", help="Fetch images and videos whose address is named; else the network is left alone."),
    ] = False,
    batch_size: BatchSize = 32,
    skip_bad: Annotated[bool, Parameter(negative="", help="Skip images that cannot be read, and list them.")] = False,
    engine: Engine = "auto",
    device: Device = "auto",
    threads: Threads = 0,
    out: Out = None,
    fresh: Fresh = False,
    ray: Ray = None,
    workers: Workers = None,
) -> int | None:
    """Predict on images."""
    import sys

    from foveal.cli.commands.predict_job import TableRequest, predict_into_table
    from foveal.cli.screens import Skipped, note_full_lists, predictions_screen, print_notes, print_running
    from foveal.cli.terminal import Bar
    from foveal.errors import ConfigError
    from foveal.inference.fetch import fetch_image
    from foveal.inference.files import find_images
    from foveal.inference.jobs import run_job
    from foveal.inference.load import load
    from foveal.inference.outputs import Outputs
    from foveal.inference.predictor import check_batch_size
    from foveal.inference.streams.load import is_on_streams
    from foveal.inference.views import Viewing
    from foveal.inference.writers import write_json
    from foveal.jobs.work import Work
    from foveal.types.selection import Selection
    from foveal.video.source import find_videos

    if is_on_streams(model):
        for_images = (csv, save, coco, masks, crops, threshold, max_objects, only, top, tile, out, ray)
        if any(for_images) or flip or polygons or skip_bad or every != 1:
            raise ConfigError("A model on a series takes no options for images.", "Use --json or nothing.")
        predict_ahead(model, images, threads=threads, json=json)
        return None
    viewing, selection = Viewing(tile, overlap, flip, scales), Selection(threshold, max_objects, only, top)
    outputs = Outputs(csv, coco, save, masks, crops, coco_ids)
    check_batch_size(batch_size)
    request = TableRequest(out, fresh, ray, workers)
    videos = find_videos(images, every=every, allow_fetch=allow_fetch)
    if request.wanted:
        if videos or every != 1 or allow_fetch:
            raise ConfigError(
                "--out is for images on this machine, not for videos or addresses.", "Use --csv or --json."
            )
        request.refuse_with(outputs, json=json)
        work = Work(model, engine, device, threads, viewing, selection, polygons, batch_size)
        return predict_into_table(work, images, request)
    if videos:
        from foveal.cli.commands.predict_videos import predict_videos

        predict_videos(
            lambda: load(model, device=device, engine=engine, threads=threads),
            videos,
            outputs,
            viewing=viewing,
            selection=selection,
            batch_size=batch_size,
            json=json,
            polygons=polygons,
            skip_bad=skip_bad,
        )
        return None
    if every != 1:
        raise ConfigError(
            "--every is for videos, and images are named.",
            "Leave it out; a folder or a pattern that has images too counts as one of images.",
        )
    if json and outputs.takes_stdout:
        raise ConfigError("--json and another output both go to the standard output.", "Name a file for one of them.")
    found = find_images(images, skip_closed=skip_bad, fetch=fetch_image if allow_fetch else None)
    total = len(found.paths)
    with Bar(shown=not json) as bar:
        bar("loading the model", 0, None)
        opened = load(model, device=device, engine=engine, threads=threads)
        with opened:
            predictor = opened.select(selection)
            ready = outputs.prepare(found)
            print_notes([*found.left.notes(), *ready.notes])
            print_running(predictor, asked=(engine, device, threads) != ("auto", "auto", 0))
            screen = write_json(sys.stdout, polygons=polygons) if json else predictions_screen(outputs)
            writers = [*ready.writers(predictor, polygons=polygons), note_full_lists(predictor), screen]
            with Skipped(total) as skipped:
                run_job(
                    predictor,
                    found,
                    writers,
                    viewing=viewing,
                    batch_size=batch_size,
                    skip=skipped.add if skip_bad else None,
                    done=lambda count: bar("predicting", count, total),
                )
            print_notes(predictor.notes)
    return None


def predict_ahead(model: Path, data: list[str], *, threads: int, json: bool) -> None:
    """The values that follow the last ones of a series."""
    from rich.console import Console

    from foveal.cli.screens import print_json
    from foveal.cli.terminal import print_table
    from foveal.errors import ConfigError
    from foveal.runs.streams.ahead import look_ahead

    if len(data) != 1:
        raise ConfigError("A model on a series takes one series at a time.", "Name one CSV file.")
    ahead = look_ahead(model, Path(data[0]), threads=threads)
    if json:
        print_json(ahead.to_dict())
        return
    rows = [(f"+{step}", *(f"{value:,.6g}" for value in row)) for step, row in enumerate(ahead.values, 1)]
    print_table(Console(), (f"after {ahead.after}", *ahead.columns), rows)
