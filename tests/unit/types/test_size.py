import pickle
from typing import Any

import pytest
from pydantic import ValidationError

from foveal.data.config import InputConfig
from foveal.errors import ConfigError
from foveal.types.input_spec import InputSpec
from foveal.types.size import Size, read_size


@pytest.mark.parametrize(
    "given", ["480x352", "480X352", " 480 x 352 ", "480\N{MULTIPLICATION SIGN}352", (480, 352), [480, 352]]
)
def test_width_comes_first_however_it_is_written(given: Any) -> None:
    size = InputConfig(size=given).size
    assert size == Size(480, 352) and (size.width, size.height) == (480, 352)
    assert (size.sides, size.shape, str(size), size.in_px) == ((480, 352), (352, 480), "480x352", "480 x 352 px")


@pytest.mark.parametrize("given", [416, "416", 416.0, "416x416", [416, 416], Size.square(416)])
def test_a_number_is_a_square_and_is_written_as_one(given: Any) -> None:
    config = InputConfig(size=given)
    assert config.size == Size.square(416) and str(config.size) == "416"
    assert config.model_dump()["size"] == 416 and '"size":416,' in config.model_dump_json()


def test_a_card_keeps_a_number_for_a_square_and_two_for_a_rectangle() -> None:
    square = InputSpec.model_validate({"kind": "image", "size": 64, "train_size": 48})
    assert (square.model_dump()["size"], square.model_dump()["train_size"]) == (64, 48)
    rectangle = InputSpec.model_validate({"size": "480x352", "train_size": 320})
    assert (rectangle.model_dump()["size"], rectangle.model_dump()["train_size"]) == ([480, 352], 320)
    for spec in (square, rectangle):
        assert InputSpec.model_validate_json(spec.model_dump_json()) == spec
        assert pickle.loads(pickle.dumps(spec)) == spec
        for size in (spec.size, spec.train_size):
            assert Size.of(size.plain) == size and hash(Size.of(size.plain)) == hash(size)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (4, "Input should be greater than or equal to 8"),
        ("480x4", "Value error, width and height must be whole pixels from 8 to 4096"),
        ("480x5000", "Value error, width and height must be whole pixels from 8 to 4096"),
        ("wide", "Value error, a size is a side in pixels, such as 416, or width x height, such as 480x352"),
        ("480x", "Value error, a size is a side in pixels, such as 416, or width x height, such as 480x352"),
        ("480x352x3", "Value error, a size is a side in pixels, such as 416, or width x height, such as 480x352"),
        ([1, 2, 3], "Input should be a valid integer"),
    ],
)
def test_what_is_no_size_says_why(given: Any, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        InputConfig(size=given)
    assert caught.value.errors()[0]["msg"] == message


def test_on_the_command_line() -> None:
    assert read_size("64x32") == Size(64, 32)
    with pytest.raises(ConfigError) as caught:
        read_size("64by32")
    assert str(caught.value) == (
        "--size 64by32 is not allowed.\n"
        "Use a side of 8 to 4,096 pixels, such as 416, or width x height, such as 480x352."
    )


@pytest.mark.parametrize(
    ("side", "aspect", "size"),
    [
        (416, 4 / 3, Size(480, 352)),
        (416, 3 / 4, Size(352, 480)),
        (416, 1.0, Size.square(416)),
        (416, 16 / 9, Size(544, 320)),
        (480, 4 / 3, Size(544, 416)),
        (416, 40.0, Size(832, 192)),
        (32, 4.0, Size(64, 32)),
    ],
)
def test_of_the_data_s_aspect_with_the_area_of_a_square(side: int, aspect: float, size: Size) -> None:
    assert Size.of_aspect(side, aspect, multiple=32) == size
