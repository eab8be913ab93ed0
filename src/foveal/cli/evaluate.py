"""``foveal evaluate``."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from foveal.cli.data_options import Classes, Data, Ignore
from foveal.cli.view_options import BatchSize, Crops, Flip, MaxObjects, Only, Overlap, Scales, Threshold, Tile


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
    classes: Classes = "",
    ignore: Ignore = (),
    threshold: Threshold = None,
    max_objects: MaxObjects = None,
    only: Only = (),
    crops: Crops = None,
    tile: Tile = None,
    overlap: Overlap = 0.2,
    flip: Flip = False,
    scales: Scales = (1.0,),
    batch_size: BatchSize = 32,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
    device: Annotated[Literal["auto", "cpu", "cuda"], Parameter(help="Device for PyTorch models.")] = "auto",
) -> None:
    """Evaluate a model on labelled images, with the model's own class map."""
    from rich.console import Console
    from rich.text import Text

    from foveal.cli.screens import evaluation_screen, print_json
    from foveal.inference.views import Viewing
    from foveal.runs.evaluate import evaluate as run

    viewing = Viewing(tile, overlap, flip, scales)
    done = run(
        model,
        data,
        split=split,
        classes=classes,
        ignore=ignore,
        out=out,
        device=device,
        viewing=viewing,
        threshold=threshold,
        max_objects=max_objects,
        only=only,
        crops=crops,
        batch_size=batch_size,
    )
    for note in done.notes:
        Console(stderr=True, soft_wrap=True).print(Text(f"note: {note}", "yellow"))
    if json:
        print_json(done.document)
    else:
        evaluation_screen(done)
