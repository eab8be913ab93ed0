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
    from foveal.cli.screens import predictions_screen, print_json, say_skipped
    from foveal.inference.jobs import (
        Outputs,
        find_images,
        run_job,
        to_documents,
        write_coco,
        write_images,
        write_masks,
        write_table,
    )
    from foveal.inference.load import load
    from foveal.inference.views import Viewing

    viewing = Viewing(tile, overlap, flip, scales)
    paths = find_images(images)
    predictor = load(model, device=device)
    Outputs(csv, coco, save, masks).prepare(paths)
    job = run_job(predictor, paths, skip_bad=skip_bad, viewing=viewing)
    if coco is not None:
        write_coco(coco, job, polygons=polygons)
    if csv is not None:
        write_table(csv, job, predictor)
    if save is not None:
        write_images(save, job, predictor)
    if masks is not None:
        write_masks(masks, job, predictor)
    say_skipped(job)
    if json:
        print_json(to_documents(job, polygons=polygons))
    else:
        predictions_screen(job, predictor, csv=csv, save=save, masks=masks)
