"""``foveal scratch``: networks by hand."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

app = App(
    name="scratch",
    help="Networks by hand, in NumPy alone: train one, or draw what its layers do.",
    help_format="plaintext",
)

Topic = Literal["convolution", "pooling", "edges", "whitening"]


@app.command
def train(
    data: Annotated[
        Path | None,
        Parameter(help="Folder of IDX files, or fashion-mnist for Debian's package; default: the 8 x 8 digits."),
    ] = None,
    /,
    *,
    epochs: Annotated[int | None, Parameter(help="Passes over the images; default: 15 for the digits, else 3.")] = None,
    lr: Annotated[float, Parameter(help="First learning rate of Adam; it falls to 0 along a cosine.")] = 3e-3,
    batch_size: Annotated[int, Parameter(help="Images per step.")] = 64,
    seed: Annotated[int, Parameter(help="Seed of first weights and order.")] = 0,
    json: Annotated[bool, Parameter(negative="", help="Print one JSON line per epoch.")] = False,
) -> None:
    """Train a small convolutional network written in NumPy."""
    import sys
    import time
    from json import dumps
    from math import isfinite

    from foveal.cli.terminal import Bar, print_table
    from foveal.errors import ConfigError, TrainingError
    from foveal.lessons.digits import digits, idx_folder
    from foveal.scratch import Adam
    from foveal.scratch.learn import fit, small_network

    for name, value, least in (("--epochs", epochs, 1), ("--batch-size", batch_size, 1), ("--seed", seed, 0)):
        if value is not None and value < least:
            raise ConfigError(f"{name} {value} is below {least}.", f"Use {least} or more.")
    if not 0 < lr < float("inf"):
        raise ConfigError(f"--lr {lr:g} is not above 0.", "Use a rate such as 0.003.")
    start = time.perf_counter()
    training, test = digits() if data is None else idx_folder(data)
    epochs = epochs or (15 if data is None else 3)
    classes = int(max(training.labels.max(), test.labels.max())) + 1
    network = small_network(1, training.images.shape[2], classes, seed=seed)
    optimizer = Adam(network.parameters(), lr)
    rows = []
    with Bar(shown=not json) as bar:
        bar("training", 0, epochs)
        for epoch in fit(network, optimizer, training, test, epochs=epochs, batch_size=batch_size, seed=seed):
            seconds = time.perf_counter() - start
            if not isfinite(epoch.loss):
                what = f"Training diverged: the train loss of epoch {epoch.number} is {epoch.loss}."
                raise TrainingError(what, f"Use a smaller --lr than {lr:g}.")
            bar("training", epoch.number, epochs)
            if json:
                line = {"epoch": epoch.number, "train_loss": epoch.loss, "accuracy": epoch.accuracy, "seconds": seconds}
                sys.stdout.write(dumps(line) + "\n")
                sys.stdout.flush()
            rows.append([str(epoch.number), f"{epoch.loss:.4f}", f"{epoch.accuracy:.4f}", f"{seconds:.1f} s"])
    if not json:
        from rich.console import Console

        print_table(Console(), ["epoch", "train loss", "test accuracy", "time"], rows)
        count = sum(parameter.value.size for parameter in network.parameters())
        print(f"  {len(training.labels):,} training and {len(test.labels):,} test images; {count:,} parameters")


@app.command
def show(
    topic: Annotated[Topic, Parameter(help="What to show.")],
    /,
    *,
    image: Annotated[Path | None, Parameter(help="Photo for edges; default: one that ships with scikit-learn.")] = None,
    step: Annotated[int | None, Parameter(help="Only this step of the convolution, 1 to 9.")] = None,
    filter: Annotated[int, Parameter(help="Filter of the convolution, 1 or 2.")] = 1,  # noqa: A002  the option's name
    out: Annotated[Path | None, Parameter(help="PNG file to draw it to; default: TOPIC.png here.")] = None,
    text: Annotated[bool, Parameter(negative="", help="Print the text alone.")] = False,
) -> None:
    """Show what a layer does, as text and as an image."""
    from foveal.errors import ConfigError
    from foveal.lessons.show import lesson, save

    if text and out is not None:
        raise ConfigError(f"--text prints the text alone, so --out {out} would not be written.", "Use one of them.")
    done = lesson(topic, image=image, step=step, filter_=filter)
    print(f"{done.title}\n\n{done.text}")
    if not text:
        file = out or Path(f"{topic}.png")
        save(done, file)
        print(f"\n{file}")
