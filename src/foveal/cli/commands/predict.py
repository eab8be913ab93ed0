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
    MaxObjects,
    Only,
    Overlap,
    Scales,
    Threads,
    Threshold,
    Tile,
)


def predict(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file or .onnx file.")],
    images: Annotated[
        list[str],
        Parameter(
            help="Image files, folders, or patterns such as 'photos/*.jpg'; - reads one image from standard input.",
            negative="",
        ),
    ],
    *,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    csv: Annotated[Path | None, Parameter(help="Write predictions to a CSV file.")] = None,
    save: Annotated[Path | None, Parameter(help="Draw predictions on the images and save them to a folder.")] = None,
    coco: Annotated[
        Path | None, Parameter(help="Write COCO results to a JSON file (detection and segmentation).")
    ] = None,
    coco_ids: Annotated[
        Path | None,
        Parameter(help="COCO annotation file that gives each image its image_id; default: of its data set, if any."),
    ] = None,
    masks: Annotated[Path | None, Parameter(help="Write masks as PNG files to a folder (segmentation).")] = None,
    polygons: Annotated[
        bool, Parameter(negative="", help="Write masks as polygons instead of RLE, in --json and --coco.")
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
    batch_size: BatchSize = 32,
    skip_bad: Annotated[bool, Parameter(negative="", help="Skip images that cannot be read, and list them.")] = False,
    engine: Engine = "auto",
    device: Device = "auto",
    threads: Threads = 0,
) -> None:
    """Predict on images."""
    import sys

    from foveal.cli.screens import Skipped, note_full_lists, predictions_screen, print_notes, print_running
    from foveal.cli.terminal import Bar
    from foveal.errors import ConfigError
    from foveal.inference.files import find_images
    from foveal.inference.jobs import run_job
    from foveal.inference.load import load
    from foveal.inference.outputs import Outputs
    from foveal.inference.predictor import check_batch_size
    from foveal.inference.views import Viewing
    from foveal.inference.writers import write_json
    from foveal.types.selection import Selection

    viewing, selection = Viewing(tile, overlap, flip, scales), Selection(threshold, max_objects, only, top)
    outputs = Outputs(csv, coco, save, masks, crops, coco_ids)
    check_batch_size(batch_size)
    if json and outputs.takes_stdout:
        raise ConfigError("--json and another output both go to the standard output.", "Name a file for one of them.")
    found = find_images(images, skip_closed=skip_bad)
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
