"""``foveal parity``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from foveal.cli.view_options import Threads


def parity(
    model: Annotated[Path, Parameter(help="Run folder with its model.onnx, .safetensors file or .onnx file.")],
    images: Annotated[list[str], Parameter(help="Image files, folders, or patterns.", negative="")],
    *,
    onnx: Annotated[Path | None, Parameter(help="Exported file; default: model.onnx next to the model.")] = None,
    url: Annotated[
        str | None,
        Parameter(help="Server to compare as well, such as http://127.0.0.1:8000; its key comes from $FOVEAL_API_KEY."),
    ] = None,
    name: Annotated[str | None, Parameter(help="Name of the model on the server; default: its only one.")] = None,
    threads: Threads = 0,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON document and nothing else.")] = False,
) -> int:
    """Compare every path of a model on the same images."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.text import Text

    from foveal.cli.screens import DASH, print_json
    from foveal.cli.terminal import Bar, print_table
    from foveal.data.notes import plural
    from foveal.deploy.documents import MAX_BOX_PX, MAX_SCORE, MIN_MASK
    from foveal.inference.files import find_images
    from foveal.runs.parity import compare_paths
    from foveal.serve.options import read_key

    found = find_images(images)
    with Bar(shown=not json) as bar:
        columns = compare_paths(
            model, found.paths, exported=onnx, url=url, name=name, key=read_key(None), threads=threads, progress=bar
        )
    passed = all(column.apart is None or column.apart.passed for column in columns)
    if json:
        print_json({"images": len(found.paths), "paths": [asdict(column) for column in columns], "passed": passed})
        return 0 if passed else 1
    console, rows = Console(), []
    for column in columns:
        far = column.apart
        if far is None:
            rows.append((column.name, "", "", "", "", column.running))
        else:
            top = f"{far.same_top} of {far.images}"
            box = DASH if far.box_px is None else f"{far.box_px:.3f}"
            mask = DASH if far.mask is None else f"{far.mask:.3%}"
            rows.append((column.name, top, f"{far.score:.1e}", box, mask, column.running))
    print_table(console, ("path", "same top-1", "probability", "box px", "masks agree", "running on"), rows)
    allowed = f"allowed: probability {MAX_SCORE:g}, box {MAX_BOX_PX:g} px, masks {MIN_MASK:.1%}"
    word = ("the same" if passed else "not the same", "green" if passed else "bold red")
    console.print(Text.assemble("\n  ", word, f" on {plural(len(found.paths), 'image')}; {allowed}"), soft_wrap=True)
    rounded = sorted({column.precision for column in columns} - {"", columns[0].precision})
    if rounded and not passed:
        told = f"  A file in {rounded[0]} is rounded and so differs by more; foveal export measured what that costs."
        console.print(Text(told, "dim"), soft_wrap=True)
    return 0 if passed else 1
