"""What the command line says about arguments that it does not understand."""

import pytest
from tests.conftest import Outcome

from foveal.cli.mistakes import check_values
from foveal.errors import ConfigError

TRAIN = "See `foveal train --help`; an example: foveal train photos/ --time 10m --open"


@pytest.mark.parametrize(
    ("arguments", "what", "hint"),
    [
        (
            "trian x",
            "Unknown command: trian. Did you mean train?",
            "See `foveal --help`; an example: foveal train photos/",
        ),
        (
            "data chek",
            "Unknown command: chek. Did you mean check?",
            "See `foveal data --help`; an example: foveal data inspect photos/",
        ),
        (
            "predict",
            "`foveal predict` needs MODEL: run folder, .safetensors file or .onnx file.",
            "See `foveal predict --help`; an example: foveal predict runs/photos photo.jpg",
        ),
        ("train a b", "`foveal train` has no use for b; a name with spaces needs quotes.", TRAIN),
        ("train a --lr fast", "--lr fast is not allowed: it takes a number.", TRAIN),
        ("train a --epochs ten", "--epochs ten is not allowed: it takes a whole number.", TRAIN),
        ("train a --device gpu", "--device gpu is not allowed: it takes auto, cpu or cuda.", TRAIN),
        ("train a --device", "--device needs a value: it takes auto, cpu or cuda.", TRAIN),
        ("train a --quiet=perhaps", "--quiet perhaps is not allowed: it takes no value, it is a flag.", TRAIN),
        ("train a --batch-size 0", "--batch-size 0 is not allowed: it should be greater than or equal to 1.", TRAIN),
        (
            "train a --data.bands x",
            "--data.bands x is not allowed: bands are three numbers, or one, counted from 1, such as 4,3,2.",
            TRAIN,
        ),
        (
            "export a --format onnx",
            "Unknown option: --format.",
            "See `foveal export --help`; an example: foveal export runs/photos",
        ),
    ],
)
def test_two_lines(here, arguments: str, what: str, hint: str) -> None:  # type: ignore[no-untyped-def]
    done: Outcome = here(*arguments.split())
    assert (done.code, done.out, done.err) == (2, "", f"error: {what}\n  hint: {hint}\n")


def test_a_short_option_is_named_as_it_was_typed() -> None:
    with pytest.raises(ConfigError) as caught:
        check_values("train", {"input": {"size": 4}})
    assert caught.value.what == "--size 4 is not allowed: it should be greater than or equal to 8."
    check_values("train", {"input": {"size": 64}})
    check_values("train", {"input": {"size": "480x352"}})
    for size, why in (
        ("480x4", "width and height must be whole pixels from 8 to 4096"),
        ("480by352", "a size is a side in pixels, such as 416, or width x height, such as 480x352"),
    ):
        with pytest.raises(ConfigError) as caught:
            check_values("train", {"input": {"size": size}})
        assert caught.value.what == f"--size {size} is not allowed: {why}."
