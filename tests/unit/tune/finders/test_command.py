"""What is found is written as the command line takes it."""

from foveal.cli.app import app
from foveal.config.schema import RunConfig
from foveal.tune.finders.command import train_command


def test_what_was_given_and_found_is_a_command_that_parses() -> None:
    given = {"data": {"ignore": (1, 2), "path": "x"}, "optim": {"freeze_norm": False}, "input": {"size": 64}}
    found = {"train": {"batch_size": 16}, "optim": {"lr": 1.5e-4, "adapt_lr": True}}
    text = train_command("my images", recipe="scratch", settings=given, found=found)
    assert text == (
        "foveal train 'my images' --config scratch --data.ignore 1 2 --optim.no-freeze-norm --size 64"
        " --batch-size 16 --lr 0.00015 --optim.adapt-lr"
    )
    words = ["train", "my images", *text.partition("'my images' ")[2].split()]
    _, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    settings = bound.arguments["settings"]
    assert isinstance(settings, RunConfig)
    assert settings.data.ignore == (1, 2) and settings.optim.freeze_norm is False and settings.optim.adapt_lr is True
    assert (bound.arguments["batch_size"], bound.arguments["lr"], bound.arguments["size"]) == (16, 1.5e-4, "64")
