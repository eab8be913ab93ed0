"""``foveal demo``."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def demo(
    *,
    out: Annotated[
        Path, Parameter(metavar="FOLDER", help="Output folder for the images and the run; numbered if it exists.")
    ] = Path("foveal-demo"),
) -> None:
    """Train, evaluate and predict on 1,797 handwritten digits, end to end."""
    from rich.console import Console
    from rich.text import Text

    from foveal.artifact.free import first_free
    from foveal.cli.commands.evaluate import evaluate
    from foveal.cli.commands.predict import predict
    from foveal.cli.commands.train import train
    from foveal.runs.digits import write_digits
    from foveal.runs.train import check_installed

    console = Console()

    def say(command: str) -> None:
        console.print(Text(f"\n$ {command}", "bold cyan"), soft_wrap=True)

    check_installed("run the demo")
    folder = first_free(out)
    if folder != out:
        console.print(Text(f"{out} exists and is kept; this demo goes to {folder}."), soft_wrap=True)
    digits, run = folder / "digits", folder / "run"
    console.print(Text(f"Writing scikit-learn's handwritten digits to {digits} ..."), soft_wrap=True)
    write_digits(digits)
    say(f"foveal train {digits} --config scratch --out {run}")
    train(str(digits), config="scratch", out=run)
    say(f"foveal evaluate {run} {digits} --split test")
    evaluate(run, digits, split="test", out=folder / "evaluation")
    images = sorted(str(p) for p in digits.glob("test/*/*.png"))[::60]
    say(f"foveal predict {run} {images[0]} ...")
    predict(run, images)
    console.print(Text(f"\n  Open {run / 'report.html'} in a browser."), soft_wrap=True)
