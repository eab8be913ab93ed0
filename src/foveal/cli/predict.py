"""``foveal predict``."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from foveal.cli.view_options import Flip, Overlap, Scales, Tile


def predict(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors file or .onnx file.")],
    images: Annotated[
        list[str], Parameter(help="Image files, folders, or patterns such as 'photos/*.jpg'.", negative="")
    ],
    *,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    csv: Annotated[Path | None, Parameter(help="Write predictions to a CSV file.")] = None,
    save: Annotated[Path | None, Parameter(help="Draw predictions on the images and save them to a folder.")] = None,
    coco: Annotated[
        Path | None, Parameter(help="Write COCO results to a JSON file (detection and segmentation).")
    ] = None,
    masks: Annotated[Path | None, Parameter(help="Write masks as PNG files to a folder (segmentation).")] = None,
    polygons: Annotated[
        bool, Parameter(negative="", help="Write masks as polygons instead of RLE, in --json and --coco.")
    ] = False,
    tile: Tile = None,
    overlap: Overlap = 0.2,
    flip: Flip = False,
    scales: Scales = (1.0,),
    skip_bad: Annotated[bool, Parameter(negative="", help="Skip images that cannot be read, and list them.")] = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], Parameter(help="Device for PyTorch models.")] = "auto",
) -> None:
    """Predict on images."""
    import sys

    from foveal.cli.screens import predictions_screen, print_note, print_skipped
    from foveal.cli.terminal import Bar, counted
    from foveal.inference.files import find_images
    from foveal.inference.jobs import run_job
    from foveal.inference.load import load
    from foveal.inference.outputs import Outputs
    from foveal.inference.views import Viewing
    from foveal.inference.writers import write_json

    viewing, outputs = Viewing(tile, overlap, flip, scales), Outputs(csv, coco, save, masks)
    paths = find_images(images)
    with Bar(shown=not json) as bar:
        bar("loading the model", 0, None)
        predictor = load(model, device=device)
    with predictor:
        outputs.prepare(paths)
        screen = write_json(sys.stdout, polygons=polygons) if json else predictions_screen(outputs)
        moving = counted(len(paths), shown=not json)  # the last to begin is the first to end: before the screen's rows
        writers = [screen, *outputs.writers(predictor, polygons=polygons), moving]
        run_job(predictor, paths, writers, viewing=viewing, skip=print_skipped if skip_bad else None)
        for note in predictor.notes:
            print_note(note)
