"""``foveal predict``."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter


def predict(
    model: Annotated[Path, Parameter(help="Run folder, .safetensors or .onnx file.")],
    images: Annotated[
        list[str], Parameter(help="Pictures: files, folders, patterns such as 'photos/*.jpg'.", negative="")
    ],
    *,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    csv: Annotated[Path | None, Parameter(help="Write a table.")] = None,
    save: Annotated[Path | None, Parameter(help="Write labelled pictures into a folder.")] = None,
    coco: Annotated[Path | None, Parameter(help="Write COCO results (models that find objects).")] = None,
    tile: Annotated[
        int | None, Parameter(help="Cut large pictures into tiles of this side in pixels (models that find objects).")
    ] = None,
    overlap: Annotated[float, Parameter(help="Part of a tile's side that neighbours share.")] = 0.2,
    skip_bad: Annotated[
        bool, Parameter(negative="", help="Leave out pictures that cannot be read, and list them.")
    ] = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], Parameter(help="Where a torch network runs.")] = "auto",
) -> None:
    """Say what is in pictures."""
    from foveal.cli.screens import predictions_screen, print_json
    from foveal.inference.jobs import find_pictures, run_job, to_documents, write_coco, write_pictures, write_table
    from foveal.inference.load import load
    from foveal.inference.tiles import Tiling

    paths = find_pictures(images)
    predictor = load(model, device=device)
    tiling = None if tile is None else Tiling(tile, overlap)
    job = run_job(predictor, paths, skip_bad=skip_bad, tiling=tiling)
    if coco is not None:
        write_coco(coco, job)
    if csv is not None:
        write_table(csv, job, predictor)
    if save is not None:
        write_pictures(save, job, predictor)
    if json:
        print_json(to_documents(job))
    else:
        predictions_screen(job, predictor, csv=csv, save=save)
